"""The REST API of campaigns: names, rights, refusals."""

import pytest

from campaigns import services
from campaigns.models import Message, SeriesRun
from cs_platform.tenancy.scope import tenant_scope
from tests.campaigns.stage import at, enrol, make_account, make_contact, make_series, minute
from tests.cast import Api, api

pytestmark = pytest.mark.django_db
WEDNESDAY = at("2026-11-25", 8)


@pytest.fixture(autouse=True)
def _clock(clock_at):
    clock_at(at("2026-11-25", 9))


@pytest.fixture
def ada(acme):
    with tenant_scope(acme):
        return make_contact(make_account())


@pytest.fixture
def tips(acme, ada, mailbox):
    with tenant_scope(acme):
        series = make_series()
        enrol(series, ada)
    minute(WEDNESDAY)
    return series


def problem(answer, status, field=""):
    body = answer.json()
    assert answer.status_code == status, body
    assert not field or field in [error["field"] for error in body["errors"]], body
    return body


TEXT = {
    "name": "Hello",
    "subject": "Hi {{contact.first_name|there}}",
    "body": "Dear {{contact.name}}.",
    "category": "other",
}


def test_a_template_is_written_read_changed_and_looked_at(acme_api, ada):
    made = acme_api.post("email-templates/", TEXT)
    assert made.status_code == 201
    body = made.json()
    assert {k: body[k] for k in TEXT} == TEXT and body["number"] == 1
    one = f"email-templates/{body['id']}/"
    changed = acme_api.patch(one, {"body": "Hi."}, If_Match=made["ETag"])
    assert (changed.json()["number"], changed.json()["subject"]) == (2, TEXT["subject"])
    assert acme_api.patch(one, {"body": "Ho."}, If_Match=made["ETag"]).status_code == 412
    versions = acme_api.get(f"{one}versions/").json()["results"]
    assert [(v["number"], v["body"]) for v in versions] == [(2, "Hi."), (1, TEXT["body"])]
    shown = acme_api.post(f"{one}preview/", {"contact_id": str(ada.pk)}).json()
    assert (shown["subject"], shown["text"], shown["html"]) == ("Hi Ada", "Hi.", "<p>Hi.</p>")
    names = [row["name"] for row in acme_api.get("email-templates/?category=other").json()["results"]]
    assert names == ["Hello"]
    assert len(acme_api.get("email-templates/?category=onboarding").json()["results"]) == 15


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"body": "Hi {{contact.nam}}"}, "body"),
        ({"body": "{{7*7}}"}, "body"),
        ({"subject": "Hi\nBcc: x@y.z"}, "subject"),
        ({"body": "[x](javascript:alert(1))"}, "body"),
        ({"category": "spam"}, "category"),
        ({"colour": "red"}, "colour"),
        ({"body": ""}, "body"),
    ],
)
def test_a_text_that_can_not_be_used_is_a_400_with_its_place(acme_api, change, field):
    problem(acme_api.post("email-templates/", {**TEXT, **change}), 400, field)


def test_a_name_that_is_taken_is_a_409(acme_api):
    acme_api.post("email-templates/", TEXT)
    assert problem(acme_api.post("email-templates/", {**TEXT, "name": "HELLO"}), 409, "name")["code"] == "name_taken"


