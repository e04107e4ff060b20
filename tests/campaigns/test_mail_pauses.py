"""No mail to a customer or a contact for a while: what is held back, what moves on, what is left out for good."""

from datetime import date, timedelta

import pytest
from django.test import Client

from campaigns import selectors, services
from campaigns.models import Enrolment, MailPause, Message, SeriesRun
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
    subjects,
)
from tests.cast import api, sign_in

pytestmark = pytest.mark.django_db
WEDNESDAY, FRIDAY, MONDAY = at("2026-11-25", 8), at("2026-11-27", 8), at("2026-11-30", 8)


@pytest.fixture
def people(acme):
    """Ada and Bob of one account in one series."""
    with tenant_scope(acme):
        account = make_account()
        ada, bob = make_contact(account), make_contact(account, "bob@initech.example")
        enrol(make_series(), ada, bob)
    return account, ada, bob


def pause(acme, account, now=WEDNESDAY - timedelta(hours=1), **values):
    with tenant_scope(acme):
        return services.pause_mail(account, values.pop("why", "an escalation"), actor=TEST, now=now, **values)


def written(acme):
    with tenant_scope(acme):
        services.plan_runs(now=WEDNESDAY)
        services.expand_run(SeriesRun.objects.get(due_at=WEDNESDAY).pk, now=WEDNESDAY)


def test_nothing_goes_to_a_paused_account_and_afterwards_everything_moves_on(acme, people, mailbox):
    made = pause(acme, people[0])
    minute(WEDNESDAY)
    assert mailbox.mails() == [] and messages(acme) == []
    with tenant_scope(acme):
        services.end_mail_pause(made, actor=TEST, now=WEDNESDAY + timedelta(hours=1))
    minute(WEDNESDAY + timedelta(hours=1))
    assert mailbox.mails() == []  # nothing bursts
    minute(FRIDAY)
    assert sorted(subjects(mailbox)) == ["Tips 1 for Ada", "Tips 1 for Bob"]


def test_what_falls_due_during_a_pause_that_drops_never_comes(acme, people, mailbox):
    made = pause(acme, people[0], policy="drop")
    minute(WEDNESDAY)
    assert mailbox.mails() == [] and states(acme) == ["skipped", "skipped"]
    assert {m.reason for m in messages(acme)} == {"pause_dropped"}
    with tenant_scope(acme):
        services.end_mail_pause(made, actor=TEST, now=WEDNESDAY + timedelta(hours=1))
    minute(FRIDAY)
    assert sorted(subjects(mailbox)) == ["Tips 2 for Ada", "Tips 2 for Bob"]


def test_one_contact_is_paused_and_the_others_of_the_account_are_not(acme, people, mailbox):
    account, ada, _ = people
    pause(acme, account, contact=ada)
    minute(WEDNESDAY)
    assert recipients(mailbox) == ["bob@initech.example"]


def test_a_pause_in_the_middle_of_a_run_holds_what_waits_and_its_end_lets_it_go(acme, people, mailbox):
    written(acme)
    made = pause(acme, people[0], now=WEDNESDAY)
    minute(WEDNESDAY)
    assert mailbox.mails() == [] and states(acme) == ["held", "held"]
    with tenant_scope(acme):
        services.end_mail_pause(made, actor=TEST, now=WEDNESDAY + timedelta(hours=1))
    minute(WEDNESDAY + timedelta(hours=1))
    assert len(mailbox.mails()) == 2 and states(acme) == ["sent", "sent"]


def test_a_pause_that_drops_in_the_middle_of_a_run_leaves_out_what_waits(acme, people, mailbox):
    written(acme)
    pause(acme, people[0], now=WEDNESDAY, policy="drop")
    minute(WEDNESDAY)
    assert mailbox.mails() == [] and states(acme) == ["skipped", "skipped"]
    with tenant_scope(acme):
        assert set(Enrolment.objects.values_list("position", flat=True)) == {1}


def test_it_stands_in_the_way_of_what_a_person_sends_again(acme, people, mailbox):
    mailbox.fail(refuse=["ada@*"])
    minute(WEDNESDAY)
    mailbox.heal()
    pause(acme, people[0], now=WEDNESDAY + timedelta(minutes=5))
    with tenant_scope(acme):
        failed = Message.objects.get(state="failed")
        with pytest.raises(services.MayNotGo, match="paused"):
            services.resend_message(failed, actor=TEST, now=WEDNESDAY + timedelta(minutes=6))


def test_on_its_day_it_is_over_by_itself(acme, people, mailbox):
    pause(acme, people[0], until=date(2026, 11, 27))
    minute(WEDNESDAY)
    assert mailbox.mails() == []
    minute(at("2026-11-26", 22, 59))
    with tenant_scope(acme):
        assert selectors.open_pauses_of(people[0].pk, now=at("2026-11-26", 22, 59))
    minute(at("2026-11-26", 23, 1))  # a minute past midnight in Berlin
    with tenant_scope(acme):
        over = MailPause.objects.get()
        assert over.ended_at == at("2026-11-26", 23, 1) and over.ended_by == "mail clock"
    minute(FRIDAY)
    assert len(mailbox.mails()) == 2


