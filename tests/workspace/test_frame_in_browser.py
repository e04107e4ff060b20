"""The frame in a real browser: sign in, change the organisation, look at it on a phone, sign out."""

import pytest
from django.core.cache import cache

from tests.cast import PASSWORD, make_member
from tests.chrome import chrome

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls("tests.workspace.frame_urls"),
]


@pytest.fixture(autouse=True)
def _no_limit_is_left_over():
    cache.clear()


def sign_in(page, member, password=PASSWORD):
    page.goto("/framed/")
    page.get_by_label("E-mail address").fill(member.user.email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_in_and_out_again(ana, live_server):
    with chrome(live_server) as page:
        sign_in(page, ana)
        page.wait_for_url("**/framed/")
        assert page.get_by_role("navigation", name="Main", exact=True).get_by_role("link").count() == 9
        page.get_by_role("button", name="Your menu").click()
        page.locator("#me-menu").get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/auth/login/**")
        assert page.get_by_text("You have signed out.").is_visible()
        page.goto("/framed/")
        assert "/auth/login/" in page.url
        assert page.faults == []


def test_a_wrong_password_keeps_the_address(ana, live_server):
    with chrome(live_server) as page:
        sign_in(page, ana, "not the password")
        assert page.get_by_role("alert").is_visible()
        assert page.get_by_label("E-mail address").input_value() == ana.user.email


def test_a_person_in_two_organisations_changes_between_them(ana, umbra, live_server):
    make_member(umbra, "Ana", "viewer", email=ana.user.email)
    with chrome(live_server) as page:
        sign_in(page, ana)
        page.get_by_role("button", name="Change the organisation").click()
        page.get_by_role("button", name="Umbra").click()
        page.get_by_text("You are now in Umbra.").wait_for()
        page.goto("/framed/")
        assert page.locator(".cs-top-button").first.inner_text().strip().endswith("Umbra")
        assert page.get_by_role("link", name="Integrations").count() == 0


def test_a_phone_has_the_bar_at_the_bottom(ana, live_server):
    with chrome(live_server, width=390, theme="dark") as page:
        sign_in(page, ana)
        page.wait_for_url("**/framed/")
        assert not page.get_by_role("navigation", name="Main", exact=True).is_visible()
        bar = page.get_by_role("navigation", name="Main, on a phone")
        assert bar.bounding_box()["y"] + bar.bounding_box()["height"] == 844
        bar.get_by_role("button", name="More").click()
        assert page.locator("#more-menu").get_by_role("link", name="Settings").is_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        assert page.faults == []


def test_an_answer_to_htmx_lands_where_it_belongs(ana, live_server):
    def say(word):
        page.goto("/form/")
        page.get_by_label("Say").fill(word)
        page.get_by_role("button", name="Send").click()

    with chrome(live_server) as page:
        sign_in(page, ana)
        page.wait_for_url("**/framed/")
        say("hello")
        page.locator("#toasts").get_by_text("Well said.").wait_for()
        assert page.faults == []
        say("again")
        page.locator("main").get_by_text("Say it again").wait_for()
        page.locator("#announcer", has_text="Say it again").wait_for(state="attached")
        say("refuse")
        page.locator("#toasts").get_by_text("The checklist is open.").wait_for()
        assert page.get_by_label("Say").input_value() == "refuse"
        say("break")
        page.locator("#toasts").get_by_text("Nothing was changed. Reference").wait_for()
        assert page.locator("#toasts [role=alert]").count() == 1
        page.locator("#toasts").get_by_role("button", name="Close").click()
        assert page.locator("#toasts > *").count() == 0


def test_it_works_without_scripts(ana, live_server):
    with chrome(live_server, scripts=False) as page:
        sign_in(page, ana)
        page.wait_for_url("**/framed/")
        page.get_by_role("button", name="Your menu").click()
        page.locator("#me-menu").get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/auth/login/**")
