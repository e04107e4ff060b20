"""A factor that comes or goes is told to the ledger of each organisation of the person, and to the person by mail."""

import logging
import smtplib
from datetime import datetime
from typing import Any
from uuid import uuid4

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from cs_platform import ledger
from cs_platform.people import selectors
from cs_platform.people.models import Membership, User
from cs_platform.people.second_factor import forms
from cs_platform.tenancy import clock
from cs_platform.tenancy.scope import tenant_scope

log = logging.getLogger(__name__)
WORDS = {
    Authenticator.Type.TOTP: "an authenticator app",
    Authenticator.Type.WEBAUTHN: "a passkey",
    Authenticator.Type.RECOVERY_CODES: "recovery codes",
}
HAPPENED = {
    "added": "{what} was added to your account",
    "removed": "{what} was removed from your account",
    "renewed": "Your recovery codes were made anew; the old ones do not work any more",
    "reset": "Your second factor was taken away by {what}",
}


def on_added(sender: Any, user: User, authenticator: Authenticator, request: Any = None, **_: Any) -> None:
    if authenticator.type == Authenticator.Type.TOTP and request is not None:
        forms.spend(authenticator, request.POST.get("code", ""))
    _tell(user, "added", authenticator)


def on_removed(sender: Any, user: User, authenticator: Authenticator, **_: Any) -> None:
    _tell(user, "removed", authenticator)


def on_reset(sender: Any, user: User, authenticator: Authenticator, **_: Any) -> None:
    _tell(user, "renewed", authenticator)


def _tell(user: User, what: str, authenticator: Authenticator) -> None:
    now, words = clock.now(), WORDS[Authenticator.Type(authenticator.type)]
    # Codes come and go with the factor that they stand behind; that mail says enough.
    with_mail = what == "renewed" or authenticator.type != Authenticator.Type.RECOVERY_CODES
    places = selectors.places_of(user)
    for place in places:
        with tenant_scope(place.tenant), ledger.unit():
            member = Membership.objects.select_related("user").get(pk=place.membership_id)
            changes = {
                "second factor": [None, words] if what == "added" else [words, None if what == "removed" else words]
            }
            ledger.note(member, f"{what}_second_factor", actor=member.actor, now=now, changes=changes)
            if with_mail and place is places[0]:
                mail_through_queue(user, what, now=now, words=words)
    if with_mail and not places:  # platform staff: no organisation whose queue could carry it
        try:
            _send(user, what, words, now)
        except (smtplib.SMTPException, OSError):
            log.exception("the mail about a second factor did not go out")


def mail_through_queue(user: User, what: str, *, now: datetime, words: str) -> None:
    """In the scope and the transaction of the change."""
    payload = {"user_id": user.pk, "what": what, "words": words, "at": now.isoformat()}
    ledger.enqueue("people.mail_second_factor", payload, due_at=now, dedupe_key=uuid4().hex)


@ledger.job("people.mail_second_factor", outside=True)
def mail_second_factor(payload: dict[str, Any], *, now: datetime, lease: Any) -> None:
    user = User.objects.filter(pk=payload["user_id"]).first()
    if user is None:
        return
    try:
        _send(user, payload["what"], payload["words"], datetime.fromisoformat(payload["at"]))
    except smtplib.SMTPRecipientsRefused as refused:
        raise ledger.Dead("the mail server refuses this address") from refused
    except (smtplib.SMTPException, OSError) as error:
        raise ledger.RetryLater(120, f"the mail server did not take it: {type(error).__name__}") from error


def _send(user: User, what: str, words: str, at: datetime) -> None:
    happened = HAPPENED[what].format(what=words)
    context = {
        "user": user,
        "happened": happened[0].upper() + happened[1:],
        "at": at,
        "product": settings.PRODUCT_NAME,
        "link": f"{settings.CS_BASE_URL}/auth/2fa/",
    }
    body = render_to_string("people/second_factor_mail.txt", context)
    EmailMessage(subject=f"{settings.PRODUCT_NAME}: your second factor", body=body, to=[user.email]).send()
