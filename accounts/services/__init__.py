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
from accounts.services.contacts import create_contact, edit_contact, set_contact_roles, upsert_contacts
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
from accounts.services.opportunities import upsert_opportunities
from accounts.services.rows import AccountInput, ContactInput, Invalid, OpportunityInput, RowError, RowResult
from accounts.services.segmentation import (
    Move,
    Mover,
    NotADraft,
    Simulation,
    publish_segmentation,
    save_segmentation_draft,
    simulate,
)
from accounts.services.segmenting import segment_accounts, stand_by
from accounts.services.upserting import upsert_accounts

__all__ = [
    "AccountInput", "ContactInput", "InactiveLevel", "Invalid", "Move", "Mover", "NotADraft", "OpportunityInput",
    "RowError", "RowResult", "Simulation", "activate_support_level", "archive_account", "archive_accounts",
    "assign_owner", "assign_owners", "clear_alert", "create_account", "create_contact", "create_support_level",
    "deactivate_support_level", "edit_account", "edit_contact", "edit_support_level", "move_support_level",
    "publish_segmentation", "raise_alert", "rename_support_level", "reorder_support_levels", "resolve_alert",
    "restore_account", "restore_accounts", "save_segmentation_draft", "segment_accounts", "set_contact_roles",
    "stand_by", "set_support_level", "set_support_levels", "simulate", "upsert_accounts", "upsert_contacts",
    "upsert_opportunities",
]  # fmt: skip
