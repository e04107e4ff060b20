"""Who comes into a series, who does not, and what follows when a contact changes."""

import pytest
from django.db import IntegrityError

from accounts import services as account_services
from campaigns import services
from campaigns.models import Enrolment, Message, SeriesRun, TemplateVersion
from cs_platform import ledger
from cs_platform.ledger.models import AuditRow, FactRow
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
from tests.cast import NOW

pytestmark = pytest.mark.django_db
WEDNESDAY, FRIDAY = at("2026-11-25", 8), at("2026-11-27", 8)


@pytest.fixture
def tips(acme):
    with tenant_scope(acme):
        return make_series()


@pytest.fixture
def account(acme):
    with tenant_scope(acme):
        return make_account()


def results(*enrolled):
    return [result.result for result in enrolled]


def test_each_contact_is_told_apart(acme, tips, account):
    with tenant_scope(acme):
        good = make_contact(account, "good@x.example")
        people = [
            good,
            make_contact(account, "", name="Nobody"),
            make_contact(account, "gone@x.example", is_active=False),
            make_contact(account, "GOOD@X.example", name="Twin"),
        ]
        services.suppress_address("off@x.example", actor=TEST, now=NOW)
        people.append(make_contact(account, "off@x.example"))
        found = enrol(tips, *people)
        assert results(*found) == ["enrolled", "no_address", "contact_inactive", "same_address", "suppressed"]
        assert results(*enrol(tips, good)) == ["already"]
        assert Enrolment.objects.count() == 1
        assert AuditRow.objects.filter(verb="enrolment.create").count() == 1
        fact = FactRow.objects.get(name="campaigns.contacts_enrolled")
        assert fact.payload == {"series_id": str(tips.pk), "contact_ids": [str(good.pk)]}


def test_an_address_that_means_two_or_a_header_is_none(acme, tips, account):
    with tenant_scope(acme):
        eve = make_contact(account, "eve@x.example")
        for address in ("a@x.example,b@x.example", "a@x.example\r\nBcc: b@x.example", "a b@x.example", "<a@x.example>"):
            type(eve).objects.update(email=address)
            assert results(*enrol(tips, eve)) == ["no_address"]


def test_a_contact_of_another_organisation_is_not_there(acme, umbra, tips):
    with tenant_scope(umbra):
        other = make_contact(make_account())
    with tenant_scope(acme):
        assert enrol(tips, other) == []


def test_two_contacts_with_one_address_get_one_mail(acme, tips, account, mailbox):
    with tenant_scope(acme):
        ada, twin = make_contact(account, "ada@x.example"), make_contact(account, "twin@x.example")
        enrol(tips, ada, twin)
        account_services.edit_contact(twin, {"email": "ADA@X.EXAMPLE"}, actor=TEST, now=NOW)
    minute(WEDNESDAY)
    assert recipients(mailbox) == ["ada@x.example"]
    with tenant_scope(acme):
        assert Enrolment.objects.get(contact=twin).reason == "same_address"
        account_services.edit_contact(twin, {"email": "twin@x.example"}, actor=TEST, now=WEDNESDAY)
    minute(FRIDAY)
    assert sorted(recipients(mailbox)) == ["ada@x.example", "ada@x.example", "twin@x.example"]


def test_two_contacts_may_swap_their_addresses(acme, tips, account, mailbox):
    with tenant_scope(acme):
        a, b = make_contact(account, "a@x.example"), make_contact(account, "b@x.example")
        enrol(tips, a, b)
        account_services.edit_contact(a, {"email": "b@x.example"}, actor=TEST, now=NOW)
        account_services.edit_contact(b, {"email": "a@x.example"}, actor=TEST, now=NOW)
    minute(WEDNESDAY)
    assert sorted(recipients(mailbox)) == ["a@x.example", "b@x.example"]
    assert states(acme) == ["sent", "sent"]


def test_an_address_that_changes_after_the_messages_are_written_is_the_one_that_counts(acme, tips, account, mailbox):
    with tenant_scope(acme):
        ada, bob = make_contact(account, "ada@x.example"), make_contact(account, "bob@x.example")
        enrol(tips, ada, bob)
        services.plan_runs(now=WEDNESDAY)
        services.expand_run(SeriesRun.objects.get(due_at=WEDNESDAY).pk, now=WEDNESDAY)
        type(ada).objects.filter(pk=ada.pk).update(email="new@x.example")
        services.suppress_address("bob@x.example", actor=TEST, now=WEDNESDAY)
    minute(WEDNESDAY)
    assert recipients(mailbox) == ["new@x.example"]


