from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import services as accounts
from activities import services as activities
from cs_platform import ledger
from cs_platform.ledger.models import FactRow
from cs_platform.tenancy.scope import tenant_scope
from onboarding import content, ics, selectors, services
from onboarding.models import HandoffDocument, HandoffMeeting, HandoffTemplate
from tests.cast import NOW
from tests.onboarding.deals import DAY, TEST, contact, customer, deal, handoffs, item, items, settle, state, win

pytestmark = pytest.mark.django_db
WHO = {"actor": TEST, "now": NOW}
TUESDAY = NOW + DAY


@pytest.fixture
def won(acme, ben):
    """A hand-off whose deal was won."""
    with tenant_scope(acme):
        account = customer(arr_minor=12_000_000, industry="Software")
        accounts.assign_owner(account, ben, **WHO)
        contact(account, "Ada")
        win(deal(account, closes_in=10, name="Globex deal"))
    settle(acme)
    (handoff,) = handoffs(acme)
    return handoff


def told(tenant, name):
    with tenant_scope(tenant):
        return [row.payload for row in FactRow.objects.filter(name=name).order_by("pk")]


def test_the_document_begins_with_what_is_known(acme, won):
    with tenant_scope(acme):
        body = HandoffDocument.objects.get(handoff=won).body
    assert "# Hand-off: Globex" in body and "120,000.00 USD" in body and "Software" in body
    assert "- Ada, ada@globex.example (Champion)" in body
    assert "Technical advisor: Ben" in body and "{{" not in body
    for section in ("Goals and value drivers", "Contract terms", "Contacts", "Instances", "Risks", "Open items"):
        assert f"## {section}" in body


def test_finishing_the_document_does_its_item_and_is_told(acme, won):
    with tenant_scope(acme):
        with pytest.raises(activities.Guarded, match="draft"):
            activities.complete_task(item(acme, "document"), **WHO)
        document = services.edit_document(selectors.document_of(won), "## Goals\n- Faster search", **WHO)
        services.finish_document(document, **WHO)
        with pytest.raises(ledger.Refused, match="Take it up"):
            services.edit_document(document, "Something else", **WHO)
        (written,) = selectors.documents_to_write([won.pk])
    assert items(acme)["document"] == "completed"
    assert told(acme, "onboarding.handoff_documents_finished") == [{"handoff_ids": [str(won.pk)]}]
    assert (written.title, written.file_name) == ("Hand-off: Globex", "handoff-Globex.txt")
    assert "Faster search" in written.text and written.account_id == won.account_id


def test_a_document_that_is_taken_up_opens_its_item(acme, won):
    with tenant_scope(acme):
        services.finish_document(selectors.document_of(won), **WHO)
        services.take_up_document(selectors.document_of(won), **WHO)
    assert items(acme)["document"] == "to_do"


def meeting(**values):
    return services.MeetingInput(**{"starts_at": TUESDAY, **values})


def test_a_planned_meeting_is_told_and_moves_when_it_is_planned_anew(acme, won, ben, tess):
    with tenant_scope(acme):
        services.plan_meeting(won, meeting(customer_engineer_id=ben.pk, technical_advisor_id=tess.pk), **WHO)
        services.plan_meeting(won, meeting(customer_engineer_id=ben.pk, technical_advisor_id=tess.pk), **WHO)
        again = meeting(starts_at=TUESDAY + DAY, customer_engineer_id=ben.pk)
        services.plan_meeting(won, again, **WHO)
        (written,) = selectors.meetings_to_write([won.pk])
    assert len(told(acme, "onboarding.handoff_meetings_planned")) == 2
    assert (written.starts_at, written.sequence) == (TUESDAY + DAY, 2)
    assert written.ends_at - written.starts_at == timedelta(minutes=45)
    assert written.member_ids == (ben.pk,) and "Globex" in written.subject and "What was promised" in written.text


