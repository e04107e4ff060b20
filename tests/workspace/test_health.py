"""Whether the process lives, and whether work moves."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client

from campaigns.models import SendingControl
from cs_platform import ledger
from cs_platform.ledger.models import Outbox, Tick
from cs_platform.tenancy.scope import tenant_scope
from cs_platform.workspace import health
from tests.cast import NOW

RED_WITHIN = 180  # seconds from the moment at which work stops


def readyz():
    answer = Client().get("/readyz")
    return answer.status_code, answer.json()


def leave_work(tenant, due_at, **state):
    with tenant_scope(tenant), ledger.unit():
        ledger.enqueue("people.mail_invitation", {}, due_at=due_at)
        Outbox.objects.filter(kind="people.mail_invitation", due_at=due_at).update(**state)


def ticked(seconds_ago):
    Tick.objects.update_or_create(
        name="minute", defaults={"at": NOW, "real_at": datetime.now(UTC) - timedelta(seconds=seconds_ago)}
    )


@pytest.fixture
def quiet(acme, clock_at):
    """Nothing waits, and the clock is looked at."""
    clock_at(NOW)
    ledger.drain(NOW)
    with tenant_scope(acme):
        Outbox.objects.all().update(finished_at=NOW - timedelta(hours=2))
    ticked(20)
    return acme


def test_the_process_lives_without_a_database():
    answer = Client().get("/healthz")
    assert answer.status_code == 200 and answer.content == b"ok"


@pytest.mark.django_db
class TestReady:
    def test_it_is_ready_when_all_is_well(self, quiet):
        status, state = readyz()
        assert status == 200, state
        assert state["ready"] and state["database"] == state["migrations"] == "ok" and state["work"] == "moving"
        assert {"broker", "last_tick_age", "backlog_age", "waiting", "dead"} <= set(state)

    def test_a_quiet_installation_stays_green_however_long_nothing_happens(self, quiet, clock_at):
        for minutes in range(0, 30, 3):
            clock_at(NOW + timedelta(minutes=minutes))
            ticked(59)
            assert readyz()[0] == 200

    def test_work_that_nobody_does_is_red_within_three_minutes(self, quiet, clock_at):
        leave_work(quiet, NOW)
        clock_at(NOW + timedelta(seconds=100))
        assert readyz()[0] == 200
        clock_at(NOW + timedelta(seconds=RED_WITHIN))
        status, state = readyz()
        assert status == 503 and state["work"] == "stopped" and state["waiting"] == 1

    def test_a_long_queue_that_gets_shorter_is_behind_and_ready(self, quiet, clock_at):
        leave_work(quiet, NOW - timedelta(minutes=20))
        leave_work(quiet, NOW - timedelta(minutes=19), state="done", finished_at=NOW - timedelta(seconds=5))
        status, state = readyz()
        assert (status, state["work"]) == (200, "behind")
        clock_at(NOW + timedelta(seconds=RED_WITHIN))
        assert readyz()[0] == 503

    def test_work_whose_worker_died_with_it_is_seen(self, quiet, clock_at):
        died = datetime.now(UTC) - timedelta(minutes=5)
        leave_work(quiet, NOW - timedelta(seconds=RED_WITHIN), state="leased", lease_until=died)
        assert readyz()[0] == 503

    def test_work_of_a_suspended_organisation_waits_without_alarm(self, quiet, clock_at):
        leave_work(quiet, NOW - timedelta(hours=5))
        quiet.status = quiet.Status.SUSPENDED
        quiet.save()
        assert readyz()[0] == 200

    @pytest.mark.parametrize(("age", "status"), [(120, 200), (RED_WITHIN, 503)])
    def test_a_clock_that_nobody_looks_at_is_red_within_three_minutes(self, quiet, age, status):
        ticked(age)
        assert readyz()[0] == status

    def test_given_up_work_is_told_and_stops_nobody(self, quiet):
        leave_work(quiet, NOW - timedelta(hours=1), state="dead", finished_at=NOW)
        status, state = readyz()
        assert (status, state["dead"]) == (200, 1)

    def test_a_broker_that_is_down_only_slows(self, quiet, settings):
        settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
        status, state = readyz()
        assert status == 200 and state["broker"] == "down"

    def test_a_migration_that_is_not_applied_is_not_ready(self, quiet, monkeypatch):
        monkeypatch.setattr(health, "_migrated", False)
        monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda self, targets: [("one", False)])
        status, state = readyz()
        assert status == 503 and state["migrations"] == "pending" and not state["ready"]

    def test_a_copy_of_another_installation_is_told(self, quiet):
        with tenant_scope(quiet):
            SendingControl.objects.update(installation_id="the other one")
        status, state = readyz()
        assert status == 200 and state["sending"] == "a copy of another installation"

    def test_without_a_database_it_says_so(self, monkeypatch):
        def down():
            raise DatabaseError("connection refused")

        monkeypatch.setattr(health, "_is_migrated", down)
        status, state = readyz()
        assert status == 503 and state["database"] == "down" and not state["ready"]


@pytest.mark.django_db(transaction=True)
def test_the_dispatcher_alone_makes_it_green_again(acme, clock_at, mailbox):
    clock_at(NOW)
    ticked(3600)
    assert readyz()[0] == 503
    Tick.objects.update(at=NOW - timedelta(hours=1))
    call_command("dispatcher", "--once")
    assert readyz()[0] == 200
    connection.close()
