"""The sandbox's SOQL: what is written for Salesforce is read as it was meant, all else is refused with its place."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.salesforce import soql as ours
from integrations.salesforce.sandbox import ids, schema, sql
from integrations.salesforce.sandbox.problems import Problem
from integrations.salesforce.sandbox.soql import Among, Both, Compare, Not, parse

ACCOUNT = schema.objects()["Account"]
TEXT = st.text(alphabet=st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00"), max_size=80)
MOMENTS = st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(2999, 1, 1), timezones=st.just(UTC))
HOSTILE = (
    "' OR Name != '",
    "\\' OR Id != null --",
    "\\",
    "'; DROP TABLE Account; --",
    '" OR "1" = "1',
    "\u2028\u2029\x01\x7f",
    "%_\\%\\_",
    "Robert') LIMIT 1",
)


def value_in(condition: str) -> object:
    where = parse(f"SELECT Id FROM Account WHERE {condition}").where
    assert isinstance(where, Compare)
    return where.value.value


def refused(query: str) -> Problem:
    with pytest.raises(Problem) as caught:
        sql.compile_query(parse(query), ACCOUNT, hidden=(), with_deleted=False)
    return caught.value


@given(TEXT)
def test_any_text_that_our_client_writes_is_read_as_itself(text: str) -> None:
    assert value_in(f"Name = {ours.literal(text)}") == text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_one_value(text: str) -> None:
    where = parse(f"SELECT Id FROM Account WHERE Name = {ours.literal(text)}").where
    assert isinstance(where, Compare)
    assert where.value.value == text


@given(MOMENTS)
def test_moments_keep_their_milliseconds(moment: datetime) -> None:
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    assert value_in(f"SystemModstamp >= {ours.literal(moment)}") == moment


@given(st.integers(-(10**15), 10**15) | st.decimals(-(10**12), 10**12, allow_nan=False, places=4))
def test_numbers_stay_exact(number: int | Decimal) -> None:
    assert value_in(f"ARR__c = {ours.literal(number)}") == number


@given(st.lists(TEXT, min_size=1, max_size=5))
def test_lists_keep_their_values(words: list[str]) -> None:
    where = parse(f"SELECT Id FROM Account WHERE Name NOT IN {ours.literal(words)}").where
    assert isinstance(where, Among)
    assert [value.value for value in where.values] == words


@given(st.text(max_size=60))
def test_any_other_text_is_parsed_or_refused_in_words(text: str) -> None:
    for query in (text, f"SELECT Id FROM Account WHERE {text}", f"SELECT {text} FROM Account"):
        try:
            sql.compile_query(parse(query), ACCOUNT, hidden=(), with_deleted=False)
        except Problem as problem:
            assert problem.code and problem.message


def test_the_walk_of_the_sync_becomes_one_row_comparison() -> None:
    after = (datetime(2026, 1, 1, tzinfo=UTC), ids.make("001", 7))
    text = ours.page_query("Account", ["Id"], allowed=["Id"], lower=None, after=after, limit=200)
    found = sql.compile_query(parse(text), ACCOUNT, hidden=(), with_deleted=True)
    assert found.where == '("SystemModstamp", "Id") > (?, ?)'
    assert (found.order, found.limit) == ('"SystemModstamp", "Id"', 200)


def test_all_clauses() -> None:
    query = parse(
        "select Id, name from account where (Type = null or (not Name like 'A\\_%')) and CloseDate__c = 2026-02-28"
        " order by Name desc nulls last, Id limit 5 offset 10"
    )
    assert isinstance(query.where, Both)
    assert isinstance(query.where.parts[0], Both)
    assert isinstance(query.where.parts[0].parts[1], Not)
    assert query.where.parts[1].value.value == date(2026, 2, 28)  # type: ignore[union-attr]
    assert [(item.field.text, item.descending, item.nulls_last) for item in query.order] == [
        ("Name", True, True),
        ("Id", False, False),
    ]
    assert (query.limit, query.offset) == (5, 10)
    assert parse("SELECT COUNT() FROM Account").fields is None


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "MALFORMED_QUERY"),
        ("DELETE FROM Account", "MALFORMED_QUERY"),
        ("SELECT Id FRM Account", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Name = 'a", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Name = 'a\\q'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Name = 'a\x00'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Name = 'a' AND Type = 'b' OR Type = 'c'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Name = 'a' AND NOT (Type = 'b')", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Name IN ()", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account LIMIT -1", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account LIMIT 1 LIMIT 2", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account; SELECT Id FROM User", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Renewal_Date__c = 2026-02-30", "MALFORMED_QUERY"),
        ("SELECT Id, Id FROM Account", "MALFORMED_QUERY"),
        ("SELECT COUNT(Id) FROM Account", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE " + "(" * 200 + "Id = null" + ")" * 200, "MALFORMED_QUERY"),
        ("SELECT Id FROM Account OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE"),
        ("SELECT Id FROM Account WHERE Name = '" + "x" * 100_000 + "'", "QUERY_TOO_COMPLICATED"),
        ("SELECT Nothing FROM Account", "INVALID_FIELD"),
        ("SELECT Owner.Name FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM Account ORDER BY Nothing", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE SystemModstamp > 'yesterday'", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE SystemModstamp > 2026-01-01", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE Name = 5", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE IsDeleted = 'true'", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE Description = 'x'", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE Id = 'nonsense'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Account WHERE IsDeleted > false", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Account WHERE ARR__c LIKE '1%'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Account WHERE Name > null", "INVALID_QUERY_FILTER_OPERATOR"),
    ],
)
def test_refusals(query: str, code: str) -> None:
    assert refused(query).code == code


def test_a_refusal_says_where() -> None:
    assert "ERROR at Row:2:Column:7" in refused("SELECT Id\nFROM  , Account").message


@given(st.integers(1, 62**6))
def test_ids_carry_their_check_part(number: int) -> None:
    from integrations.salesforce.values import id18

    made = ids.make("001", number)
    assert id18(made) == made == ids.clean(made[:15])
    assert ids.clean(made[:15].swapcase() + made[15:]) in (None, made)
    assert ids.make("001", number + 1) > made
