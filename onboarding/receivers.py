"""What hand-offs hear of. Each asks for another look at its accounts; in order per tenant."""

from datetime import datetime

from accounts.facts import (
    AccountsArchived,
    AccountsChanged,
    AccountsManaged,
    ContactsChanged,
    OpportunitiesChanged,
    OpportunitiesWon,
)
from activities.facts import TasksChanged, TasksCompleted
from activities.models import Task
from activities.services import guards
from cs_platform import ledger
from onboarding import services
from onboarding.items import KIND
from onboarding.services.checklist import may_be_closed

ORDER = "onboarding"
guards.register(KIND, may_be_closed)


@ledger.receiver("onboarding.on_accounts_managed", AccountsManaged, order=ORDER)
def on_accounts_managed(fact: AccountsManaged, *, actor: ledger.Actor, now: datetime) -> None:
    if fact.baseline:
        services.follow(fact.account_ids, actor=actor, now=now)
    else:
        services.follow_won_before(fact.account_ids, actor=actor, now=now)


@ledger.receiver("onboarding.on_accounts_archived", AccountsArchived, order=ORDER)
def on_accounts_archived(fact: AccountsArchived, *, actor: ledger.Actor, now: datetime) -> None:
    services.follow(fact.account_ids, actor=actor, now=now)


@ledger.receiver("onboarding.on_accounts_changed", AccountsChanged, order=ORDER)
def on_accounts_changed(fact: AccountsChanged, *, actor: ledger.Actor, now: datetime) -> None:
    if {"csm_id", "deployment"} & set(fact.fields):
        services.follow(fact.account_ids, actor=actor, now=now)


@ledger.receiver("onboarding.on_contacts_changed", ContactsChanged, order=ORDER)
def on_contacts_changed(fact: ContactsChanged, *, actor: ledger.Actor, now: datetime) -> None:
    services.follow(fact.account_ids, actor=actor, now=now)


@ledger.receiver("onboarding.on_opportunities_changed", OpportunitiesChanged, order=ORDER)
def on_opportunities_changed(fact: OpportunitiesChanged, *, actor: ledger.Actor, now: datetime) -> None:
    services.follow(fact.account_ids, actor=actor, now=now)


@ledger.receiver("onboarding.on_opportunities_won", OpportunitiesWon, order=ORDER)
def on_opportunities_won(fact: OpportunitiesWon, *, actor: ledger.Actor, now: datetime) -> None:
    """What was won before we looked is history: nobody has to hand it over."""
    if fact.new_business and not fact.baseline:
        services.follow(fact.account_ids, won_ids=fact.opportunity_ids, actor=actor, now=now)


@ledger.receiver("onboarding.on_tasks_completed", TasksCompleted, order=ORDER)
def on_tasks_completed(fact: TasksCompleted, *, actor: ledger.Actor, now: datetime) -> None:
    _look_again(fact.task_ids, fact.source_kind, actor=actor, now=now)


@ledger.receiver("onboarding.on_tasks_changed", TasksChanged, order=ORDER)
def on_tasks_changed(fact: TasksChanged, *, actor: ledger.Actor, now: datetime) -> None:
    if fact.verb == "reopen":
        _look_again(fact.task_ids, fact.source_kind, actor=actor, now=now)


def _look_again(task_ids: list[str], source_kind: str, *, actor: ledger.Actor, now: datetime) -> None:
    if source_kind == KIND:
        rows = Task.objects.filter(pk__in=task_ids, account__isnull=False)
        services.follow(list(rows.values_list("account_id", flat=True)), actor=actor, now=now)
