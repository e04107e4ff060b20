"""What went wrong is said in a sentence, with a reference number and a way back."""

import re

import pytest
from django.test import Client

from tests.cast import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.workspace.frame_urls")]


def fault(answer, status):
    html = answer.content.decode()
    assert answer.status_code == status
    assert answer["X-Request-ID"] in html
    assert 'href="/"' in html and html.count("<h1") == 1
    return html


def test_bytes_that_no_page_can_take(client):
    html = fault(client.post("/auth/login/", {"login": "a\x00b", "password": "x"}), 400)
    assert "NUL character" in html
    assert fault(client.get("/accounts/?q=%00"), 400)


def test_a_missing_right_is_named(client, ben):
    html = fault(sign_in(client, ben).get("/administrators-only/"), 403)
    assert "Your roles do not allow you to create an API key." in html
    assert 'class="cs-rail"' in html


def test_other_refusals_keep_their_details(client):
    assert "secret" not in fault(client.get("/secretive/"), 403)


def test_a_stale_form_says_that_nothing_was_changed(ana):
    browser = sign_in(Client(enforce_csrf_checks=True), ana)
    assert "Nothing was changed" in fault(browser.post("/switch-tenant/", {"tenant": "acme"}), 403)


def test_what_is_not_there(client, ana):
    assert fault(Client().get("/nothing-here/"), 404)
    assert fault(sign_in(client, ana).get("/nothing-here/"), 404)


def test_a_failure_tells_no_details_and_asks_the_database_nothing(client, ana, django_assert_num_queries):
    client = sign_in(client, ana)
    client.raise_request_exception = False
    with django_assert_num_queries(0):
        html = fault(client.get("/broken/"), 500)
    assert "secret" not in html and "Traceback" not in html


def test_guessing_is_slowed_down(client, ana):
    from django.core.cache import cache

    cache.clear()
    answers = [client.post("/auth/login/", {"login": ana.user.email, "password": f"wrong{n}"}) for n in range(12)]
    assert answers[0].status_code == 200
    html = answers[-1].content.decode()
    assert answers[-1].status_code == 429 or re.search("Too many", html)
    cache.clear()
