"""The platform's pages in a real browser: nothing of Django's admin breaks the content security policy."""

import pytest
from allauth.mfa.totp.internal import auth
from django.core.cache import cache

from cs_platform.people import staff
from tests.cast import PASSWORD
from tests.chrome import chrome
from tests.people.factors import SECRET, with_app

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def kim(transactional_db):
    cache.clear()
    user = staff.create_staff("kim@platform.example", "Kim")
    user.set_password(PASSWORD)
    user.save()
    with_app(user)
    return user


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (390, "dark")])
def test_signing_in_and_looking_into_an_organisation(kim, ana, live_server, width, theme):
    with chrome(live_server, width=width, theme=theme) as page:
        page.goto("/platform/")
        page.get_by_label("E-mail address").fill(kim.email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.get_by_label("Code").fill(code_of_now())
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.get_by_label("Reason").fill("Ticket 4711: the sync stands still")
        page.get_by_role("button", name="Go on").click()
        page.get_by_role("heading", name="Everything that is stored").wait_for()
        page.get_by_role("link", name="Memberships").click()
        page.get_by_label("Organisation").select_option("acme")
        page.get_by_label("Reason").fill("They asked why a mail is missing")
        page.get_by_role("button", name="Look into it").click()
        page.locator("#result_list tbody a").first.click()
        page.get_by_text("View membership").first.wait_for()
        assert page.locator("input[name=_save], a.deletelink, a.addlink").count() == 0
        assert page.faults == []


def code_of_now():
    (_, now, _) = auth.yield_hotp_counters_from_time()
    return auth.format_hotp_value(auth.hotp_value(SECRET, now))
