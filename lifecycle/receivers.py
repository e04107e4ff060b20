"""What this room does when accounts tell something. In order per tenant, so that a deal that is won is heard after the
account that it belongs to."""

from datetime import datetime

from accounts.facts import AccountsArchived, AccountsManaged, AccountsRestored, OpportunitiesWon
from cs_platform import ledger
from lifecycle import services

ORDER = "lifecycle"


@ledger.receiver("lifecycle.on_accounts_managed", AccountsManaged, order=ORDER)
def on_accounts_managed(fact: AccountsManaged, *, actor: ledger.Actor, now: datetime) -> None:
    services.follow_managed(fact.account_ids, baseline=fact.baseline, actor=actor, now=now)


@ledger.receiver("lifecycle.on_opportunities_won", OpportunitiesWon, order=ORDER)
def on_opportunities_won(fact: OpportunitiesWon, *, actor: ledger.Actor, now: datetime) -> None:
    if fact.new_business:
        services.follow_won(fact.account_ids, fact.opportunity_ids, baseline=fact.baseline, actor=actor, now=now)


@ledger.receiver("lifecycle.on_accounts_archived", AccountsArchived, order=ORDER)
def on_accounts_archived(fact: AccountsArchived, *, actor: ledger.Actor, now: datetime) -> None:
    services.stop_clocks(fact.account_ids, actor=actor, now=now)


@ledger.receiver("lifecycle.on_accounts_restored", AccountsRestored, order=ORDER)
def on_accounts_restored(fact: AccountsRestored, *, actor: ledger.Actor, now: datetime) -> None:
    services.follow_managed(fact.account_ids, actor=actor, now=now)
