"""The mail of an invitation goes once, whatever happens to the line and to the worker."""

from datetime import timedelta

import pytest

from cs_platform import ledger
from cs_platform.ledger import effects
from cs_platform.ledger.models import Effect, Outbox
from cs_platform.people import services
from cs_platform.tenancy.scope import tenant_scope
from tests.cast import NOW

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def invited(acme, ana):
    with tenant_scope(acme):
        return services.invite_member("new@example.com", ["viewer"], by=ana, actor=ana.actor, now=NOW)


def work(acme):
    with tenant_scope(acme):
        return Outbox.objects.get(kind="people.mail_invitation")


def addressees(mailbox):
    return [to for mail in mailbox.mails() for to in mail["to"]]


@pytest.mark.parametrize("what", ["kept", "lost"])
def test_a_line_that_breaks_after_the_mail_is_told_and_not_tried_again(acme, invited, mailbox, what):
    mailbox.fail(drop=what, times=1)
    for minutes in range(5):
        ledger.drain(NOW + minutes * MINUTE)
    assert addressees(mailbox) == (["new@example.com"] if what == "kept" else [])
    assert work(acme).state == "dead" and "nobody knows" in work(acme).last_error


def test_a_worker_that_died_while_it_sent_is_told_and_nothing_is_sent(acme, invited, mailbox):
    with tenant_scope(acme):
        effects.begin(f"invitation/{invited.pk}/mail", provider="smtp", now=NOW)
    ledger.drain(NOW)
    assert addressees(mailbox) == []
    assert work(acme).state == "dead" and "nobody knows" in work(acme).last_error


def test_a_worker_that_died_after_it_had_sent_does_not_send_again(acme, invited, mailbox):
    ledger.drain(NOW)
    with tenant_scope(acme):
        Outbox.objects.filter(kind="people.mail_invitation").update(state="pending", due_at=NOW)
    ledger.drain(NOW)
    assert addressees(mailbox) == ["new@example.com"]
    assert work(acme).state == "done"


@pytest.mark.parametrize("fault", [{"tempfail": True}, {"refuse": True}])
def test_what_was_surely_not_taken_may_go_later(acme, invited, mailbox, fault):
    mailbox.fail(**fault)
    ledger.drain(NOW)
    mailbox.heal()
    if "refuse" in fault:
        assert work(acme).state == "dead" and "refuses this address" in work(acme).last_error
        with tenant_scope(acme):
            assert not Effect.objects.exists()
        return
    ledger.drain(NOW + MINUTE)
    assert addressees(mailbox) == ["new@example.com"]


def test_without_a_mail_server_it_waits(acme, invited, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    ledger.drain(NOW)
    assert work(acme).state == "pending" and "can not be reached" in work(acme).last_error
    with tenant_scope(acme):
        assert not Effect.objects.exists()
