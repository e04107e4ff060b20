"""Why mail to one contact went or did not go, also where there never was a row."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import services as accounts
from accounts.models import Account, Contact
from campaigns import selectors, services
from campaigns.models import Enrolment, Message
from cs_platform import ledger
from cs_platform.tenancy.scope import tenant_scope
from tests.campaigns.stage import TEST, at, enrol, make_account, make_contact, make_series, minute
from tests.cast import NOW, api, sign_in

pytestmark = pytest.mark.django_db
WEDNESDAY, FRIDAY, MONDAY = at("2026-11-25", 8), at("2026-11-27", 8), at("2026-11-30", 8)
FIRST, LAST = date(2026, 11, 23), date(2026, 12, 6)


def explained(acme, contact, now=NOW, first=FIRST, last=LAST):
    with tenant_scope(acme):
        contact = Contact.objects.select_related("account").get(pk=contact.pk)
        return selectors.explain_contact(contact, first=first, last=last, now=now)


def lines(acme, contact, now=NOW, series="Tips", **window):
    (found,) = [s for s in explained(acme, contact, now, **window).series if s.series.name == series]
    return {f"{line.day:%m-%d}": (line.outcome, line.reason) for line in found.lines}


def words(acme, contact, day, now=NOW, series="Tips"):
    (found,) = [s for s in explained(acme, contact, now).series if s.series.name == series]
    return next(line.words for line in found.lines if f"{line.day:%m-%d}" == day)


@pytest.fixture
def account(acme):
    with tenant_scope(acme):
        return make_account()


@pytest.fixture
def ada(acme, account):
    with tenant_scope(acme):
        contact = make_contact(account)
        enrol(make_series(texts=4), contact)
    return contact


def test_what_went_what_will_and_what_is_left(acme, ada, mailbox):
    minute(WEDNESDAY)
    assert lines(acme, ada, now=WEDNESDAY + timedelta(hours=1)) == {
        "11-23": ("did_not_go", "not_enrolled"),
        "11-25": ("went", ""),
        "11-27": ("will_go", ""),
        "11-30": ("will_go", ""),
        "12-02": ("will_go", ""),
        "12-04": ("will_not_go", "nothing_left"),
    }
    assert "not enrolled yet" in words(acme, ada, "11-23", now=WEDNESDAY)


def test_what_it_says_will_go_is_what_goes(acme, ada, mailbox):
    type(acme).objects.filter(pk=acme.pk).update(own_holidays=["2026-11-27"])
    said = {day for day, (outcome, _) in lines(acme, ada).items() if outcome == "will_go"}
    for day in range(14):
        minute(at("2026-11-23", 8) + timedelta(days=day))
    with tenant_scope(acme):
        assert said == {f"{m.local_date:%m-%d}" for m in Message.objects.filter(state="sent")}
    assert lines(acme, ada, now=at("2026-12-06"))["11-27"] == ("did_not_go", "day_off")
    assert "a day off of the organisation: left out" in words(acme, ada, "11-27")


def test_somebody_who_never_was_in_it_is_told_why(acme, ada, account):
    with tenant_scope(acme):
        twin = make_contact(account, "ADA@initech.example", name="Twin")
        nobody = make_contact(account, "", name="Nobody")
        other = make_contact(account, "other@x.example")
        make_series("For admins", audience_roles=["Instance Admin"])
    assert set(lines(acme, twin).values()) == {("did_not_go", "same_address"), ("will_not_go", "same_address")}
    assert "Ada, a contact with the same address" in words(acme, twin, "12-02")
    assert lines(acme, nobody)["12-02"] == ("will_not_go", "no_address")
    assert lines(acme, other)["12-02"] == ("will_not_go", "not_enrolled")
    assert lines(acme, other, series="For admins")["12-02"] == ("will_not_go", "no_role")
    assert "Instance Admin" in words(acme, other, "12-02", series="For admins")


def test_who_unsubscribed_and_when_is_said(acme, ada, mailbox):
    minute(WEDNESDAY)
    with tenant_scope(acme):
        services.suppress_contact(
            ada, actor=ledger.Actor("member", "x", "Ben", "page"), now=WEDNESDAY + timedelta(hours=1)
        )
    later = MONDAY + timedelta(hours=1)
    minute(FRIDAY)
    found = lines(acme, ada, now=later)
    assert found["11-25"] == ("went", "") and found["11-27"] == ("did_not_go", "unsubscribed")
    assert found["12-02"] == ("will_not_go", "unsubscribed")
    assert "by Ben" in words(acme, ada, "11-27", now=later) and "25 Nov 2026" in words(acme, ada, "12-02", now=later)
    assert "by Ben" in explained(acme, ada, now=later).suppressed[0]


def test_pauses_of_the_series_the_enrolment_and_the_account_are_told_with_who(acme, ada, account, mailbox):
    with tenant_scope(acme):
        enrolment = Enrolment.objects.select_related("series").get()
        services.pause_series(enrolment.series, actor=TEST, now=WEDNESDAY - timedelta(hours=1))
        services.resume_series(enrolment.series, actor=TEST, now=WEDNESDAY + timedelta(hours=1))
        services.pause_enrolment(enrolment, actor=TEST, now=FRIDAY - timedelta(hours=1))
    minute(FRIDAY)
    with tenant_scope(acme):
        services.resume_enrolment(enrolment, actor=TEST, now=FRIDAY + timedelta(hours=1))
        services.pause_mail(
            account, "an escalation", until=date(2026, 12, 3), actor=TEST, now=FRIDAY + timedelta(hours=2)
        )
    minute(MONDAY)
    found = lines(acme, ada, now=MONDAY + timedelta(hours=1))
    assert found == {
        "11-23": ("did_not_go", "not_enrolled"),
        "11-25": ("did_not_go", "series_paused"),
        "11-27": ("did_not_go", "enrolment_paused"),
        "11-30": ("did_not_go", "mail_paused"),
        "12-02": ("will_not_go", "mail_paused"),
        "12-04": ("will_go", ""),
    }
    assert "an escalation" in words(acme, ada, "12-02", now=MONDAY) and "test" in words(acme, ada, "11-27", now=MONDAY)


def test_late_stopped_archived_and_inactive(acme, ada, account, mailbox):
    minute(WEDNESDAY - timedelta(minutes=5))
    minute(WEDNESDAY + timedelta(hours=5))
    with tenant_scope(acme):
        services.stop_sending("wrong prices", actor=TEST, now=FRIDAY - timedelta(hours=1))
    minute(FRIDAY)
    with tenant_scope(acme):
        services.start_sending(actor=TEST, now=FRIDAY + timedelta(hours=1))
    now = FRIDAY + timedelta(hours=2)
    found = lines(acme, ada, now=now)
    assert found["11-25"] == ("did_not_go", "late") and found["11-27"] == ("did_not_go", "sending_off")
    with tenant_scope(acme):
        accounts.edit_contact(Contact.objects.get(pk=ada.pk), {"is_active": False}, actor=TEST, now=now)
    assert lines(acme, ada, now=now)["11-30"] == ("will_not_go", "contact_inactive")
    with tenant_scope(acme):
        accounts.edit_contact(Contact.objects.get(pk=ada.pk), {"is_active": True}, actor=TEST, now=now)
        accounts.archive_accounts([account.pk], "gone", actor=TEST, now=now)
    assert lines(acme, ada, now=now)["11-30"] == ("will_not_go", "account_archived")
    minute(now)
    assert lines(acme, ada, now=now)["11-30"] == ("will_not_go", "account_archived")
    with tenant_scope(acme):
        assert Account.objects.get(pk=account.pk).state == "archived"


def test_it_asks_the_same_however_many_series_and_dates_there_are(acme, ada):
    def asked(last):
        with tenant_scope(acme):
            contact = Contact.objects.select_related("account").get(pk=ada.pk)
            with CaptureQueriesContext(connection) as captured:
                selectors.explain_contact(contact, first=FIRST, last=last, now=NOW)
        return len(captured)

    before = asked(LAST)
    with tenant_scope(acme):
        for number in range(8):
            enrol(make_series(f"More {number}"), ada)
    assert asked(date(2027, 1, 20)) == before


def test_the_pages_find_the_contact_and_show_it(acme, ana, otto, ada, account, clock_at, mailbox):
    minute(WEDNESDAY)
    clock_at(WEDNESDAY + timedelta(hours=1))
    page = sign_in(Client(), ana)
    assert b"No contact found" in page.get("/campaigns/why/?q=nobody@x.example").content
    for question in ("?q=ada@initech.example", "?q=Ad", f"?account={account.pk}"):
        assert str(ada.pk) in page.get(f"/campaigns/why/{question}").content.decode(), question
    assert b"Tips 1" in page.get("/campaigns/why/?q=tips").content
    shown = page.get(f"/campaigns/why/{ada.pk}/?from=2026-11-23&to=2026-12-06").content.decode()
    assert "went" in shown and "will go" in shown and "every decision" in shown and "e-mail 2 of 4" in shown
    assert page.get(f"/campaigns/why/{ada.pk}/?from=x&to=1").status_code == 200
    outsider = sign_in(Client(), otto)
    assert outsider.get(f"/campaigns/why/{ada.pk}/").status_code == 404
    assert str(ada.pk) not in outsider.get("/campaigns/why/?q=ada@initech.example").content.decode()


def test_the_message_page_has_every_decision_with_its_time(acme, ana, ada, clock_at, mailbox):
    minute(WEDNESDAY)
    clock_at(WEDNESDAY + timedelta(hours=1))
    with tenant_scope(acme):
        message = Message.objects.get()
        found = selectors.explain(selectors.message_for(message.pk), now=WEDNESDAY)
    kinds = [step.kind for step in found.steps]
    assert kinds[:6] == ["audience", "slot", "zone", "holiday", "late", "text"] and kinds[-1] == "result"
    assert "suppression" in kinds and "caps" in kinds and "deed" in kinds
    assert all(step.at for step in found.steps if step.kind in ("audience", "slot", "text", "deed", "result"))
    shown = sign_in(Client(), ana).get(f"/campaigns/messages/{message.pk}/").content.decode()
    assert "is no day off" in shown and f"/campaigns/why/{ada.pk}/" in shown


def test_the_api_says_the_same(acme, acme_api, umbra, ada, clock_at):
    clock_at(NOW)
    body = acme_api.get(f"contacts/{ada.pk}/explain-mail?from=2026-11-23&to=2026-12-06").json()
    (tips,) = [s for s in body["series"] if s["series"] == "Tips"]
    assert [d["outcome"] for d in tips["dates"]] == ["did_not_go", *["will_go"] * 4, "will_not_go"]
    assert api(tenant=umbra).get(f"contacts/{ada.pk}/explain-mail").status_code == 404
    assert acme_api.get(f"contacts/{ada.pk}/explain-mail?from=2026-01-01&to=2026-12-06").status_code == 400
