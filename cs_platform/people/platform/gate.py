"""Who comes in: platform staff with a second factor that was used in this session, and a reason not older than half an
hour. Anybody else finds nothing here."""

from datetime import datetime, timedelta
from urllib.parse import urlencode

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from cs_platform.people.models import User
from cs_platform.people.second_factor import rule
from cs_platform.tenancy import clock

REASON_KEY = "platform.reason"
KEPT = timedelta(minutes=30)
LEAST, MOST = 10, 300


def halt(request: HttpRequest, *, with_reason: bool = True) -> HttpResponse | None:
    """Where somebody has to go first; None for whoever may look."""
    user = request.user
    if not isinstance(user, User):
        return redirect_to_login(request.get_full_path())
    if not user.is_staff:
        raise Http404
    if not rule.has_factor(user.pk):
        messages.warning(request, "Platform staff work with a second factor. Set one up to go on.")
        return redirect("mfa_index")
    if not any(record.get("method") == "mfa" for record in get_authentication_records(request, user)):
        codes = Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists()
        return _first("mfa_reauthenticate" if codes else "mfa_reauthenticate_webauthn", request)
    if with_reason and not reason(request):
        return _first("admin:reason", request)
    return None


def _first(name: str, request: HttpRequest) -> HttpResponse:
    return redirect(f"{reverse(name)}?{urlencode({'next': request.get_full_path()})}")


def reason(request: HttpRequest) -> str:
    """Why this person is here, "" when it was not said or is too long ago."""
    return still(request.session.get(REASON_KEY))


def give_reason(request: HttpRequest, words: str) -> None:
    request.session[REASON_KEY] = {"words": words, "until": (clock.now() + KEPT).isoformat()}


def still(kept: object) -> str:
    if not isinstance(kept, dict):
        return ""
    return str(kept["words"]) if datetime.fromisoformat(kept["until"]) > clock.now() else ""