def test_next_emails_and_the_calendar_know_it(acme, people):
    account = people[0]
    pause(acme, account, until=date(2026, 11, 28))
    with tenant_scope(acme):
        found = selectors.next_messages(account.pk, 2, now=WEDNESDAY - timedelta(minutes=30))
        assert [u.due_at for u in found] == [MONDAY, MONDAY] and found[0].template_name == "Tips 1"
        seen = selectors.sending_calendar(date(2026, 11, 23), date(2026, 12, 6), now=WEDNESDAY - timedelta(minutes=30))
        assert {d.date.day: d.total for d in seen.days if d.total} == {30: 2, 2: 2, 4: 2}


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"why": "  "}, "required"),
        ({"until": date(2026, 11, 25)}, "not_ahead"),
        ({"policy": "later"}, "unknown_policy"),
    ],
)
def test_what_makes_no_sense_is_refused(acme, people, values, code):
    with pytest.raises(ledger.Refused) as refusal:
        pause(acme, people[0], **values)
    assert refusal.value.code == code


def test_a_second_pause_a_foreign_contact_and_an_archived_account_are_refused(acme, people):
    account, ada, _ = people
    pause(acme, account)
    for values, code in (({}, "already_paused"), ({"contact": ada}, "")):
        try:
            pause(acme, account, **values)
            assert code == ""
        except ledger.Refused as refusal:
            assert refusal.code == code
    with tenant_scope(acme):
        other = make_account("Other")
        with pytest.raises(ledger.Refused, match="another account"):
            services.pause_mail(other, "x", contact=ada, actor=TEST, now=WEDNESDAY)


def test_everybody_reads_on_the_timeline_who_paused_it(acme, people):
    pause(acme, people[0])
    with tenant_scope(acme):
        (line,) = ledger.timeline(people[0].pk, verbs=["mail_pause.begin"])
    assert line.sentence == "paused mail to Initech" and line.note == "an escalation"


def test_it_is_done_on_the_pages(acme, ana, people, clock_at):
    clock_at(WEDNESDAY - timedelta(hours=1))
    page, account = sign_in(Client(), ana), people[0]
    form = f"/campaigns/accounts/{account.pk}/pause-mail/"
    assert b"Pause mail to Initech" in page.get(form).content
    assert page.post(form, {"why": "", "policy": "shift"}).status_code == 422
    answer = page.post(form, {"why": "an escalation", "policy": "shift", "until": "2026-12-01"}, follow=True)
    assert b"an escalation" in answer.content and b"Tue 1 Dec 2026" in answer.content
    assert page.post(form, {"why": "again", "policy": "shift"}).status_code == 422
    with tenant_scope(acme):
        made = MailPause.objects.get()
    page.post(f"/campaigns/pauses/{made.pk}/end/")
    with tenant_scope(acme):
        assert MailPause.objects.get().ended_by == "Ana"
    assert b"Nobody is paused" in page.get("/campaigns/pauses/").content
    assert b"an escalation" in page.get("/campaigns/pauses/?ended=1").content


def test_a_reader_may_look_and_not_pause(acme, rhea, people, clock_at):
    reader, account = sign_in(Client(), rhea), people[0]
    pause(acme, account)
    assert reader.get("/campaigns/pauses/").status_code == 200
    assert b"End the pause" not in reader.get("/campaigns/pauses/").content
    assert reader.post(f"/campaigns/accounts/{account.pk}/pause-mail/", {"why": "x"}).status_code == 403


def test_it_is_done_through_the_api(acme, acme_api, people, umbra, clock_at):
    clock_at(WEDNESDAY - timedelta(hours=1))
    account, ada, _ = people
    body = {"account_id": str(account.pk), "contact_id": str(ada.pk), "why": "asked for it", "until": "2026-12-01"}
    answer = acme_api.post("mail-pauses/", body)
    assert answer.status_code == 201 and answer.json()["policy"] == "shift", answer.content
    assert acme_api.post("mail-pauses/", body).json()["code"] == "already_paused"
    assert acme_api.get(f"mail-pauses/?contact_id={ada.pk}").json()["results"][0]["why"] == "asked for it"
    pk = answer.json()["id"]
    assert api(tenant=umbra).post(f"mail-pauses/{pk}/end").status_code == 404
    assert acme_api.post(f"mail-pauses/{pk}/end").json()["ended_at"]
    assert acme_api.post(f"mail-pauses/{pk}/end").json()["code"] == "already_ended"
    assert acme_api.get("mail-pauses/").json()["results"] == []
    body["account_id"] = str(ada.pk)
    assert acme_api.post("mail-pauses/", body).status_code == 400
