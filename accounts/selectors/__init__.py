"""Questions about accounts and what belongs to them. Nothing here writes."""

from accounts.selectors.accounts import (
    ACCOUNT_EQUALS,
    ACCOUNT_SORTS,
    AccountFilters,
    account_for,
    account_ids,
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
from accounts.selectors.instances import (
    INSTANCE_SORTS,
    accounts_with_instance_admin,
    accounts_with_untagged_contacts,
    instance_for,
    instances,
)
from accounts.selectors.overrides import OVERRIDE_SORTS, bulk_change_for, override_for, override_of, overrides
from accounts.selectors.pick_lists import (
    account_owners,
    segmentation_in_force,
    segmentation_versions,
    segments_in_use,
    support_levels,
)
from accounts.selectors.versions import Difference, differences, version_before

__all__ = [
    "Difference", "OVERRIDE_SORTS", "account_ids", "bulk_change_for", "differences", "override_for", "override_of",
    "overrides", "version_before",
    "INSTANCE_SORTS", "accounts_with_instance_admin", "accounts_with_untagged_contacts", "instance_for", "instances",
    "ACCOUNT_EQUALS", "ACCOUNT_SORTS", "AccountFilters", "CONTACT_SORTS", "ContactFilters", "Explanation",
    "OPPORTUNITY_SORTS", "OpportunityFilters", "account_for", "account_list", "account_owners", "account_rows",
    "accounts", "accounts_for_ids", "contact_for", "contact_list", "contacts_of", "count_accounts",
    "counts_by_segment", "explain_segment", "newest_decision", "open_alerts", "opportunities_of", "opportunity_list",
    "preview", "segmentation_in_force", "segmentation_versions", "segments_in_use", "support_levels", "watch_list",
]  # fmt: skip
