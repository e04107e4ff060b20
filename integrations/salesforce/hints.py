"""Salesforce may tell us that something has changed: by outbound messages, or by change events that a relay posts.

What it says is not believed and not read: it is only a reason to look soon. So a lost message costs time and nothing
else, and a forged one costs a look at most. The address is signed; changing its generation ends the old one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import connection as database

from cs_platform import ledger
from integrations.salesforce import services
from integrations.salesforce.models import Connection, SyncRun

ACTOR = ledger.system("salesforce hint")
SALT = "salesforce.hints"
LONGEST_TOKEN = 300
#: Messages come in swarms: one look answers all of this stretch, and looks keep this distance.
SWARM = timedelta(seconds=30)
SETTLE = timedelta(seconds=5)

_KEEP = """
INSERT INTO salesforce_hint (tenant_id, connection_id, external_id, received_at)
SELECT %s, %s, told.id, %s FROM unnest(%s::text[]) AS told(id)
ON CONFLICT (tenant_id, connection_id, external_id) DO NOTHING
"""


@dataclass(frozen=True)
class Address:
    """What the signed part of an address names."""

    tenant_id: int
    connection_id: UUID
    generation: int


def _signer() -> signing.Signer:
    return signing.Signer(salt=SALT, sep=".")


def address_of(connection: Connection) -> str:
    """Where Salesforce sends its messages."""
    named = f"{connection.tenant_id}-{connection.pk.hex}-{connection.hint_generation}"
    return f"{settings.CS_BASE_URL}/hooks/salesforce/{_signer().sign(named)}/"


def read_token(text: str) -> Address | None:
    """None for everything that we did not sign; nobody asks the database for it."""
    if len(text) > LONGEST_TOKEN or not text.isascii():
        return None
    try:
        tenant_id, connection_id, generation = _signer().unsign(text).split("-")
        return Address(int(tenant_id), UUID(connection_id), int(generation))
    except (signing.BadSignature, ValueError):
        return None


def connection_at(address: Address) -> Connection | None:
    """The connection of an address, in its tenant's scope; None if it is gone or has another address by now."""
    return Connection.objects.filter(pk=address.connection_id, hint_generation=address.generation).first()


def rotate_address(connection: Connection, *, actor: ledger.Actor, now: datetime) -> Connection:
    """The address becomes another one; the old one is unknown at once."""
    with ledger.change(connection, "rotate_hints", actor=actor, now=now) as connection:
        connection.hint_generation += 1
    return connection


class WrongOrg(Exception):
    """The message names another org than the one that is connected."""


def receive(connection: Connection, org_id: str, ids: Sequence[str], *, now: datetime) -> int:
    """Keep what is new and look soon; how many were new. Refused (WrongOrg) if it is not this org's."""
    if org_id and connection.org_id and org_id != connection.org_id:
        raise WrongOrg
    with ledger.unit():
        with database.cursor() as cursor:
            cursor.execute(_KEEP, [connection.tenant_id, connection.pk, now, sorted(set(ids))])
            fresh: int = cursor.rowcount
        if fresh:
            Connection.objects.filter(pk=connection.pk).update(last_hint_at=now)
            swarm = int(now.timestamp() // SWARM.total_seconds())
            payload = {"connection_id": str(connection.pk), "at": now.isoformat()}
            ledger.enqueue("salesforce.look_soon", payload, due_at=now + SETTLE, dedupe_key=f"{connection.pk}:{swarm}")
    return fresh


@ledger.job("salesforce.look_soon")
def look_soon(payload: dict[str, Any], *, now: datetime, lease: Any) -> None:
    """A sync because of a hint, unless one has begun since."""
    connection = Connection.objects.filter(pk=payload["connection_id"]).first()
    if connection is None or connection.state_reason == services.UNTESTED:
        return
    last = connection.last_started_at
    if last is not None and last >= datetime.fromisoformat(payload["at"]):
        return
    if SyncRun.objects.filter(connection=connection, state=SyncRun.State.RUNNING).exists():
        raise ledger.RetryLater(15, "A sync is at work.")
    if last is not None and now - last < SWARM:
        raise ledger.RetryLater(int((SWARM - (now - last)).total_seconds()) + 1, "The last look was just now.")
    try:
        services.start_sync(connection, actor=ACTOR, now=now)
    except ledger.Refused:
        return  # paused, broken or out of calls
