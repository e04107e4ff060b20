"""An account begins its onboarding: fifteen e-mails over five weeks, none twice, none on a holiday."""

from collections import Counter
from datetime import date

import pytest

from accounts import selectors as accounts
from accounts import services as account_services
from campaigns import services
from campaigns.models import Enrolment, Series
from cs_platform import ledger
from cs_platform.tenancy.scope import tenant_scope
from lifecycle.facts import AccountsEnteredStage
from tests.campaigns.stage import TEST, at, days, make_account, make_contact, messages, minute, states
from tests.cast import NOW

pytestmark = pytest.mark.django_db
START = at("2026-11-24", 7)  # a Tuesday; the first slot is on Wednesday at nine in Berlin


def begin(acme, *account_ids):
    ledger.drain(START)  # the accounts have come to their first stage
    with tenant_scope(acme):
        return services.start_onboarding_series(account_ids, actor=TEST, now=START)


def five_weeks(first="2026-11-25", count=48):
    """A look at every hour at which somewhere in the test it is nine o'clock, and a second one a minute later."""
    for day in days(first, count):
        for hour, minutes in ((8, 0), (8, 1), (14, 0)):
            minute(at(day, hour, minutes))


def alerts(acme):
    with tenant_scope(acme):
        return [alert for alert in accounts.open_alerts() if alert.kind == services.NO_RECIPIENT]


def test_fifteen_emails_over_five_weeks_none_twice_none_on_a_holiday(acme, mailbox):
    type(acme).objects.filter(pk=acme.pk).update(holiday_country="DE", own_holidays=[date(2026, 12, 4)])
    with tenant_scope(acme):
        account = make_account()
        ada = make_contact(account, "ada@initech.example")
        joe = make_contact(account, "joe@initech.example", roles=["Instance Admin"], timezone="America/New_York")
        make_contact(account, "eve@initech.example", roles=["End User"])
    assert begin(acme, account.pk) == 2
    five_weeks()
    got = Counter(to for mail in mailbox.mails() for to in mail["to"])
    assert got == {ada.email: 15, joe.email: 15}
    for contact in (ada, joe):
        subjects = [mail["subject"] for mail in mailbox.mails() if mail["to"] == [contact.email]]
        assert len(set(subjects)) == 15 and subjects[0].startswith("Welcome to Acme")
    sent_on = sorted({message.local_date for message in messages(acme)})
    assert {day.weekday() for day in sent_on} == {0, 2, 4}
    assert not set(sent_on) & {date(2026, 12, 4), date(2026, 12, 25), date(2027, 1, 1)}
    hours = {m.sent_at.hour for m in messages(acme, enrolment__contact=joe)}
    assert hours == {14} and {m.sent_at.hour for m in messages(acme, enrolment__contact=ada)} == {8}
    with tenant_scope(acme):
        assert set(Enrolment.objects.values_list("state", flat=True)) == {"completed"}
    assert states(acme) == ["sent"] * 30


def test_a_customer_in_a_country_with_a_holiday_is_left_in_peace_that_day(acme, mailbox):
    with tenant_scope(acme):
        ours = make_contact(make_account("Ours"), "a@ours.example")
        theirs = make_contact(make_account("Theirs", country="Philippines"), "b@theirs.example")
    begin(acme, ours.account_id, theirs.account_id)
    for day in ("2026-11-25", "2026-11-27", "2026-11-30"):  # the last one is Bonifacio Day
        minute(at(day, 8))
    got = Counter(to for mail in mailbox.mails() for to in mail["to"])
    assert got == {"a@ours.example": 3, "b@theirs.example": 2}
    minute(at("2026-12-02", 8))
    theirs_had = [mail["subject"] for mail in mailbox.mails() if mail["to"] == ["b@theirs.example"]]
    assert len(set(theirs_had)) == 3 and theirs_had[2].startswith("Invite five")  # the third one, not the fourth


