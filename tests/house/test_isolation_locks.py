"""Each of two locks holds alone: the database's policies without the managers, the managers without the policies."""

import pytest
from django.db import connection

from cs_platform.people.models import Membership
from cs_platform.tenancy.scope import tenant_scope
from tests.house.isolation import crawl, locks
from tests.house.isolation.crawler import Crawler
from tests.house.isolation.fixtures import committed, organisations, still  # noqa: F401


@pytest.fixture
def crawler(organisations):  # noqa: F811
    return Crawler(*organisations)


def all_of_it(crawler):
    crawl.read_own(crawler)
    crawl.write_own(crawler)
    crawl.crawl_api(crawler, "key", most=1)
    crawl.crawl_pages(crawler, "owner", deep=False, most=1)
    crawler.must_be_silent()


def in_sql(crawler, statement):
    with tenant_scope(crawler.umbra.tenant), connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


def test_row_level_security_holds_without_the_managers(crawler):
    umbra = crawler.umbra.tenant
    with locks.scoping_off():
        with tenant_scope(umbra):
            assert "WHERE" not in str(Membership.objects.all().query)
        all_of_it(crawler)


def test_the_managers_hold_without_row_level_security(crawler):
    with locks.row_level_security_off():
        assert in_sql(crawler, "SELECT count(DISTINCT tenant_id) FROM people_membership") == 2
        all_of_it(crawler)
    assert in_sql(crawler, "SELECT count(DISTINCT tenant_id) FROM people_membership") == 1


def test_with_both_open_the_crawler_sees_it(crawler):
    """Else the silence of the tests above would say nothing."""
    with locks.row_level_security_off(), locks.scoping_off():
        crawl.read_own(crawler)
        shown = [finding for finding in crawler.findings if "shows the canary" in finding]
        crawler.findings.clear()
        crawl.write_own(crawler)
    assert len(shown) > 20
