"""`manage.py sync_salesforce`, the minute's plan and the queue: the other doors to a sync."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from accounts.models import Account
from cs_platform import ledger
from cs_platform.tenancy.scope import tenant_scope
from integrations.salesforce import lease, services
from integrations.salesforce.models import Connection, SyncRun
from tests.cast import NOW
from tests.integrations.salesforce.conftest import connect

pytestmark = pytest.mark.django_db


@pytest.fixture
def made(acme: Any, org: Any, clock_at: Any) -> Connection:
    org.clock = NOW
    clock_at(NOW)
    with tenant_scope(acme):
        return connect(org.origin)


def command(*args: str) -> tuple[int, str, str]:
    out, err = StringIO(), StringIO()
    try:
        call_command("sync_salesforce", "--tenant", "acme", *args, stdout=out, stderr=err)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def test_it_reads_shows_progress_and_sums_up(acme, org, made):
    org.account("Acme", "Named", Developers__c=-1)
    code, out, err = command()
    assert code == 0
    assert "1 rows read" in err and "done: read 1, created 1" in out
    assert "Developers__c" in out
    with tenant_scope(acme):
        assert Account.objects.get().name == "Acme"


def test_a_full_one_reads_everything(acme, org, made):
    org.account("Acme", "Named", at=NOW - timedelta(days=3))
    command()
    assert "read 0," in command()[1]
    assert "read 1, created 0, updated 0, archived 0, unchanged 1" in command("--full")[1]


def test_a_comparison_says_what_had_gone_unnoticed(acme, org, made):
    gone = org.account("Acme", "Named", at=NOW - timedelta(days=3))
    command()
    del org.rows["Account"][gone]
    code, out, _ = command("--compare")
    assert code == 0 and "compared: 0 rows compared: 1 deleted for good." in out
    with tenant_scope(acme):
        assert Account.objects.get().state == "archived"


def test_a_comparison_takes_many_missing_rows_for_deleted_when_told(acme, org, made):
    for number in range(60):
        org.account(f"Account {number}", "Named", at=NOW - timedelta(days=3))
    command()
    org.rows["Account"].clear()
    assert "archived 0" in command("--compare")[1]
    assert "archived 60" in command("--compare", "--accept-missing")[1]


def test_a_refused_login_ends_with_1_and_the_reason(org, made, server):
    server.login = lambda handler: handler.send(
        {"error": "invalid_client", "error_description": "no such client"}, status=400
    )
    code, _, err = command()
    assert code == 1 and "no such client" in err


def test_a_held_lease_ends_with_3(acme, org, made):
    with tenant_scope(acme):
        lease.acquire(made.pk, "somebody", take_over_own=False)
    code, _, err = command()
    assert code == 3 and "another run holds the lease" in err


@pytest.mark.parametrize(
    ("args", "words"),
    [(("--connection", "None such"), "There is no connection 'None such'."), ((), "There are several connections")],
)
def test_it_says_which_connection_it_misses(acme, org, made, args, words):
    with tenant_scope(acme):
        connect(org.origin, name="Another")
    code, _, err = command(*args)
    assert code == 1 and words in err


def test_the_minute_starts_what_is_due_and_the_queue_does_it(acme, org, made):
    org.account("Acme", "Named")
    ledger.tick(NOW)
    ledger.tick(NOW)  # any number of tickers
    ledger.drain(NOW)
    with tenant_scope(acme):
        assert [run.state for run in SyncRun.objects.all()] == ["done"]
        assert Account.objects.count() == 1
    ledger.tick(NOW + timedelta(minutes=4))
    with tenant_scope(acme):
        assert SyncRun.objects.count() == 1
    ledger.tick(NOW + timedelta(minutes=5))
    ledger.drain(NOW + timedelta(minutes=5))
    with tenant_scope(acme):
        assert SyncRun.objects.filter(state="done").count() == 2


def test_an_untested_broken_or_held_connection_waits(acme, org, made):
    later = NOW + timedelta(hours=1)
    for columns in ({"state_reason": services.UNTESTED}, {"state_reason": "", "hold_until": later}):
        with tenant_scope(acme):
            Connection.objects.filter(pk=made.pk).update(**columns)
        ledger.tick(NOW)
        with tenant_scope(acme):
            assert not SyncRun.objects.exists()
    with tenant_scope(acme):
        services.pause_connection(made, actor=ledger.system("test"), now=NOW)
    ledger.tick(later)
    with tenant_scope(acme):
        assert not SyncRun.objects.exists()


def test_a_long_run_goes_on_in_the_same_row_of_the_queue(acme, org, made, monkeypatch):
    from cs_platform.ledger.models import Outbox
    from integrations.salesforce import reading, syncing

    monkeypatch.setattr(syncing, "CHUNK_SECONDS", 0.0)
    monkeypatch.setattr(reading.Walk, "time_is_up", property(_every_second_time()))
    for number in range(9):
        org.account(f"Account {number}", "Named")
    with tenant_scope(acme):
        services.start_sync(made, actor=ledger.system("test"), now=NOW)
    ledger.drain(NOW)
    with tenant_scope(acme):
        run = SyncRun.objects.get()
        assert (run.state, Account.objects.count()) == ("done", 9) and run.chunks >= 3
        assert [row.state for row in Outbox.objects.filter(kind="salesforce.sync")] == ["done"]


def _every_second_time() -> Any:
    asked = {"times": 0}

    def is_up(walk: Any) -> bool:
        asked["times"] += 1
        return asked["times"] % 2 == 0

    return is_up


def test_an_unreachable_org_is_asked_again_after_a_pause(acme, org, made, server):
    org.account("Acme", "Named")
    answer = org.before_answer

    def busy(handler: Any, path: str) -> bool:
        org.send(handler, [{"errorCode": "SERVER_UNAVAILABLE", "message": "busy"}], status=503)
        return True

    org.before_answer = busy
    with tenant_scope(acme):
        services.start_sync(made, actor=ledger.system("test"), now=NOW)
    ledger.drain(NOW)
    ledger.drain(NOW)
    with tenant_scope(acme):
        assert SyncRun.objects.get().chunks == 1
    org.before_answer = answer
    ledger.drain(NOW + timedelta(minutes=1))
    with tenant_scope(acme):
        assert (SyncRun.objects.get().state, Account.objects.count()) == ("done", 1)
