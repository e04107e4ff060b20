"""Records as Salesforce says them, good and bad, become values or reasons."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.salesforce import mapping, values
from integrations.salesforce.client import FieldInfo
from integrations.salesforce.values import BadValue

STAMP = "2026-01-31T10:00:00.000+0000"
ACCOUNT_ID = "001D000000IRFmaIAH"


def described(sobject: str, *, without: tuple[str, ...] = (), calculated: tuple[str, ...] = ()) -> dict[str, FieldInfo]:
    names = {spec.default for spec in mapping.SPECS if spec.sobject == sobject and spec.default}
    names |= {"Id", "SystemModstamp"} | ({"IsDeleted"} if sobject != "User" else set())
    return {name: FieldInfo("string", name in calculated) for name in names - set(without)}


def account(**fields: Any) -> mapping.Record:
    plan = mapping.plan_for("Account", {}, described("Account"))
    return mapping.parse(plan, {"Id": ACCOUNT_ID, "SystemModstamp": STAMP, "Name": "Acme", **fields})


def test_ids_have_eighteen_characters_and_a_check_part() -> None:
    assert values.id18("001D000000IRFma") == ACCOUNT_ID
    assert values.id18(ACCOUNT_ID) == ACCOUNT_ID
    assert values.id18("001D000000IRFMA") != ACCOUNT_ID
    for wrong in ("001D000000IRFmaIAA", "", None, 5, "001D000000IRFm", "001D000000IRFma'--", "００１D000000IRFma"):
        with pytest.raises(BadValue):
            values.id18(wrong)


@pytest.mark.parametrize(
    ("field", "raw", "key", "ours"),
    [
        ("Name", "  Acme <b>=1+1</b> ", "account_name", "Acme <b>=1+1</b>"),
        ("Type", None, "account_type", ""),
        ("NumberOfEmployees", Decimal("12.0"), "employees", 12),
        ("Developers__c", None, "developers", None),
        ("ARR__c", Decimal("99999.995"), "arr", 10_000_000),
        ("ARR__c", 100000, "arr", 10_000_000),
        ("Renewal_Date__c", "2026-02-28", "renewal_date", "2026-02-28"),
        ("Website", "https://www.Acme.com/shop", "domains", ["acme.com"]),
        ("Website", "acme.co.uk", "domains", ["acme.co.uk"]),
        ("CSM__c", "005D000000IRFma", "csm", values.id18("005D000000IRFma")),
    ],
)
def test_good_values(field: str, raw: Any, key: str, ours: Any) -> None:
    record = account(**{field: raw})
    assert record.values[key] == ours
    assert not record.problems


@pytest.mark.parametrize(
    ("field", "raw", "key"),
    [
        ("Name", "x" * 256, "account_name"),
        ("Name", "a\x00b", "account_name"),
        ("Name", "\ud800", "account_name"),
        ("Name", {"a": 1}, "account_name"),
        ("Name", True, "account_name"),
        ("NumberOfEmployees", -1, "employees"),
        ("NumberOfEmployees", Decimal("1.5"), "employees"),
        ("NumberOfEmployees", 2**31, "employees"),
        ("Developers__c", "many", "developers"),
        ("ARR__c", math.nan, "arr"),
        ("ARR__c", Decimal("1e30"), "arr"),
        ("ARR__c", True, "arr"),
        ("ARR__c", "1,000", "arr"),
        ("Renewal_Date__c", "2026-02-30", "renewal_date"),
        ("Renewal_Date__c", 5, "renewal_date"),
        ("Website", "not a host", "domains"),
        ("Website", "http://[::1", "domains"),
        ("CSM__c", "nobody", "csm"),
    ],
)
def test_a_bad_value_is_reported_and_the_others_go_on(field: str, raw: Any, key: str) -> None:
    record = account(**{"Industry": "Ships", field: raw})
    assert key not in record.values
    assert record.values["industry"] == "Ships"
    assert [(problem.row, problem.field) for problem in record.problems] == [(ACCOUNT_ID, field)]


def test_known_roles_are_kept_beside_unknown_ones() -> None:
    assert values.roles("End User; program contact;End User") == ["End User", "Program Contact"]
    assert values.roles(None) == []
    plan = mapping.plan_for("Contact", {}, described("Contact"))
    row = {
        "Id": "003D000000IRFma",
        "SystemModstamp": STAMP,
        "Role__c": "Champion;Wizard",
        "Time_Zone__c": "Mars/Base",
        "Email": "a@b",
    }
    record = mapping.parse(plan, row)
    assert record.values["contact_roles"] == ["Champion"]
    assert record.values["contact_email"] == "a@b"
    assert {problem.field for problem in record.problems} == {"Role__c", "Time_Zone__c"}


@pytest.mark.parametrize(
    "address", ["a b@c.de", "a@b@c.de", "@b.de", "a@", "a\r\nBcc: x@y.z@b.de", "<a@b.de>", "x" * 250 + "@b.de"]
)
def test_addresses_no_server_would_take(address: str) -> None:
    with pytest.raises(BadValue):
        values.email(address)


@given(
    st.dictionaries(
        st.sampled_from(sorted(described("Account"))),
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers(), max_size=2)),
    )
)
def test_whatever_comes_a_row_is_parsed_or_refused(row: dict[str, Any]) -> None:
    plan = mapping.plan_for("Account", {}, described("Account"))
    records, problems = mapping.parse_page(plan, [{"Id": ACCOUNT_ID, "SystemModstamp": STAMP, **row}])
    assert len(records) + len(problems) >= 1
    for record in records:
        assert mapping.digest(record.values, deleted=record.deleted)


def test_rows_without_id_or_stamp_are_refused_and_doubles_come_once() -> None:
    plan = mapping.plan_for("Account", {}, described("Account"))
    older = {"Id": ACCOUNT_ID, "SystemModstamp": "2026-01-30T10:00:00.000+0000", "Name": "Old"}
    newer = {"Id": ACCOUNT_ID, "SystemModstamp": STAMP, "Name": "New"}
    records, problems = mapping.parse_page(
        plan, [newer, older, {"Id": "x", "SystemModstamp": STAMP}, {"Id": ACCOUNT_ID}]
    )
    assert [record.values["account_name"] for record in records] == ["New"]
    assert len(problems) == 2


def test_a_missing_field_pauses_its_mapping_and_no_other() -> None:
    fields = described("Account", without=("Technical_Advisor_Support_Level__c",), calculated=("ARR__c",))
    plan = mapping.plan_for("Account", {}, fields)
    assert plan.paused == ("support_level",)
    assert "Technical_Advisor_Support_Level__c" not in plan.fields
    assert any("keeps its last values" in words for words in plan.warnings)
    assert any("ARR__c is calculated" in words for words in plan.warnings)
    with pytest.raises(mapping.NotReadable):
        mapping.plan_for("Account", {}, described("Account", without=("Name",)))


def test_a_paused_field_keeps_what_was_known() -> None:
    record = account()
    partial = mapping.Record(record.sf_id, record.stamp, False, {"account_name": "New"})
    old = {"account_name": "Old", "support_level": "Named", "dropped": 1}
    assert mapping.merged(old, partial, {"account_name", "support_level"}) == {
        "account_name": "New",
        "support_level": "Named",
    }


def test_other_columns_mean_another_fingerprint() -> None:
    plain = mapping.plan_for("Account", {}, described("Account"))
    other = mapping.plan_for("Account", {"industry": "Type"}, described("Account"))
    assert plain.fingerprint == mapping.plan_for("Account", {}, described("Account")).fingerprint
    assert plain.fingerprint != other.fingerprint


@pytest.mark.parametrize(
    ("level", "kind", "deleted", "managed"),
    [
        ("Named", "Customer", False, True),
        ("", "Customer", False, False),
        ("Named", "(5) Attrited Customer", False, False),
        ("Named", "", True, False),
    ],
)
def test_who_is_managed(level: str, kind: str, deleted: bool, managed: bool) -> None:
    assert mapping.is_managed({"support_level": level, "account_type": kind}, deleted=deleted) is managed


def test_the_field_map_takes_only_our_keys_and_api_names() -> None:
    assert mapping.check_field_map({"support_level": "Level__c", "industry": "Industry", "csm": ""}) == {
        "support_level": "Level__c",
        "csm": "",
    }
    for wrong in ([], {"nonsense": "X"}, {"csm": "Owner.Name"}, {"csm": "a b"}, {"csm": 5}, {"csm": "Id FROM User--"}):
        with pytest.raises(ValueError):
            mapping.check_field_map(wrong)


def test_a_deleted_row_says_what_it_was_merged_into() -> None:
    plan = mapping.plan_for("Account", {}, described("Account") | {"MasterRecordId": FieldInfo("reference", False)})
    assert "MasterRecordId" in plan.fields
    row = {"Id": ACCOUNT_ID, "SystemModstamp": STAMP, "IsDeleted": True, "Name": "Acme"}
    master = values.id18("001000000000009")
    assert mapping.parse(plan, {**row, "MasterRecordId": master}).values[mapping.MERGED_INTO] == master
    assert mapping.MERGED_INTO not in mapping.parse(plan, {**row, "MasterRecordId": None}).values


@pytest.mark.parametrize(("said", "read"), [("eur", "EUR"), (None, ""), ("USD", "USD")])
def test_a_currency_is_three_letters(said: object, read: str) -> None:
    assert values.currency(said) == read


@pytest.mark.parametrize("said", ["€", "EURO", "12", "U$D"])
def test_other_currencies_are_refused(said: str) -> None:
    with pytest.raises(values.BadValue):
        values.currency(said)
