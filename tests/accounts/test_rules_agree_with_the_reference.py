"""Every rule means in SQL what the reference says, also on missing values and under `not`."""

import datetime as dt

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts import rules
from accounts.models import Account, SupportLevel
from cs_platform.tenancy.scope import tenant_scope
from tests.accounts.reference import matches
from tests.cast import NOW

pytestmark = pytest.mark.django_db

TODAY = NOW.date()
NUMBERS = st.sampled_from([0, 1, 99, 100, 500, 501, 2500, 2501])
AMOUNTS = st.sampled_from([0, 0.01, "99999.99", 100_000, "100000.00", "-5.5", 250_000])
WORDS = st.sampled_from(["Acme", "acme", "ACME GmbH", "50%", "a_b", "\\", "'", "Straße", "Initech"])
DAYS = st.integers(-400, 400).map(lambda n: (TODAY + dt.timedelta(days=n)).isoformat())
MOMENTS = st.integers(-400, 400).map(lambda n: (NOW + dt.timedelta(days=n)).isoformat())


def term(field, *pairs):
    return st.one_of([st.builds(_term, st.just(field), st.just(op), value) for op, value in pairs])


def _term(field, op, value):
    return {"field": field, "op": op} if value is None else {"field": field, "op": op, "value": value}


def comparisons(values, *ops):
    return [(op, values) for op in ops] + [("exists", st.none()), ("missing", st.none())]


def listed(values):
    return [("in", st.lists(values, min_size=1, max_size=3)), ("not_in", st.lists(values, min_size=1, max_size=3))]


ORDER = ("eq", "ne", "lt", "lte", "gt", "gte")
NEAR = [("within_next", st.sampled_from([0, 1, 30, 400])), ("within_last", st.sampled_from([0, 1, 30, 400]))]
TERMS = st.one_of(
    term("developers", *comparisons(NUMBERS, *ORDER), *listed(NUMBERS)),
    term("arr", *comparisons(AMOUNTS, *ORDER)),
    term("industry", *comparisons(WORDS, "eq", "ne", "contains", "starts_with"), *listed(WORDS)),
    term("support_level", *comparisons(st.sampled_from(["Named", "Digital"]), "eq", "ne", "contains")),
    term("domains", ("contains", st.sampled_from(["acme.com", "umbra.com"])), *comparisons(st.none())),
    term("renewal_date", *comparisons(DAYS, *ORDER), *NEAR),
    term("archived_at", *comparisons(MOMENTS, "lt", "gte"), *NEAR),
)
RULES = st.recursive(
    TERMS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: {"all": items}),
        st.lists(inner, min_size=1, max_size=3).map(lambda items: {"any": items}),
        inner.map(lambda item: {"not": item}),
    ),
    max_leaves=12,
).filter(lambda rule: depth(rule) <= 8)


def depth(rule):
    inner = rule.get("all", rule.get("any", [rule["not"]] if "not" in rule else []))
    return 1 + max((depth(item) for item in inner), default=0)


@pytest.fixture
def crowd(acme):
    """Accounts with every edge of every field, and with nothing at all."""
    with tenant_scope(acme):
        named, digital = (SupportLevel.objects.get(name=name) for name in ("Named", "Digital"))
        rows = [
            Account(
                name=f"Account {n}",
                developers=[None, 0, 99, 100, 500, 501, 2500, 2501][n % 8],
                arr_minor=[None, 0, 1, 9_999_999, 10_000_000, -550, 25_000_000][n % 7],
                industry=["", "Acme", "acme", "ACME GmbH", "50%", "a_b", "\\", "'", "STRASSE", "Straße"][n % 10],
                support_level=[None, named, digital][n % 3],
                domains=[[], ["acme.com"], ["acme.com", "umbra.com"]][n % 3],
                renewal_date=[None, *(TODAY + dt.timedelta(days=d) for d in (-400, -30, -1, 0, 1, 30, 31))][n % 8],
                state="archived" if n % 5 else "managed",
                archived_at=NOW - dt.timedelta(days=n) if n % 5 else None,
                created_at=NOW,
                updated_at=NOW,
            )
            for n in range(60)
        ]
        Account.objects.bulk_create(rows)
        return list(Account.objects.select_related("support_level"))


def as_row(account):
    row = {field.attname: getattr(account, field.attname) for field in Account._meta.concrete_fields}
    row["support_level"] = account.support_level.name if account.support_level else None
    return row


def test_sql_agrees_with_the_reference(acme, crowd):
    rows = {account.pk: as_row(account) for account in crowd}

    @settings(max_examples=150, suppress_health_check=list(HealthCheck))
    @given(RULES)
    def agree(rule):
        node = rules.parse(rule, rules.ACCOUNTS)
        found = set(Account.objects.filter(rules.predicate(node, now=NOW)).values_list("pk", flat=True))
        assert found == {pk for pk, row in rows.items() if matches(rule, row, NOW)}
        assert rules.words(node)

    with tenant_scope(acme):
        agree()


def test_not_is_plain_negation_of_every_condition(acme, crowd):
    @settings(max_examples=60, suppress_health_check=list(HealthCheck))
    @given(RULES)
    def split(rule):
        yes, no = (
            set(Account.objects.filter(rules.predicate(rules.parse(r, rules.ACCOUNTS), now=NOW)).values_list("pk"))
            for r in (rule, {"not": rule} if depth(rule) < 8 else {"all": []})
        )
        if depth(rule) < 8:
            assert len(yes) + len(no) == len(crowd) and not yes & no

    with tenant_scope(acme):
        split()
