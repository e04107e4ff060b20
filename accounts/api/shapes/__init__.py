"""Shape of the bodies: what may be sent, and what an answer holds."""

from accounts.api.shapes.accounts import (
    AccountIn,
    AccountOut,
    BulkIn,
    BulkOut,
    BulkRowErrorOut,
    BulkRowResultOut,
    Extras,
    NewAccountIn,
    OwnerIn,
    ReasonIn,
    SegmentExplanationOut,
    SegmentPreviewIn,
    SegmentPreviewOut,
    SupportLevelOfAccountIn,
    TimelineActorOut,
    TimelineOut,
    account_body,
    money,
    row_of,
)
from accounts.api.shapes.belongings import AlertOut, ContactIn, ContactOut, NewContactIn, OpportunityOut, RolesIn
from accounts.api.shapes.bulk import BulkChangeOut, BulkSupportLevelIn, BulkUpdateIn
from accounts.api.shapes.pick_lists import (
    CellOut,
    DifferencesOut,
    MoveOut,
    MoverOut,
    NewSegmentationIn,
    NewSupportLevelIn,
    OverrideIn,
    OverrideOut,
    PublishIn,
    RulesIn,
    SegmentationIn,
    SegmentationOut,
    SimulationOut,
    SupportLevelIn,
    SupportLevelOut,
)

__all__ = [
    "BulkChangeOut", "BulkSupportLevelIn", "BulkUpdateIn", "CellOut", "DifferencesOut", "OverrideIn", "OverrideOut",
    "PublishIn",
    "AccountIn", "AccountOut", "AlertOut", "BulkIn", "BulkOut", "BulkRowErrorOut", "BulkRowResultOut", "ContactIn",
    "ContactOut", "Extras", "MoveOut", "MoverOut", "NewAccountIn", "NewContactIn", "NewSegmentationIn",
    "NewSupportLevelIn", "OpportunityOut", "OwnerIn", "ReasonIn", "RolesIn", "RulesIn", "SegmentExplanationOut",
    "SegmentPreviewIn", "SegmentPreviewOut", "SegmentationIn", "SegmentationOut", "SimulationOut", "SupportLevelIn",
    "SupportLevelOfAccountIn", "SupportLevelOut", "TimelineActorOut", "TimelineOut", "account_body", "money",
    "row_of",
]  # fmt: skip
