"""Writing what waits, in chunks: claim, look, write, note the answer. Each step is a transaction of its own and no call
is inside one; a process that dies leaves rows that the next one takes up, and looks before it writes again.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from uuid import UUID

from django.db import transaction
from django.db.models import F, Min, Q, QuerySet
from uuid_utils.compat import uuid7

from campaigns.selectors import is_of_another_installation
from cs_platform import ledger
from integrations.salesforce import connecting, syncing
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import SalesforceError
from integrations.salesforce.models import Connection, Write
from integrations.salesforce.writing import calls, making

SECONDS = 20.0
CHUNK = 200
RECORDS_AT_ONCE = 25
LONGEST_PAUSE = 300.0
PAUSE_AFTER = {"lock": 5.0, "limit_concurrent": 30.0, "nonsense": 20.0, "auth": 5.0}


class Later(Exception):
    """Not all is written, for a reason that passes."""

    def __init__(self, seconds: float, reason: str) -> None:
        super().__init__(reason)
        self.seconds, self.reason = seconds, reason


@dataclass(frozen=True)
class Session:
    """One stretch of writing."""

    connection: Connection
    client: SalesforceClient
    actor: ledger.Actor
    now: datetime
    keep_alive: Callable[[], None]

    def before_call(self) -> None:
        """Ours still, and within our share of the org's calls."""
        self.keep_alive()
        connecting.check_budget(self.connection, self.client, now=self.now)


def drain(
    connection_id: UUID,
    *,
    actor: ledger.Actor,
    now: datetime,
    seconds: float = SECONDS,
    keep_alive: Callable[[], None] = lambda: None,
) -> None:
    """Write what is due. Returns when nothing can be done now: all is written, or the connection is paused, broken or
    out of calls (then the rows wait). Raises Later if it is worth to come back.
    """
    connection = Connection.objects.filter(pk=connection_id).first()
    if connection is None or not may_write(connection, now):
        return
    until = monotonic() + seconds
    client = None
    told = 0
    try:
        client = connecting.client_for(connection, now=now)
        session = Session(connection, client, actor, now, keep_alive)
        while rows := claim(connection, now=now):
            try:
                step = calls.write_fields if rows[0].kind == Write.Kind.FIELD else making.make_records
                step(session, rows)
            finally:
                told = _note_calls(session, told)
            if monotonic() >= until:
                raise Later(0, "There is more to write.")
            connection.refresh_from_db()
            if not may_write(connection, now):
                return
    except SalesforceError as error:
        _failed(connection, error, actor=actor, now=now)
        return
    finally:
        if client is not None:
            client.close()
    _come_back(connection, now)


def may_write(connection: Connection, now: datetime) -> bool:
    """A copy of the data that was restored elsewhere writes nothing: the org belongs to where the data come from."""
    from integrations.salesforce.services import UNTESTED

    if is_of_another_installation():
        return False
    is_held = connection.hold_until is not None and connection.hold_until > now
    return connection.state == Connection.State.CONNECTED and connection.state_reason != UNTESTED and not is_held


def due(connection: Connection, now: datetime) -> QuerySet[Write]:
    """What can be taken up: waiting and due, or left by a process that is gone. Only one process writes for a
    connection at a time (the queue sees to that), so whatever is being sent when it begins, nobody sends.
    """
    waiting = Q(state=Write.State.WAITING, due_at__lte=now)
    return Write.objects.filter(waiting | Q(state=Write.State.SENDING), connection=connection)


def claim(connection: Connection, *, now: datetime) -> list[Write]:
    """The next chunk: fields of one object, all that are due of a record together, or records of one object."""
    with transaction.atomic():
        oldest = due(connection, now).order_by("due_at", "id").first()
        if oldest is None:
            return []
        same = due(connection, now).filter(kind=oldest.kind, sobject=oldest.sobject)
        if oldest.kind == Write.Kind.FIELD:
            first = same.values("sf_id").annotate(first=Min("due_at")).order_by("first", "sf_id")
            same = same.filter(sf_id__in=[row["sf_id"] for row in first[:CHUNK]])
        else:
            first_ids = same.order_by("due_at", "id").values_list("pk", flat=True)[:RECORDS_AT_ONCE]
            same = same.filter(pk__in=list(first_ids))
        rows = _one_by_one(list(same.select_for_update(of=("self",)).order_by("sf_id", "id")))
        token = uuid7()
        Write.objects.filter(pk__in=[row.pk for row in rows]).update(state=Write.State.SENDING, claim=token)
        for row in rows:
            row.claim = token
    return rows


def _one_by_one(rows: list[Write]) -> list[Write]:
    """Of a record that was refused without saying for which field, one field at a time."""
    alone = {row.sf_id for row in rows if row.alone}
    taken: set[str] = set()
    chosen = []
    for row in rows:
        if row.sf_id in alone and (row.sf_id in taken or not row.alone):
            continue
        taken.add(row.sf_id)
        chosen.append(row)
    return chosen


def _note_calls(session: Session, told: int) -> int:
    """Calls count whatever came of them."""
    made = session.client.usage.calls
    if made > told:
        connecting.note_usage(session.connection, session.client, calls=made - told, now=session.now)
    return made


def _failed(connection: Connection, error: SalesforceError, *, actor: ledger.Actor, now: datetime) -> None:
    """What an error of a whole call means. What was being sent waits again; whether it arrived, the next look shows."""
    if error.code == "INVALID_FIELD":  # the org has changed since it was described: look again
        Connection.objects.filter(pk=connection.pk).update(described={}, described_at=None)
    with ledger.unit():
        sending = Write.objects.filter(connection=connection, state=Write.State.SENDING)
        attempts = max(sending.values_list("attempts", flat=True), default=0) + 1
        pause = pause_before(attempts, PAUSE_AFTER.get(error.kind, 5.0))
        sending.update(attempts=F("attempts") + 1, reason=error.message[:500])
        sending.filter(kind=Write.Kind.FIELD).update(
            state=Write.State.WAITING, claim=None, due_at=now + timedelta(seconds=pause)
        )
        if error.kind == "limit_daily":
            hold = {"hold_until": connecting.next_reset(now), "hold_reason": error.message}
            Connection.objects.filter(pk=connection.pk).update(**hold)
            return
        if error.kind == "auth" and error.permanent:
            syncing.break_down(connection, error.message, actor=actor, now=now)
            return
    raise Later(pause, error.message)


def _come_back(connection: Connection, now: datetime) -> None:
    """Something waits for its time: come back then."""
    soonest = Write.objects.filter(connection=connection, state=Write.State.WAITING).aggregate(at=Min("due_at"))["at"]
    if soonest is not None:
        raise Later(max(1.0, (soonest - now).total_seconds()), "Some records are tried again later.")


def pause_before(attempt: int, first: float = 2.0) -> float:
    """Twice as long each time, with jitter, so that two who waited for the same lock do not meet again."""
    return float(min(first * 2 ** (attempt - 1), LONGEST_PAUSE) * random.uniform(0.8, 1.3))  # noqa: S311
