"""No value and no name can change what a query asks."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.salesforce import soql

STAMP = datetime(2026, 1, 31, 10, 0, 0, 123_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "null"),
        (True, "true"),
        (7, "7"),
        (Decimal("1E+3"), "1000"),
        (0.1, "0.1"),
        ("O'Brien \\ \n", "'O\\'Brien \\\\ \\n'"),
        (STAMP, "2026-01-31T10:00:00.123Z"),
        (datetime(2026, 1, 31, 10, tzinfo=timezone(timedelta(hours=2))), "2026-01-31T08:00:00.000Z"),
        (date(2026, 1, 31), "2026-01-31"),
        (["a", "b'"], "('a', 'b\\'')"),
    ],
)
def test_values_are_written_as_soql_wants_them(value: object, written: str) -> None:
    assert soql.literal(value) == written


@pytest.mark.parametrize(
    "value",
    [
        "a\x00b",
        "\ud800",
        math.nan,
        math.inf,
        Decimal("NaN"),
        [],
        (),
        [[]],
        datetime(2026, 1, 1),
        b"x",
        object(),
        {"a": 1},
    ],  # noqa: DTZ001
)
def test_values_that_soql_cannot_say_are_refused(value: object) -> None:
    with pytest.raises(soql.UnsafeSoql):
        soql.literal(value)


@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00")))
def test_text_cannot_leave_its_quotes(text: str) -> None:
    written = soql.literal(text)
    inner = written[1:-1]
    position, plain = 0, []
    back = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
    while position < len(inner):
        char = inner[position]
        assert char != "'"
        if char == "\\":
            position += 1
            char = back.get(inner[position], inner[position])
        plain.append(char)
        position += 1
    assert "".join(plain) == text


@pytest.mark.parametrize("name", ["Name FROM User --", "Na me", "", "1x", "Name'", "Näme", "Owner.Name", "x" * 99])
def test_names_must_be_described_and_well_formed(name: str) -> None:
    with pytest.raises(soql.UnsafeSoql):
        soql.name(name, {"Name", name})
    with pytest.raises(soql.UnsafeSoql):
        soql.page_query("Account", ["Secret__c"], allowed={"Name"}, lower=None, after=None, limit=1)
    with pytest.raises(soql.UnsafeSoql):
        soql.page_query("Account WHERE", ["Name"], allowed={"Name"}, lower=None, after=None, limit=1)


def test_a_page_goes_on_after_its_pair_or_from_the_window() -> None:
    allowed = ["Id", "SystemModstamp"]
    first = soql.page_query("Account", allowed, allowed=allowed, lower=STAMP, after=None, limit=2000)
    later = soql.page_query(
        "Account", allowed, allowed=allowed, lower=STAMP, after=(STAMP, "001D000000IRFmaIAH"), limit=2000
    )
    assert first == (
        "SELECT Id, SystemModstamp FROM Account WHERE SystemModstamp >= 2026-01-31T10:00:00.123Z "
        "ORDER BY SystemModstamp, Id LIMIT 2000"
    )
    assert (
        "(SystemModstamp > 2026-01-31T10:00:00.123Z OR (SystemModstamp = 2026-01-31T10:00:00.123Z AND Id > '001D"
        in later
    )
