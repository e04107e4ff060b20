"""Questions that several rooms answer together. Nothing here writes."""

from cs_platform.workspace.selectors.account import (
    ContactMail,
    alert_of,
    contacts_with_mail,
    enrolment_of,
    managers,
    next_emails,
    series_for_enrolment,
    stage_history,
)
from cs_platform.workspace.selectors.home import (
    Book,
    Trouble,
    accounts_in_stage,
    attention,
    book_of,
    late_accounts,
    long_in_stage,
    newest_changes,
    open_alerts,
    stage_counts,
    upcoming_emails,
)
from cs_platform.workspace.selectors.lists import Choices, list_choices, with_close_and_alerts
from cs_platform.workspace.selectors.settings import (
    Chain,
    audit_rows,
    chain_state,
    dead_work,
    members_with_accounts,
    open_invitations,
    queue_state,
    work_for,
)
from cs_platform.workspace.selectors.telling import (
    TIMELINE_KINDS,
    Entry,
    OtherChange,
    ValueChange,
    audit_entries,
    audit_verbs,
    changes_since,
    timeline,
)

__all__ = [
    "Book", "Chain", "Choices", "ContactMail", "Entry", "OtherChange", "TIMELINE_KINDS", "Trouble", "ValueChange",
    "accounts_in_stage", "alert_of", "attention", "audit_entries", "audit_rows", "audit_verbs", "book_of",
    "chain_state", "changes_since", "contacts_with_mail", "dead_work", "enrolment_of", "late_accounts",
    "list_choices", "long_in_stage", "managers", "members_with_accounts", "newest_changes", "next_emails",
    "open_alerts", "open_invitations", "queue_state", "series_for_enrolment", "stage_counts", "stage_history",
    "timeline", "upcoming_emails", "with_close_and_alerts", "work_for",
]  # fmt: skip
