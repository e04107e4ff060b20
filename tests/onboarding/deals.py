"""What the tests of this room make and look at."""

from datetime import timedelta
from itertools import count

from accounts import services as accounts
from accounts.models import Account, AccountAlert, Opportunity
from activities.models import Task
from cs_platform import ledger
from cs_platform.ledger.models import AuditRow
from cs_platform.tenancy.scope import tenant_scope
from onboarding.items import KIND
from onboarding.models import Handoff
from tests.cast import NOW

TEST = ledger.system("test")
DAY = timedelta(days=1)
TODAY = NOW.date()
_numbers = count(1)


def customer(name="Globex", *, now=NOW, **values):
    return accounts.create_account({"name": name, "support_level": "Named", **values}, actor=TEST, now=now)


def deal(account, closes_in=40, *, key="", now=NOW, baseline=False, **values):
    """A new-business deal that closes in so many days; with the key of an earlier one that one changes."""
    key = key or f"006{next(_numbers):015d}"
    given = {"name": f"{account.name} deal", "is_new_business": True, "stage": "Proposal", **values}
    if closes_in is not None:
        given["close_date"] = (NOW + closes_in * DAY).date()
    row = accounts.OpportunityInput(account.pk, given, salesforce_id=key)
    (result,) = accounts.upsert_opportunities([row], actor=TEST, now=now, baseline=baseline)
    assert not result.errors, result.errors
    return Opportunity.objects.get(pk=result.id)


def change_deal(found, *, now=NOW, baseline=False, **values):
    row = accounts.OpportunityInput(found.account_id, values, id=found.pk)
    (result,) = accounts.upsert_opportunities([row], actor=TEST, now=now, baseline=baseline)
    assert not result.errors, result.errors
    return Opportunity.objects.get(pk=found.pk)


def win(found, **more):
    return change_deal(found, is_closed=True, is_won=True, **more)


def lose(found, **more):
    return change_deal(found, is_closed=True, is_won=False, **more)


def open_again(found, **more):
    return change_deal(found, is_closed=False, is_won=False, **more)


def contact(account, name="Ada", *, roles=("Champion",), now=NOW):
    values = {"name": name, "email": f"{name.lower()}@globex.example", "roles": list(roles)}
    return accounts.create_contact(account, values, actor=TEST, now=now)


def settle(tenant, at=NOW, *, tick=True):
    """What follows from what was done, and the minute's work. Outside of any scope."""
    ledger.drain(at, only=tenant.pk)
    if tick:
        ledger.tick(at, only=tenant.pk)
        ledger.drain(at, only=tenant.pk)


def handoffs(tenant):
    with tenant_scope(tenant):
        return list(Handoff.objects.order_by("pk").select_related("account", "opportunity"))


def state(tenant):
    """[state, …] of all hand-offs, the oldest first."""
    return [handoff.state for handoff in handoffs(tenant)]


def items(tenant, handoff=None):
    """{item: state of its task}."""
    with tenant_scope(tenant):
        rows = Task.objects.filter(source_kind=KIND)
        if handoff is not None:
            rows = rows.filter(source_id=str(handoff.pk))
        return dict(rows.values_list("source_part", "state"))


def item(tenant, part):
    with tenant_scope(tenant):
        return Task.objects.select_related("assignee__user").get(source_kind=KIND, source_part=part)


def alerts(tenant):
    """The open alerts of this room."""
    with tenant_scope(tenant):
        mine = AccountAlert.objects.filter(cleared_at__isnull=True, kind__startswith="handoff")
        return set(mine.values_list("kind", flat=True))


def written(tenant):
    """How many lines the audit has: a look that changes nothing writes none."""
    with tenant_scope(tenant):
        return AuditRow.objects.count()


def fresh(account):
    return Account.objects.select_related("csm__user").get(pk=account.pk)
