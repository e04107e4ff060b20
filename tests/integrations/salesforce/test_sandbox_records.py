"""Records over REST: what is derived, what is refused with which code, deletes, merges, collections, composites."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from integrations.salesforce import mapping
from integrations.salesforce.sandbox import ids
from integrations.salesforce.sandbox.server import SandboxServer
from tests.integrations.salesforce.sandboxed import DATA, Rest, client_of, sandbox

LEVEL = "Technical_Advisor_Support_Level__c"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SandboxServer]:
    with sandbox(tmp_path) as server:
        yield server


@pytest.fixture
def rest(server: SandboxServer) -> Rest:
    return Rest(server)


def test_every_default_field_of_the_mapping_is_described(server: SandboxServer) -> None:
    client = client_of(server)
    for sobject in mapping.SOBJECTS:
        plan = mapping.plan_for(sobject, {}, client.describe(sobject))
        assert plan.paused == ()
        assert plan.warnings == ()
        assert plan.has_deleted is (sobject != "User")
    assert client.describe("Account")["Parent_Support_Level__c"].calculated
    assert client.limits()["DailyApiRequests"]["Max"] == 15_000


def test_a_record_is_created_read_changed_and_deleted(server: SandboxServer, rest: Rest) -> None:
    made = rest("POST", "sobjects/Account", {"Name": "Acme", "Developers__c": 12, "Renewal_Date__c": "2027-01-31"})
    assert (made.status_code, made.json()["success"]) == (201, True)
    row_id = made.json()["id"]
    assert ids.clean(row_id) == row_id and row_id.startswith("001")
    first = rest("GET", f"sobjects/Account/{row_id}").json()
    assert first["attributes"] == {"type": "Account", "url": f"{DATA}/sobjects/Account/{row_id}"}
    assert (first["Developers__c"], first["Renewal_Date__c"], first["IsDeleted"]) == (12.0, "2027-01-31", False)
    assert first["SystemModstamp"].endswith(".000+0000")
    server.org.clock.advance(5)
    assert rest("PATCH", f"sobjects/Account/{row_id[:15]}", {LEVEL: "Named"}).status_code == 204
    second = rest("GET", f"sobjects/Account/{row_id}", params={"fields": f"{LEVEL},SystemModstamp"}).json()
    assert second[LEVEL] == "Named"
    assert second["SystemModstamp"] > first["SystemModstamp"]
    assert rest("DELETE", f"sobjects/Account/{row_id}").status_code == 204
    gone = rest("GET", f"sobjects/Account/{row_id}")
    assert (gone.status_code, gone.json()[0]["errorCode"]) == (404, "ENTITY_IS_DELETED")
    assert rest.names("Name = 'Acme'") == []
    assert rest.names("IsDeleted = true", "queryAll") == ["Acme"]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "REQUIRED_FIELD_MISSING"),
        ({"Name": " "}, "REQUIRED_FIELD_MISSING"),
        ({"Name": "x" * 256}, "STRING_TOO_LONG"),
        ({"Name": {"a": 1}}, "JSON_PARSER_ERROR"),
        ({"Name": "A", "Nothing": 1}, "INVALID_FIELD"),
        ({"Name": "A", "SystemModstamp": "2020-01-01T00:00:00Z"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"Name": "A", "Id": "001"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"Name": "A", "Developers__c": "many"}, "INVALID_TYPE_ON_FIELD_IN_RECORD"),
        ({"Name": "A", "NumberOfEmployees": 1.5}, "INVALID_TYPE_ON_FIELD_IN_RECORD"),
        ({"Name": "A", "NumberOfEmployees": 10**12}, "NUMBER_OUTSIDE_VALID_RANGE"),
        ({"Name": "A", "Renewal_Date__c": "31.01.2027"}, "JSON_PARSER_ERROR"),
        ({"Name": "A", "ParentId": "nobody"}, "MALFORMED_ID"),
        ({"Name": "A", "ParentId": ids.make("003", 5)}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"Name": "A", "ParentId": ids.make("001", 99_999)}, "INVALID_CROSS_REFERENCE_KEY"),
        ([1], "JSON_PARSER_ERROR"),
        ("text", "JSON_PARSER_ERROR"),
    ],
)
def test_bad_records_are_refused_with_salesforces_code(rest: Rest, given: Any, code: str) -> None:
    answer = rest("POST", "sobjects/Account", given)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code)
    assert rest.query("SELECT COUNT() FROM Account")["totalSize"] == 0


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "sobjects/Nothing", 404, "NOT_FOUND"),
        ("GET", "sobjects/Account/nonsense", 404, "NOT_FOUND"),
        ("GET", f"sobjects/Account/{ids.make('001', 77)}", 404, "NOT_FOUND"),
        ("GET", "sobjects/Account/Name/Acme", 404, "NOT_FOUND"),
        ("GET", "nothing", 404, "NOT_FOUND"),
        ("GET", "/services/data/v99.0/limits", 404, "NOT_FOUND"),
        ("POST", "limits", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "query", 400, "MALFORMED_QUERY"),
        ("GET", "query/01g-2000", 400, "INVALID_QUERY_LOCATOR"),
        ("DELETE", "composite/sobjects", 400, "EXCEEDED_ID_LIMIT"),
    ],
)
def test_wrong_addresses_are_refused_in_array_form(rest: Rest, method: str, path: str, status: int, code: str) -> None:
    answer = rest(method, path)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (status, code)
    assert answer.headers["Sforce-Limit-Info"].startswith("api-usage=")
    assert answer.headers["Date"].endswith("GMT")


def test_broken_json_and_bad_mail_addresses_are_refused(rest: Rest) -> None:
    for body in (b"{", b'{"Name": NaN}', b"\xff", b"[" * 100_000):
        answer = rest("POST", "sobjects/Account", data=body)
        assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")
    answer = rest("POST", "sobjects/Contact", {"LastName": "A", "Email": "nobody"})
    assert answer.json()[0]["errorCode"] == "INVALID_EMAIL_ADDRESS"


def test_closing_an_opportunity_closes_it(server: SandboxServer) -> None:
    deal = server.org.create("Opportunity", {"Name": "A", "StageName": "Prospecting", "CloseDate": "2026-01-01"})
    for stage, expected in (
        ("Closed Won", (True, True, 100.0)),
        ("Closed Lost", (True, False, 0.0)),
        ("Qualification", (False, False, 20.0)),
    ):
        server.org.set(deal, StageName=stage)
        row = server.org.get(deal) or {}
        assert (row["IsClosed"], row["IsWon"], row["Probability"]) == expected


def test_upsert_by_external_id_creates_once(server: SandboxServer, rest: Rest) -> None:
    first = rest("PATCH", "sobjects/Account/External_Id__c/a%2F1", {"Name": "One"})
    second = rest("PATCH", "sobjects/Account/External_Id__c/A%2F1", {"Name": "Two"})
    assert (first.status_code, first.json()["created"]) == (201, True)
    assert (second.status_code, second.json()["created"]) == (200, False)
    assert server.org.get(first.json()["id"])["Name"] == "Two"  # type: ignore[index]
    taken = rest("POST", "sobjects/Account", {"Name": "Three", "External_Id__c": "a/1"})
    assert taken.json()[0]["errorCode"] == "DUPLICATE_VALUE"
    assert rest("GET", "sobjects/Account/External_Id__c/a%2F1").json()["Name"] == "Two"


def test_a_deleted_account_takes_its_people_and_deals_along_and_brings_them_back(server: SandboxServer) -> None:
    org = server.org
    account = org.create("Account", {"Name": "Acme"})
    contact = org.create("Contact", {"LastName": "A", "AccountId": account})
    gone_before = org.create("Contact", {"LastName": "B", "AccountId": account})
    org.delete(gone_before)
    org.delete(account)
    assert [bool((org.get(row) or {})["IsDeleted"]) for row in (account, contact, gone_before)] == [True, True, True]
    org.undelete(account)
    assert [bool((org.get(row) or {})["IsDeleted"]) for row in (account, contact, gone_before)] == [False, False, True]
    org.purge(account)
    assert org.get(account) is None


def test_a_merge_moves_what_belongs_to_the_loser(server: SandboxServer, rest: Rest) -> None:
    org = server.org
    winner, loser = org.create("Account", {"Name": "Winner"}), org.create("Account", {"Name": "Loser"})
    contact = org.create("Contact", {"LastName": "A", "AccountId": loser})
    task = org.create("Task", {"Subject": "Call", "WhatId": loser})
    org.clock.advance(10)
    answer = rest("POST", "/sandbox/merge", {"master": winner, "others": [loser]})
    assert answer.status_code == 200
    gone = org.get(loser) or {}
    assert (gone["IsDeleted"], gone["MasterRecordId"]) == (True, winner)
    assert (org.get(contact) or {})["AccountId"] == (org.get(task) or {})["AccountId"] == winner
    assert (org.get(winner) or {})["SystemModstamp"] == gone["SystemModstamp"]
    assert rest("POST", "/sandbox/undelete", {"id": loser}).json()[0]["errorCode"] == "UNDELETE_FAILED"


def test_a_formula_changes_without_a_stamp(server: SandboxServer) -> None:
    org = server.org
    parent = org.create("Account", {"Name": "Parent", LEVEL: "Named"})
    child = org.create("Account", {"Name": "Child", "ParentId": parent})
    before = org.get(child) or {}
    assert before["Parent_Support_Level__c"] == "Named"
    org.clock.advance(60)
    org.set(parent, {LEVEL: "Scaled"})
    after = org.get(child) or {}
    assert (after["Parent_Support_Level__c"], after["SystemModstamp"]) == ("Scaled", before["SystemModstamp"])


def test_the_stamp_of_a_row_never_goes_back(server: SandboxServer) -> None:
    row_id = server.org.create("Account", {"Name": "A"})
    server.org.clock.skew = timedelta(minutes=10)
    server.org.set(row_id, Name="B")
    ahead = (server.org.get(row_id) or {})["SystemModstamp"]
    server.org.clock.skew = timedelta(0)
    server.org.set(row_id, Name="C")
    assert (server.org.get(row_id) or {})["SystemModstamp"] == ahead


def test_users_are_not_deleted_and_strange_values_can_be_forced(server: SandboxServer, rest: Rest) -> None:
    user = server.org.find("User")[0]["Id"]
    assert rest("DELETE", f"sobjects/User/{user}").json()[0]["errorCode"] == "INSUFFICIENT_ACCESS_OR_READONLY"
    row_id = server.org.create("Account", {"Name": "a\x00b", "Developers__c": "many"}, check=False)
    row = rest("GET", f"sobjects/Account/{row_id}").json()
    assert (row["Name"], row["Developers__c"]) == ("a\x00b", "many")
    server.org.add_field("Account", "Health__c", "double")
    server.org.set(row_id, Health__c=7.5)
    assert rest("GET", f"sobjects/Account/{row_id}").json()["Health__c"] == 7.5


def test_collections_report_row_by_row_or_undo_all(server: SandboxServer, rest: Rest) -> None:
    records = [{"attributes": {"type": "Account"}, "Name": name} for name in ("A", "", "C")]
    results = rest("POST", "composite/sobjects", {"records": records}).json()
    assert [result["success"] for result in results] == [True, False, True]
    assert results[1]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    results = rest("POST", "composite/sobjects", {"allOrNone": True, "records": records}).json()
    assert [result["success"] for result in results] == [False, False, False]
    assert results[0]["errors"][0]["statusCode"] == "ALL_OR_NONE_OPERATION_ROLLED_BACK"
    assert server.org.count("Account") == 2
    by_key = [{"External_Id__c": "k1", "LastName": "A"}, {"LastName": "nobody"}]
    results = rest("PATCH", "composite/sobjects/Contact/External_Id__c", {"records": by_key}).json()
    assert [result["success"] for result in results] == [True, False]
    assert (
        rest("GET", "composite/sobjects/Contact", params={"ids": results[0]["id"], "fields": "Name"}).json()[0]["Name"]
        == "A"
    )
    assert rest("DELETE", "composite/sobjects", params={"ids": results[0]["id"]}).json()[0]["success"]


def test_a_composite_request_refers_to_its_earlier_steps(server: SandboxServer, rest: Rest) -> None:
    steps = [
        {"method": "POST", "url": f"{DATA}/sobjects/Account", "referenceId": "a", "body": {"Name": "Acme"}},
        {
            "method": "POST",
            "url": f"{DATA}/sobjects/Contact",
            "referenceId": "c",
            "body": {"LastName": "A", "AccountId": "@{a.id}"},
        },
        {"method": "GET", "url": f"{DATA}/sobjects/Contact/@{{c.id}}", "referenceId": "r"},
    ]
    answers = rest("POST", "composite", {"compositeRequest": steps}).json()["compositeResponse"]
    assert [answer["httpStatusCode"] for answer in answers] == [201, 201, 200]
    assert answers[2]["body"]["AccountId"] == answers[0]["body"]["id"]
    steps[1]["body"] = {"AccountId": "@{a.id}"}
    answers = rest("POST", "composite", {"allOrNone": True, "compositeRequest": steps}).json()["compositeResponse"]
    assert [answer["body"][0]["errorCode"] for answer in answers] == [
        "PROCESSING_HALTED",
        "REQUIRED_FIELD_MISSING",
        "PROCESSING_HALTED",
    ]
    assert server.org.count("Account") == 1


def test_files_are_kept_as_they_came(server: SandboxServer, rest: Rest) -> None:
    content = bytes(range(256)) * 40
    given = {"Title": "Plan", "PathOnClient": "plan.pdf", "VersionData": base64.b64encode(content).decode()}
    row_id = rest("POST", "sobjects/ContentVersion", given).json()["id"]
    row = rest("GET", f"sobjects/ContentVersion/{row_id}").json()
    assert (row["ContentSize"], row["FileType"]) == (len(content), "PDF")
    assert rest("GET", row["VersionData"]).content == content


def test_updated_and_deleted_name_the_rows_of_a_window(server: SandboxServer, rest: Rest) -> None:
    kept, gone = server.org.create("Account", {"Name": "A"}), server.org.create("Account", {"Name": "B"})
    server.org.delete(gone)
    now = server.org.now()
    window = {
        "start": (now - timedelta(hours=1)).isoformat(),
        "end": (now + timedelta(hours=1)).isoformat(),
    }
    assert rest("GET", "sobjects/Account/updated", params=window).json()["ids"] == [kept]
    deleted = rest("GET", "sobjects/Account/deleted", params=window).json()["deletedRecords"]
    assert [row["id"] for row in deleted] == [gone]
