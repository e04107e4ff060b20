"""Fifty doors, one account: one of them moves it."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, connections

from accounts.models import Account
from cs_platform import ledger
from cs_platform.ledger.models import AuditRow, FactRow
from cs_platform.tenancy.scope import tenant_scope
from lifecycle import services
from lifecycle.models import AccountLifecycle, StageInterval
from tests.cast import NOW, make_tenant
from tests.lifecycle.standing import ADOPTING, DAY, NURTURING, ONBOARDING, RENEWING, TEST, line, managed, staged

pytestmark = pytest.mark.django_db(transaction=True)
DOORS = 50


@pytest.fixture
def acme(transactional_db):
    return make_tenant("acme", "Acme", "Europe/Berlin")


def at_once(acme, calls):
    """Each call in a thread with a connection of its own, all let go together; results, or what was refused."""
    barrier = Barrier(len(calls))

    def run(call):
        try:
            with tenant_scope(acme):
                connection.ensure_connection()
                barrier.wait(30)
                return call()
        except ledger.Refused as refusal:
            return refusal
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_fifty_same_moves_are_one(acme):
    with tenant_scope(acme):
        account = staged(ONBOARDING)

    def move():
        return services.move_stage(Account.objects.get(pk=account.pk), "customer", ADOPTING, actor=TEST, now=NOW + DAY)

    results = at_once(acme, [move] * DOORS)
    refusals = [result.code for result in results if isinstance(result, ledger.Refused)]
    assert refusals == ["already_there"] * (DOORS - 1)
    with tenant_scope(acme):
        assert AuditRow.objects.filter(verb="stage.move").count() == 1
        assert FactRow.objects.filter(name="lifecycle.entered_stage", payload__stage=ADOPTING).count() == 1
        assert line(account) == [(ONBOARDING, NOW, NOW + DAY), (ADOPTING, NOW + DAY, None)]


def test_fifty_first_entries_are_one(acme):
    with tenant_scope(acme):
        account = managed()

    def enter():
        return services.enter_accounts([account.pk], "customer", ONBOARDING, actor=TEST, now=NOW)

    results = at_once(acme, [enter] * 20)
    assert sorted(map(len, results)) == [0] * 19 + [1]
    with tenant_scope(acme):
        assert StageInterval.objects.count() == AccountLifecycle.objects.count() == 1


def test_sets_that_want_the_same_accounts_elsewhere_move_each_once(acme):
    with tenant_scope(acme):
        ids = [staged(ONBOARDING, f"Account {n}").pk for n in range(12)]

    def moving(some, stage):
        given = {"only_from": [ONBOARDING], "actor": TEST, "now": NOW + DAY}
        return lambda: services.move_accounts(some, "customer", stage, **given)

    calls = [moving(some, stage) for stage in (ADOPTING, NURTURING, RENEWING) for some in (ids, ids[::-1], ids[3:9])]
    results = at_once(acme, calls)
    assert sorted(pk for moved in results for pk in moved) == sorted(ids)
    with tenant_scope(acme):
        for row in AccountLifecycle.objects.all():
            stages = [name for name, *_ in line(Account(pk=row.account_id))]
            assert stages == [ONBOARDING, row.stage_name]
