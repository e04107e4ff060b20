from accounts.models.alerts import AccountAlert
from accounts.models.bulk import BulkChange
from accounts.models.customers import Account, SupportLevel
from accounts.models.instances import Instance, InstanceAdmin
from accounts.models.people import Contact, ContactRole, Opportunity
from accounts.models.segmentation import Decision, SegmentationRules, SegmentOverride

__all__ = [
    "Account",
    "AccountAlert",
    "BulkChange",
    "Contact",
    "ContactRole",
    "Decision",
    "Instance",
    "InstanceAdmin",
    "Opportunity",
    "SegmentOverride",
    "SegmentationRules",
    "SupportLevel",
]
