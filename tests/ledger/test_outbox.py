"""Work is done once, whatever happens on the way."""

import threading
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from cs_platform import ledger
from cs_platform.ledger import dispatch, outbox, registry
from cs_platform.ledger.models import FactRow, Outbox
from cs_platform.tenancy.scope import current_tenant_id, tenant_scope
from tests.cast import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def done():
    return []


@pytest.fixture
def job(monkeypatch, done):
    """`job("kind", body)` registers a job for this test; without a body it notes its payload."""

    def register(kind, body=None, outside=False):
        def run(payload, *, now, lease):
            if body is not None:
                body(payload, now=now, lease=lease)
            done.append(payload["n"])

        monkeypatch.setitem(registry._jobs, kind, registry.Job(kind, outside, run))

    return register


def leave(tenant, kind, n=1, **more):
    with tenant_scope(tenant):
        more = {"due_at": NOW, "dedupe_key": f"k{n}", **more}
        return ledger.enqueue(kind, {"n": n}, **more)


def row(tenant, **found):
    with tenant_scope(tenant):
        return Outbox.objects.get(**found)


def test_due_work_is_done_in_its_tenants_scope(acme, umbra, job, done):
    scopes = []
    job("test.note", lambda payload, **_: scopes.append(current_tenant_id()))
    leave(acme, "test.note", 1)
    leave(umbra, "test.note", 2)
    leave(acme, "test.note", 3, due_at=NOW + timedelta(seconds=1))
    ledger.drain(NOW)
    assert sorted(done) == [1, 2] and set(scopes) == {acme.pk, umbra.pk}
    assert row(acme, dedupe_key="k1").state == "done"
    ledger.drain(NOW + timedelta(seconds=1))
    assert sorted(done) == [1, 2, 3]


def test_the_same_key_is_left_once_for_ever(acme, job, done):
    job("test.note")
    assert leave(acme, "test.note") is True
    assert leave(acme, "test.note") is False
    ledger.drain(NOW)
    assert leave(acme, "test.note") is False
    ledger.drain(NOW)
    assert done == [1]


def test_what_is_rolled_back_was_never_left(acme, job, done):
    job("test.note")
    with pytest.raises(ValueError), transaction.atomic():
        leave(acme, "test.note")
        raise ValueError
    ledger.drain(NOW)
    assert done == []


def test_later_is_later(acme, job, done):
    tries = []

    def body(payload, **_):
        tries.append(1)
        if len(tries) < 12:
            raise ledger.RetryLater(60, "not yet")

    job("test.note", body)
    leave(acme, "test.note")
    moment = NOW
    for _ in range(12):
        ledger.drain(moment)
        moment += timedelta(seconds=60)
    assert done == [1] and len(tries) == 12


def test_what_can_never_be_done_is_kept_with_its_reason_and_replayed(acme, job, done):
    broken = [True]

    def body(payload, **_):
        if broken[0]:
            raise ledger.Dead("refused")

    job("test.note", body)
    leave(acme, "test.note")
    ledger.drain(NOW)
    dead = row(acme, kind="test.note")
    assert (dead.state, dead.last_error) == ("dead", "refused")
    assert ledger.health(NOW)["dead"] == 1
    broken[0] = False
    with tenant_scope(acme):
        assert outbox.replay(dead, now=NOW)
    ledger.drain(NOW)
    assert done == [1] and row(acme, kind="test.note").state == "done"


def test_an_unforeseen_error_is_tried_with_pauses_then_given_up(acme, job):
    def body(payload, **_):
        raise ZeroDivisionError("by zero")

    job("test.note", body)
    leave(acme, "test.note")
    moment = NOW
    for _ in range(20):
        ledger.drain(moment)
        moment += timedelta(hours=1)
    dead = row(acme, kind="test.note")
    assert (dead.state, dead.attempts) == ("dead", outbox.MAX_ATTEMPTS)
    assert "by zero" in dead.last_error


def test_a_failing_handler_leaves_nothing_behind(acme, job):
    def body(payload, **_):
        ledger.enqueue("test.child", {"n": 2}, due_at=NOW)
        raise ZeroDivisionError

    job("test.note", body)
    leave(acme, "test.note")
    ledger.drain(NOW)
    with tenant_scope(acme):
        assert not Outbox.objects.filter(kind="test.child").exists()


