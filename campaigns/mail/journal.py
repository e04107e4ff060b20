"""What a lane has in its hands, kept in the database: taken, asked for one by one, and put back with what became of it.

A worker that dies leaves the row of its lane behind. From it the next one knows which messages arrived, of which one
nobody knows, and which were never begun; those simply wait again.
"""

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F, Q

from campaigns.mail.batch import IN_LANE, Lane, Row
from campaigns.models import Message, SendingLane
from cs_platform import ledger
from cs_platform.tenancy.scope import require_tenant_id

TAKE = "SELECT public.campaigns_take(%s, %s, %s, %s::uuid[], %s::text[], %s, %s)"
STEP = "SELECT public.campaigns_step(%s, %s, %s, %s, %s, %s, %s, %s)"
PUT = "SELECT public.campaigns_put(%s, %s, %s, %s, %s::uuid[], %s)"
NOBODY_KNOWS = f"""
UPDATE campaigns_message m SET state = 'unknown', reason = 'worker_died', attempts = attempts + 1
WHERE {IN_LANE} AND m.state = 'sending'
"""
NOT_BEGUN = f"""
UPDATE campaigns_message m SET state = 'planned', reason = ''
WHERE {IN_LANE} AND m.state = 'sending' AND m.reason = 'in_line'
"""
ARRIVED_AFTER_ALL = """
UPDATE campaigns_message SET state = %(state)s, reason = %(reason)s, detail = %(detail)s,
  sent_at = CASE WHEN %(state)s = 'sent' THEN %(now)s ELSE sent_at END
WHERE tenant_id = %(tenant)s AND id = %(id)s AND state = 'unknown' AND reason = 'worker_died'
"""


class LaneLost(Exception):
    """Another worker has taken the lane over; what was in our hands is in its own."""


@dataclass(frozen=True)
class Result:
    """What became of one message. `tried` is 1 if it was offered to the mail server."""

    id: UUID
    state: str
    reason: str = ""
    detail: str = ""
    due: dt.datetime | None = None
    tried: int = 0

    def plain(self) -> dict[str, Any]:
        due = self.due.isoformat() if self.due else None
        return {
            "id": str(self.id), "state": self.state, "reason": self.reason, "detail": self.detail, "due": due,
            "tried": self.tried,
        }  # fmt: skip


def _json(results: Iterable[Result]) -> str:
    return json.dumps([result.plain() for result in results])


def _one(statement: str, values: Sequence[Any]) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone()[0]


class Journal:
    """The hands of a lane, of this worker alone as long as nobody else opens them."""

    def __init__(self, row: SendingLane) -> None:
        self.mine = [require_tenant_id(), row.pk, row.fence]
        self.recalls = 0

    def take(self, rows: Sequence[Row], names: Sequence[str], now: dt.datetime, here: str) -> dict[UUID, str]:
        """The verdict on each of these messages that still wait; where it is empty the message is ours now. `names`
        are their Message-IDs. LaneLost if the lane is another worker's."""
        answer = _one(TAKE, [*self.mine, [str(row.id) for row in rows], list(names), now, here])
        if answer is None:
            raise LaneLost
        found = json.loads(answer) if isinstance(answer, str) else answer
        self.recalls = found["recalls"]
        return {UUID(pk): verdict for pk, verdict in found["verdicts"].items()}

    def step(self, row: Row, before: Sequence[Result]) -> str:
        """Empty if the message may go now; it is noted as the one on its way. Else "recalled" if mail to somebody was
        stopped since it was taken, "changed" if the contact is not what was read."""
        verdict = str(_one(STEP, [*self.mine, self.recalls, _json(before), row.id, row.contact_id, row.person.email]))
        if verdict == "lost":
            raise LaneLost
        return verdict

    def put(self, results: Sequence[Result], back: Sequence[UUID], now: dt.datetime) -> None:
        """Written to the messages; `back` are those that were taken and not begun."""
        if not _one(PUT, [*self.mine, _json(results), [str(pk) for pk in back], now]):
            raise LaneLost


def recall() -> None:
    """To be called in the transaction that stops mail to somebody, before its end: nothing that a worker has in its
    hands begins any more without being asked for again."""
    lanes = SendingLane.objects.order_by("id").select_for_update(no_key=True).values_list("pk", flat=True)
    SendingLane.objects.filter(pk__in=list(lanes)).update(recalls=F("recalls") + 1)


def tell_late(result: Result, now: dt.datetime) -> None:
    """What a worker that lost its lane still knows of the message that was on its way."""
    with connection.cursor() as cursor:
        values = {"tenant": require_tenant_id(), "now": now, "id": result.id, "state": result.state}
        cursor.execute(ARRIVED_AFTER_ALL, {**values, "reason": result.reason, "detail": result.detail})  # type: ignore[dict-item]


def open_journal(lane: Lane, now: dt.datetime) -> tuple[Journal, set[str]]:
    """The lane is ours. What another worker left in it, or in a lane that has messages of this one, is settled: into
    which states messages came that nobody has told of yet."""
    SendingLane.objects.bulk_create(
        [SendingLane(run_id=lane.run_id, lanes=lane.lanes, number=lane.number)], ignore_conflicts=True
    )
    untold: set[str] = set()
    shared = ~Q(lanes=lane.lanes) | Q(number=lane.number)
    with ledger.unit():
        rows = SendingLane.objects.filter(shared, run_id=lane.run_id).order_by("id").select_for_update(no_key=True)
        mine: SendingLane | None = None
        for row in list(rows):
            untold |= _empty(row, now)
            mine = row if (row.lanes, row.number) == (lane.lanes, lane.number) else mine
        values = {"tenant": require_tenant_id(), "run": lane.run_id, "lanes": lane.lanes, "number": lane.number}
        with connection.cursor() as cursor:
            cursor.execute(NOT_BEGUN, values)  # type: ignore[arg-type]
            cursor.execute(NOBODY_KNOWS, values)  # type: ignore[arg-type]
            untold |= {"unknown"} if cursor.rowcount else set()
    assert mine is not None
    return Journal(mine), untold


def _empty(row: SendingLane, now: dt.datetime) -> set[str]:
    """Takes the row over and writes down what its worker knew."""
    row.fence += 1
    SendingLane.objects.filter(pk=row.pk).update(fence=row.fence)
    done = [Result(**{**line, "id": UUID(line["id"]), "due": _moment(line["due"])}) for line in row.done]
    current, states = row.current, {result.state for result in done}
    Journal(row).put(done, [], now)
    if current is not None:
        left = Message.objects.filter(pk=current, state=Message.State.SENDING)
        if left.update(state=Message.State.UNKNOWN, reason="worker_died", detail="", attempts=F("attempts") + 1):
            states.add(Message.State.UNKNOWN)
    return states


def _moment(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None
