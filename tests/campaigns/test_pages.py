"""The pages, without a script: what they show and what their buttons do."""

import pytest
from django.test import Client

from campaigns.models import EmailTemplate, Enrolment, Message, Series, Suppression
from cs_platform.tenancy.scope import tenant_scope
from tests.campaigns.stage import at, enrol, make_account, make_contact, make_series, minute
from tests.cast import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client, ana, clock_at):
    clock_at(at("2026-11-25", 9))
    return sign_in(client, ana)


@pytest.fixture
def sent(acme, mailbox):
    """A series with one contact who has had the first e-mail."""
    with tenant_scope(acme):
        series, contact = make_series(), make_contact(make_account())
        enrol(series, contact)
    minute(at("2026-11-25", 8))
    return series, contact


def one(acme, model, **filters):
    with tenant_scope(acme):
        return model.objects.get(**filters)


@pytest.mark.parametrize("path", ["", "templates/", "templates/new/", "messages/", "suppressions/", "series/new/"])
def test_every_page_opens_on_an_empty_and_on_a_full_tenant(page, sent, path):
    answer = page.get(f"/campaigns/{path}")
    assert answer.status_code == 200 and b"{% " not in answer.content and b"{{ " not in answer.content


def test_the_page_of_a_series_shows_its_emails_people_and_slots(page, sent):
    series, contact = sent
    text = page.get(f"/campaigns/series/{series.pk}/").content.decode()
    assert "Tips 1" in text and contact.name in text and "1 / 3" in text
    assert "Fri 27 Nov, 09:00 (Berlin)" in text


def test_a_reader_sees_no_buttons_and_may_not_press_them(acme, rhea, sent):
    reader, series = sign_in(Client(), rhea), sent[0]
    text = reader.get(f"/campaigns/series/{series.pk}/").content.decode()
    assert "Pause series" not in text and "Archive" not in text
    for path in (f"series/{series.pk}/pause/", f"series/{series.pk}/set-items/", "suppressions/suppress/"):
        assert reader.post(f"/campaigns/{path}").status_code == 403


def test_an_outsider_sees_404(otto, sent, acme):
    outsider, message = sign_in(Client(), otto), one(acme, Message)
    assert outsider.get(f"/campaigns/series/{sent[0].pk}/").status_code == 404
    assert outsider.post(f"/campaigns/series/{sent[0].pk}/pause/").status_code == 404
    assert outsider.get(f"/campaigns/messages/{message.pk}/").status_code == 404
    assert outsider.get(f"/campaigns/templates/{message.template_id}/").status_code == 404


def test_pause_and_resume_by_button(acme, page, sent):
    series = sent[0]
    assert page.post(f"/campaigns/series/{series.pk}/pause/").status_code == 302
    assert one(acme, Series, pk=series.pk).state == "paused"
    assert page.post(f"/campaigns/series/{series.pk}/pause/").status_code == 422
    page.post(f"/campaigns/series/{series.pk}/resume/")
    assert one(acme, Series, pk=series.pk).state == "active"


def test_a_series_is_made_and_filled_by_forms(acme, page, sent):
    typed = {
        "name": "Renewal", "category": "other", "weekdays": ["tue"], "local_time": "10:30", "zone_mode": "fixed",
        "fixed_zone": "Asia/Tokyo", "holidays": "next",
    }  # fmt: skip
    made = page.post("/campaigns/series/new/", typed)
    series = one(acme, Series, name="Renewal")
    assert made["Location"] == f"/campaigns/series/{series.pk}/"
    assert (series.zone, series.weekdays, series.state) == ("Asia/Tokyo", ["tue"], "draft")
    first, second = (one(acme, EmailTemplate, name=f"Tips {n}") for n in (1, 2))
    for template in (first, second):
        page.post(f"/campaigns/series/{series.pk}/set-items/", {"add": template.pk})
    page.post(f"/campaigns/series/{series.pk}/set-items/", {"move": f"up:{second.pk}"})
    with tenant_scope(acme):
        assert list(series.items.order_by("position").values_list("template__name", flat=True)) == ["Tips 2", "Tips 1"]
    page.post(f"/campaigns/series/{series.pk}/activate/")
    assert one(acme, Series, pk=series.pk).state == "active"


