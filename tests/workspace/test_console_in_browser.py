"""The console in a real browser: by keyboard alone, without JavaScript, on a phone; nothing complains."""

import pytest
from django.core.cache import cache

from tests.chrome import chrome
from tests.workspace.test_pages_in_browser import enter
from tests.workspace.world import fresh, make_account, make_deal

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _no_limit_is_left_over():
    cache.clear()


@pytest.fixture
def deals(acme):
    made = [make_account(acme, name, developers=40) for name in ("Alpha", "Beta", "Gamma")]
    for number, account in enumerate(made):
        make_deal(account, number=number)
    return made


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])
def test_no_page_complains_or_is_wider_than_the_screen(live_server, tess, deals, width, theme):
    with chrome(live_server, width=width, theme=theme) as page:
        enter(page, live_server, tess)
        paths = ["/console/", "/console/?tab=accounts", "/console/?tab=exceptions", "/console/?q=nothing"]
        for path in (*paths, "/settings/segmentation/overrides/"):
            page.goto(path)
            page.wait_for_load_state("networkidle")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
            assert page.get_by_role("heading", level=1).count() == 1, path
        page.goto("/console/")
        page.get_by_label("Select Alpha").check()
        page.get_by_label("Support level to give").select_option("Scaled")
        page.get_by_role("button", name="Preview").click()
        page.get_by_role("button", name="Change 1 account").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.faults == []


def test_levels_are_given_by_keyboard_alone(live_server, tess, deals):
    with chrome(live_server, width=1440) as page:
        enter(page, live_server, tess)
        page.goto("/console/")
        page.keyboard.press("?")
        page.get_by_role("dialog", name="Keyboard shortcuts").get_by_text("Preview that support level").wait_for()
        page.keyboard.press("Escape")
        for key in ("j", "x", "j", "x"):
            page.keyboard.press(key)
        page.get_by_text("2 selected").wait_for()
        page.keyboard.press("2")  # the second level: Scaled
        confirm = page.get_by_role("button", name="Change 2 accounts")
        confirm.wait_for()
        assert confirm.evaluate("button => button === document.activeElement")
        page.keyboard.press("Enter")
        page.get_by_text("2 accounts changed").first.wait_for()
        assert page.faults == []
    assert [fresh(account).segment for account in deals] == ["Scaled", "Scaled", "SMB"]


def test_a_digit_alone_means_the_row_one_is_on(live_server, tess, deals):
    with chrome(live_server, width=1440) as page:
        enter(page, live_server, tess)
        page.goto("/console/")
        for key in ("j", "j", "3"):
            page.keyboard.press(key)
        page.get_by_role("button", name="Change 1 account").click()
        page.get_by_text("1 account changed").first.wait_for()
    assert fresh(deals[1]).support_level.name == "Digital"


def test_it_works_without_javascript(live_server, tess, deals):
    with chrome(live_server, width=390, scripts=False) as page:
        enter(page, live_server, tess)
        page.goto("/console/")
        page.get_by_label("Select Gamma").check()
        page.get_by_label("Support level to give").select_option("Scaled")
        page.get_by_role("button", name="Preview").click()
        page.get_by_role("button", name="Change 1 account").click()
        page.get_by_text("1 account changed").first.wait_for()
    assert fresh(deals[2]).segment == "Scaled"
