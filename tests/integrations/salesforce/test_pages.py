"""The pages of a connection in all its states, and who may open them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from cs_platform import ledger
from cs_platform.tenancy.scope import tenant_scope
from integrations.salesforce import services
from integrations.salesforce.models import Connection, SyncRun
from tests.cast import NOW, sign_in
from tests.integrations.salesforce.conftest import Sync, connect

pytestmark = pytest.mark.django_db
SYSTEM = ledger.system("test")
SECRETS = ("the-consumer-key", "the-consumer-secret")


@pytest.fixture
def made(acme: Any, org: Any, clock_at: Any) -> Connection:
    """acme's connection, seen an hour after its org's clock."""
    clock_at(NOW)
    with tenant_scope(acme):
        return connect(org.origin, name="Main org")


def synced(acme: Any, org: Any, made: Connection, **options: Any) -> SyncRun:
    with tenant_scope(acme):
        return Sync(made, lambda: org.clock)(**options)


def page(client: Client, name: str, *args: Any, **query: str) -> str:
    answer = client.get(reverse(f"integrations:{name}", args=args), query)
    assert answer.status_code == 200
    return answer.content.decode()


def form(org: Any, **more: Any) -> dict[str, Any]:
    return {
        "name": "Salesforce",
        "auth": "client_credentials",
        "login_url": org.origin,
        "client_id": SECRETS[0],
        "client_secret": SECRETS[1],
        "interval_minutes": "5",
        "budget_percent": "20",
        "new_business_types": "New Business",
        "untyped_is_new": "on",
        **more,
    }


def test_without_a_connection_the_page_says_what_it_would_do(client, ana, tess):
    assert "Connect Salesforce" in page(sign_in(client, ana), "overview")
    text = page(sign_in(Client(), tess), "overview")
    assert "An owner or admin" in text and reverse("integrations:connect") not in text


STATES = [
    ({"state_reason": ""}, "The first sync starts within a minute."),
    ({"state_reason": services.UNTESTED}, "Not tested"),
    ({"hold_until": NOW + timedelta(hours=5), "hold_reason": "Our share of 20% is used up."}, "On hold"),
    ({"limit_used": 900, "limit_total": 10_000, "calls_count": 1800, "calls_day": NOW.date()}, "1,800 / 2,000"),
]


@pytest.mark.parametrize(("columns", "words"), STATES)
def test_each_state_is_said_with_what_to_do(client, acme, ana, made, columns, words):
    with tenant_scope(acme):
        Connection.objects.filter(pk=made.pk).update(**columns)
    sign_in(client, ana)
    assert words in page(client, "overview")
    assert words in page(client, "connection", made.pk)


def test_a_broken_connection_says_why_and_leads_to_its_credentials(client, acme, ana, org, server, made):
    server.login = lambda handler: handler.send(
        {"error": "invalid_client", "error_description": "no such client"}, status=400
    )
    synced(acme, org, made)
    sign_in(client, ana)
    for text in (page(client, "overview"), page(client, "connection", made.pk)):
        assert "Broken" in text and "no such client" in text
        assert "Enter the credentials" in text and reverse("integrations:edit-connection", args=[made.pk]) in text


def test_paused_and_resumed_by_button(client, ana, made):
    sign_in(client, ana)
    client.post(reverse("integrations:pause-connection", args=[made.pk]))
    text = page(client, "connection", made.pk)
    assert "Paused by hand." in text and "Resume" in text
    client.post(reverse("integrations:resume-connection", args=[made.pk]))
    assert "Paused" not in page(client, "overview")


def test_a_finished_run_is_shown_with_errors_warnings_and_what_waits(client, acme, ana, org, made):
    org.fields["Account"].remove("Industry")
    account = org.account("<b>Acme</b>", "Named", Developers__c=-1, CSM__c=org.user("Jane", "jane@x.com"))
    org.contact(None, "Nobody")
    run = synced(acme, org, made)
    sign_in(client, ana)
    text = page(client, "run", run.pk)
    assert "Developers__c" in text and f"{made.login_url}/{account}" in text
    assert "Account.Industry is missing" in text
    assert "no account in Salesforce" in text and "Jane &lt;jane@x.com&gt;" in text
    text = page(client, "connection", made.pk)
    assert "Done" in text and "no account in Salesforce" in text and "missing or not readable" in text


def test_a_failed_run_says_that_nothing_is_lost(client, acme, ana, org, made):
    with tenant_scope(acme):
        run = Sync(made, lambda: NOW).start()
        from integrations.salesforce import syncing

        syncing.end(run, "fail", "Salesforce is not available now (503): busy", actor=SYSTEM, now=NOW)
    sign_in(client, ana)
    assert "the next sync goes on from there" in page(client, "run", run.pk)
    assert "Last sync failed" in page(client, "overview")


def test_a_running_sync_is_polled_and_can_be_cancelled(client, acme, ana, org, made):
    with tenant_scope(acme):
        run = Sync(made, lambda: NOW).start()
    sign_in(client, ana)
    address = reverse("integrations:connection", args=[made.pk])
    assert 'hx-trigger="every 3s"' in page(client, "connection", made.pk)
    part = client.get(address, headers={"HX-Request": "true", "HX-Target": "live"}).content.decode()
    assert "<html" not in part and 'id="live"' in part and "Reading users" in part
    answer = client.post(reverse("integrations:cancel-sync", args=[run.pk]))
    assert answer.status_code == 302
    part = client.get(address, headers={"HX-Request": "true", "HX-Target": "live"}).content.decode()
    assert "hx-trigger" not in part and "Cancelled" in part


def test_sync_now_starts_one_run_however_often_it_is_pressed(client, acme, ana, made):
    sign_in(client, ana)
    for _ in range(2):
        assert client.post(reverse("integrations:sync-connection", args=[made.pk])).status_code == 302
    with tenant_scope(acme):
        assert SyncRun.objects.count() == 1


def test_a_refused_sync_is_said_on_a_page(client, ana, made):
    sign_in(client, ana)
    client.post(reverse("integrations:pause-connection", args=[made.pk]))
    answer = client.post(reverse("integrations:sync-connection", args=[made.pk]))
    assert answer.status_code == 422 and b"The connection is paused" in answer.content


# --- connecting -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "boxes", "others"),
    [
        ("client_credentials", ("client_id", "client_secret"), ("private_key", "password")),
        ("jwt", ("client_id", "username", "private_key"), ("client_secret", "security_token")),
        ("refresh_token", ("client_id", "refresh_token", "client_secret"), ("username",)),
        ("password", ("username", "password", "security_token"), ("client_id",)),
    ],
)
def test_the_form_shows_the_boxes_of_the_chosen_login(client, ana, kind, boxes, others):
    text = page(sign_in(client, ana), "connect", auth=kind)
    assert all(f'name="{box}"' in text for box in boxes)
    assert not any(f'name="{box}"' in text for box in others)


def test_connecting_tests_the_login_and_shows_the_page(client, acme, ana, org):
    sign_in(client, ana)
    answer = client.post(reverse("integrations:connect"), form(org), follow=True)
    text = answer.content.decode()
    assert answer.status_code == 200 and "Salesforce accepts the login." in text
    with tenant_scope(acme):
        made = Connection.objects.get()
    assert (made.state, made.state_reason) == ("connected", "")
    assert "ends in …cret" in text
    assert not any(secret in text for secret in SECRETS)


def test_a_wrong_secret_is_said_at_once(client, ana, org, server):
    server.login = lambda handler: handler.send(
        {"error": "invalid_client", "error_description": "no such client"}, status=400
    )
    sign_in(client, ana)
    answer = client.post(reverse("integrations:connect"), form(org), follow=True)
    text = answer.content.decode()
    assert "Salesforce refused the login: no such client" in text and "Broken" in text


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"login_url": "http://169.254.169.254/"}, "is not an allowed Salesforce address"),
        ({"login_url": "https://acme.my.salesforce.com.evil.example"}, "is not an allowed Salesforce address"),
        ({"client_secret": ""}, "Client secret is needed."),
        ({"name": ""}, "This field is required."),
        ({"interval_minutes": "0"}, "greater than or equal to 1"),
        ({"auth": "magic"}, "Select a valid choice."),
        ({"map_arr": "ARR; DROP"}, "API name of a Salesforce field"),
    ],
)
def test_a_refused_form_keeps_what_was_typed_but_no_secret(client, acme, ana, org, typed, words):
    sign_in(client, ana)
    answer = client.post(reverse("integrations:connect"), {**form(org), "name": "My org", **typed})
    text = answer.content.decode()
    assert answer.status_code == 422 and words in text
    assert ("My org" in text or not typed.get("name", "x")) and "the-consumer-secret" not in text
    with tenant_scope(acme):
        assert not Connection.objects.exists()


def test_a_private_key_is_not_sent_back_either(client, ana, org):
    sign_in(client, ana)
    typed = form(org, auth="jwt", username="u@acme.com", private_key="-----BEGIN x", login_url="http://evil.example")
    answer = client.post(reverse("integrations:connect"), typed)
    assert answer.status_code == 422 and b"-----BEGIN" not in answer.content and b"u@acme.com" in answer.content


def test_editing_keeps_the_stored_secrets(client, acme, ana, made, org):
    sign_in(client, ana)
    address = reverse("integrations:edit-connection", args=[made.pk])
    text = client.get(address).content.decode()
    assert "Leave the box empty to keep it." in text and not any(secret in text for secret in SECRETS)
    typed = form(org, name="Renamed", client_id="", client_secret="", map_arr="Annual__c")
    assert client.post(address, typed).status_code == 302
    with tenant_scope(acme):
        kept = Connection.objects.get()
    assert (kept.name, kept.settings["field_map"]) == ("Renamed", {"arr": "Annual__c"} | unmapped(kept))
    assert kept.secrets == made.secrets


def unmapped(connection: Connection) -> dict[str, str]:
    """Boxes that the test left empty leave their fields out."""
    return {key: source for key, source in connection.settings["field_map"].items() if not source}


def test_a_new_address_needs_all_credentials(client, ana, made, org):
    sign_in(client, ana)
    typed = form(org, login_url="https://evil.my.salesforce.com", client_id="", client_secret="")
    answer = client.post(reverse("integrations:edit-connection", args=[made.pk]), typed)
    assert answer.status_code == 422 and b"A new login address needs all credentials" in answer.content


# --- who may ----------------------------------------------------------------------------------------------------------


def addresses(made: Connection, run: Any) -> list[tuple[str, str]]:
    by_connection = ["edit", "test", "sync", "pause", "resume"]
    return [
        ("get", reverse("integrations:connection", args=[made.pk])),
        ("get", reverse("integrations:run", args=[run.pk])),
        *(("post", reverse(f"integrations:{verb}-connection", args=[made.pk])) for verb in by_connection),
        ("post", reverse("integrations:cancel-sync", args=[run.pk])),
    ]


def test_a_viewer_is_refused_everywhere(client, acme, rhea, org, made):
    run = synced(acme, org, made)
    sign_in(client, rhea)
    assert client.get(reverse("integrations:overview")).status_code == 403
    for method, address in addresses(made, run):
        assert getattr(client, method)(address).status_code == 403


def test_leadership_may_look_and_not_touch(client, acme, tess, org, made):
    run = synced(acme, org, made)
    sign_in(client, tess)
    text = page(client, "connection", made.pk)
    assert "Sync now" not in text and "Actions" not in text
    for method, address in addresses(made, run):
        assert getattr(client, method)(address).status_code == (200 if method == "get" else 403)


def test_another_tenants_connection_is_not_there(client, acme, otto, org, made):
    run = synced(acme, org, made)
    sign_in(client, otto)
    assert made.name not in page(client, "overview")
    for method, address in addresses(made, run):
        foreign = getattr(client, method)(address)
        absent = getattr(client, method)(address.replace(str(made.pk), str(uuid4())).replace(str(run.pk), str(uuid4())))
        assert (foreign.status_code, absent.status_code) == (404, 404)


def test_the_overview_does_not_grow_with_connections(client, acme, ana, org, django_assert_max_num_queries):
    with tenant_scope(acme):
        for number in range(6):
            connect(org.origin, name=f"Org {number}")
    sign_in(client, ana)
    with django_assert_max_num_queries(14):
        page(client, "overview")
