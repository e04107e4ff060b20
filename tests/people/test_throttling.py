"""Budgets of callers."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from cs_platform.people.api import throttling
from tests.cast import api


@pytest.fixture
def small(settings):
    settings.CS_API_PER_MINUTE, settings.CS_API_BURST = 6, 5


@pytest.mark.django_db
def test_too_many_requests_are_429_with_retry_after(small, acme, umbra):
    mine, other = api(tenant=acme), api(tenant=umbra)
    statuses = [mine.get("members/").status_code for _ in range(8)]
    assert statuses == [200] * 5 + [429] * 3
    answer = mine.get("members/")
    assert answer.json()["code"] == "throttled" and 1 <= int(answer["Retry-After"]) <= 11
    assert other.get("members/").status_code == 200


@pytest.mark.django_db
def test_without_redis_this_process_counts(small, acme, monkeypatch):
    def down(url):
        raise redis.ConnectionError("refused")

    monkeypatch.setattr(throttling, "_client", down)
    monkeypatch.setattr(throttling, "meter", throttling.Meter())
    statuses = [api.get("members/").status_code for api in [api(tenant=acme)] for _ in range(7)]
    assert statuses == [200] * 5 + [429] * 2


def test_parallel_callers_do_not_pass_the_budget_together():
    meter = throttling.Meter()
    meter.redis_off_until = float("inf")
    with ThreadPoolExecutor(16) as pool:
        waits = list(pool.map(lambda _: meter.wait("k", per_minute=1, burst=20), range(400)))
    assert waits.count(0.0) == 20
