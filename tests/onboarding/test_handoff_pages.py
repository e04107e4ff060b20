from datetime import timedelta

import pytest
from django.test import Client

from accounts import services as accounts
from cs_platform.tenancy.scope import tenant_scope
from onboarding import selectors, services
from onboarding.models import HandoffTemplate
from tests.cast import NOW, api, sign_in
from tests.onboarding.deals import DAY, TEST, contact, customer, deal, handoffs, items, settle, state, win

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _at_now(clock_at):
    clock_at(NOW)


@pytest.fixture
def won(acme):
    with tenant_scope(acme):
        account = customer()
        contact(account, "Ada", roles=())
        win(deal(account, closes_in=10))
    settle(acme)
    (handoff,) = handoffs(acme)
    return handoff


def test_the_list_shows_what_is_missing_in_red(acme, ben, won):
    client = sign_in(Client(), ben)
    page = client.get("/handoffs/").content.decode()
    assert "Globex" in page and "No technical advisor" in page and "tone-bad" in page
    assert "Globex" not in client.get("/handoffs/?state=watching").content.decode()
    assert "Globex" not in client.get("/handoffs/?show=mine").content.decode()


def test_the_page_tells_all_of_it(acme, ben, won):
    page = sign_in(Client(), ben).get(f"/handoffs/{won.pk}/").content.decode()
    for words in (
        "Create the production licence of Globex", "Does this customer run in our cloud", "Plan meeting",
        "Contact roles", "1 without a role", "Kick-off with Globex", "introduce", "Support level",
    ):  # fmt: skip
        assert words in page, words


def test_an_item_is_ticked_refused_and_left_out(acme, ben, won):
    client, path = sign_in(Client(), ben), f"/handoffs/{won.pk}/"
    assert client.post(f"{path}complete-item/", {"item": "licence"}).status_code == 302
    assert items(acme)["licence"] == "completed"
    refused = client.post(f"{path}complete-item/", {"item": "mapping"})
    assert refused.status_code == 422 and "No instance has an admin" in refused.content.decode()
    assert client.post(f"{path}skip-item/", {"item": "mapping", "reason": "A trial only."}).status_code == 302
    assert "Not needed: A trial only." in client.get(path).content.decode()
    assert client.post(f"{path}reopen-item/", {"item": "licence"}).status_code == 302
    assert items(acme)["licence"] == "to_do"
    assert client.post(f"{path}complete-item/", {"item": "teapot"}).status_code == 422


def test_the_cloud_question_and_the_engineer(acme, ben, won):
    client, path = sign_in(Client(), ben), f"/handoffs/{won.pk}/"
    assert client.post(f"{path}answer-cloud/", {"needed": "no"}).status_code == 302
    assert items(acme)["cloud"] == "cancelled"
    assert client.post(f"{path}assign-engineer/", {"member_id": str(ben.pk)}).status_code == 302
    assert "Ben" in client.get(path).content.decode()


def test_the_document_is_edited_finished_and_kept_when_two_edit(acme, ben, won):
    client, path = sign_in(Client(), ben), f"/handoffs/{won.pk}/document/"
    assert "Goals and value drivers" in client.get(path).content.decode()
    with tenant_scope(acme):
        version = selectors.document_of(won).version
    text = {"body": "## Goals\n- <b>Fast</b> **search**", "version": str(version)}
    assert client.post(f"{path}edit/", text).status_code == 302
    page = client.get(path).content.decode()
    assert "&lt;b&gt;Fast&lt;/b&gt; <strong>search</strong>" in page
    late = client.post(f"{path}edit/", {"body": "Mine", "version": str(version)})
    assert late.status_code == 422 and "Mine" in late.content.decode()
    assert client.post(f"{path}finish/").status_code == 302
    assert "Finished" in client.get(path).content.decode()


def test_a_meeting_is_planned_in_the_time_of_the_organisation(acme, ben, won):
    client, path = sign_in(Client(), ben), f"/handoffs/{won.pk}/meeting"
    day = (NOW + DAY).date().isoformat()
    form = {"day": day, "time": "10:00", "minutes": "30", "place": "Room 1", "customer_engineer": str(ben.pk)}
    assert client.post(f"{path}/", form).status_code == 302
    with tenant_scope(acme):
        assert selectors.meeting_of(won).starts_at == NOW + DAY  # 10:00 in Berlin is 9:00 in UTC
    calendar = client.get(f"{path}.ics")
    assert calendar["Content-Type"].startswith("text/calendar")
    unfolded = calendar.content.decode().replace("\r\n ", "")
    assert "DTSTART:20261124T090000Z" in unfolded and "mailto:ben@acme.example.com" in unfolded
    assert client.post(f"{path}/", {**form, "day": "2020-01-01"}).status_code == 422
    assert client.post(f"{path}/hold/").status_code == 302
    assert items(acme)["meeting"] == "completed"


