"""Every statement on a tenant's table says whose rows it means, although the database would hide the others anyway."""

import re

import pytest
from django.db import connection

from cs_platform import ledger
from tests.cast import NOW
from tests.house.isolation import crawl, statements, world
from tests.house.isolation.crawler import Crawler
from tests.house.isolation.fixtures import committed, still  # noqa: F401

# Statements that need not say it, each with its reason. At most ten.
ALLOWED: dict[str, str] = {}


@pytest.fixture(scope="module")
def asked(committed):  # noqa: F811
    """Every different statement of two organisations that are founded, filled, read and changed through every door."""
    seen: set[str] = set()

    def note(execute, sql, params, many, context):
        seen.add(str(sql))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note), world.two_organisations() as pair:
        for made in pair:
            world.note_ids(made)
        crawler = Crawler(*pair)
        crawl.read_own(crawler)
        crawl.write_own(crawler)
        crawl.crawl_pages(crawler, "owner", most=1)
        ledger.tick(NOW)
        ledger.drain(NOW)
    return seen


def tables():
    return {model._meta.db_table for model in world.tenant_models()}


def test_every_statement_names_the_tenant(asked):
    loose = {}
    for sql in asked:
        missing = statements.unscoped(sql, tables())
        if missing and not any(re.search(pattern, sql) for pattern in ALLOWED):
            loose[sql[:400]] = missing
    assert not loose, "\n\n".join(f"{sorted(names)}: {sql}" for sql, names in loose.items())


def test_enough_was_asked(asked):
    named = set()
    for sql in asked:
        for part in statements.parts(sql):
            named |= part.names(tables())
    assert len(asked) > 300
    assert tables() - named == set()


def test_the_exceptions_are_few_and_needed(asked):
    assert len(ALLOWED) <= 10
    for pattern in ALLOWED:
        assert any(re.search(pattern, sql) and statements.unscoped(sql, tables()) for sql in asked), pattern


@pytest.mark.parametrize(
    ("sql", "missing"),
    [
        ('SELECT "t"."tenant_id", "t"."id" FROM "t" WHERE "t"."tenant_id" = %s', set()),
        ('SELECT "t"."tenant_id" FROM "t" WHERE "t"."id" = %s', {"t"}),
        ("SELECT 'FROM t' FROM other", set()),
        ("SELECT 1 FROM other WHERE EXISTS (SELECT 1 FROM t WHERE t.id = other.id)", {"t"}),
        ("SELECT 1 FROM other WHERE EXISTS (SELECT 1 FROM t x WHERE x.tenant_id = %s)", set()),
        ("SELECT 1 FROM t WHERE tenant_id = 1 UNION SELECT 1 FROM t", {"t"}),
        ("INSERT INTO t (id, tenant_id) VALUES (%s, %s)", set()),
        ("INSERT INTO t (id) VALUES (%s)", {"t"}),
        ("INSERT INTO t (id, tenant_id) SELECT id, %s FROM u", {"u"}),
        ("WITH a AS (SELECT 1) INSERT INTO t (id, tenant_id) SELECT 1, 2 FROM a", set()),
        ("UPDATE t SET a = (SELECT max(tenant_id) FROM u WHERE u.tenant_id = %(tenant)s) WHERE id = 1", {"t"}),
        ("WITH due AS (SELECT id FROM t WHERE id = 1) UPDATE u SET a = 1 FROM due WHERE u.tenant_id = %s", {"t"}),
        ("SELECT 1; DELETE FROM t /* tenant_id = 1 */ WHERE id = 1 -- tenant_id = 1", {"t"}),
        ("SELECT $$ FROM t $$", set()),
    ],
)
def test_the_reader_of_statements_is_not_fooled(sql, missing):
    assert statements.unscoped(sql, {"t", "u"}) == missing
