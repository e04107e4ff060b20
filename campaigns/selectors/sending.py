"""Whether this tenant's mail goes out at all, and why one message may not."""

from collections.abc import Collection
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection

from campaigns.installation import installation_id
from campaigns.models import Message, SendingControl
from cs_platform.tenancy import crypto
from cs_platform.tenancy.scope import require_tenant_id

SEALED_IN = {"table": "campaigns_sendingcontrol", "field": "address secret"}


def control() -> SendingControl:
    return SendingControl.objects.get()


def address_secret() -> bytes:
    """What the tenant's address hashes are keyed with."""
    row = control()
    return _opened(row.tenant_id, str(row.pk), row.sealed_secret)


@lru_cache(maxsize=512)
def _opened(tenant_id: int, row: str, sealed: str) -> bytes:
    return bytes.fromhex(crypto.open_sealed(sealed, tenant_id=tenant_id, row=row, **SEALED_IN))


def is_of_another_installation() -> bool:
    """The data are a copy that woke up elsewhere and was not adopted: nothing may leave it, mail or anything else."""
    return control().installation_id != (installation_id() or None)


def why_nothing_is_sent() -> str:
    """Why the whole tenant is silent, in words; empty if it is not."""
    row = control()
    here = installation_id()
    if not row.is_on:
        return f"Sending is switched off: {row.stopped_why}" if row.stopped_why else "Sending is switched off."
    if not here:
        return "This installation has no name of its own, so nothing is sent. Set CS_INSTALLATION_ID."
    if row.installation_id != here:
        return (
            "These data belong to another installation (a copy was restored here?), so nothing is sent from this one."
            " If this is the one that shall send from now on, say so on the page of the campaigns."
        )
    return ""


def verdicts_on(message_ids: Collection[UUID], *, now: datetime) -> dict[UUID, str]:
    """Of each, why it may not go out at this moment; empty if it may. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT w.id, public.campaigns_verdict(%s, w.id, %s, %s) FROM unnest(%s::uuid[]) AS w (id)",
            [require_tenant_id(), now, installation_id(), [str(pk) for pk in message_ids]],
        )
        return dict(cursor.fetchall())


def verdict_on(message: Message, *, now: datetime) -> str:
    """Why it may not go out at this moment, as a code of reasons.WORDS; empty if it may. The sender asks the same."""
    with connection.cursor() as cursor:
        values: list[Any] = [require_tenant_id(), message.pk, now, installation_id()]
        cursor.execute("SELECT public.campaigns_verdict(%s, %s, %s, %s)", values)
        return str(cursor.fetchone()[0])
