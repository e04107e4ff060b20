"""The page of the mapping: chosen from what the org has, tried on the first rows, saved, reset."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from cs_platform.tenancy.scope import tenant_scope
from integrations.salesforce import mapping, previewing
from integrations.salesforce.models import Connection, MirrorRecord
from integrations.salesforce.sandbox.org import SandboxOrg
from integrations.salesforce.sandbox.server import SandboxServer
from tests.cast import NOW, Api, make_key, sign_in
from tests.integrations.salesforce.driving import Sync, connect

pytestmark = pytest.mark.django_db


@pytest.fixture
def org(settings: Any, tmp_path: Path, clock_at: Any) -> Iterator[SandboxServer]:
    """Two accounts that changed since the org was read; one has a website that is none."""
    clock_at(NOW)
    org = SandboxOrg(tmp_path, "empty")
    org.clock.set(NOW)
    with SandboxServer(org) as server:
        settings.CS_SALESFORCE_EXTRA_HOSTS = [server.url]
        yield server
    org.close()


@pytest.fixture
def made(acme: Any, org: SandboxServer) -> Connection:
    with tenant_scope(acme):
        found = connect(org.url, secrets=org.credentials["client_credentials"])
        Sync(found, org.org.now)()
        given = {"NumberOfEmployees": 120, "ARR__c": 1234.5, "Website": "https://www.globex.example/x"}
        org.org.create("Account", {"Name": "Globex", **given})
        org.org.create("Account", {"Name": "Initech", "Website": "no address at all"}, check=False)
        return Connection.objects.get(pk=found.pk)


def where(made: Connection, rest: str = "") -> str:
    return f"/integrations/salesforce/{made.pk}/mapping/{rest}"


def test_each_line_offers_the_fields_of_the_org_with_their_types(made: Connection, ana: Any, client: Client) -> None:
    page = sign_in(client, ana).get(where(made)).content.decode()
    assert '<option value="Industry" selected>Industry · picklist</option>' in page
    assert '<option value="Website" selected>Website · url</option>' in page


def test_what_the_org_does_not_have_and_what_does_not_fit_is_marked(
    acme: Any, made: Connection, ana: Any, client: Client
) -> None:
    with tenant_scope(acme):
        Connection.objects.update(settings={**made.settings, "field_map": {"mrr": "Gone__c", "employees": "Website"}})
    page = sign_in(client, ana).get(where(made)).content.decode()
    assert "Gone__c · missing" in page
    assert "is of the type url; we need a number" in page
    assert "Shipped: NumberOfEmployees" in page


def test_the_preview_shows_raw_values_ours_and_problems_and_takes_nothing(
    acme: Any, made: Connection, ana: Any, client: Client
) -> None:
    answer = sign_in(client, ana).post(
        where(made, "preview/"), {"sobject": "Account", "map_arr": "ARR__c"}, headers={"HX-Request": "true"}
    )
    page = answer.content.decode()
    assert answer.status_code == 200 and "<html" not in page
    assert "globex.example" in page and "from “https://www.globex.example/x”" in page
    assert "1,234.50" in page
    assert "is not a web address" in page and "1 value would be refused" in page
    with tenant_scope(acme):
        assert not MirrorRecord.objects.filter(sobject="Account").exists()
        assert Connection.objects.get().settings["field_map"] == {}


def test_the_preview_works_without_scripts(made: Connection, ana: Any, client: Client) -> None:
    page = sign_in(client, ana).post(where(made, "preview/"), {"sobject": "Account"}).content.decode()
    assert "<html" in page and "1 value would be refused" in page


def test_a_preview_that_cannot_be_read_says_why(made: Connection, org: SandboxServer, ana: Any, client: Client) -> None:
    org.org.faults.switch("maintenance")
    page = sign_in(client, ana).post(where(made, "preview/"), {"sobject": "Account"}).content.decode()
    assert "The first rows could not be read" in page and "maintenance" in page


@pytest.mark.parametrize("given", [{"sobject": "Case"}, {"sobject": "Account", "map_arr": "ARR__c FROM User"}])
def test_a_preview_of_nonsense_is_refused(made: Connection, ana: Any, client: Client, given: Any) -> None:
    assert sign_in(client, ana).post(where(made, "preview/"), given).status_code == 422


def test_a_mapping_is_saved_and_reset(acme: Any, made: Connection, ana: Any, client: Client) -> None:
    owner = sign_in(client, ana)
    assert owner.post(where(made), {"map_region": "BillingState", "map_arr": ""}).status_code == 302
    with tenant_scope(acme):
        assert Connection.objects.get().settings["field_map"] == {"region": "BillingState", "arr": ""}
    assert owner.post(where(made), {"map_region": "no field"}).status_code == 422
    assert owner.post(where(made), {"reset": "1"}).status_code == 302
    with tenant_scope(acme):
        assert Connection.objects.get().settings["field_map"] == {}


def test_only_who_may_edit_sees_the_page(made: Connection, tess: Any, client: Client) -> None:
    assert sign_in(client, tess).get(where(made)).status_code == 403


def test_the_preview_over_the_api(acme: Any, made: Connection) -> None:
    api = Api(make_key(acme, "integrations:write", "integrations:read"))
    answer = api.post(f"connections/{made.pk}/preview", {"sobject": "Account", "field_map": {"arr": ""}})
    assert answer.status_code == 200 and answer.json()["ok"]
    columns = [column["key"] for column in answer.json()["columns"]]
    assert "arr" not in columns and "domains" in columns
    place = columns.index("domains")
    cells = {row["cells"][place]["ours"]: row["cells"][place] for row in answer.json()["rows"]}
    assert cells["globex.example"]["raw"] == "https://www.globex.example/x"
    assert "is not a web address" in cells[""]["problem"]
    refused = api.post(f"connections/{made.pk}/preview", {"sobject": "Account", "field_map": {"arr": "a b"}})
    assert refused.status_code == 400


def test_every_type_is_judged() -> None:
    kinds = ("string", "double", "boolean", "reference", "date", "multipicklist")
    for spec in mapping.SPECS:
        assert any(not previewing.doubt(spec, kind) for kind in kinds), spec.key
    assert previewing.doubt(mapping.BY_KEY["arr"], "string")
    assert not previewing.doubt(mapping.BY_KEY["arr"], "currency")