def test_one_rows_trouble_does_not_hold_up_the_others(acme, job, done):
    job("test.bad", lambda payload, **_: 1 / 0)
    job("test.good")
    leave(acme, "test.bad", 1)
    for n in range(2, 30):
        leave(acme, "test.good", n)
    ledger.drain(NOW)
    assert sorted(done) == list(range(2, 30))


def test_ordered_work_waits_for_the_older(acme, job, done):
    tries = []

    def body(payload, **_):
        tries.append(payload["n"])
        if payload["n"] == 1 and tries.count(1) == 1:
            raise ledger.RetryLater(60, "first wait")

    job("test.note", body)
    for n in (1, 2, 3):
        leave(acme, "test.note", n, order_key="in a row")
    ledger.drain(NOW)
    assert done == []
    ledger.drain(NOW + timedelta(seconds=60))
    assert done == [1, 2, 3]


def test_long_queues_of_ordered_work_are_asked_by_their_index(acme, job):
    """Otherwise each of hundreds of waiting rows walks through all that was ever done, several times a second."""
    job("test.in-order")
    with tenant_scope(acme):
        items = [(str(n), {"n": n}) for n in range(3000)]
        outbox.enqueue_many("test.in-order", items, due_at=NOW, order_key="one line")
        Outbox.objects.filter(dedupe_key__lt="9").update(state="done", finished_at=NOW)
        with CaptureQueriesContext(connection) as asked:
            assert len(outbox.claim(NOW, 10)) == 1
        statement = next(query["sql"] for query in asked if "MATERIALIZED" in query["sql"])
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {statement}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "outbox_in_order" in plan, plan


def test_a_lease_that_was_lost_undoes_the_work(acme, job):
    def body(payload, **_):
        ledger.enqueue("test.child", {"n": 2}, due_at=NOW)
        Outbox.objects.filter(kind="test.note").update(fence=99)  # somebody else has taken over

    job("test.note", body)
    leave(acme, "test.note")
    dispatch.run_due(lambda: NOW, seconds=0.5)
    with tenant_scope(acme):
        assert not Outbox.objects.filter(kind="test.child").exists()


def test_a_dead_workers_row_is_taken_over_after_its_lease(acme, job, done):
    job("test.note")
    leave(acme, "test.note")
    with tenant_scope(acme):
        (claimed,) = outbox.claim(NOW, 10)
        assert outbox.claim(NOW, 10) == []
    ledger.drain(NOW)
    assert done == []
    with tenant_scope(acme), connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_outbox SET lease_until = now() - interval '1 second'")
    ledger.drain(NOW)
    assert done == [1]
    assert row(acme, pk=claimed.pk).fence == 2


def test_a_row_that_kills_its_workers_dies(acme, job, done):
    job("test.note")
    leave(acme, "test.note")
    for _ in range(outbox.MAX_ATTEMPTS):
        with tenant_scope(acme), connection.cursor() as cursor:
            assert outbox.claim(NOW, 10)
            cursor.execute("UPDATE ledger_outbox SET lease_until = now() - interval '1 second'")
    ledger.drain(NOW)
    assert done == [] and row(acme, kind="test.note").state == "dead"


def test_a_loop_of_automations_ends(acme, job, done):
    def body(payload, **_):
        ledger.enqueue("test.note", {"n": payload["n"] + 1}, due_at=NOW)

    job("test.note", body)
    leave(acme, "test.note", 1)
    ledger.drain(NOW)
    assert len(done) == outbox.MAX_DEPTH + 1
    assert row(acme, state="dead").last_error.endswith("that is a loop")


def test_unknown_work_is_given_up(acme):
    leave(acme, "test.of_another_version")
    ledger.drain(NOW)
    assert row(acme, kind="test.of_another_version").state == "dead"


def test_tenants_take_turns(acme, umbra, job, done):
    job("test.note")
    for n in range(100, 160):
        leave(acme, "test.note", n)
    leave(umbra, "test.note", 1)
    ledger.drain(NOW)
    assert done.index(1) <= dispatch.ROWS_A_TURN


def test_a_suspended_tenants_work_waits(acme, job, done):
    job("test.note")
    leave(acme, "test.note")
    type(acme).objects.filter(pk=acme.pk).update(status="suspended")
    ledger.drain(NOW)
    assert done == []


