"""What the queue and the clock ask of people."""

import smtplib
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from cs_platform import ledger
from cs_platform.people import services
from cs_platform.people.models import Invitation
from cs_platform.tenancy import crypto


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
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused as refused:
        raise ledger.Dead("the mail server refuses this address") from refused
    except (smtplib.SMTPException, OSError) as error:
        raise ledger.RetryLater(120, f"the mail server did not take it: {type(error).__name__}") from error


def invitation_link(token: str) -> str:
    return f"{settings.CS_BASE_URL}/invitations/{token}/"


@ledger.every_minute("people.forget_idempotency")
def forget_idempotency(*, now: datetime) -> None:
    services.forget_idempotency(now=now)