def test_holding_the_meeting_does_its_item(acme, won, ben):
    with tenant_scope(acme):
        with pytest.raises(activities.Guarded, match="not held"):
            activities.complete_task(item(acme, "meeting"), **WHO)
        with pytest.raises(ledger.Refused, match="No meeting is planned"):
            services.hold_meeting(won, **WHO)
        services.plan_meeting(won, meeting(customer_engineer_id=ben.pk), **WHO)
        services.hold_meeting(won, actor=TEST, now=TUESDAY + DAY)
        with pytest.raises(ledger.NotAllowed):
            services.plan_meeting(won, meeting(starts_at=NOW + 9 * DAY, customer_engineer_id=ben.pk), **WHO)
    assert items(acme)["meeting"] == "completed"


@pytest.mark.parametrize(
    "values, field",
    [({"starts_at": NOW - DAY}, "starts_at"), ({"minutes": 3}, "minutes"), ({"minutes": 999}, "minutes"),
     ({"customer_engineer_id": None}, "customer_engineer_id"), ({"starts_at": NOW + 4000 * DAY}, "starts_at")],
)  # fmt: skip
def test_a_meeting_that_can_not_be_is_refused(acme, won, ben, values, field):
    with tenant_scope(acme), pytest.raises(ledger.Refused) as refusal:
        services.plan_meeting(won, meeting(**{"customer_engineer_id": ben.pk, **values}), **WHO)
    assert refusal.value.field == field


def test_somebody_who_left_is_not_invited(acme, won, ben):
    with tenant_scope(acme):
        type(ben).objects.filter(pk=ben.pk).update(is_active=False)
        with pytest.raises(ledger.Refused, match="active"):
            services.plan_meeting(won, meeting(customer_engineer_id=ben.pk), **WHO)


def test_a_time_that_the_clocks_skip_is_refused():
    berlin = ZoneInfo("Europe/Berlin")
    with pytest.raises(ledger.Refused, match="skip 02:30"):
        services.local_time(date(2027, 3, 28), time(2, 30), berlin)
    assert services.local_time(date(2027, 3, 28), time(3, 30), berlin).astimezone(UTC).hour == 1


def test_the_mapping_is_done_with_an_instance_that_has_an_admin(acme, won):
    with tenant_scope(acme):
        with pytest.raises(activities.Guarded, match="No instance has an admin"):
            activities.complete_task(item(acme, "mapping"), **WHO)
        accounts.create_instance(won.account, {"name": "Production"}, **WHO)
        with pytest.raises(activities.Guarded):
            activities.complete_task(item(acme, "mapping"), **WHO)
        (instance,) = won.account.instances.all()
        ada = won.account.contacts.get()
        accounts.set_instance_admins(instance, [ada.pk], **WHO)
        activities.complete_task(item(acme, "mapping"), **WHO)
    assert items(acme)["mapping"] == "completed"


def test_an_item_is_left_out_only_with_a_reason(acme, won):
    with tenant_scope(acme):
        with pytest.raises(ledger.Refused, match="Say why"):
            services.skip_item(won, "mapping", "  ", **WHO)
        with pytest.raises(ledger.Refused, match="no such item"):
            services.skip_item(won, "teapot", "because", **WHO)
        services.skip_item(won, "mapping", "They only try it.", **WHO)
        with pytest.raises(ledger.Refused, match="closed already"):
            services.skip_item(won, "mapping", "because", **WHO)
    assert item(acme, "mapping").outcome == "Not needed: They only try it."


def test_an_item_can_not_be_cancelled_behind_the_hand_offs_back(acme, won):
    with tenant_scope(acme), pytest.raises(activities.Guarded, match="belongs to a hand-off"):
        activities.cancel_task(item(acme, "licence"), **WHO)


def test_the_engineer_gets_the_open_items(acme, won, tess):
    with tenant_scope(acme):
        services.assign_engineer(won, tess, **WHO)
    assert item(acme, "licence").assignee == tess
    with tenant_scope(acme):
        services.assign_engineer(won, None, **WHO)
    assert item(acme, "licence").role == "presales_ce"


