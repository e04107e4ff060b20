"""Two things at the same moment, on committed data and through the real doors: whoever stops mail is obeyed from the
next message on, and a button that is clicked twice has done it once. CS_RACE_ROUNDS in the environment: more rounds."""

import os
import random
import threading
from collections import Counter
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client

from accounts import services as accounts
from accounts.models import Contact
from campaigns import services, unsubscribing
from campaigns.mail.batch import Lane
from campaigns.models import Enrolment, MailPause, Message, SendingControl, Series, SeriesRun
from cs_platform.ledger.models import AuditRow
from cs_platform.tenancy.scope import tenant_scope
from tests.campaigns.stage import TEST, at, make_account, make_contact, make_template
from tests.campaigns.together import at_once
from tests.cast import make_member, make_tenant, sign_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
ROUNDS = int(os.environ.get("CS_RACE_ROUNDS", "2"))
SEED = int(os.environ.get("CS_RACE_SEED", "7"))
WEDNESDAY = at("2026-11-25", 8)
PEOPLE = 6


class Lease:
    fence = 1

    def renew(self):
        """Nobody takes it away."""


class Stage:
    """One organisation; each round has a series of its own with people whose messages are written."""

    def __init__(self, mailbox):
        self.mailbox = mailbox
        self.tenant = make_tenant("acme", "Acme", "Europe/Berlin")
        self.member = make_member(self.tenant, "Ana", "owner")
        self.chance = random.Random(SEED)
        with tenant_scope(self.tenant):
            self.texts = [make_template(f"Text {n}").pk for n in range(2)]

    def begin(self):
        self.mailbox.clear()
        word = uuid4().hex[:8]
        with tenant_scope(self.tenant):
            values = {"name": f"Series {word}", "zone": "tenant", "category": "recap"}
            series = services.create_series(values, template_ids=self.texts, actor=TEST, now=WEDNESDAY - timedelta(1))
            self.series = services.activate_series(series, actor=TEST, now=WEDNESDAY - timedelta(1))
            self.people = [make_contact(make_account(f"{word} {n}"), f"{word}{n}@x.example") for n in range(PEOPLE)]
            ids = [contact.pk for contact in self.people]
            services.enrol_contacts(self.series, ids, actor=TEST, now=WEDNESDAY - timedelta(1))
            self.run = SeriesRun.objects.create(
                series=self.series, local_date=WEDNESDAY.date(), nominal_date=WEDNESDAY.date(), zone="Europe/Berlin",
                due_at=WEDNESDAY, late_after=WEDNESDAY + timedelta(hours=4), tzdata="", created_at=WEDNESDAY,
                updated_at=WEDNESDAY,
            )  # fmt: skip
            services.expand_run(self.run.pk, now=WEDNESDAY)
            self.enrolments = {e.contact_id: e for e in Enrolment.objects.filter(series=self.series)}

    def send(self):
        with tenant_scope(self.tenant):
            services.send_turn(Lane(self.run.pk), now=WEDNESDAY, lease=Lease(), seconds=30)

    def got(self):
        return [mail["to"][0] for mail in self.mailbox.mails()]

    def states(self):
        with tenant_scope(self.tenant):
            return {m.enrolment.contact_id: m.state for m in self._messages()}

    def _messages(self):
        return Message.objects.filter(run=self.run).select_related("enrolment")

    def browser(self):
        return sign_in(Client(), self.member)


@pytest.fixture
def stage(db, mailbox, clock_at):
    clock_at(WEDNESDAY)
    return Stage(mailbox)


# --- stop and send --------------------------------------------------------------------------------------------------


def unsubscribe(stage, contact):
    enrolment = stage.enrolments[contact.pk]
    ticket = unsubscribing.Ticket(stage.tenant.pk, enrolment.address_key, "recap", stage.series.pk)
    assert Client().post(f"/u/{unsubscribing.token(ticket)}/").status_code == 200


def pause_series(stage, contact):
    assert stage.browser().post(f"/campaigns/series/{stage.series.pk}/pause/").status_code == 302


def stop_all(stage, contact):
    assert stage.browser().post("/campaigns/sending/stop/", {"why": "a race"}).status_code == 302


def pause_enrolment(stage, contact):
    path = f"/campaigns/enrolments/{stage.enrolments[contact.pk].pk}/pause/"
    assert stage.browser().post(path).status_code == 302


def pause_mail(stage, contact):
    path = f"/campaigns/accounts/{contact.account_id}/pause-mail/"
    assert stage.browser().post(path, {"why": "a race", "policy": "shift"}).status_code == 302


def archive(stage, contact):
    with tenant_scope(stage.tenant):
        accounts.archive_accounts([contact.account_id], "a race", actor=TEST, now=WEDNESDAY)


def deactivate(stage, contact):
    with tenant_scope(stage.tenant):
        accounts.edit_contact(Contact.objects.get(pk=contact.pk), {"is_active": False}, actor=TEST, now=WEDNESDAY)


FOR_ALL = (pause_series, stop_all)
FOR_ONE = (unsubscribe, pause_enrolment, pause_mail, archive, deactivate)


