"""Passkeys in a real browser, with the virtual authenticator of its debugging protocol."""

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache

from tests.cast import PASSWORD
from tests.chrome import chrome

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture(autouse=True)
def _no_limit_is_left_over():
    cache.clear()


def plug_in(page, **changes):
    """A device that answers by itself; returns the session and its id."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": {**DEVICE, **changes}})
    return session, made["authenticatorId"]


def sign_in(page, member):
    page.goto("/auth/login/")
    page.get_by_label("E-mail address").fill(member.user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def add_passkey(page, *, passwordless):
    page.goto("/auth/2fa/webauthn/add/")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    page.get_by_label("Name").fill("Laptop")
    if passwordless:
        page.get_by_label("Sign in with it instead of the password").check()
    page.get_by_role("button", name="Add it").click()
    page.get_by_role("heading", name="Recovery codes").wait_for()


def sign_out(page):
    page.context.clear_cookies()


def test_a_passkey_signs_in_without_the_password(ana, live_server):
    with chrome(live_server) as page:
        plug_in(page)
        sign_in(page, ana)
        page.wait_for_url(f"{live_server.url}/")
        add_passkey(page, passwordless=True)
        with page.expect_download() as download:
            page.get_by_role("link", name="Download them").click()
        assert len(download.value.path().read_text().split()) == 10
        sign_out(page)
        page.goto("/auth/login/")
        page.get_by_role("button", name="Sign in with a passkey").click()
        page.wait_for_url(f"{live_server.url}/")
        assert page.get_by_role("navigation", name="Main", exact=True).is_visible()
        assert page.faults == []


def test_a_passkey_is_the_second_step_after_the_password(ana, live_server):
    with chrome(live_server, width=390) as page:
        session, device = plug_in(page)
        sign_in(page, ana)
        page.wait_for_url(f"{live_server.url}/")
        add_passkey(page, passwordless=False)
        page.goto("/auth/2fa/webauthn/")
        assert page.get_by_text("Laptop").is_visible()
        sign_out(page)
        sign_in(page, ana)
        page.get_by_role("heading", name="One more step").wait_for()
        session.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": device})
        other = session.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})["authenticatorId"]
        page.get_by_role("button", name="Use a passkey").click()
        page.get_by_text("The passkey was not used.").wait_for()
        assert "/auth/2fa/authenticate/" in page.url
        assert other and page.faults == []


def test_the_second_step_with_the_right_device_opens_the_door(ana, live_server):
    with chrome(live_server) as page:
        plug_in(page)
        sign_in(page, ana)
        page.wait_for_url(f"{live_server.url}/")
        add_passkey(page, passwordless=False)
        sign_out(page)
        sign_in(page, ana)
        page.get_by_role("button", name="Use a passkey").click()
        page.wait_for_url(f"{live_server.url}/")
        page.goto("/auth/2fa/webauthn/")
        page.get_by_role("link", name="Remove").click()
        page.get_by_role("link", name="password").or_(page.get_by_label("Password")).first.wait_for()
        assert Authenticator.objects.filter(type="webauthn").count() == 1
        assert page.faults == []
