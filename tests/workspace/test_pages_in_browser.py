"""The composed pages in a real browser: nothing complains, nothing is wider than the screen, forms work in dialogs."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client

from accounts import services as accounts
from cs_platform import ledger
from cs_platform.tenancy import clock
from cs_platform.tenancy.scope import tenant_scope
from tests.cast import sign_in
from tests.chrome import chrome
from tests.workspace.world import TEST, enrol, fresh, make_account, make_contact, make_deal, url

SETTINGS = (
    *("segmentation/", "segmentation/draft/", "support-levels/", "organisation/", "members/"),
    *("api-keys/", "api-keys/create/", "audit/", "queue/"),
)
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _no_limit_is_left_over():
    cache.clear()


@pytest.fixture
def initech(acme, ben):
    account = make_account(acme, "Initech", csm=ben, seats_purchased=100, seats_used=40)
    enrol(make_contact(account))
    make_deal(account)
    with tenant_scope(acme):
        accounts.raise_alert([account.pk], "test", "Nobody to write to.", actor=TEST, now=clock.now())
    ledger.tick(clock.now())
    return account


def enter(page, live_server, member):
    """The session of this member, without the way through the login page."""
    session = sign_in(Client(), member).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])
def test_no_page_complains_or_is_wider_than_the_screen(live_server, ana, initech, width, theme):
    verbs = ("edit", "move-stage", "set-support-level", "assign-owner", "archive", "enrol", "contacts/add", "stages")
    paths = [
        *("/", "/accounts/", "/accounts/?q=nothing", "/accounts/add/", url(initech)),
        *(f"{url(initech)}{verb}/" for verb in verbs),
        *(f"/settings/{name}" for name in ("", *SETTINGS)),
    ]
    with chrome(live_server, width=width, theme=theme) as page:
        enter(page, live_server, ana)
        for path in paths:
            page.goto(path)
            page.wait_for_load_state("networkidle")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
            assert page.get_by_role("heading", level=1).count() == 1, path
            assert page.faults == [], (path, page.faults)


def test_a_stage_is_moved_in_a_dialog(live_server, ben, initech):
    with chrome(live_server) as page:
        enter(page, live_server, ben)
        page.goto(url(initech))
        page.get_by_role("link", name="Move stage").click()
        dialog = page.get_by_role("dialog", name="Move stage")
        dialog.get_by_label("New stage").select_option("2. Adopting")
        dialog.get_by_role("button", name="Move stage").click()
        page.get_by_text("Initech is in 2. Adopting.").wait_for()
        page.get_by_role("link", name="Move stage").click()
        dialog.get_by_label("New stage").select_option("1. Onboarding")
        dialog.get_by_role("button", name="Move stage").click()
        dialog.get_by_text("needs a reason").wait_for()
        assert dialog.get_by_label("Reason").evaluate("box => box === document.activeElement")
        dialog.get_by_role("link", name="Cancel").click()
        assert page.get_by_role("dialog").count() == 0
        assert [fault for fault in page.faults if "422" not in fault] == []


def test_the_effect_of_a_support_level_is_said_before_it_is_set(live_server, tess, initech):
    with chrome(live_server) as page:
        enter(page, live_server, tess)
        page.goto(url(initech))
        page.get_by_role("link", name="Set support level").click()
        dialog = page.get_by_role("dialog", name="Set support level")
        dialog.get_by_text("Segment stays Enterprise.").wait_for()
        dialog.get_by_label("Technical advisor support level").select_option("Digital")
        dialog.get_by_text("Segment changes from Enterprise to Scaled.").wait_for()
        dialog.get_by_role("button", name="Set support level").click()
        page.get_by_text("Support level is Digital.").wait_for()
        assert fresh(initech).segment == "Scaled"
        assert page.faults == []


def test_the_list_follows_what_is_typed_and_back_comes_back(live_server, acme, ana, initech):
    make_account(acme, "Globex")
    with chrome(live_server) as page:
        enter(page, live_server, ana)
        page.goto("/accounts/")
        box = page.get_by_role("searchbox", name="Name, domain or id")
        box.fill("glob")
        page.get_by_role("row", name="Initech").wait_for(state="detached")
        assert page.url.endswith("/accounts/?q=glob")
        assert box.evaluate("box => box === document.activeElement")
        page.get_by_role("link", name="Remove this filter").click()
        page.get_by_role("link", name="Initech").wait_for()
        assert page.url.rstrip("?").endswith("/accounts/")
        page.get_by_role("link", name="ARR").click()
        page.wait_for_url("**/accounts/?sort=-arr")
        page.go_back()
        page.wait_for_function("!location.search.includes('sort')")
        assert [fault for fault in page.faults if "favicon" not in fault] == []


def test_keys_walk_through_the_list(live_server, acme, ana, initech):
    make_account(acme, "Globex")
    with chrome(live_server) as page:
        enter(page, live_server, ana)
        page.goto("/accounts/")
        page.keyboard.press("j")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Initech", level=1).wait_for()


def test_everything_works_without_scripts(live_server, ana, initech):
    with chrome(live_server, scripts=False) as page:
        enter(page, live_server, ana)
        page.goto("/accounts/?q=init")
        page.get_by_role("link", name="Initech").click()
        page.get_by_role("link", name="Show the stage history").click()
        page.get_by_text("Because the account became managed").wait_for()
        page.goto(url(initech))
        page.get_by_role("link", name="Move stage").click()
        page.get_by_label("New stage").select_option("1. Onboarding")
        page.get_by_role("button", name="Move stage").click()
        page.get_by_text("Initech is in 1. Onboarding.").wait_for()
        page.get_by_role("button", name="Clear alert").first.click()
        page.get_by_text("The alert is cleared.").wait_for()


def test_older_entries_join_the_timeline(live_server, acme, ana, initech):
    with tenant_scope(acme):
        for number in range(25):
            accounts.edit_account(
                initech, {"employees": number + 1}, actor=TEST, now=clock.now() - timedelta(minutes=number)
            )
    with chrome(live_server) as page:
        enter(page, live_server, ana)
        page.goto(url(initech))
        assert page.get_by_text("created Initech").count() == 0
        page.get_by_role("link", name="Load older").click()
        page.get_by_text("created Initech").wait_for()
        page.get_by_role("link", name="Stages", exact=True).click()
        page.get_by_text("created Initech").wait_for(state="detached")
        assert page.faults == []
