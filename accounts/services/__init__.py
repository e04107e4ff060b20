"""Verbs of the room. Everybody who changes an account, a contact, a deal or a rule comes through here."""

from accounts.services import words  # noqa: F401  (registers the sentences)
from accounts.services.accounts import (
    archive_account,
    archive_accounts,
    assign_owner,
    assign_owners,
    create_account,
    edit_account,
    restore_account,
    restore_accounts,
    set_support_level,
    set_support_levels,
)
from accounts.services.alerts import clear_alert, raise_alert, resolve_alert
from accounts.services.bulk import MAX_ROWS, TooMany, Wanted, apply_bulk, counted, preview_bulk
from accounts.services.contacts import create_contact, edit_contact, set_contact_roles, upsert_contacts
from accounts.services.instances import (
    InstanceInput,
    InvalidRows,
    create_instance,
    delete_instance,
    edit_instance,
    save_instances,
    set_instance_admins,
)
from accounts.services.levels import (
    InactiveLevel,
    activate_support_level,
    create_support_level,
    deactivate_support_level,
    edit_support_level,
    move_support_level,
    rename_support_level,
    reorder_support_levels,
)
from accounts.services.merging import merge_accounts
from accounts.services.opportunities import upsert_opportunities
from accounts.services.overriding import (
    end_override,
    expire_overrides,
    offered,
    override_segment,
    remind_of_overrides,
    today,
)
from accounts.services.rows import AccountInput, ContactInput, Invalid, OpportunityInput, RowError, RowResult
from accounts.services.segmentation import (
    NotADraft,
    publish_due,
    publish_segmentation,
    roll_back_segmentation,
    save_segmentation_draft,
    schedule_segmentation,
    unschedule_segmentation,
)
from accounts.services.segmenting import segment_accounts, stand_by
from accounts.services.simulating import Cell, Move, Mover, Simulation, as_movers, movers, simulate
from accounts.services.upserting import upsert_accounts

__all__ = [
    "InstanceInput", "InvalidRows", "create_instance", "delete_instance", "edit_instance", "save_instances",
    "set_instance_admins",
    "MAX_ROWS", "TooMany", "Wanted", "apply_bulk", "counted", "preview_bulk",
    "AccountInput", "Cell", "ContactInput", "InactiveLevel", "Invalid", "Move", "Mover", "NotADraft",
    "OpportunityInput", "RowError", "RowResult", "Simulation", "activate_support_level", "archive_account",
    "archive_accounts", "as_movers", "assign_owner", "assign_owners", "clear_alert", "create_account", "create_contact",
    "create_support_level", "deactivate_support_level", "edit_account", "edit_contact", "edit_support_level",
    "end_override", "expire_overrides", "merge_accounts", "move_support_level", "movers", "offered", "override_segment",
    "publish_due",
    "publish_segmentation", "raise_alert", "remind_of_overrides", "rename_support_level", "reorder_support_levels",
    "resolve_alert", "restore_account", "restore_accounts", "roll_back_segmentation", "save_segmentation_draft",
    "schedule_segmentation", "segment_accounts", "set_contact_roles", "set_support_level", "set_support_levels",
    "simulate", "stand_by", "today", "unschedule_segmentation", "upsert_accounts", "upsert_contacts",
    "upsert_opportunities",
]  # fmt: skip
