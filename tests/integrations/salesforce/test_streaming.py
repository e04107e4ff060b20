"""A sync holds one page at a time, and a page costs a few statements."""

from __future__ import annotations

import gc
import tracemalloc
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from tests.integrations.salesforce.small_org import LEVEL

pytestmark = pytest.mark.django_db
PAGE = 50


def grow(org: Any, number: int) -> None:
    for place in range(number):
        account = org.account(f"Account {place:05d}", "Named" if place % 2 else None, Industry="Tech")
        org.contact(account, f"Person {place}", Email=f"p{place}@example.com")


@pytest.mark.slow
def test_memory_does_not_grow_with_the_org(sync, org):
    peaks = []
    for number in (4 * PAGE, 20 * PAGE):
        grow(org, number)
        gc.collect()
        tracemalloc.start()
        run = sync(page_size=PAGE)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert run.state == "done"
        org.later(hours=1)
        sync(page_size=2000)
        org.later(hours=1)
    assert peaks[1] < 2 * peaks[0], peaks  # five times the org; what was kept of each row would show


def test_a_page_of_a_thousand_is_a_few_statements(sync, org):
    counts = []
    for number in (10, 1000):
        for place in range(number):
            org.account(f"Account {place}", "Named", Developers__c=place)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            sync()
        counts.append(len(captured))
        org.later(hours=1)
        sync()
        org.later(hours=1)
    assert Account.objects.count() == 1010
    assert counts[1] <= counts[0] + 10, counts


def test_a_change_in_a_large_book_costs_a_few_statements(sync, org):
    for place in range(300):
        org.account(f"Account {place}", "Named")
    sync()
    org.later(hours=1)
    sync()
    org.later(hours=1)
    acme = next(iter(org.rows["Account"]))
    org.put("Account", acme, Name="Changed", **{LEVEL: "Scaled"})
    with CaptureQueriesContext(connection) as captured:
        run = sync()
    assert (run.read, run.updated, run.api_calls) == (1, 1, 8)  # four describes after an hour, four pages
    assert len(captured) < 170
