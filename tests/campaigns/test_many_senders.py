"""Many workers at one run, on committed data: everybody gets one mail."""

import threading
from collections import Counter

import pytest

from campaigns import services
from campaigns.mail.batch import Lane
from campaigns.models import Message, SeriesRun
from cs_platform import ledger
from cs_platform.tenancy.scope import tenant_scope
from tests.campaigns.stage import TEST, at, enrol, make_account, make_contact, make_series, recipients, states
from tests.campaigns.together import at_once
from tests.cast import make_tenant

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
WEDNESDAY = at("2026-11-25", 8)
PEOPLE = 60


class Lease:
    fence = 1

    def renew(self):
        """Nobody takes it away."""


@pytest.fixture
def full(db):
    """A run that is due, with people of whom some share an address in other letters."""
    tenant = make_tenant("acme", "Acme", "Europe/Berlin")
    with tenant_scope(tenant):
        account, series = make_account(), make_series()
        people = [make_contact(account, f"p{n}@x.example") for n in range(PEOPLE)]
        people += [make_contact(account, f"P{n}@X.example", name=f"Twin {n}") for n in range(10)]
        enrol(series, *people)
    return tenant


def test_eight_workers_that_do_everything_send_one_mail_to_each_address(full, mailbox):
    def work():
        ledger.drain(WEDNESDAY)
        ledger.tick(WEDNESDAY)
        ledger.drain(WEDNESDAY)

    at_once(*[work] * 8)
    ledger.drain(WEDNESDAY)
    got = Counter(address.lower() for address in recipients(mailbox))
    assert got == {f"p{n}@x.example": 1 for n in range(PEOPLE)}
    assert Counter(states(full)) == {"sent": PEOPLE}
    with tenant_scope(full):
        run = SeriesRun.objects.get(due_at=WEDNESDAY)
        assert run.state == "finished" and run.recipients == PEOPLE


def test_eight_workers_on_the_very_same_lane_send_one_mail_to_each_address(full, mailbox):
    with tenant_scope(full):
        services.plan_runs(now=WEDNESDAY)
        run = SeriesRun.objects.get(due_at=WEDNESDAY)
        services.expand_run(run.pk, now=WEDNESDAY)

    def work():
        with tenant_scope(full):
            services.send_turn(Lane(run.pk), now=WEDNESDAY, lease=Lease(), seconds=30)

    at_once(*[work] * 8)
    got = Counter(recipients(mailbox))
    assert max(got.values()) == 1
    # A worker that starts takes what another one is just handing over for left behind; nothing of it is sent again.
    assert set(Counter(states(full))) <= {"sent", "unknown"}
    assert len(got) == PEOPLE


def test_a_run_is_written_once_by_any_number_of_workers(full):
    with tenant_scope(full):
        services.plan_runs(now=WEDNESDAY)
        run = SeriesRun.objects.get(due_at=WEDNESDAY)

    def work():
        with tenant_scope(full):
            services.expand_run(run.pk, now=WEDNESDAY)

    at_once(*[work] * 8)
    assert states(full) == ["planned"] * PEOPLE


def test_a_pause_in_the_middle_of_a_run_stops_it(full, mailbox):
    with tenant_scope(full):
        services.plan_runs(now=WEDNESDAY)
        run = SeriesRun.objects.select_related("series").get(due_at=WEDNESDAY)
        services.expand_run(run.pk, now=WEDNESDAY)
    mailbox.fail(slow=0.02)

    def send():
        with tenant_scope(full):
            services.send_turn(Lane(run.pk), now=WEDNESDAY, lease=Lease(), seconds=30)

    def pause():
        while len(mailbox.mails()) < 5:
            threading.Event().wait(0.01)
        with tenant_scope(full):
            services.pause_series(run.series, actor=TEST, now=WEDNESDAY)
        stopped.append(len(mailbox.mails()))

    stopped: list[int] = []
    at_once(send, pause)
    assert len(mailbox.mails()) <= stopped[0] + 1
    found = Counter(states(full))
    assert found["sent"] == len(mailbox.mails()) and found["sent"] + found["held"] == PEOPLE


def test_who_unsubscribes_in_the_middle_of_a_run_and_is_not_mailed_yet_is_not_mailed(full, mailbox):
    with tenant_scope(full):
        services.plan_runs(now=WEDNESDAY)
        run = SeriesRun.objects.get(due_at=WEDNESDAY)
        services.expand_run(run.pk, now=WEDNESDAY)
        last = Message.objects.select_related("enrolment__contact").order_by("due_at", "id").last()
    mailbox.fail(slow=0.02)

    def send():
        with tenant_scope(full):
            services.send_turn(Lane(run.pk), now=WEDNESDAY, lease=Lease(), seconds=30)

    def leave():
        while len(mailbox.mails()) < 5:
            threading.Event().wait(0.01)
        with tenant_scope(full):
            services.suppress_contact(last.enrolment.contact, actor=TEST, now=WEDNESDAY)

    at_once(send, leave)
    assert last.enrolment.contact.email not in recipients(mailbox) and len(mailbox.mails()) == PEOPLE - 1
