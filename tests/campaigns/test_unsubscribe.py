"""The link in every mail: looking changes nothing, a button or one click ends it at once."""

import re
from email import message_from_bytes, policy
from uuid import uuid4

import pytest
from django.test import Client

from campaigns import selectors, services, unsubscribing
from campaigns.models import Enrolment, SeriesRun, Suppression
from cs_platform import ledger
from cs_platform.tenancy.scope import tenant_scope
from tests.campaigns.stage import TEST, at, enrol, make_account, make_contact, make_series, minute, states

pytestmark = pytest.mark.django_db
WEDNESDAY, FRIDAY = at("2026-11-25", 8), at("2026-11-27", 8)


@pytest.fixture
def stranger():
    """A mail program: no cookie, no token, and the real check for tokens."""
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def ada(acme):
    with tenant_scope(acme):
        return make_contact(make_account(), "Ada@Initech.example")


@pytest.fixture
def link(acme, ada, mailbox):
    with tenant_scope(acme):
        enrol(make_series(), ada)
    minute(WEDNESDAY)
    mail = message_from_bytes(mailbox.read(mailbox.mails()[0]["file"]), policy=policy.default)
    (address,) = re.findall(r"<http://127.0.0.1:18000(/u/[^>]+/)>", mail["List-Unsubscribe"])
    for part in ("plain", "html"):
        assert address in mail.get_body((part,)).get_content()
    return address


def suppressed(acme):
    with tenant_scope(acme):
        return list(Suppression.objects.values_list("reason", "category"))


def test_looking_at_the_link_changes_nothing(acme, link, stranger):
    for _ in range(10):
        answer = stranger.get(link)
        assert answer.status_code == 200 and stranger.head(link).status_code == 200
    assert "Acme" in answer.content.decode() and "a••@i••.example" in answer.content.decode()
    assert suppressed(acme) == []
    with tenant_scope(acme):
        assert Enrolment.objects.get().state == "active"


def test_one_click_of_a_mail_program_ends_it_at_once(acme, link, stranger, mailbox):
    answer = stranger.post(link, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200
    assert suppressed(acme) == [("unsubscribed", "recap")]
    with tenant_scope(acme):
        assert (Enrolment.objects.get().state, Enrolment.objects.get().reason) == ("stopped", "unsubscribed")
    minute(FRIDAY)
    assert len(mailbox.mails()) == 1


def test_the_link_may_be_used_again_and_again(acme, link, stranger):
    for _ in range(5):
        assert stranger.post(link, {"what": "this"}).status_code == 200
    assert suppressed(acme) == [("unsubscribed", "recap")]
    assert stranger.post(link, {"what": "everything"}).status_code == 200
    assert suppressed(acme) == [("unsubscribed", "recap"), ("unsubscribed", "")]


def test_what_waits_in_the_queue_does_not_go_out(acme, ada, link, stranger, mailbox):
    with tenant_scope(acme):
        services.plan_runs(now=FRIDAY)
        services.expand_run(SeriesRun.objects.get(due_at=FRIDAY).pk, now=FRIDAY)
    stranger.post(link, {"what": "this"})
    assert states(acme) == ["sent", "suppressed"]
    minute(FRIDAY)
    assert len(mailbox.mails()) == 1


def test_another_category_goes_on_and_everything_stops_everything(acme, ada, link, stranger, mailbox):
    with tenant_scope(acme):
        enrol(make_series("News", category="releases", weekdays=["thu"]), ada)
    stranger.post(link, {"what": "this"})
    minute(at("2026-11-26", 8))
    assert mailbox.mails()[-1]["subject"] == "News 1 for Ada"
    stranger.post(link, {"what": "everything"})
    minute(at("2026-12-03", 8))
    assert len(mailbox.mails()) == 2


def test_the_same_address_in_other_letters_is_the_same_address(acme, ada, link, stranger, mailbox):
    stranger.post(link, {"what": "everything"})
    with tenant_scope(acme):
        series = make_series("Other")
        twin = make_contact(make_account("Twin"), "ADA@INITECH.EXAMPLE")
        (result,) = enrol(series, twin)
    assert result.result == "suppressed"


CHANGES = [lambda t: t[:-1], lambda t: "x" + t, lambda t: t.replace("recap", "other"), str.upper]


def without_csrf(answer):
    return re.sub(rb'csrf-token" content="[^"]*"', b"", answer.content)


@pytest.mark.parametrize("change", CHANGES)
def test_a_link_that_we_did_not_sign_is_answered_as_if_it_was_nothing(acme, umbra, link, stranger, change):
    token = link.split("/")[2]
    nothing = stranger.get("/u/nothing/")
    for answer in (stranger.get(f"/u/{change(token)}/"), stranger.post(f"/u/{change(token)}/")):
        assert answer.status_code == nothing.status_code == 404
        assert without_csrf(answer) == without_csrf(nothing)
    assert suppressed(acme) == []


def test_a_ticket_of_an_organisation_that_is_gone_is_nothing(db, stranger):
    ticket = unsubscribing.Ticket(987654, "0" * 32, "recap", uuid4())
    assert stranger.post(f"/u/{unsubscribing.token(ticket)}/").status_code == 404


def test_the_ledger_says_that_the_recipient_did_it(acme, link, stranger):
    from cs_platform.ledger.models import AuditRow

    stranger.post(link, {"what": "this"})
    with tenant_scope(acme):
        row = AuditRow.objects.select_related("call").get(verb="suppression.suppress")
        assert row.call.actor_words == "the recipient" and "initech" not in str(row.changes).lower()


def test_a_release_lets_a_person_enrol_the_contact_again_and_it_goes_on(acme, ada, link, stranger, mailbox):
    stranger.post(link, {"what": "this"})
    with tenant_scope(acme):
        series = Enrolment.objects.get().series
        assert enrol(series, ada, now=WEDNESDAY)[0].result == "suppressed"
        services.release_suppression(Suppression.objects.get(), actor=TEST, now=WEDNESDAY)
        assert enrol(series, ada, now=WEDNESDAY)[0].result == "restarted"
        with pytest.raises(ledger.Refused):
            services.release_suppression(Suppression.objects.get(), actor=TEST, now=WEDNESDAY)
    minute(FRIDAY)
    assert [mail["subject"] for mail in mailbox.mails()] == ["Tips 1 for Ada", "Tips 2 for Ada"]


def test_a_contact_says_what_it_is_subscribed_to(acme, ada, link, stranger):
    stranger.post(link, {"what": "this"})
    with tenant_scope(acme):
        marks = selectors.subscriptions([ada.pk])[ada.pk]
    assert marks["suppressed"] is False
    assert marks["subscribed"]["recap"] is False and marks["subscribed"]["onboarding"] is True


def test_the_database_knows_no_address_from_the_list(acme, link, stranger):
    stranger.post(link, {"what": "everything"})
    with tenant_scope(acme):
        row = Suppression.objects.get()
    assert row.masked == "a••@i••.example" and len(row.address_key) == 32 and "@" not in row.address_key
