"""Two rooms on one floor do not know each other; what happens in one and matters to the other is joined here."""

from datetime import datetime

from campaigns import services as campaigns
from cs_platform import ledger
from lifecycle.facts import AccountsEnteredStage, AccountsLeftLifecycle

CUSTOMER, ONBOARDING = "customer", "onboarding"


@ledger.receiver("workspace.mail_onboarding", AccountsEnteredStage, order="campaigns", actor="onboarding rules")
def mail_onboarding(fact: AccountsEnteredStage, *, actor: ledger.Actor, now: datetime) -> None:
    """An account that comes to onboarding gets the onboarding e-mails; with any other stage nobody else is enrolled.
    Accounts that were there before we first looked are left in peace."""
    if fact.lifecycle != CUSTOMER or fact.baseline:
        return
    if fact.stage_key == ONBOARDING:
        campaigns.start_onboarding_series(fact.account_ids, actor=actor, now=now)
    else:
        campaigns.end_audience(fact.account_ids, actor=actor, now=now)


@ledger.receiver("workspace.end_onboarding_mail", AccountsLeftLifecycle, order="campaigns", actor="onboarding rules")
def end_onboarding_mail(fact: AccountsLeftLifecycle, *, actor: ledger.Actor, now: datetime) -> None:
    if fact.lifecycle == CUSTOMER:
        campaigns.end_audience(fact.account_ids, actor=actor, now=now)
