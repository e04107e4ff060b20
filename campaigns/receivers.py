"""What happens below, and what we do about it. That an account began its onboarding, the workspace tells us."""

from datetime import datetime

from accounts.facts import AccountsArchived, AccountsChanged, ContactsChanged
from campaigns import services
from cs_platform import ledger

PLACE = {"timezone", "country"}


@ledger.receiver("campaigns.on_contacts_changed", ContactsChanged, order="campaigns")
def on_contacts_changed(fact: ContactsChanged, *, actor: ledger.Actor, now: datetime) -> None:
    services.follow_contacts(fact.account_ids, actor=actor, now=now)


@ledger.receiver("campaigns.on_accounts_changed", AccountsChanged, order="campaigns")
def on_accounts_changed(fact: AccountsChanged, *, actor: ledger.Actor, now: datetime) -> None:
    if PLACE & set(fact.fields):
        services.refresh_accounts(fact.account_ids, actor=actor, now=now)


@ledger.receiver("campaigns.on_accounts_archived", AccountsArchived, order="campaigns")
def on_accounts_archived(fact: AccountsArchived, *, actor: ledger.Actor, now: datetime) -> None:
    services.leave_archived(fact.account_ids, actor=actor, now=now)