def test_what_is_over_stays_as_it_is(acme, won):
    with tenant_scope(acme):
        for part in ("document", "meeting", "licence", "cloud", "mapping", "roles"):
            if item(acme, part).is_open:
                services.skip_item(won, part, "because", **WHO)
    settle(acme)
    assert state(acme) == ["handed_over"]
    with tenant_scope(acme), pytest.raises(services.HandoffIsOver):
        services.finish_document(selectors.document_of(won), **WHO)


# --- texts ----------------------------------------------------------------------------------------------------------


def test_another_version_counts_for_what_is_made_later(acme, won):
    with tenant_scope(acme):
        made = services.write_template("document", "# {{account.name}}\n{{account.industry|no industry}}", **WHO)
        assert services.write_template("document", made.body, **WHO) == made
        win(deal(customer("Initech"), closes_in=3))
    settle(acme)
    with tenant_scope(acme):
        bodies = list(HandoffDocument.objects.order_by("pk").values_list("body", flat=True))
    assert "Goals" in bodies[0] and bodies[1] == "# Initech\nno industry"


@pytest.mark.parametrize("text", ["{{account.password}}", "{{ account.name", "{% load x %}{{}}", "{{account.name.x}}"])
def test_what_is_no_merge_field_is_refused_with_its_line(in_acme, text):
    with pytest.raises(ledger.Refused, match="Line 2"):
        services.write_template("meeting", f"Hello\n{text}", **WHO)


def test_a_version_is_never_changed(in_acme):
    from django.db import IntegrityError, transaction

    with pytest.raises(IntegrityError), transaction.atomic():
        HandoffTemplate.objects.update(body="x")


@given(st.text(max_size=300))
def test_any_value_stays_one_line_and_any_text_can_be_shown(value):
    line = content.filled("{{account.name|x}}", {"account.name": value})
    assert "\n" not in line and len(line) <= 300
    content.blocks(value)


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=200),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=200),
)
def test_a_calendar_file_has_short_lines_that_unfold_to_what_was_said(subject, name):
    event = ics.Event("1@x", 2, subject, "One\nTwo", "", NOW, NOW + DAY, NOW, ((name, "a@example.com"),))
    text = ics.calendar(event, "Harbor CS")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert "\n" not in text.replace("\r\n", "")
    lines = text.replace("\r\n ", "").split("\r\n")
    said = next(line for line in lines if line.startswith("SUMMARY:")).removeprefix("SUMMARY:")
    assert said.replace("\\;", ";").replace("\\,", ",").replace("\\\\", "\\") == subject.replace("\\;", "\\;")
    assert "DTSTART:20261123T090000Z" in lines and "SEQUENCE:2" in lines


def test_a_moment_in_a_calendar_file_is_in_utc():
    at = datetime(2026, 7, 1, 9, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    event = ics.Event("1@x", 1, "S", "", "Room, 1", at, at, at, ())
    assert "DTSTART:20260701T070000Z" in ics.calendar(event, "x") and "LOCATION:Room\\, 1" in ics.calendar(event, "x")


def test_a_called_off_meeting_says_so(acme, won, ben):
    with tenant_scope(acme):
        services.plan_meeting(won, meeting(customer_engineer_id=ben.pk), **WHO)
        services.call_off_meeting(won, **WHO)
        assert HandoffMeeting.objects.get().state == "called_off"
        (written,) = selectors.meetings_to_write([won.pk])
    assert written.state == "called_off"


def test_the_little_markup_has_headings_lists_and_bold_words():
    found = content.blocks("# Title\n## Part\nOne **two**\nthree\n- a\n-\n[ ] tick\n\nEnd")
    assert [block.kind for block in found] == ["heading", "section", "paragraph", "item", "tick", "paragraph"]
    assert [(span.text, span.is_bold) for span in found[2].lines[0]] == [("One ", False), ("two", True)]
    assert [len(line) for line in found[3].lines] == [1, 0]