@pytest.mark.parametrize(
    ("field", "value"),
    [("weekdays", []), ("weekdays", ["someday"]), ("fixed_zone", "Mars/Base"), ("local_time", "25:00"), ("name", " ")],
)
def test_a_bad_rule_is_told_at_its_field(page, sent, field, value):
    typed = {
        "name": "Renewal", "category": "other", "weekdays": ["tue"], "local_time": "10:30", "zone_mode": "fixed",
        "fixed_zone": "Asia/Tokyo", "holidays": "next", field: value,
    }  # fmt: skip
    answer = page.post("/campaigns/series/new/", typed)
    assert answer.status_code == 422 and answer.context["form"].errors[field]


def test_contacts_are_found_and_enrolled_by_page(acme, page, sent):
    series = sent[0]
    with tenant_scope(acme):
        bob = make_contact(sent[1].account, "bob@initech.example")
    assert b"Initech" in page.get(f"/campaigns/series/{series.pk}/enrol/?q=initech").content
    assert b"bob@initech.example" in page.get(f"/campaigns/series/{series.pk}/enrol/?account={bob.account_id}").content
    page.post(f"/campaigns/series/{series.pk}/enrol/", {"contact": [bob.pk]})
    enrolment = one(acme, Enrolment, contact=bob)
    assert enrolment.state == "active"
    for verb, state in (("pause", "paused"), ("resume", "active"), ("stop", "stopped")):
        page.post(f"/campaigns/enrolments/{enrolment.pk}/{verb}/")
        assert one(acme, Enrolment, pk=enrolment.pk).state == state


def test_a_template_is_looked_at_and_published_as_a_new_version(acme, page, sent):
    template = one(acme, EmailTemplate, name="Tips 1")
    typed = {"name": "Tips 1", "category": "recap", "subject": "Hello", "body": "Dear {{contact.first_name|friend}},"}
    looked = page.post(f"/campaigns/templates/{template.pk}/", {**typed, "preview": "1", "preview_for": sent[1].pk})
    assert b"<p>Dear Ada,</p>" in looked.content
    assert one(acme, EmailTemplate, pk=template.pk).number == 1
    page.post(f"/campaigns/templates/{template.pk}/", typed)
    assert one(acme, EmailTemplate, pk=template.pk).number == 2
    assert b"Hi {{contact.name|there}}." in page.get(f"/campaigns/templates/{template.pk}/?version=1").content


def test_a_text_with_a_mistake_is_kept_and_told_where(page, sent, acme):
    typed = {"name": "New", "category": "recap", "subject": "Hello", "body": "One\nTwo {{contact.nam}}"}
    answer = page.post("/campaigns/templates/new/", typed)
    assert answer.status_code == 422
    assert b"Line 2, column 5" in answer.content and b"Two {{contact.nam}}" in answer.content


def test_the_page_of_a_message_explains_it(acme, page, sent):
    text = page.get(f"/campaigns/messages/{one(acme, Message).pk}/").content.decode()
    assert "e-mail 1 of the series" in text and "handed to the mail server on Wed 25 Nov 2026, 09:00" in text
    assert "Hi Ada." in text and "Send again" not in text


def test_messages_are_narrowed_by_what_the_address_says(page, sent):
    series = sent[0]
    assert b"Tips 1" in page.get(f"/campaigns/messages/?state=sent&series={series.pk}&q=ada").content
    assert b"Nothing fits" in page.get("/campaigns/messages/?state=failed").content
    assert page.get("/campaigns/messages/?state=nonsense&series=x&cursor=y").status_code == 200


def test_an_address_is_suppressed_and_released(acme, page, sent):
    page.post("/campaigns/suppressions/suppress/", {"email": "Ada@Initech.example", "category": "", "reason": "manual"})
    row = one(acme, Suppression)
    assert (
        b"a\xe2\x80\xa2\xe2\x80\xa2@i\xe2\x80\xa2\xe2\x80\xa2.example" in page.get("/campaigns/suppressions/").content
    )
    assert one(acme, Enrolment).state == "stopped"
    page.post(f"/campaigns/suppressions/{row.pk}/release/")
    assert one(acme, Suppression).released_at is not None
    bad = page.post("/campaigns/suppressions/suppress/", {"email": "nobody", "category": "", "reason": "manual"})
    assert bad.status_code == 422 and b"is not an e-mail address" in bad.content


def test_all_mail_is_stopped_and_started_by_button(acme, page, sent):
    assert page.post("/campaigns/sending/stop/", {"why": ""}).status_code == 422
    page.post("/campaigns/sending/stop/", {"why": "wrong prices in the text"})
    assert b"wrong prices in the text" in page.get("/campaigns/").content
    page.post("/campaigns/sending/start/")
    assert b"Nothing is sent" not in page.get("/campaigns/").content
