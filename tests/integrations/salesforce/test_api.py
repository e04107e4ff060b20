"""connections/ and sync-runs/ over the API."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from cs_platform.ledger.models import AuditRow
from cs_platform.people.models import IdempotencyRecord
from cs_platform.tenancy.scope import tenant_scope
from integrations.salesforce.models import Connection, SyncRun
from tests.cast import NOW, api
from tests.integrations.salesforce.conftest import Sync, connect

pytestmark = pytest.mark.django_db
SECRETS = {"client_id": "canary-consumer-key", "client_secret": "canary-consumer-secret"}


def body(org: Any, **more: Any) -> dict[str, Any]:
    return {
        "kind": "salesforce",
        "name": "Org",
        "auth": "client_credentials",
        "login_url": org.origin,
        **SECRETS,
        **more,
    }


@pytest.fixture
def made(acme: Any, org: Any, clock_at: Any) -> Connection:
    clock_at(NOW)
    with tenant_scope(acme):
        return connect(org.origin)


def test_a_connection_is_made_tested_and_synced(acme_api, acme, org, clock_at):
    clock_at(NOW)
    org.clock = NOW
    org.account("Acme", "Named")
    answer = acme_api.post("connections/", body(org, settings={"interval_minutes": 15}))
    assert answer.status_code == 201
    made = answer.json()
    assert made["settings"]["interval_minutes"] == 15 and made["state"] == "connected"
    assert set(made["credentials"]) == {"client_id", "client_secret"}
    assert made["credentials"]["client_secret"]["last4"] == "cret"
    tested = acme_api.post(f"connections/{made['id']}/test").json()
    assert tested["ok"] and "accepts the login" in tested["message"]
    answer = acme_api.post(f"connections/{made['id']}/sync", {"full": False})
    assert answer.status_code == 202
    run = answer.json()
    assert run["state"] == "running"
    from cs_platform import ledger

    ledger.drain(NOW)
    run = acme_api.get(f"sync-runs/{run['id']}/").json()
    assert (run["state"], run["created"], run["error"]) == ("done", 1, "")
    assert {"started_at", "finished_at", "read", "updated", "archived", "unchanged", "rejected", "api_calls"} <= set(
        run
    )
    seen = acme_api.get(f"connections/{made['id']}/").json()
    assert seen["last_synced_at"] and seen["api_calls_today"] > 0


def test_secrets_go_in_and_never_come_out(acme_api, acme, org, caplog):
    answer = acme_api.post("connections/", body(org), Idempotency_Key="k1")
    again = acme_api.post("connections/", body(org), Idempotency_Key="k1")
    assert again.json() == answer.json()
    pk = answer.json()["id"]
    acme_api.patch(f"connections/{pk}/", {"client_secret": "canary-second-secret"})
    acme_api.post(f"connections/{pk}/test")
    with tenant_scope(acme):
        kept = list(AuditRow.objects.values_list("changes", flat=True)) + list(
            IdempotencyRecord.objects.values_list("answer", flat=True)
        )
        stored = Connection.objects.get()
    seen = [acme_api.get(path).content for path in ("connections/", f"connections/{pk}/", "audit/", "changes/")]
    for text in (str(kept), str(seen), caplog.text, str(vars(stored))):
        assert "canary" not in text
    assert "cret" not in str(kept[0])


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"login_url": "http://10.0.0.1/"}, "login_url", "host_not_allowed"),
        ({"client_secret": ""}, "client_secret", "blank"),
        ({"auth": "jwt"}, "username", "required"),
        ({"auth": "magic"}, "auth", "invalid_choice"),
        ({"settings": {"field_map": {"nonsense": "X"}}}, "settings", "invalid"),
        ({"settings": {"interval_minutes": 0}}, "settings.interval_minutes", "min_value"),
        ({"surprise": 1}, "surprise", "unknown_field"),
        ({"state": "connected"}, "state", "unknown_field"),
    ],
)
def test_a_bad_body_names_its_field(acme_api, org, change, field, code):
    answer = acme_api.post("connections/", body(org, **change))
    assert answer.status_code == 400
    assert {"field": field, "code": code} in [
        {"field": error["field"], "code": error["code"]} for error in answer.json()["errors"]
    ]


def test_a_taken_name_and_a_paused_connection_are_409(acme_api, made, org):
    assert acme_api.post("connections/", body(org, name=made.name)).json()["code"] == "taken"
    assert acme_api.post(f"connections/{made.pk}/pause").json()["state"] == "paused"
    answer = acme_api.post(f"connections/{made.pk}/sync", {})
    assert (answer.status_code, answer.json()["code"]) == (409, "connection_not_connected")
    assert acme_api.post(f"connections/{made.pk}/resume").json()["state"] == "connected"


def test_a_new_address_needs_all_credentials(acme_api, made):
    answer = acme_api.patch(f"connections/{made.pk}/", {"login_url": "https://evil.my.salesforce.com"})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "credentials_needed")


def test_a_stale_edit_is_412(acme_api, made):
    tag = acme_api.get(f"connections/{made.pk}/")["ETag"]
    assert acme_api.patch(f"connections/{made.pk}/", {"name": "A"}, If_Match=tag).status_code == 200
    assert acme_api.patch(f"connections/{made.pk}/", {"name": "B"}, If_Match=tag).status_code == 412


def test_runs_are_listed_filtered_and_cancelled(acme_api, acme, made, org):
    with tenant_scope(acme):
        done = Sync(made, lambda: org.clock)()
        running = Sync(made, lambda: NOW).start()
    listed = acme_api.get("sync-runs/").json()["results"]
    assert [run["id"] for run in listed] == [str(running.pk), str(done.pk)]
    assert len(acme_api.get(f"sync-runs/?state=done&connection_id={made.pk}").json()["results"]) == 1
    assert acme_api.get("sync-runs/?connection_id=x").status_code == 400
    assert acme_api.get("sync-runs/?state=x").status_code == 400
    assert acme_api.post(f"sync-runs/{running.pk}/cancel").json()["state"] == "cancelled"
    assert acme_api.post(f"sync-runs/{running.pk}/cancel").status_code == 409


def test_scopes_are_needed(acme, made):
    reader = api(tenant=acme, scopes=("integrations:read",))
    assert reader.get("connections/").status_code == 200
    assert reader.post(f"connections/{made.pk}/sync", {}).status_code == 403
    assert api(tenant=acme, scopes=("accounts:read",)).get("connections/").status_code == 403


def test_a_viewer_is_refused(rhea, made):
    assert api(member=rhea).get("connections/").status_code == 403


def test_another_tenants_rows_are_404(umbra_api, acme, made, org):
    with tenant_scope(acme):
        run = Sync(made, lambda: org.clock)()
    absent = umbra_api.get(f"connections/{uuid4()}/")
    for path in (f"connections/{made.pk}/", f"sync-runs/{run.pk}/"):
        answer = umbra_api.get(path)
        assert (answer.status_code, answer.content) == (404, absent.content)
    for verb in ("test", "sync", "pause", "resume"):
        assert umbra_api.post(f"connections/{made.pk}/{verb}").status_code == 404
    assert umbra_api.patch(f"connections/{made.pk}/", {"name": "x"}).status_code == 404
    assert umbra_api.post(f"sync-runs/{run.pk}/cancel").status_code == 404
    assert umbra_api.get("connections/").json()["results"] == []
    assert umbra_api.get("sync-runs/").json()["results"] == []
    assert umbra_api.get(f"sync-runs/?connection_id={made.pk}").json()["results"] == []
    with tenant_scope(acme):
        assert SyncRun.objects.count() == 1
