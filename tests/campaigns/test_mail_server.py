"""A mail server that refuses, puts off, or hangs up. Nobody gets a mail twice, and nothing is lost in silence."""

from datetime import timedelta

import pytest

from accounts import selectors as accounts
from campaigns import selectors, services
from campaigns.models import Message, SeriesRun
from cs_platform import ledger
from cs_platform.tenancy.scope import tenant_scope
from tests.campaigns.stage import (
    TEST,
    at,
    enrol,
    make_account,
    make_contact,
    make_series,
    messages,
    minute,
    recipients,
    states,
)

pytestmark = pytest.mark.django_db
DUE = at("2026-11-25", 8)


@pytest.fixture
def five(acme):
    """Five contacts at the first slot of a series."""
    with tenant_scope(acme):
        series, account = make_series(), make_account()
        enrol(series, *[make_contact(account, f"p{n}@initech.example") for n in range(5)])
    return series


def run(acme):
    with tenant_scope(acme):
        return SeriesRun.objects.get(messages__isnull=False, messages__name__contains="P0")


def test_a_refused_address_fails_and_the_others_get_their_mail(acme, five, mailbox):
    mailbox.fail(refuse=["p2@*"])
    minute(DUE)
    assert sorted(recipients(mailbox)) == [f"p{n}@initech.example" for n in (0, 1, 3, 4)]
    (failed,) = messages(acme, state="failed")
    assert failed.reason == "refused" and failed.detail.startswith("550")
    assert run(acme).state == "finished"
    minute(DUE + timedelta(minutes=5))
    assert len(mailbox.mails()) == 4
    with tenant_scope(acme):
        assert ledger.timeline(failed.account_id, verbs=["message.fail"])


def test_an_address_that_is_put_off_is_tried_again_with_growing_pauses(acme, five, mailbox):
    mailbox.fail(tempfail=["p2@*"])
    minute(DUE)
    (waits,) = messages(acme, state="planned")
    assert (waits.reason, waits.attempts, waits.due_at) == ("deferred", 1, DUE + timedelta(minutes=1))
    assert run(acme).state == "sending"
    minute(DUE + timedelta(minutes=1))
    (waits,) = messages(acme, state="planned")
    assert waits.due_at == DUE + timedelta(minutes=6)
    mailbox.heal()
    minute(DUE + timedelta(minutes=6))
    assert sorted(recipients(mailbox)) == [f"p{n}@initech.example" for n in range(5)]
    assert states(acme) == ["sent"] * 5 and run(acme).state == "finished"


def test_who_is_put_off_until_it_is_too_late_gets_it_next_time_and_is_an_alert(acme, five, mailbox):
    mailbox.fail(tempfail=["p2@*"])
    for minutes in range(0, 260, 10):
        minute(DUE + timedelta(minutes=minutes))
    (left,) = [message for message in messages(acme) if message.state != "sent"]
    assert (left.state, left.reason) == ("skipped", "late") and left.attempts >= 5
    with tenant_scope(acme):
        assert services.LATE in [alert.kind for alert in accounts.open_alerts()]
    mailbox.heal()
    minute(at("2026-11-27", 8))
    had = [mail["subject"] for mail in mailbox.mails() if mail["to"] == ["p2@initech.example"]]
    assert had == ["Tips 1 for P2"] and len(mailbox.mails()) == 9


@pytest.mark.parametrize("fate", ["kept", "lost"])
def test_a_line_that_breaks_after_the_text_leaves_unknown_and_is_never_sent_again_by_itself(acme, five, mailbox, fate):
    mailbox.fail(drop=fate, times=1)
    minute(DUE)
    (unknown,) = messages(acme, state="unknown")
    assert sorted(states(acme)) == ["sent"] * 4 + ["unknown"]
    assert len(mailbox.mails()) == (5 if fate == "kept" else 4)
    assert len(set(recipients(mailbox))) == len(mailbox.mails())
    for minutes in (5, 30, 120, 300):
        minute(DUE + timedelta(minutes=minutes))
    assert len(mailbox.mails()) == (5 if fate == "kept" else 4)
    assert run(acme).state == "finished"
    with tenant_scope(acme):
        words = selectors.explain(selectors.message_for(unknown.pk), now=DUE).words
        assert any("Nobody knows whether it arrived" in line for line in words)
        assert ledger.timeline(unknown.account_id, verbs=["message.lose"])


