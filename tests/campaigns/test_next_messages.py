"""What an account will get next, and why a message went or did not go."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns import selectors, services
from campaigns.models import Message, Series, SeriesRun
from cs_platform import ledger
from cs_platform.tenancy.scope import tenant_scope
from tests.campaigns.stage import TEST, at, enrol, make_account, make_contact, make_series, minute
from tests.cast import NOW

pytestmark = pytest.mark.django_db
WEDNESDAY = at("2026-11-25", 8)


@pytest.fixture
def account(acme):
    with tenant_scope(acme):
        account = make_account()
        enrol(make_series(texts=4), make_contact(account), make_contact(account, "bob@x.example"))
    return account


def test_they_are_known_before_anything_is_planned(acme, account):
    type(acme).objects.filter(pk=acme.pk).update(own_holidays=["2026-11-27"])
    with tenant_scope(acme):
        found = selectors.next_messages(account.pk, 5, now=NOW)
        assert selectors.next_messages(account.pk, 0, now=NOW) == []
    seen = [(u.due_at, u.contact_name, u.template_name, f"{u.position}/{u.of}", u.state, u.message_id) for u in found]
    assert seen == [
        (WEDNESDAY, "Ada", "Tips 1", "1/4", "planned", None),
        (WEDNESDAY, "Bob", "Tips 1", "1/4", "planned", None),
        (at("2026-11-30", 8), "Ada", "Tips 2", "2/4", "planned", None),
        (at("2026-11-30", 8), "Bob", "Tips 2", "2/4", "planned", None),
        (at("2026-12-02", 8), "Ada", "Tips 3", "3/4", "planned", None),
    ]


def test_they_go_on_where_the_messages_end(acme, account, mailbox):
    with tenant_scope(acme):
        services.plan_runs(now=WEDNESDAY)
        services.expand_run(SeriesRun.objects.get(due_at=WEDNESDAY).pk, now=WEDNESDAY)
        planned = selectors.next_messages(account.pk, 3, now=WEDNESDAY)
        assert [u.message_id is not None for u in planned] == [True, True, False]
    minute(WEDNESDAY)
    with tenant_scope(acme):
        found = selectors.next_messages(account.pk, 9, now=WEDNESDAY + timedelta(minutes=1))
    assert [u.template_name for u in found] == ["Tips 2"] * 2 + ["Tips 3"] * 2 + ["Tips 4"] * 2
    assert found[0].due_at == at("2026-11-27", 8)


def test_what_is_planned_is_what_comes(acme, account, mailbox):
    with tenant_scope(acme):
        expected = [
            (u.due_at, u.contact_name, u.template_name) for u in selectors.next_messages(account.pk, 8, now=NOW)
        ]
    for due, _, _ in expected:
        minute(due)
    with tenant_scope(acme):
        sent = Message.objects.order_by("sent_at", "name").select_related("template", "enrolment__contact")
        assert [(m.sent_at, m.enrolment.contact.name, m.template.name) for m in sent] == expected


def test_a_paused_series_promises_nothing(acme, account):
    with tenant_scope(acme):
        services.pause_series(Series.objects.get(name="Tips"), actor=TEST, now=NOW)
        assert selectors.next_messages(account.pk, 5, now=NOW) == []


def test_it_takes_three_questions_for_any_number_of_people(acme, account):
    with tenant_scope(acme):
        for n in range(8):
            enrol(make_series(f"S{n}"), make_contact(account, f"p{n}@x.example"))
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert len(selectors.next_messages(account.pk, 10, now=NOW)) == 10
    assert len([q for q in asked.captured_queries if "campaigns_" in q["sql"]]) == 3


def words(acme, message, now=WEDNESDAY):
    with tenant_scope(acme):
        return " ".join(selectors.explain(selectors.message_for(message.pk), now=now).words)


def test_a_message_that_waits_says_what_stands_in_its_way(acme, account, mailbox):
    with tenant_scope(acme):
        services.plan_runs(now=WEDNESDAY)
        services.expand_run(SeriesRun.objects.get(due_at=WEDNESDAY).pk, now=WEDNESDAY)
        ada = Message.objects.get(name__contains="Ada")
    assert "Nothing stands in its way; it goes out at Wed 25 Nov 2026, 09:00 (Europe/Berlin)" in words(acme, ada)
    assert "its time had passed" in words(acme, ada, WEDNESDAY + timedelta(hours=5))
    with tenant_scope(acme):
        services.stop_sending("wrong prices", actor=TEST, now=WEDNESDAY)
    assert "all mail to customers is switched off" in words(acme, ada)
    with tenant_scope(acme):
        services.start_sending(actor=TEST, now=WEDNESDAY)
        services.suppress_address("ada@initech.example", category="recap", actor=TEST, now=WEDNESDAY)
    assert "It was not sent: the address is on the list of suppressed addresses." in words(acme, ada)
    assert "Usage recaps" in words(acme, ada)


def test_what_must_not_go_is_not_sent_again_by_hand_either(acme, account, mailbox):
    mailbox.fail(refuse=True)
    minute(WEDNESDAY)
    with tenant_scope(acme):
        ada = Message.objects.get(name__contains="Ada")
        services.suppress_address("ada@initech.example", actor=TEST, now=WEDNESDAY)
        with pytest.raises(services.MayNotGo, match="suppressed addresses"):
            services.resend_message(ada, actor=TEST, now=WEDNESDAY)
        assert Message.objects.get(pk=ada.pk).state == "failed"


def test_what_was_had_since_is_not_sent_again(acme, account, mailbox, settings):
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    minute(WEDNESDAY)
    minute(WEDNESDAY + timedelta(hours=5))  # left out: too late
    settings.EMAIL_PORT = port
    minute(at("2026-11-27", 8))  # and sent at the next slot
    with tenant_scope(acme):
        missed = Message.objects.filter(state="skipped").first()
        with pytest.raises(ledger.Refused, match="has had this e-mail since"):
            services.resend_message(missed, actor=TEST, now=at("2026-11-27", 9))
    assert len(mailbox.mails()) == 2


def test_a_sent_message_can_not_be_sent_again(acme, account, mailbox):
    minute(WEDNESDAY)
    with tenant_scope(acme):
        for verb in (services.resend_message, services.skip_message):
            with pytest.raises(ledger.NotAllowed):
                verb(Message.objects.first(), actor=TEST, now=WEDNESDAY)