def test_an_account_without_the_right_people_has_an_alert_until_one_comes(acme, mailbox):
    with tenant_scope(acme):
        account = make_account()
        eve = make_contact(account, "eve@initech.example", roles=["End User"])
    assert begin(acme, account.pk) == 0
    (alert,) = alerts(acme)
    assert "No recipient with role Instance Admin or Program Contact" in alert.message
    with tenant_scope(acme):
        account_services.set_contact_roles(eve, ["Program Contact"], actor=TEST, now=START)
    minute(START)
    assert alerts(acme) == []
    minute(at("2026-11-25", 8))
    assert len(mailbox.mails()) == 1


def test_who_comes_later_begins_with_the_first_email(acme, mailbox):
    with tenant_scope(acme):
        account = make_account()
        make_contact(account, "ada@initech.example")
    begin(acme, account.pk)
    minute(at("2026-11-25", 8))
    with tenant_scope(acme):
        make_contact(account, "late@initech.example", roles=["Instance Admin"])
    minute(at("2026-11-25", 12))
    minute(at("2026-11-27", 8))
    late = [mail["subject"] for mail in mailbox.mails() if mail["to"] == ["late@initech.example"]]
    assert len(late) == 1 and late[0].startswith("Welcome")


def test_after_the_onboarding_nobody_else_comes_in_and_who_is_in_it_stays(acme, mailbox):
    with tenant_scope(acme):
        account = make_account()
        make_contact(account, "ada@initech.example")
    begin(acme, account.pk)
    with tenant_scope(acme):
        services.end_audience([account.pk], actor=TEST, now=START)
        make_contact(account, "late@initech.example")
    minute(at("2026-11-25", 8))
    assert [mail["to"] for mail in mailbox.mails()] == [["ada@initech.example"]]


def test_who_loses_the_role_gets_nothing_until_he_has_it_again(acme, mailbox):
    with tenant_scope(acme):
        ada = make_contact(make_account())
    begin(acme, ada.account_id)
    minute(at("2026-11-25", 8))
    with tenant_scope(acme):
        account_services.set_contact_roles(ada, ["Champion"], actor=TEST, now=START)
    minute(at("2026-11-27", 8))
    with tenant_scope(acme):
        assert (Enrolment.objects.get().state, Enrolment.objects.get().reason) == ("stopped", "role_lost")
        account_services.set_contact_roles(ada, ["Instance Admin"], actor=TEST, now=START)
    minute(at("2026-11-27", 12))
    minute(at("2026-11-30", 8))
    assert [mail["subject"][:7] for mail in mailbox.mails()] == ["Welcome", "Three p"]


def test_an_archived_account_gets_nothing_more(acme, mailbox):
    with tenant_scope(acme):
        ada = make_contact(make_account())
    begin(acme, ada.account_id)
    with tenant_scope(acme):
        account_services.archive_account(ada.account, "gone", actor=TEST, now=START)
    minute(at("2026-11-25", 8))
    assert mailbox.mails() == []
    with tenant_scope(acme):
        assert Enrolment.objects.get().reason == "account_archived"


def test_starting_twice_enrols_once_and_a_series_that_was_archived_is_left_alone(acme, mailbox):
    with tenant_scope(acme):
        ada = make_contact(make_account())
    assert begin(acme, ada.account_id) == 1 and begin(acme, ada.account_id) == 0
    with tenant_scope(acme):
        services.archive_series(Series.objects.get(shipped_key="onboarding"), actor=TEST, now=NOW)
        bob = make_contact(make_account("Other"), "bob@other.example")
    assert begin(acme, bob.account_id) == 0 and alerts(acme) == []


def test_the_stage_brings_it_about_and_a_first_reading_does_not(acme, mailbox):
    with tenant_scope(acme):
        new, old = (make_contact(make_account(name), f"{name}@x.example") for name in ("new", "old"))
    ledger.drain(START)
    with tenant_scope(acme):
        told = ((new, False, "onboarding"), (old, True, "onboarding"), (old, False, "adopting"))
        for contact, baseline, key in told:
            ids = [str(contact.account_id)]
            ledger.publish(AccountsEnteredStage(ids, "customer", key, baseline=baseline, stage_key=key))
    minute(START)
    minute(at("2026-11-25", 8))
    assert [mail["to"] for mail in mailbox.mails()] == [["new@x.example"]]
