"""A button that is clicked twice does its work once, whatever the browser does."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.test import Client

from accounts.models import Account
from cs_platform.people.models import IdempotencyRecord
from cs_platform.tenancy.scope import tenant_scope
from tests.cast import sign_in

NEW = {"name": "Anvil", "support_level": "Named", "currency": "USD"}


@pytest.fixture
def page(ana):
    return sign_in(Client(), ana)


def add(page, once="token-1", **values):
    return page.post("/accounts/add/", {**NEW, **values, "click": once})


def names(tenant):
    with tenant_scope(tenant):
        return sorted(Account.objects.values_list("name", flat=True))


def test_the_second_click_leads_where_the_first_led(page, acme):
    first, second = add(page), add(page)
    assert first.status_code == second.status_code == 302
    assert first["Location"] == second["Location"]
    assert names(acme) == ["Anvil"]


def test_without_a_token_each_request_counts(page, acme):
    for _ in range(2):
        page.post("/accounts/add/", NEW)
    assert names(acme) == ["Anvil", "Anvil"]


def test_what_was_changed_in_between_is_another_request(page, acme):
    add(page)
    add(page, name="Bellows")
    assert names(acme) == ["Anvil", "Bellows"]


def test_a_refusal_is_forgotten_so_that_it_can_be_tried_again(page, acme):
    assert add(page, name="").status_code == 422
    assert add(page, name="").status_code == 422
    with tenant_scope(acme):
        assert not IdempotencyRecord.objects.filter(key__startswith="page:").exists()


def test_another_member_is_another_click(page, acme, ben):
    add(page)
    other = sign_in(Client(), ben)
    assert add(other).status_code in (302, 403)
    with tenant_scope(acme):
        assert IdempotencyRecord.objects.count() <= 2


@pytest.mark.parametrize("odd", ["", "\t", "x" * 65, "ünlaut"])
def test_an_odd_token_is_none(page, acme, odd):
    assert add(page, once=odd).status_code == 302
    with tenant_scope(acme):
        assert not IdempotencyRecord.objects.filter(key__startswith="page:").exists()


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_make_one_account(acme, ana):
    pages = [sign_in(Client(), ana) for _ in range(4)]

    def click(page):
        try:
            return add(page).get("Location")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        places = set(pool.map(click, pages))
    assert len(places) == 1
    assert names(acme) == ["Anvil"]