def test_a_series_is_made_and_runs_through_its_states(acme_api, ada):
    template = acme_api.post("email-templates/", TEXT).json()["id"]
    rule = {
        "name": "Renewal", "weekdays": ["tue"], "local_time": "10:30", "zone": "Asia/Tokyo", "holidays": "next",
        "items": [{"position": 1, "template_id": template}],
    }  # fmt: skip
    made = acme_api.post("series/", rule)
    assert made.status_code == 201
    body = made.json()
    assert body["items"] == [{"position": 1, "template_id": template, "name": "Hello"}]
    assert (body["state"], body["local_time"], body["zone"]) == ("draft", "10:30", "Asia/Tokyo")
    one = f"series/{body['id']}"
    for verb, state in (("activate", "active"), ("pause", "paused"), ("resume", "active")):
        assert acme_api.post(f"{one}/{verb}/").json()["state"] == state
    assert problem(acme_api.post(f"{one}/resume/"), 409)["code"] == "not_allowed"
    assert acme_api.patch(f"{one}/", {"holidays": "skip", "zone": "account"}).json()["zone"] == "account"
    enrolled = acme_api.post(f"{one}/enrol/", {"contact_ids": [str(ada.pk)]}).json()
    assert enrolled["enrolled"] == 1 and enrolled["results"][0]["result"] == "enrolled"
    again = acme_api.post(f"{one}/enrol/", {"account_ids": [str(ada.account_id)]}).json()
    assert again["results"][0]["result"] == "already"
    problem(acme_api.post(f"{one}/enrol/", {}), 400)
    assert acme_api.post(f"{one}/archive/").json()["state"] == "archived"
    assert problem(acme_api.post(f"{one}/enrol/", {"contact_ids": [str(ada.pk)]}), 409)["code"] == "series_archived"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"weekdays": []}, "weekdays"),
        ({"weekdays": ["someday"]}, "weekdays.0"),
        ({"zone": "Mars/Base"}, "zone"),
        ({"zone": "../etc"}, "zone"),
        ({"local_time": "25:00"}, "local_time"),
        ({"holidays": "sometimes"}, "holidays"),
        ({"state": "active"}, "state"),
        ({"items": [{"position": 2, "template_id": "00000000-0000-0000-0000-000000000000"}]}, "items"),
    ],
)
def test_a_rule_that_makes_no_sense_is_a_400(acme_api, change, field):
    rule = {"name": "Renewal", "weekdays": ["tue"], "local_time": "10:30", "zone": "tenant", "holidays": "next"}
    problem(acme_api.post("series/", {**rule, **change}), 400, field)


def test_a_template_that_is_not_there_and_an_empty_series_are_409(acme_api):
    nothing = "00000000-0000-0000-0000-000000000000"
    items = [{"position": 1, "template_id": nothing}]
    assert problem(acme_api.post("series/", {"name": "A", "items": items}), 409, "items")["code"] == "unknown_template"
    empty = acme_api.post("series/", {"name": "B"}).json()["id"]
    assert problem(acme_api.post(f"series/{empty}/activate/"), 409)["code"] == "no_items"


def test_messages_are_listed_narrowed_and_explained(acme_api, tips, ada):
    (row,) = acme_api.get(f"messages/?series_id={tips.pk}&state=sent&contact_id={ada.pk}").json()["results"]
    assert row["state"] == "sent" and row["local_date"] == "2026-11-25" and row["series_id"] == str(tips.pk)
    assert [event["type"] for event in row["events"]] == ["planned", "sending", "sent"]
    assert row["message_id"] == f"<{row['id']}@127.0.0.1>"
    told = acme_api.get(f"messages/{row['id']}/explain/").json()
    assert told["state"] == "sent" and len(told["words"]) > 3
    assert acme_api.get("messages/?state=lost").status_code == 400
    assert problem(acme_api.post(f"messages/{row['id']}/resend/"), 409)["code"] == "not_allowed"


def test_a_message_is_left_out_and_then_sent_after_all(acme, acme_api, tips, mailbox, clock_at):
    clock_at(at("2026-11-27", 8))
    with tenant_scope(acme):
        services.plan_runs(now=at("2026-11-27", 8))
        services.expand_run(SeriesRun.objects.get(due_at=at("2026-11-27", 8)).pk, now=at("2026-11-27", 8))
        message = Message.objects.get(state="planned")
    skipped = acme_api.post(f"messages/{message.pk}/skip/", {"note": "not now"}).json()
    assert (skipped["state"], skipped["reason"]) == ("skipped", "by_hand")
    assert acme_api.post(f"messages/{message.pk}/resend/").json()["state"] == "planned"
    minute(at("2026-11-27", 9))
    assert len(mailbox.mails()) == 2


def test_metrics_count_what_happened(acme_api, tips):
    body = acme_api.get(f"series/{tips.pk}/metrics/").json()
    assert body["sent"] == 1 and body["messages"] == {"sent": 1} and body["enrolments"] == {"active": 1}
    assert [(item["position"], item["sent"]) for item in body["items"]] == [(1, 1), (2, 0), (3, 0)]