def test_what_the_time_does_not_suffice_for_goes_back_at_once(acme, job, done):
    job("test.note", lambda payload, **_: threading.Event().wait(0.2))
    for n in range(5):
        leave(acme, "test.note", n)
    dispatch.run_due(lambda: NOW, seconds=0.3)
    assert 1 <= len(done) < 5
    with tenant_scope(acme):
        left = Outbox.objects.filter(state="pending")
        assert left.count() == 5 - len(done) and not Outbox.objects.filter(state="leased").exists()
        assert set(left.values_list("attempts", flat=True)) == {0}
    ledger.drain(NOW)
    assert sorted(done) == [0, 1, 2, 3, 4]


def test_what_was_claimed_along_with_slow_work_is_free_for_others(acme, job, done, monkeypatch):
    monkeypatch.setattr(dispatch, "TURN_SECONDS", 0.1)
    taken = []

    def slow(payload, **_):
        threading.Event().wait(0.15)
        taken.append(Outbox.objects.filter(state="leased").count())

    job("test.note", slow)
    for n in range(3):
        leave(acme, "test.note", n)
    ledger.drain(NOW)
    assert sorted(done) == [0, 1, 2] and taken == [3, 2, 1]


def test_who_comes_late_does_not_begin_work_that_somebody_else_has_taken_over(acme, job, done):
    """The network can not be rolled back, so the lease is looked at before and not only after."""

    def slow(payload, **_):
        if not done:  # the first of the batch takes so long that the second one's lease ends
            Outbox.objects.filter(dedupe_key="k2").update(fence=99)

    job("test.note", slow, outside=True)
    leave(acme, "test.note", 1)
    leave(acme, "test.note", 2)
    dispatch.run_due(lambda: NOW, seconds=0.5)
    assert done == [1]


@dataclass(frozen=True)
class Happened:
    account_ids: list[str]
    why: str = ""


@pytest.fixture
def happened(monkeypatch):
    heard = []
    monkeypatch.setitem(registry._facts, "test.happened", Happened)
    monkeypatch.setitem(registry._names, Happened, "test.happened")
    for name in ("test.one", "test.two"):

        def run(fact, *, actor, now, name=name):
            heard.append((name, fact, actor.words))

        receiver = registry.Receiver(name, "test.happened", "", "test rules", run)
        monkeypatch.setitem(registry._receivers, name, receiver)
    return heard


def test_a_fact_reaches_each_receiver_once(acme, happened):
    with tenant_scope(acme):
        ledger.publish(Happened(["a", "b"], "because"))
    ledger.drain(NOW)
    ledger.drain(NOW)
    assert happened == [
        ("test.one", Happened(["a", "b"], "because"), "test rules"),
        ("test.two", Happened(["a", "b"], "because"), "test rules"),
    ]


def test_a_long_fact_is_told_in_pieces_and_an_empty_one_not_at_all(acme, happened):
    with tenant_scope(acme):
        ledger.publish(Happened([]))
        ledger.publish(Happened([str(n) for n in range(12_001)]))
        told = FactRow.objects.filter(name="test.happened").order_by("pk")
        assert [len(fact.payload["account_ids"]) for fact in told] == [5000, 5000, 2001]


def test_the_feed_has_a_place_for_every_fact(acme, happened):
    with tenant_scope(acme):
        for n in range(3):
            ledger.publish(Happened([str(n)]))
    ledger.drain(NOW)
    with tenant_scope(acme):
        feed = FactRow.objects.filter(name="test.happened").order_by("position")
        places = list(feed.values_list("position", flat=True))
        assert places == list(range(places[0], places[0] + 3))
        assert [fact.payload["account_ids"] for fact in feed] == [["0"], ["1"], ["2"]]


@pytest.mark.django_db(transaction=True)
def test_many_dispatchers_do_each_row_once(acme, job, done):
    job("test.note")
    for n in range(60):
        leave(acme, "test.note", n)
    threads = [threading.Thread(target=_drain_and_close) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ledger.drain(NOW)
    assert sorted(done) == list(range(60))


def _drain_and_close():
    ledger.drain(NOW)
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_without_redis_a_request_is_not_held_up_and_the_work_is_kept(acme, job, done, settings, monkeypatch):
    from cs_platform.celery import app
    from cs_platform.ledger import bell

    monkeypatch.setattr(bell, "_silent_until", 0.0)
    monkeypatch.setattr(app.conf, "broker_url", "redis://127.0.0.1:9/0")
    job("test.note")
    leave(acme, "test.note")
    ledger.drain(NOW)
    assert done == [1]
