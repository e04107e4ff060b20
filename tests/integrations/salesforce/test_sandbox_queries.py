"""Queries against rows: SOQL's own truth about nulls and letter case, paging, cursors, counts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.salesforce import mapping, soql
from integrations.salesforce.errors import SalesforceError
from integrations.salesforce.sandbox import sql
from integrations.salesforce.sandbox.org import SandboxOrg
from integrations.salesforce.sandbox.queries import all_rows
from integrations.salesforce.sandbox.server import SandboxServer
from integrations.salesforce.sandbox.soql import parse
from tests.integrations.salesforce.sandboxed import Rest, client_of, sandbox

STAMP = datetime(2026, 3, 1, 12, tzinfo=UTC)
LEVEL = "Technical_Advisor_Support_Level__c"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SandboxServer]:
    with sandbox(tmp_path) as server:
        yield server


@pytest.fixture
def rest(server: SandboxServer) -> Rest:
    return Rest(server)


def load(org: SandboxOrg, *rows: dict[str, Any]) -> list[str]:
    return org.bulk("Account", rows, stamp=STAMP)


def test_text_ignores_letter_case_and_ids_do_not(server: SandboxServer, rest: Rest) -> None:
    rows = load(server.org, *({"Name": f"Company {number}"} for number in range(70)))
    assert rest.names("Name = 'COMPANY 3'") == ["Company 3"]
    twins = [(a, b) for a in rows for b in rows if a < b and a.lower()[:15] == b.lower()[:15]]
    assert twins
    upper, lower = twins[0]
    assert len(rest.names(f"Id = '{upper}'")) == len(rest.names(f"Id = '{lower[:15]}'")) == 1
    assert rest.names(f"Id = '{upper}'") != rest.names(f"Id = '{lower}'")


def test_empty_fields_are_neither_equal_nor_unknown(server: SandboxServer, rest: Rest) -> None:
    load(
        server.org,
        {"Name": "none", "Developers__c": None, LEVEL: None},
        {"Name": "few", "Developers__c": 5, LEVEL: "Named"},
        {"Name": "many", "Developers__c": 500, LEVEL: "Scaled"},
    )
    assert rest.names(f"{LEVEL} != 'Named'") == ["many", "none"]
    assert rest.names(f"{LEVEL} NOT IN ('Named')") == ["many", "none"]
    assert rest.names(f"NOT {LEVEL} = 'Named'") == ["many", "none"]
    assert rest.names("Developers__c < 100") == ["few"]
    assert rest.names("(NOT Developers__c < 100) AND Name LIKE '%n%'") == ["many", "none"]
    assert rest.names(f"{LEVEL} = null") == rest.names(f"{LEVEL} = ''") == ["none"]
    assert rest.names(f"{LEVEL} IN (null, 'Scaled')") == ["many", "none"]
    ordered = [
        rest.query(f"SELECT Name FROM Account ORDER BY Developers__c {how}")["records"]
        for how in ("", "DESC", "NULLS LAST", "DESC NULLS LAST")
    ]
    assert [[row["Name"] for row in rows] for rows in ordered] == [
        ["none", "few", "many"],
        ["none", "many", "few"],
        ["few", "many", "none"],
        ["many", "few", "none"],
    ]


def test_like_knows_its_wildcards_and_their_escapes(server: SandboxServer, rest: Rest) -> None:
    load(server.org, {"Name": "50% off"}, {"Name": "500 off"}, {"Name": "a_b"}, {"Name": "axb"}, {"Name": "c\\d"})
    assert rest.names("Name LIKE '50%off'") == ["50% off", "500 off"]
    assert rest.names("Name LIKE '50\\%%'") == ["50% off"]
    assert rest.names("Name LIKE 'a_b'") == ["a_b", "axb"]
    assert rest.names("Name LIKE 'a\\_b'") == ["a_b"]
    assert rest.names("Name LIKE 'C\\\\D'") == ["c\\d"]


def test_multi_select_fields_are_searched_by_choice(server: SandboxServer, rest: Rest) -> None:
    for name, roles in (("A", "Champion;Executive"), ("B", "Champion"), ("C", None)):
        server.org.create("Contact", {"LastName": name, "Role__c": roles})

    def names(where: str) -> list[str]:
        return [row["Name"] for row in rest.query(f"SELECT Name FROM Contact WHERE {where} ORDER BY Name")["records"]]

    assert names("Role__c INCLUDES ('Champion')") == ["A", "B"]
    assert names("Role__c INCLUDES ('Champion;Executive', 'End User')") == ["A"]
    assert names("Role__c EXCLUDES ('Executive')") == ["B", "C"]
    assert names("Role__c = 'champion'") == ["B"]


ROW = st.fixed_dictionaries(
    {
        "Name": st.text("aAbB%_'\\", min_size=1, max_size=4),
        "Type": st.none() | st.sampled_from(["a", "A", "b"]),
        "Developers__c": st.none() | st.integers(-2, 2),
    }
)
CONDITION = st.tuples(
    st.sampled_from(["Name", "Type", "Developers__c"]), st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ROW, min_size=1, max_size=8), CONDITION, ROW, st.booleans())
def test_comparisons_agree_with_python(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Any], condition: Any, other: Any, negated: bool
) -> None:
    org = SandboxOrg(tmp_path_factory.mktemp("org"), "empty")
    try:
        made = org.bulk("Account", rows, stamp=STAMP)
        (field, operator), value = condition, other[condition[0]]
        if value is None and operator not in ("=", "!="):
            return
        text = f"{field} {operator} {soql.literal(value)}"
        query = f"SELECT Id FROM Account WHERE {'NOT ' if negated else ''}{text}"
        found = sql.compile_query(parse(query), org.objects["Account"], hidden=(), with_deleted=False)
        expected = {row_id for row_id, row in zip(made, rows, strict=True) if holds(row[field], operator, value)}
        assert {row[0] for row in all_rows(org, found)} == (set(made) - expected if negated else expected)
    finally:
        org.close()


def holds(left: Any, operator: str, right: Any) -> bool:
    """SOQL's comparison: nothing equals empty but empty, text has no letter case."""
    left, right = (side.lower() if isinstance(side, str) else side for side in (left, right))
    if operator in ("=", "!="):
        return (left == right) is (operator == "=")
    if left is None:
        return False
    return bool({"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[operator])


def test_rows_of_one_stamp_are_read_once_each_by_the_pair(server: SandboxServer) -> None:
    made = load(server.org, *({"Name": f"Company {number}"} for number in range(5_000)))
    client = client_of(server)
    plan = mapping.plan_for("Account", {}, client.describe("Account"))
    seen: list[str] = []
    after = None
    while True:
        query = soql.page_query("Account", plan.fields, allowed=plan.fields, lower=None, after=after, limit=200)
        page = client.query_page(query, with_deleted=True)
        seen += [row["Id"] for row in page.rows]
        after = mapping.page_end(page.rows) or after
        if len(page.rows) < 200:
            break
    assert seen == made


def test_locators_give_every_row_and_die_with_their_session(server: SandboxServer, rest: Rest) -> None:
    made = load(server.org, *({"Name": f"Company {number}"} for number in range(4_500)))
    page = rest.query("SELECT Id FROM Account")
    seen = [row["Id"] for row in page["records"]]
    assert (page["totalSize"], page["done"], len(seen)) == (4_500, False, 2_000)
    first = page["nextRecordsUrl"]
    assert first.startswith("/services/data/v59.0/query/01g") and first.endswith("-2000")
    while not page["done"]:
        page = rest("GET", page["nextRecordsUrl"]).json()
        seen += [row["Id"] for row in page["records"]]
    assert seen == made
    other = Rest(server)
    assert other("GET", first).json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"
    server.org.expire_sessions()
    answer = rest("GET", first)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (401, "INVALID_SESSION_ID")


def test_a_caller_may_ask_for_smaller_batches(server: SandboxServer, rest: Rest) -> None:
    load(server.org, *({"Name": f"Company {number}"} for number in range(450)))
    page = rest.query("SELECT Id FROM Account LIMIT 300", **{"Sforce-Query-Options": "batchSize=200"})
    assert (page["totalSize"], len(page["records"]), page["done"]) == (300, 200, False)
    last = rest("GET", page["nextRecordsUrl"], headers={"Sforce-Query-Options": "batchSize=200"}).json()
    assert (len(last["records"]), last["done"]) == (100, True)


def test_counts_limits_and_offsets(server: SandboxServer, rest: Rest) -> None:
    made = load(server.org, *({"Name": f"{number:03}"} for number in range(30)))
    server.org.delete(made[0])
    assert client_of(server).count("SELECT COUNT() FROM Account") == 29
    assert rest.query("SELECT COUNT() FROM Account", "queryAll")["totalSize"] == 30
    assert rest.query("SELECT COUNT() FROM Account LIMIT 7")["totalSize"] == 7
    rows = rest.query("SELECT Name FROM Account ORDER BY Name LIMIT 2 OFFSET 3")["records"]
    assert [row["Name"] for row in rows] == ["004", "005"]
    assert rest.query("SELECT Id FROM Account LIMIT 0")["totalSize"] == 0


def test_a_window_is_closed_below_and_open_above(server: SandboxServer, rest: Rest) -> None:
    for second in range(4):
        server.org.bulk("Account", [{"Name": str(second)}], stamp=STAMP + timedelta(seconds=second))
    window = "SystemModstamp >= 2026-03-01T12:00:01Z AND SystemModstamp < 2026-03-01T14:00:03.000+02:00"
    assert rest.names(window) == ["1", "2"]
    assert rest.names("SystemModstamp > 2026-03-01T12:00:01.500Z") == ["2", "3"]


def test_too_large_a_condition_is_refused_not_an_accident(rest: Rest) -> None:
    long = " OR ".join(["Name = 'x'"] * 3_000)
    assert rest.error(f"SELECT Id FROM Account WHERE {long}") == "QUERY_TOO_COMPLICATED"
    assert rest.error("SELECT Id FROM Nothing") == "INVALID_TYPE"
    assert rest.error("SELECT Nothing FROM Account") == "INVALID_FIELD"


def test_our_client_tells_a_refused_query(server: SandboxServer) -> None:
    with pytest.raises(SalesforceError) as caught:
        client_of(server).query_page("SELECT Nothing FROM Account", with_deleted=True)
    assert (caught.value.kind, caught.value.code) == ("permanent", "INVALID_FIELD")


def test_a_page_of_a_large_org_comes_in_no_time(server: SandboxServer) -> None:
    rows = [{"Name": f"Company {number}", "Developers__c": number % 3_000} for number in range(20_000)]
    server.org.bulk("Account", rows, stamp=STAMP)
    client = client_of(server)
    fields = mapping.plan_for("Account", {}, client.describe("Account")).fields
    middle = server.org.find("Account", Name="Company 10000")[0]["Id"]
    query = soql.page_query("Account", fields, allowed=fields, lower=None, after=(STAMP, middle), limit=2_000)
    client.query_page(query, with_deleted=True)
    assert server.org.log[-1].rows == 2_000
    assert server.org.log[-1].seconds < 0.9
