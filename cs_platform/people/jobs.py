"""What the queue and the clock ask of people."""

import smtplib
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from cs_platform import ledger
from cs_platform.ledger import effects
from cs_platform.ledger.models import Effect
from cs_platform.people import services
from cs_platform.people.models import Invitation
from cs_platform.tenancy import crypto

RETRY = 30
UNKNOWN = "the line broke while it was sent: nobody knows whether it arrived. Invite again if it did not."


@ledger.job("people.mail_invitation", outside=True)
def mail_invitation(payload: dict[str, Any], *, now: datetime, lease: Any) -> None:
    """The link to the invited address. An invitation that was used or has expired meanwhile is not mailed."""
    invitation = Invitation.objects.select_related("tenant").filter(pk=payload["invitation_id"]).first()
    if invitation is None or not invitation.open_at(now):
        return
    token = crypto.open_sealed(
        payload["sealed"],
        tenant_id=invitation.tenant_id,
        table="people_invitation",
        row=str(invitation.pk),
        field="token",
    )
    context = {
        "tenant": invitation.tenant,
        "invitation": invitation,
        "link": invitation_link(token),
        "product": settings.PRODUCT_NAME,
    }
    message = EmailMessage(
        subject=f"{invitation.tenant.name} invites you to {settings.PRODUCT_NAME}",
        body=render_to_string("people/invitation.txt", context),
        to=[invitation.email],
    )
    _send_once(message, f"invitation/{invitation.pk}/mail", now)


def _send_once(message: EmailMessage, key: str, now: datetime) -> None:
    """A mail that may have arrived is not sent again: whoever looks at the queue sees it and invites anew."""
    line: Any = message.get_connection()  # type: ignore[attr-defined]
    try:
        line.open()
    except (smtplib.SMTPException, OSError) as error:
        raise ledger.RetryLater(RETRY, f"the mail server can not be reached: {type(error).__name__}") from error
    try:
        effect = effects.begin(key, provider="smtp", now=now)
    except effects.AlreadyBegun as begun:
        if begun.effect.state == Effect.State.SENT:
            return
        raise ledger.Dead(UNKNOWN) from None
    try:
        line.send_messages([message])
    except smtplib.SMTPRecipientsRefused as refused:
        effects.forget(effect)
        if all(400 <= code < 500 for code, _ in refused.recipients.values()):
            raise ledger.RetryLater(RETRY, "the mail server says later") from refused
        raise ledger.Dead("the mail server refuses this address") from refused
    except smtplib.SMTPResponseException as refused:
        effects.forget(effect)
        if refused.smtp_code >= 500:
            raise ledger.Dead(f"the mail server refuses it: {refused.smtp_code}") from refused
        raise ledger.RetryLater(RETRY, f"the mail server did not take it: {refused.smtp_code}") from refused
    except (smtplib.SMTPException, OSError) as error:
        effects.finish(effect, Effect.State.UNKNOWN, now=now, reason=type(error).__name__)
        raise ledger.Dead(UNKNOWN) from error
    finally:
        line.close()
    effects.finish(effect, Effect.State.SENT, now=now)


def invitation_link(token: str) -> str:
    return f"{settings.CS_BASE_URL}/invitations/{token}/"


@ledger.every_minute("people.forget_idempotency")
def forget_idempotency(*, now: datetime) -> None:
    services.forget_idempotency(now=now)
