"""Once a night, in the tenant's own night, everything is compared with the org: one job for each connection and local
date, whoever ticks and however often.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from zlib import crc32
from zoneinfo import ZoneInfo

from cs_platform import ledger
from cs_platform.tenancy.models import Tenant
from cs_platform.tenancy.scope import require_tenant_id
from integrations.salesforce import services
from integrations.salesforce.models import Connection, Hint, SyncRun
from integrations.salesforce.services import UNTESTED

ACTOR = ledger.system("nightly comparison")
#: Local time. Connections start spread over the first two hours; who could not begin by the end waits for tomorrow.
NIGHT_BEGINS, NIGHT_ENDS = time(1, 0), time(6, 0)
SPREAD_MINUTES = 120
HINTS_FOR = timedelta(days=7)
BUSY_SECONDS = 120


@ledger.every_minute("salesforce.plan_comparisons")
def plan_comparisons(*, now: datetime) -> None:
    """One job for tonight."""
    zone = ZoneInfo(Tenant.objects.values_list("timezone", flat=True).get(pk=require_tenant_id()))
    local = now.astimezone(zone)
    if not NIGHT_BEGINS <= local.time() < NIGHT_ENDS:
        return
    for connection in Connection.objects.filter(state=Connection.State.CONNECTED):
        if is_wanted(connection):
            due_at = now + timedelta(minutes=crc32(connection.pk.bytes) % SPREAD_MINUTES)
            payload = {"connection_id": str(connection.pk), "until": _end_of_night(local).isoformat()}
            ledger.enqueue(
                "salesforce.compare", payload, due_at=due_at, dedupe_key=f"{connection.pk}:{local.date().isoformat()}"
            )


def is_wanted(connection: Connection) -> bool:
    """A connection that was read once and whose owner did not switch it off."""
    is_read = connection.last_done_at is not None and connection.state_reason != UNTESTED
    return is_read and bool(connection.settings.get("compare_nightly", True))


def _end_of_night(local: datetime) -> datetime:
    return datetime.combine(local.date(), NIGHT_ENDS, local.tzinfo)


@ledger.job("salesforce.compare")
def compare(payload: dict[str, Any], *, now: datetime, lease: Any) -> None:
    """Begin the comparison, after the sync that is at work; begun and done in one transaction, so once."""
    connection = Connection.objects.filter(pk=payload["connection_id"]).first()
    if connection is None or not is_wanted(connection) or now > datetime.fromisoformat(payload["until"]):
        return
    Hint.objects.filter(connection=connection, received_at__lt=now - HINTS_FOR).delete()
    if SyncRun.objects.filter(connection=connection, state=SyncRun.State.RUNNING).exists():
        raise ledger.RetryLater(BUSY_SECONDS, "A sync is at work.")
    try:
        services.start_sync(connection, compare=True, actor=ACTOR, now=now)
    except ledger.Refused:
        return  # paused, broken or out of calls: the page says so, and tomorrow is another night
