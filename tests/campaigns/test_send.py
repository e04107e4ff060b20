"""From a slot to the mailbox."""

from datetime import timedelta

import pytest

from campaigns import services
from campaigns.models import Enrolment, SeriesRun
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
    subjects,
)

pytestmark = pytest.mark.django_db
# acme is in Berlin: nine o'clock in winter is eight in UTC. The cast's now is Monday, 23 November 2026, 09:00 UTC.


@pytest.fixture
def tips(acme):
    with tenant_scope(acme):
        return make_series()


@pytest.fixture
def ada(acme):
    with tenant_scope(acme):
        return make_contact(make_account())


def test_an_enrolled_contact_gets_the_first_email_at_the_next_slot(acme, tips, ada, mailbox):
    with tenant_scope(acme):
        enrol(tips, ada)
    minute(at("2026-11-25", 7, 59))
    assert mailbox.mails() == []
    minute(at("2026-11-25", 8, 0))
    assert subjects(mailbox) == ["Tips 1 for Ada"]
    assert recipients(mailbox) == ["ada@initech.example"]
    (message,) = messages(acme)
    assert message.state == "sent" and message.sent_at == at("2026-11-25", 8)
    assert mailbox.mails()[0]["message_id"] == message.message_id == f"<{message.pk}@127.0.0.1>"


def test_each_slot_sends_the_next_one_and_then_the_series_is_complete(acme, tips, ada, mailbox):
    with tenant_scope(acme):
        enrol(tips, ada)
    for day in ("2026-11-25", "2026-11-27", "2026-11-30", "2026-12-02"):
        minute(at(day, 8))
        minute(at(day, 8, 1))
    assert subjects(mailbox) == ["Tips 1 for Ada", "Tips 2 for Ada", "Tips 3 for Ada"]
    with tenant_scope(acme):
        assert Enrolment.objects.get().state == "completed"
        assert set(SeriesRun.objects.filter(messages__isnull=False).values_list("state", flat=True)) == {"finished"}
    assert states(acme) == ["sent"] * 3


def test_any_number_of_tickers_sends_once(acme, tips, ada, mailbox):
    with tenant_scope(acme):
        enrol(tips, ada)
    for seconds in range(0, 300, 30):
        minute(at("2026-11-25", 8) + timedelta(seconds=seconds))
    assert len(mailbox.mails()) == 1


def test_the_timeline_of_the_account_tells_of_it(acme, tips, ada, mailbox):
    from cs_platform import ledger

    with tenant_scope(acme):
        enrol(tips, ada)
    minute(at("2026-11-25", 8))
    with tenant_scope(acme):
        entry = ledger.timeline(ada.account_id, verbs=["message.send"])[0]
    assert entry.sentence == "sent the e-mail Tips 1 to Ada" and entry.actor == "mail clock"


def test_who_is_enrolled_after_the_slot_waits_for_the_next(acme, tips, ada, mailbox):
    with tenant_scope(acme):
        enrol(tips, ada, now=at("2026-11-25", 8, 1))
    minute(at("2026-11-25", 8, 2))
    assert mailbox.mails() == []
    minute(at("2026-11-27", 8))
    assert subjects(mailbox) == ["Tips 1 for Ada"]


def test_a_draft_sends_nothing(acme, ada, mailbox):
    with tenant_scope(acme):
        series = make_series(active=False)
        enrol(series, ada)
    minute(at("2026-11-25", 8))
    assert mailbox.mails() == []
    with tenant_scope(acme):
        services.activate_series(series, actor=TEST, now=at("2026-11-25", 9))
    minute(at("2026-11-25", 9))
    assert mailbox.mails() == []
    minute(at("2026-11-27", 8))
    assert subjects(mailbox) == ["Tips 1 for Ada"]
