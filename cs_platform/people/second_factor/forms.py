"""The forms of django-allauth with two more refusals: a code that was used before, and a body that is no credential."""

from collections.abc import Callable
from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as base
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.webauthn import forms as webauthn
from django.db import transaction

NO_CREDENTIAL = (TypeError, ValueError, KeyError, AttributeError, IndexError, OverflowError)


def spend(authenticator: Authenticator, code: str) -> bool:
    """The code's place in time is used up, for good: the cache that remembers it otherwise may be flushed. False if
    this code, or a later one, was used before."""
    with transaction.atomic():
        live = Authenticator.objects.select_for_update().get(pk=authenticator.pk)
        secret = get_adapter().decrypt(live.data["secret"])
        last = int(live.data.get("spent", 0))
        for counter in totp.yield_hotp_counters_from_time():
            value = totp.format_hotp_value(totp.hotp_value(secret, counter))
            if counter > last and totp.compare_user_code(actual=code, expected=value):
                live.data["spent"] = counter
                live.save(update_fields=["data"])
                authenticator.data = live.data
                return True
    return False


class _CodeOnce:
    def clean_code(self) -> str:
        code = super().clean_code()  # type: ignore[misc]
        authenticator: Authenticator = self.authenticator  # type: ignore[attr-defined]
        if authenticator.type == Authenticator.Type.TOTP and not spend(authenticator, code):
            raise get_adapter().validation_error("incorrect_code")
        return code  # type: ignore[no-any-return]


class AuthenticateForm(_CodeOnce, base.AuthenticateForm):
    pass


class ReauthenticateForm(_CodeOnce, base.ReauthenticateForm):
    pass


def _credential(read: Callable[[], Any]) -> Any:
    """The library reads what a browser made; what a person made up is refused in the same words."""
    try:
        return read()
    except NO_CREDENTIAL:
        raise get_adapter().validation_error("incorrect_code") from None


class AddPasskeyForm(webauthn.AddWebAuthnForm):
    def clean_name(self) -> str:
        return " ".join(super().clean_name().split())[:60]

    def clean(self) -> dict[str, Any]:
        return _credential(super().clean)  # type: ignore[no-any-return]


class AuthenticatePasskeyForm(webauthn.AuthenticateWebAuthnForm):
    def clean_credential(self) -> Authenticator:
        return _credential(super().clean_credential)  # type: ignore[no-any-return]


class LoginPasskeyForm(webauthn.LoginWebAuthnForm):
    def clean_credential(self) -> Authenticator:
        return _credential(super().clean_credential)  # type: ignore[no-any-return]


class ReauthenticatePasskeyForm(webauthn.ReauthenticateWebAuthnForm):
    def clean_credential(self) -> Authenticator:
        return _credential(super().clean_credential)  # type: ignore[no-any-return]