@pytest.mark.parametrize("stop", [*FOR_ALL, *FOR_ONE], ids=lambda stop: stop.__name__)
def test_who_stops_mail_is_obeyed_from_the_next_message_on(stage, stop):
    for _ in range(ROUNDS):
        stage.begin()
        stage.mailbox.fail(slow=stage.chance.choice([0.0, 0.002, 0.01]))
        contact, wait = stage.chance.choice(stage.people), stage.chance.random() * 0.12
        acknowledged: list[int] = []

        def stopping(contact=contact, wait=wait, acknowledged=acknowledged):
            threading.Event().wait(wait)
            stop(stage, contact)
            acknowledged.append(len(stage.got()))

        at_once(stage.send, stopping)
        _obeyed(stage, stop, contact, acknowledged[0])
        _as_it_is_told(stage)
        with tenant_scope(stage.tenant):
            if stop is stop_all:
                services.start_sending(actor=TEST, now=WEDNESDAY)


def _obeyed(stage, stop, contact, acknowledged):
    """One message may have been on its way when the stop was acknowledged, and no other."""
    got = stage.got()
    if stop in FOR_ALL:
        assert len(got) <= acknowledged + 1
    elif contact.email in got:
        assert got.index(contact.email) <= acknowledged
        assert stage.states()[contact.pk] == "sent"
    if stop in FOR_ONE:
        assert set(got) >= {person.email for person in stage.people if person.pk != contact.pk}


def _as_it_is_told(stage):
    """No address twice; what is said to be sent was, and what was sent is said to be."""
    got, states = stage.got(), stage.states()
    assert len(set(got)) == len(got)
    assert {p.email for p in stage.people if states[p.pk] == "sent"} == set(got)
    assert set(states.values()) <= {"sent", "held", "planned", "skipped", "suppressed"}
    with tenant_scope(stage.tenant):
        for enrolment in Enrolment.objects.filter(series=stage.series):
            assert enrolment.position == (1 if states[enrolment.contact_id] == "sent" else 0)


# --- the same button twice ------------------------------------------------------------------------------------------


def _twice(stage, path, data=None):
    codes: list[int] = []

    def click():
        codes.append(stage.browser().post(path, data or {}).status_code)

    at_once(click, click)
    return sorted(codes)


def _told(stage, verb, pk):
    with tenant_scope(stage.tenant):
        return AuditRow.objects.filter(verb=verb, object_id=str(pk)).count()


def test_pause_and_resume_clicked_twice_happen_once(stage):
    for _ in range(ROUNDS):
        stage.begin()
        for verb, state in (("pause", "paused"), ("resume", "active")):
            codes = _twice(stage, f"/campaigns/series/{stage.series.pk}/{verb}/")
            assert codes[0] == 302 and codes[1] in (302, 422)
            with tenant_scope(stage.tenant):
                assert Series.objects.get(pk=stage.series.pk).state == state
            assert _told(stage, f"series.{verb}", stage.series.pk) == 1
        enrolment = next(iter(stage.enrolments.values()))
        assert _twice(stage, f"/campaigns/enrolments/{enrolment.pk}/pause/")[0] == 302
        assert _told(stage, "enrolment.pause", enrolment.pk) == 1


def test_enrol_clicked_twice_enrols_once(stage):
    for _ in range(ROUNDS):
        stage.begin()
        with tenant_scope(stage.tenant):
            fresh = make_contact(make_account(f"Fresh {uuid4().hex[:6]}"), f"{uuid4().hex[:8]}@x.example")
        codes = _twice(stage, f"/campaigns/series/{stage.series.pk}/enrol/", {"contact": str(fresh.pk)})
        assert codes == [302, 302]
        with tenant_scope(stage.tenant):
            enrolment = Enrolment.objects.get(series=stage.series, contact=fresh)
        assert _told(stage, "enrolment.create", enrolment.pk) == 1


def test_skip_clicked_twice_skips_once_and_moves_on_by_one(stage):
    for _ in range(ROUNDS):
        stage.begin()
        with tenant_scope(stage.tenant):
            message = stage._messages()[0]
        codes = _twice(stage, f"/campaigns/messages/{message.pk}/skip/")
        assert codes[0] == 302 and codes[1] == 422
        with tenant_scope(stage.tenant):
            assert Enrolment.objects.get(pk=message.enrolment_id).position == 1
        assert _told(stage, "message.skip", message.pk) == 1


def test_resend_clicked_twice_sends_once(stage):
    for _ in range(ROUNDS):
        stage.begin()
        stage.mailbox.fail(refuse=[stage.people[0].email])
        stage.send()
        stage.mailbox.heal()
        with tenant_scope(stage.tenant):
            failed = Message.objects.get(run=stage.run, state="failed")
        codes = _twice(stage, f"/campaigns/messages/{failed.pk}/resend/")
        assert codes[0] == 302 and codes[1] == 422
        at_once(stage.send, stage.send)
        assert Counter(stage.got())[stage.people[0].email] == 1 and _told(stage, "message.resend", failed.pk) == 1


def test_a_pause_and_the_stop_of_all_mail_clicked_twice_are_there_once(stage):
    for _ in range(ROUNDS):
        stage.begin()
        account_id = stage.people[0].account_id
        codes = _twice(stage, f"/campaigns/accounts/{account_id}/pause-mail/", {"why": "a race", "policy": "drop"})
        assert codes == [302, 422]
        assert _twice(stage, "/campaigns/sending/stop/", {"why": "a race"}) == [302, 302]
        with tenant_scope(stage.tenant):
            pause = MailPause.objects.get(account_id=account_id)
            control = SendingControl.objects.get()
            assert control.is_on is False
        codes = _twice(stage, f"/campaigns/pauses/{pause.pk}/end/")
        assert codes[0] == 302 and codes[1] == 422 and _told(stage, "mail_pause.end", pause.pk) == 1
        with tenant_scope(stage.tenant):
            services.start_sending(actor=TEST, now=WEDNESDAY)
