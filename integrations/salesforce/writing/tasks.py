"""The queue's and the clock's doors of the way back."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from cs_platform import ledger
from cs_platform.ledger.models import Outbox
from integrations.salesforce.models import Connection, SalesforceUser, Write
from integrations.salesforce.writing import draining, noting, refusals
from integrations.salesforce.writing.calls import why_closed
from integrations.salesforce.writing.fields import BY_KEY, target

ACTOR = ledger.system("salesforce writing")


@ledger.job(noting.KIND, outside=True)
def write_back(payload: dict[str, Any], *, now: datetime, lease: Any) -> None:
    """At most twenty seconds of writing for one connection; for what is left the same row of the queue is due again."""
    try:
        draining.drain(UUID(payload["connection_id"]), actor=ACTOR, now=now, keep_alive=lease.renew)
    except draining.Later as later:
        raise ledger.RetryLater(later.seconds, later.reason) from later


@ledger.every_minute("salesforce.plan_writes")
def plan_writes(*, now: datetime) -> None:
    """Start what nobody is about to write: after a pause, a repair, a hold, or when the reason of a refusal is gone."""
    for connection in Connection.objects.filter(state=Connection.State.CONNECTED):
        if not draining.may_write(connection, now):
            continue
        _open_again(connection, now)
        order = f"{noting.KIND}:{connection.pk}"
        under_way = Outbox.objects.filter(kind=noting.KIND, order_key=order, state__in=["pending", "leased"])
        if draining.due(connection, now).exists() and not under_way.exists():
            noting.start(connection, now=now, key=f"{connection.pk}:{now:%Y%m%d%H%M}")


def _open_again(connection: Connection, now: datetime) -> None:
    """Fields that can be written by now, and owners who are users by now."""
    again = {"state": Write.State.WAITING, "due_at": now, "attempts": 0, "code": "", "reason": ""}
    mine = Write.objects.filter(connection=connection)
    closed = mine.filter(state=Write.State.BLOCKED)
    for sobject, key in sorted(set(closed.values_list("sobject", "key"))) if closed.exists() else ():
        if _is_open(connection, sobject, key):
            closed.filter(sobject=sobject, key=key).update(**again)
    linked = SalesforceUser.objects.filter(connection=connection, membership_id__isnull=False)
    nobody = mine.filter(state=Write.State.FAILED, code=refusals.NO_USER)
    if nobody.exists():
        known = {str(member) for member in linked.values_list("membership_id", flat=True)}
        ready = [pk for pk, wanted in nobody.values_list("pk", "wanted") if wanted in known]
        nobody.filter(pk__in=ready).update(**again)


def _is_open(connection: Connection, sobject: str, key: str) -> bool:
    from integrations.salesforce.client import FieldInfo

    described = {name: FieldInfo(*info) for name, info in connection.described.get(sobject, {}).items()}
    if key not in BY_KEY:
        return bool(described)
    name = target(connection.settings, key)
    return bool(name) and not why_closed(sobject, name, described)
