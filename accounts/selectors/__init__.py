"""Questions about accounts and what belongs to them. Nothing here writes."""

from accounts.selectors.accounts import (
    ACCOUNT_EQUALS,
    ACCOUNT_SORTS,
    AccountFilters,
    account_for,
    account_list,
    account_rows,
    accounts,
    accounts_for_ids,
    count_accounts,
    counts_by_segment,
    preview,
    watch_list,
)
from accounts.selectors.belongings import (
    CONTACT_SORTS,
    OPPORTUNITY_SORTS,
    ContactFilters,
    OpportunityFilters,
    contact_for,
    contact_list,
    contacts_of,
    open_alerts,
    opportunities_of,
    opportunity_list,
)
from accounts.selectors.explaining import Explanation, explain_segment, newest_decision
from accounts.selectors.pick_lists import (
    account_owners,
    segmentation_in_force,
    segmentation_versions,
    segments_in_use,
    support_levels,
)

__all__ = [
    "ACCOUNT_EQUALS", "ACCOUNT_SORTS", "AccountFilters", "CONTACT_SORTS", "ContactFilters", "Explanation",
    "OPPORTUNITY_SORTS", "OpportunityFilters", "account_for", "account_list", "account_owners", "account_rows",
    "accounts", "accounts_for_ids", "contact_for", "contact_list", "contacts_of", "count_accounts",
    "counts_by_segment", "explain_segment", "newest_decision", "open_alerts", "opportunities_of", "opportunity_list",
    "preview", "segmentation_in_force", "segmentation_versions", "segments_in_use", "support_levels", "watch_list",
]  # fmt: skip
