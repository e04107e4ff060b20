"""The unmodified simple-salesforce against the sandbox: its own record, query and bulk calls."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import (
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceResourceNotFound,
)
from simple_salesforce.login import SalesforceLogin

from integrations.salesforce.hosts import Hosts
from integrations.salesforce.sandbox.server import SandboxServer
from integrations.salesforce.transport import GuardedSession
from tests.integrations.salesforce.sandboxed import sandbox


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SandboxServer]:
    with sandbox(tmp_path) as server:
        yield server


@pytest.fixture
def sf(server: SandboxServer) -> Any:
    """The library says https to everybody; our session says http to hosts that are configured so."""
    http = GuardedSession(Hosts(extra=frozenset({server.url}), allow_http=True))
    known = server.credentials["password"]
    token, instance = SalesforceLogin(**known, scratch_url=server.url, session=http)
    return Salesforce(session_id=token, instance_url=f"https://{instance}", version="59.0", session=http)


def test_records(sf: Any, server: SandboxServer) -> None:
    made = sf.Account.create({"Name": "Acme's", "Type": None})
    assert sf.Account.update(made["id"], {"Name": "Acme"}) == 204
    assert sf.Account.get(made["id"])["Name"] == "Acme"
    assert sf.Contact.upsert("External_Id__c/7", {"LastName": "A", "AccountId": made["id"]}) == 201
    assert sf.Contact.upsert("External_Id__c/7", {"LastName": "B"}) == 200
    assert sf.Contact.get_by_custom_id("External_Id__c", "7")["LastName"] == "B"
    assert sf.Account.delete(made["id"]) == 204
    with pytest.raises(SalesforceResourceNotFound):
        sf.Account.get(made["id"])
    with pytest.raises(SalesforceMalformedRequest):
        sf.Account.create({"Nothing": 1})
    assert sf.Account.metadata()["objectDescribe"]["keyPrefix"] == "001"
    assert {item["name"] for item in sf.describe()["sobjects"]} >= {"Account", "Contact", "Opportunity", "User"}
    assert sf.limits()["DailyApiRequests"]["Max"] == 15_000
    assert sf.api_usage["api-usage"].total == 15_000


def test_queries_follow_their_pages(sf: Any, server: SandboxServer) -> None:
    stamp = datetime(2026, 1, 1, tzinfo=UTC)
    rows = server.org.bulk("Account", [{"Name": f"A{number}"} for number in range(4_100)], stamp=stamp)
    server.org.delete(rows[0])
    assert [row["Id"] for row in sf.query_all_iter("SELECT Id FROM Account ORDER BY Id")] == rows[1:]
    assert sf.query_all("SELECT Id FROM Account", include_deleted=True)["totalSize"] == 4_100


def test_an_ended_session_is_an_expired_session(sf: Any, server: SandboxServer) -> None:
    server.org.expire_sessions()
    with pytest.raises(SalesforceExpiredSession):
        sf.query("SELECT Id FROM Account")


def test_bulk_queries_come_as_pages_of_csv(sf: Any, server: SandboxServer) -> None:
    stamp = datetime(2026, 1, 1, tzinfo=UTC)
    names = ['quo"te', "com,ma", "line\nbreak", "ünï", *(f"A{number}" for number in range(500))]
    server.org.bulk("Account", [{"Name": name, "Developers__c": 5} for name in names], stamp=stamp)
    pages = list(sf.bulk2.Account.query("SELECT Name, Developers__c, IsDeleted, Type FROM Account", 200, wait=0.01))
    assert len(pages) == 3
    assert pages[0].startswith('"Name","Developers__c","IsDeleted","Type"\n"quo""te","5.0","false",""\n')
    assert sum(page.count('"5.0"') for page in pages) == len(names)
    with pytest.raises(SalesforceMalformedRequest):
        list(sf.bulk2.Account.query("SELECT Nothing FROM Account", wait=0.01))