def test_lead_times_are_the_tenants_own(acme, tess, ben):
    with tenant_scope(acme):
        deal(customer(), closes_in=60)
    settle(acme)
    assert state(acme) == []
    client = sign_in(Client(), tess)
    form = {"support_level_days": 60, "ta_named_days": 35, "document_days": 30, "checklist_days": 5,
            "contact_roles_days": 7}  # fmt: skip
    assert "is watched" in client.get("/handoffs/settings/").content.decode()
    bad = client.post("/handoffs/settings/", {**form, "support_level_days": 20})
    assert bad.status_code == 422 and "at least 35 days" in bad.content.decode()
    assert client.post("/handoffs/settings/", form).status_code == 302
    settle(acme)
    assert state(acme) == ["watching"]
    assert sign_in(Client(), ben).get("/handoffs/settings/").status_code == 403


def test_a_template_is_written_on_its_page(acme, tess):
    with tenant_scope(acme):
        first = HandoffTemplate.objects.get(kind="introduction")
    client, path = sign_in(Client(), tess), f"/handoffs/templates/{first.pk}/"
    assert client.post(path, {"body": "Hi {{nobody.knows}}"}).status_code == 422
    assert client.post(path, {"body": "Hi {{account.name}}", "note": "Shorter"}).status_code == 302
    with tenant_scope(acme):
        assert HandoffTemplate.objects.filter(kind="introduction").count() == 2
    assert "Shorter" in client.get(path).content.decode()


def test_the_clock_looks_once_a_day_however_many_ask(acme):
    with tenant_scope(acme):
        assert services.follow_daily(actor=TEST, now=NOW)
        assert not services.follow_daily(actor=TEST, now=NOW + timedelta(hours=3))
        assert services.follow_daily(actor=TEST, now=NOW + DAY)
        assert not services.follow_daily(actor=TEST, now=NOW)


def test_the_panels_of_the_account_page_and_the_tasks_of_today(acme, ben, won):
    with tenant_scope(acme):
        services.assign_engineer(won, ben, actor=TEST, now=NOW)
    client, path = sign_in(Client(), ben), f"/accounts/{won.account_id}/"
    panel = client.get(f"{path}tasks/", headers={"HX-Request": "true"}).content.decode()
    assert "Create the production licence" in panel
    assert "Open the hand-off" in client.get(f"{path}handoff/").content.decode()
    assert "Your tasks of today" not in client.get("/").content.decode()


def test_a_viewer_looks_and_changes_nothing(acme, rhea, won):
    client = sign_in(Client(), rhea)
    assert "complete-item" not in client.get(f"/handoffs/{won.pk}/").content.decode()
    assert client.post(f"/handoffs/{won.pk}/complete-item/", {"item": "licence"}).status_code == 403


# --- the API --------------------------------------------------------------------------------------------------------


def test_the_api_brings_a_hand_off_on(acme, umbra, ben, won):
    key = api(tenant=acme, scopes=("onboarding:read", "onboarding:write"))
    (body,) = key.get("handoffs/?state=open").json()["results"]
    assert (body["state"], body["days_to_close"]) == ("closing", 10)
    assert {item["item"] for item in body["items"]} >= {"licence", "mapping", "roles"}
    assert any(lack["is_late"] for lack in body["missing"])
    path = f"handoffs/{won.pk}"
    assert key.post(f"{path}/assign-engineer", {"customer_engineer_id": str(ben.pk)}).status_code == 200
    assert key.post(f"{path}/skip-item", {"item": "mapping", "reason": ""}).status_code == 400
    done = key.post(f"{path}/skip-item", {"item": "mapping", "reason": "A trial."}).json()
    assert next(item for item in done["items"] if item["item"] == "mapping")["is_not_needed"] is True
    assert key.post(f"{path}/answer-cloud", {"is_needed": False}).json()["cloud_instance"] == "not_needed"
    starts = (NOW + DAY).isoformat()
    planned = key.post(f"{path}/plan-meeting", {"starts_at": starts, "technical_advisor_id": str(ben.pk)})
    assert planned.status_code == 200 and planned.json()["meeting"]["state"] == "planned"
    assert key.post(f"{path}/hold-meeting").json()["meeting"]["state"] == "held"
    assert key.post(f"{path}/edit-document", {"body": "## Goals"}).json()["body"] == "## Goals"
    assert key.post(f"{path}/finish-document").json()["state"] == "finished"
    assert key.post(f"{path}/finish-document").status_code == 409
    assert "Kick-off with Globex" in key.get(f"{path}/texts").json()["kick_off"]
    assert api(tenant=umbra).get(path).status_code == 404
    assert api(tenant=acme, scopes=("onboarding:read",)).post(f"{path}/hold-meeting").status_code == 403


def test_the_api_edits_lead_times_and_texts(acme):
    key = api(tenant=acme)
    assert key.get("handoff-settings/").json()["support_level_days"] == 45
    assert key.post("handoff-settings/edit", {"document_days": 20}).json()["document_days"] == 20
    assert key.post("handoff-settings/edit", {"document_days": 900}).status_code == 400
    made = key.post("handoff-templates/", {"kind": "meeting", "body": "- {{account.name}}"})
    assert made.status_code == 201 and made.json()["number"] == 2
    assert len(key.get("handoff-templates/?kind=meeting").json()["results"]) == 2


def test_a_contact_who_gets_a_role_does_the_item(acme, won):
    with tenant_scope(acme):
        ada = won.account.contacts.get()
        accounts.set_contact_roles(ada, ["Champion"], actor=TEST, now=NOW)
    settle(acme)
    assert items(acme)["roles"] == "completed"