def test_a_person_sends_an_unknown_one_again_and_it_is_the_same_mail(acme, five, mailbox):
    mailbox.fail(drop="lost", times=1)
    minute(DUE)
    (unknown,) = messages(acme, state="unknown")
    with tenant_scope(acme):
        services.resend_message(unknown, actor=TEST, now=DUE + timedelta(minutes=9))
    minute(DUE + timedelta(minutes=9))
    assert states(acme) == ["sent"] * 5 and len(set(recipients(mailbox))) == len(mailbox.mails()) == 5
    assert unknown.message_id in [mail["message_id"] for mail in mailbox.mails()]
    assert run(acme).state == "finished"


def test_a_server_that_is_away_changes_no_message_and_is_shown(acme, five, mailbox, settings):
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    minute(DUE)
    assert states(acme) == ["planned"] * 5
    with tenant_scope(acme):
        assert "can not be reached" in selectors.control().problem
    settings.EMAIL_PORT = port
    minute(DUE + timedelta(minutes=2))
    assert states(acme) == ["sent"] * 5
    with tenant_scope(acme):
        assert selectors.control().problem == ""


def test_a_server_that_stays_away_until_it_is_too_late_is_an_alert(acme, five, mailbox, settings):
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    minute(DUE)
    settings.EMAIL_PORT = port
    minute(DUE + timedelta(hours=5))
    assert states(acme) == ["skipped"] * 5 and mailbox.mails() == []
    assert {m.reason for m in messages(acme)} == {"late"}
    with tenant_scope(acme):
        assert services.LATE in [alert.kind for alert in accounts.open_alerts()]
    minute(at("2026-11-27", 8))
    assert len(set(recipients(mailbox))) == len(mailbox.mails()) == 5  # the first e-mail, at the next slot


def test_what_a_worker_left_behind_when_it_died_is_unknown(acme, five, mailbox):
    with tenant_scope(acme):
        services.plan_runs(now=DUE)
        services.expand_run(SeriesRun.objects.get(due_at=DUE).pk, now=DUE)
        left = Message.objects.order_by("id")[2]
        Message.objects.filter(pk=left.pk).update(state="sending", sending_at=DUE)
    minute(DUE)
    assert len(mailbox.mails()) == 4 and [m.pk for m in messages(acme, state="unknown")] == [left.pk]
    assert messages(acme, state="unknown")[0].reason == "worker_died" and run(acme).state == "finished"


def test_the_database_refuses_to_take_a_sent_message_back(acme, five, mailbox):
    from django.db import IntegrityError, transaction

    minute(DUE)
    with tenant_scope(acme):
        for state in ("planned", "sending", "unknown", "failed", "skipped"):
            with pytest.raises(IntegrityError, match="stays sent"), transaction.atomic():
                Message.objects.update(state=state)


def test_a_name_that_wants_to_be_a_header_is_a_name(acme, mailbox):
    with tenant_scope(acme):
        series = make_series(texts=1)
        contact = make_contact(make_account(), "eve@initech.example")
        type(contact).objects.update(first_name="Eve\r\nBcc: all@evil.example", name="Eve\nBcc: x@evil.example")
        enrol(series, contact)
    minute(DUE)
    assert recipients(mailbox) == ["eve@initech.example"]
    raw = mailbox.read(mailbox.mails()[0]["file"])
    assert b"\nBcc:" not in raw.split(b"\r\n\r\n")[0]


def test_a_sender_that_can_not_be_written_down_is_told_and_nothing_is_half_sent(acme, five, mailbox):
    type(acme).objects.filter(pk=acme.pk).update(sender_name="Acme\r\nBcc: all@evil.example")
    minute(DUE)
    assert mailbox.mails() == [] and {(m.state, m.reason) for m in messages(acme)} == {("skipped", "no_mail")}
    type(acme).objects.filter(pk=acme.pk).update(sender_name="Acme")
    minute(at("2026-11-27", 8))
    assert len(mailbox.mails()) == 5


def test_a_slot_that_is_moved_after_its_time_had_come_is_sent_at_the_new_time(acme, five, mailbox):
    with tenant_scope(acme):
        services.plan_runs(now=DUE)
        services.start_due_runs(now=DUE)
        services.edit_series(five, {"local_time": "15:00"}, actor=TEST, now=DUE)
        services.plan_runs(now=DUE)
    minute(DUE)
    assert mailbox.mails() == []
    minute(DUE + timedelta(hours=6))
    assert len(mailbox.mails()) == 5


def test_letters_beyond_ascii_reach_a_server_that_takes_them(acme, five, mailbox):
    with tenant_scope(acme):
        contact = make_contact(make_account("Müller"), "jurgen@x.example")
        type(contact).objects.filter(pk=contact.pk).update(email="Jürgen@Müller.example")
        enrol(five, contact)
    minute(DUE)
    assert "jürgen@xn--mller-kva.example" in recipients(mailbox)
