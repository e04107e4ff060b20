"""What the tests of the second factor share: a clock for codes, and people who have a factor."""

import re
from types import SimpleNamespace

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth
from django.core.cache import cache

from cs_platform.people.second_factor import sealing
from tests.cast import NOW, PASSWORD

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


class CodeClock:
    """The time that codes are made and judged by."""

    def __init__(self):
        self.at = int(NOW.timestamp())

    def later(self, seconds=60):
        self.at += seconds

    def code(self, secret=SECRET, steps=0):
        return auth.format_hotp_value(auth.hotp_value(secret, self.at // 30 + steps))


@pytest.fixture
def codes(monkeypatch):
    clock = CodeClock()
    monkeypatch.setattr(auth, "time", SimpleNamespace(time=lambda: clock.at))
    cache.clear()
    yield clock
    cache.clear()


def with_app(user, secret=SECRET):
    """The user has an authenticator app, as if it had been set up long ago."""
    data = {"secret": sealing.seal(secret, user_id=user.pk)}
    return Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data=data)


def with_codes(user):
    """Recovery codes; returns them."""
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes

    data = {"seed": sealing.seal(RecoveryCodes.generate_seed(), user_id=user.pk), "used_mask": 0}
    made = Authenticator.objects.create(user=user, type=Authenticator.Type.RECOVERY_CODES, data=data)
    return RecoveryCodes(made).generate_codes()


def log_in(client, user, password=PASSWORD):
    return client.post("/auth/login/", {"login": user.email, "password": password})


def confirm(client, password=PASSWORD):
    """The password once more, before something is changed."""
    return client.post("/auth/reauthenticate/", {"password": password})


def secret_on(page):
    return re.search(r'value="([A-Z2-7]{32})"', page.content.decode())[1]


def is_in(client):
    return client.get("/settings/members/").status_code == 200