def test_a_contact_who_is_gone_gets_nothing_and_begins_again_when_it_is_back(acme, tips, account, mailbox):
    with tenant_scope(acme):
        ada = make_contact(account)
        enrol(tips, ada)
        account_services.edit_contact(ada, {"is_active": False}, actor=TEST, now=NOW)
    minute(WEDNESDAY)
    assert mailbox.mails() == []
    with tenant_scope(acme):
        assert Enrolment.objects.get().reason == "contact_inactive"
        account_services.edit_contact(ada, {"is_active": True}, actor=TEST, now=WEDNESDAY)
    minute(FRIDAY)
    assert subjects(mailbox) == ["Tips 1 for Ada"]


def test_a_contact_that_a_person_stopped_is_not_brought_back_by_itself(acme, tips, account, mailbox):
    with tenant_scope(acme):
        ada = make_contact(account)
        enrol(tips, ada)
        services.stop_enrolment(Enrolment.objects.get(), actor=TEST, now=NOW)
        account_services.edit_contact(ada, {"title": "CTO"}, actor=TEST, now=NOW)
        services.edit_series(tips, {"audience_roles": ["Program Contact"]}, actor=TEST, now=NOW)
        assert services.start_audience(tips, [account.pk], actor=TEST, now=NOW) == 0
    minute(WEDNESDAY)
    assert mailbox.mails() == []
    with tenant_scope(acme):
        assert results(*enrol(tips, ada, now=WEDNESDAY)) == ["restarted"]
        with pytest.raises(ledger.NotAllowed):
            services.resume_enrolment(Enrolment.objects.get(), actor=TEST, now=NOW)


# --- the e-mails of a series change while people are in it ----------------------------------------------------------


def order_of(series):
    return list(series.items.order_by("position").values_list("template_id", flat=True))


def test_nobody_gets_an_email_twice_when_the_order_changes(acme, account, mailbox):
    with tenant_scope(acme):
        series = make_series(texts=4)
        enrol(series, make_contact(account))
    minute(WEDNESDAY)
    minute(FRIDAY)
    with tenant_scope(acme):
        one, two, three, four = order_of(series)
        services.set_items(series, [three, one, two, four], actor=TEST, now=FRIDAY)
    minute(at("2026-11-30", 8))
    minute(at("2026-12-02", 8))
    assert subjects(mailbox) == ["Tips 1 for Ada", "Tips 2 for Ada", "Tips 4 for Ada"]
    with tenant_scope(acme):
        assert Enrolment.objects.get().state == "completed"


def test_an_email_that_was_taken_out_and_put_in_again_is_not_sent_again(acme, account, mailbox):
    with tenant_scope(acme):
        series = make_series(texts=3)
        enrol(series, make_contact(account))
    minute(WEDNESDAY)
    with tenant_scope(acme):
        one, two, three = order_of(series)
        services.set_items(series, [two, three], actor=TEST, now=WEDNESDAY)
    minute(FRIDAY)
    with tenant_scope(acme):
        services.set_items(series, [two, one, three], actor=TEST, now=FRIDAY)
    minute(at("2026-11-30", 8))
    assert subjects(mailbox) == ["Tips 1 for Ada", "Tips 2 for Ada", "Tips 3 for Ada"]


def test_what_waits_for_an_email_that_is_taken_out_is_left_out(acme, account, mailbox):
    with tenant_scope(acme):
        series = make_series(texts=2)
        enrol(series, make_contact(account))
        services.plan_runs(now=WEDNESDAY)
        services.expand_run(SeriesRun.objects.get(due_at=WEDNESDAY).pk, now=WEDNESDAY)
        services.set_items(series, order_of(series)[1:], actor=TEST, now=WEDNESDAY)
    minute(WEDNESDAY)
    minute(FRIDAY)
    assert subjects(mailbox) == ["Tips 2 for Ada"]
    assert [m.reason for m in messages(acme, state="skipped")] == ["item_removed"]


def test_a_message_keeps_the_version_of_the_text_it_was_planned_with(acme, account, mailbox):
    with tenant_scope(acme):
        series = make_series(texts=1)
        enrol(series, make_contact(account))
        services.plan_runs(now=WEDNESDAY)
        services.expand_run(SeriesRun.objects.get(due_at=WEDNESDAY).pk, now=WEDNESDAY)
        template = Message.objects.get().template
        services.edit_template(template, subject="Brand new", actor=TEST, now=WEDNESDAY)
    minute(WEDNESDAY)
    assert subjects(mailbox) == ["Tips 1 for Ada"]


@pytest.mark.parametrize("change", ["update", "delete"])
def test_a_version_is_never_edited(acme, tips, change):
    with tenant_scope(acme), pytest.raises(IntegrityError, match="append-only"):
        found = TemplateVersion.objects.all()
        found.update(subject="x") if change == "update" else found.delete()