def test_an_enrolment_is_paused_resumed_and_stopped(acme_api, tips):
    (row,) = acme_api.get(f"enrolments/?series_id={tips.pk}").json()["results"]
    for verb, state in (("pause", "paused"), ("resume", "active"), ("stop", "stopped")):
        assert acme_api.post(f"enrolments/{row['id']}/{verb}/").json()["state"] == state
    assert acme_api.post(f"enrolments/{row['id']}/stop/").status_code == 409


def test_an_address_is_suppressed_listed_and_released(acme_api, tips):
    made = acme_api.post("suppressions/", {"email": "Ada@Initech.example", "reason": "complaint", "note": "by phone"})
    assert made.status_code == 201
    body = made.json()
    assert body["address"] == "a••@i••.example" and "email" not in body
    assert acme_api.post("suppressions/", {"email": "ADA@initech.EXAMPLE"}).json()["id"] == body["id"]
    assert [row["id"] for row in acme_api.get("suppressions/").json()["results"]] == [body["id"]]
    assert acme_api.delete(f"suppressions/{body['id']}/").status_code == 204
    assert acme_api.get("suppressions/").json()["results"] == []
    assert acme_api.get("suppressions/?released=true").json()["results"][0]["released_at"] is not None
    problem(acme_api.post("suppressions/", {"email": "nobody"}), 400, "email")


def test_a_contact_unsubscribes_and_comes_back_and_says_so(acme_api, tips, ada):
    one = f"contacts/{ada.pk}"
    assert acme_api.get(f"{one}/").json()["subscribed"]["recap"] is True
    assert acme_api.post(f"{one}/unsubscribe/", {"category": "recap"}).json()["subscribed"]["recap"] is False
    acme_api.post(f"{one}/unsubscribe/")
    body = acme_api.get(f"{one}/").json()
    assert body["suppressed"] is True and set(body["subscribed"].values()) == {False}
    acme_api.post(f"{one}/resubscribe/")
    acme_api.post(f"{one}/resubscribe/", {"category": "recap"})
    assert acme_api.get(f"{one}/").json()["suppressed"] is False
    assert acme_api.post("contacts/00000000-0000-0000-0000-000000000000/unsubscribe/").status_code == 404


def test_all_mail_is_stopped_and_started(acme_api):
    assert acme_api.get("sending/").json()["why_not"] == ""
    assert "prices" in acme_api.post("sending/stop/", {"why": "wrong prices"}).json()["why_not"]
    assert acme_api.post("sending/start/").json()["is_on"] is True


READ = ["email-templates/", "series/", "enrolments/", "messages/", "suppressions/", "sending/"]


@pytest.mark.parametrize("path", READ)
def test_a_key_needs_the_scope(acme, tips, path):
    assert api(tenant=acme, scopes=("accounts:read",)).get(path).status_code == 403
    assert api(tenant=acme, scopes=("campaigns:read",)).get(path).status_code == 200
    assert Api().get(path).status_code == 401


def test_reading_is_not_writing(acme, tips):
    reader = api(tenant=acme, scopes=("campaigns:read",))
    for path in (f"series/{tips.pk}/pause/", "suppressions/", "email-templates/", "sending/stop/"):
        assert reader.post(path).status_code == 403


def test_another_organisation_sees_nothing(acme, umbra_api, tips):
    with tenant_scope(acme):
        message = Message.objects.get()
    paths = [f"series/{tips.pk}/", f"messages/{message.pk}/", f"email-templates/{message.template_id}/"]
    assert [umbra_api.get(path).status_code for path in paths] == [404, 404, 404]
    assert umbra_api.post(f"series/{tips.pk}/pause/").status_code == 404
    assert umbra_api.get("messages/").json()["results"] == []
    foreign = umbra_api.get("series/").json()["results"][0]["id"]
    contact = message.enrolment_id
    answer = umbra_api.post(f"series/{foreign}/enrol/", {"contact_ids": [str(contact)]}).json()
    assert answer == {"enrolled": 0, "results": []}
