"""Whether the process lives, and whether work moves."""

from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.test import Client

from cs_platform import ledger
from cs_platform.workspace import health
from tests.cast import NOW

MOVING = {"last_tick_age": 20.0, "backlog_age": 0.0, "waiting": 0, "dead": 0}


@pytest.fixture
def works(monkeypatch):
    def set_to(**found):
        monkeypatch.setattr(ledger, "health", lambda now: {**MOVING, **found}, raising=False)

    return set_to


def test_the_process_lives_without_a_database():
    answer = Client().get("/healthz")
    assert answer.status_code == 200 and answer.content == b"ok"


@pytest.mark.django_db
def test_it_is_ready_when_all_is_well():
    answer = Client().get("/readyz")
    assert answer.status_code == 200, answer.content
    state = answer.json()
    assert state["ready"] and state["database"] == state["migrations"] == "ok" and state["work"] == "moving"
    assert {"broker", "last_tick_age", "backlog_age", "dead"} <= set(state)


@pytest.mark.django_db
def test_work_that_waits_too_long_is_found_in_the_real_outbox(acme, clock_at):
    from cs_platform.tenancy.scope import tenant_scope

    with tenant_scope(acme), ledger.unit():
        ledger.enqueue("people.mail_invitation", {}, due_at=NOW)
    clock_at(NOW + timedelta(minutes=5))
    assert Client().get("/readyz").status_code == 200
    clock_at(NOW + timedelta(minutes=15))
    answer = Client().get("/readyz")
    assert answer.status_code == 503 and answer.json()["work"] == "stopped"


@pytest.mark.django_db
@pytest.mark.parametrize(("found", "status"), [({"last_tick_age": 299}, 200), ({"last_tick_age": 301}, 503)])
def test_a_clock_that_stopped_ticking_is_not_ready(works, found, status):
    works(**found)
    assert Client().get("/readyz").status_code == status


def test_without_a_database_it_says_so(monkeypatch):
    def down():
        raise DatabaseError("connection refused")

    monkeypatch.setattr(health, "_is_migrated", down)
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["database"] == "down" and not answer.json()["ready"]


@pytest.mark.django_db
def test_a_broker_that_is_down_only_slows(settings):
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    answer = Client().get("/readyz")
    assert answer.status_code == 200 and answer.json()["broker"] == "down"
