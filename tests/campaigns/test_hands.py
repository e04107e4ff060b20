"""What a worker has in its hands when it dies or is overtaken, and who calls a message back from them."""

from datetime import timedelta

import pytest

from campaigns import services
from campaigns.mail import batch
from campaigns.mail.batch import Lane
from campaigns.mail.journal import LaneLost, Result, open_journal, tell_late
from campaigns.models import Enrolment, Message, SendingLane, SeriesRun
from campaigns.services import handing
from cs_platform import ledger
from cs_platform.tenancy.scope import tenant_scope
from tests.campaigns.stage import TEST, at, enrol, make_account, make_contact, make_series, minute, recipients, states

pytestmark = pytest.mark.django_db
WEDNESDAY = at("2026-11-25", 8)


class Hands:
    """Of a worker: the five messages of a run, taken."""

    def __init__(self, run):
        self.run = run
        self.journal, self.untold = open_journal(Lane(run.pk), WEDNESDAY)
        self.rows = batch.fetch(Lane(run.pk), WEDNESDAY, None, 10)

    def take(self):
        from campaigns.installation import installation_id

        names = [f"<{row.id}@x>" for row in self.rows]
        return self.journal.take(self.rows, names, WEDNESDAY, installation_id())


@pytest.fixture
def series(acme):
    with tenant_scope(acme):
        series, account = make_series(), make_account()
        enrol(series, *[make_contact(account, f"p{n}@initech.example") for n in range(5)])
        services.plan_runs(now=WEDNESDAY)
        services.expand_run(SeriesRun.objects.get(due_at=WEDNESDAY).pk, now=WEDNESDAY)
    return series


@pytest.fixture
def hands(acme, series):
    with tenant_scope(acme):
        made = Hands(SeriesRun.objects.get(due_at=WEDNESDAY))
        assert set(made.take().values()) == {""}
    return made


def test_a_worker_that_dies_leaves_one_unknown_and_the_rest_is_sent_by_the_next(acme, hands, mailbox):
    with tenant_scope(acme):
        first, second, *_ = hands.rows
        assert hands.journal.step(first, []) == ""
        assert hands.journal.step(second, [Result(first.id, "sent", "", "250 ok", tried=1)]) == ""
    assert states(acme) == ["sending"] * 5
    minute(WEDNESDAY + timedelta(minutes=1))
    assert sorted(states(acme)) == ["sent"] * 4 + ["unknown"]
    with tenant_scope(acme):
        unknown = Message.objects.get(state="unknown")
        assert (unknown.pk, unknown.reason) == (second.id, "worker_died")
        told = Message.objects.get(pk=first.id)
        assert (told.state, told.detail, told.is_noted) == ("sent", "250 ok", True)
        assert set(Enrolment.objects.values_list("position", flat=True)) == {1}
        assert SeriesRun.objects.get(pk=hands.run.pk).state == "finished" and not SendingLane.objects.exists()
    assert len(mailbox.mails()) == len(set(recipients(mailbox))) == 3


def test_a_worker_that_was_overtaken_can_begin_nothing_and_write_nothing(acme, hands):
    with tenant_scope(acme):
        first, second, *_ = hands.rows
        assert hands.journal.step(first, []) == ""
        Hands(hands.run)
        for late in (lambda: hands.journal.step(second, []), lambda: hands.journal.put([], [second.id], WEDNESDAY)):
            with pytest.raises(LaneLost):
                late()
        with pytest.raises(LaneLost):
            hands.take()
        assert Message.objects.get(pk=first.id).state == "unknown"
        assert Message.objects.filter(state="planned").count() == 4
        tell_late(Result(first.id, "sent", "", "250 ok", tried=1), WEDNESDAY)
        assert Message.objects.get(pk=first.id).state == "sent"


def test_what_was_taken_is_nobody_elses(acme, hands):
    with tenant_scope(acme):
        other = batch.fetch(Lane(hands.run.pk), WEDNESDAY, None, 10)
        assert other == []


STOPS = {
    "all mail": lambda series: services.stop_sending("x", actor=TEST, now=WEDNESDAY),
    "the series": lambda series: services.pause_series(series, actor=TEST, now=WEDNESDAY),
    "an enrolment": lambda series: services.pause_enrolment(Enrolment.objects.first(), actor=TEST, now=WEDNESDAY),
    "an address": lambda series: services.suppress_address("p3@initech.example", actor=TEST, now=WEDNESDAY),
    "a customer": lambda series: services.pause_mail(Enrolment.objects.first().account, "x", actor=TEST, now=WEDNESDAY),
    "a stopped enrolment": lambda series: services.stop_enrolment(Enrolment.objects.first(), actor=TEST, now=WEDNESDAY),
    "an archived series": lambda series: services.archive_series(series, actor=TEST, now=WEDNESDAY),
    "an e-mail taken out": lambda series: services.set_items(
        series, [item.template_id for item in series.items.order_by("position")][1:], actor=TEST, now=WEDNESDAY
    ),
}


@pytest.mark.parametrize("stop", STOPS)
def test_whoever_stops_mail_calls_back_what_is_in_the_hands_of_a_worker(acme, series, hands, stop):
    with tenant_scope(acme):
        first, second, *_ = hands.rows
        assert hands.journal.step(first, []) == ""
        STOPS[stop](series)
        assert hands.journal.step(second, []) == "recalled"
        hands.journal.put([Result(first.id, "sent", tried=1)], [row.id for row in hands.rows[1:]], WEDNESDAY)
        assert Message.objects.filter(state="planned").count() == 4


@pytest.mark.parametrize("field", ["is_active", "email", "archived"])
def test_what_other_rooms_change_is_seen_before_each_message(acme, hands, field):
    from accounts import services as accounts
    from accounts.models import Contact

    with tenant_scope(acme):
        first, second, *_ = hands.rows
        assert hands.journal.step(first, []) == ""
        contact = Contact.objects.select_related("account").get(pk=second.contact_id)
        if field == "archived":
            accounts.archive_accounts([contact.account_id], "gone", actor=TEST, now=WEDNESDAY)
        else:
            new = {"is_active": False} if field == "is_active" else {"email": "new@initech.example"}
            accounts.edit_contact(contact, new, actor=TEST, now=WEDNESDAY)
        assert hands.journal.step(second, []) == "changed"


def test_a_slow_server_makes_the_hands_small_and_a_quick_one_large(acme, series, mailbox, monkeypatch):
    sizes = []
    whole = handing.Sender._chunk

    def noted(self, rows):
        sizes.append(len(rows))
        whole(self, rows)

    monkeypatch.setattr(handing.Sender, "_chunk", noted)
    monkeypatch.setattr(handing, "SLOW", 0.0)
    minute(WEDNESDAY)
    assert sizes == [1] * 5 and states(acme) == ["sent"] * 5


def test_two_tickers_at_the_end_of_a_turn_tell_the_ledger_once(acme, series, mailbox):
    minute(WEDNESDAY)
    minute(WEDNESDAY + timedelta(minutes=1))
    with tenant_scope(acme):
        message = Message.objects.first()
        assert len(ledger.timeline(message.account_id, verbs=["message.send"], limit=20)) == 5
