"""Sending the messages of a run: who begins, who goes on, and when it is over.

A run is cut into lanes by the last byte of the message's id, so that workers do not meet; a lane is a row of the queue
and goes on in turns of a few seconds. Each message is asked for and noted before a byte leaves (services.handing). What
a lane finds in the hands of a worker that died is settled first: of one message nobody knows whether it arrived.
"""

import datetime as dt
import time
from collections.abc import Collection
from uuid import UUID

from django.db import connection
from django.db.models import Count

from campaigns.facts import RunFinished
from campaigns.mail import batch
from campaigns.mail.batch import Lane
from campaigns.mail.journal import LaneLost, open_journal
from campaigns.mail.line import Line, Unreachable
from campaigns.models import Enrolment, Message, SendingLane, Series, SeriesRun
from campaigns.selectors.sending import why_nothing_is_sent
from campaigns.services import control, waiting
from campaigns.services.handing import Sender, Silenced, Turn
from campaigns.services.words import CLOCK
from cs_platform import ledger
from cs_platform.tenancy.scope import require_tenant_id

SECONDS = 5.0
UNREACHABLE_PAUSE = 30.0
MESSAGES_PER_LANE = 1000
MOST_LANES = 4
VERB_OF = {"sent": "send", "failed": "fail", "unknown": "lose"}
# Whatever may have reached the contact, and what a pause left out for good, is had. What was told before, was had then.
ADVANCE = """
WITH had AS MATERIALIZED (
  SELECT m.enrolment_id, max(m.position) AS position FROM campaigns_message m
  WHERE m.tenant_id = %(tenant)s AND m.run_id = %(run)s AND (%(all)s OR NOT m.is_noted)
    AND (m.state IN ('sent', 'failed', 'unknown') OR m.state = 'skipped' AND m.reason = 'pause_dropped')
  GROUP BY m.enrolment_id
), behind AS MATERIALIZED (
  SELECT e.ctid AS place, h.position FROM had h JOIN campaigns_enrolment e ON e.id = h.enrolment_id
  WHERE e.tenant_id = %(tenant)s AND e.position < h.position ORDER BY e.id FOR NO KEY UPDATE OF e
)
UPDATE campaigns_enrolment e SET position = b.position FROM behind b
WHERE e.tenant_id = %(tenant)s AND e.ctid = b.place
"""


def hand_out(run: SeriesRun, *, now: dt.datetime) -> None:
    """Leave the work of a run in the queue: as many lanes as it is worth."""
    waiting = Message.objects.filter(run=run, state=Message.State.PLANNED).count()
    lanes = min(MOST_LANES, 1 + waiting // MESSAGES_PER_LANE)
    with ledger.unit():
        rounds = SeriesRun.objects.select_for_update(no_key=True).values_list("rounds", flat=True).get(pk=run.pk) + 1
        SeriesRun.objects.filter(pk=run.pk).update(rounds=rounds)
        for number in range(lanes):
            payload = {"run": str(run.pk), "lane": number, "lanes": lanes}
            ledger.enqueue("campaigns.send", payload, due_at=now, dedupe_key=f"{run.pk}:{rounds}:{number}")


def send_turn(lane: Lane, *, now: dt.datetime, lease: ledger.Lease, seconds: float = SECONDS) -> Turn:
    """A few seconds of one lane."""
    turn = Turn()
    journal, left = open_journal(lane, now)
    turn.states.update(left)
    if not why_nothing_is_sent():
        with Line() as line:
            try:
                line.open()
                control.note_problem("", now=now)
                Sender(lane, journal, line, turn, now).work(time.monotonic() + seconds, lease)
            except Unreachable as trouble:
                turn.problem, turn.wait = str(trouble), UNREACHABLE_PAUSE
                control.note_problem(turn.problem, now=now)
            except Silenced:
                pass
            except LaneLost:
                turn.problem = "another worker has taken this lane over"
    _tell(lane.run_id, turn, now)
    if turn.wait is None:
        turn.wait = _next_due(lane, now)
    if turn.wait is None:
        run = SeriesRun.objects.select_related("series").filter(pk=lane.run_id).first()
        if run is not None:
            finish_if_done(run, now=now)
    return turn


def _tell(run_id: UUID, turn: Turn, now: dt.datetime) -> None:
    """The ledger hears of the messages of a turn in one call for each outcome, and their enrolments move on."""
    if turn.states:
        with ledger.unit():
            advance(run_id)
            _note(run_id, turn.states, now)
    if turn.late:
        missed = Message.objects.filter(pk__in=turn.late, state=Message.State.SKIPPED).select_related("run__series")
        accounts = {message.account_id: message.run for message in missed}
        for run in set(accounts.values()):
            waiting.alert_late(accounts, run, now=now)


def _note(run_id: UUID, states: Collection[str], now: dt.datetime) -> None:
    for state, verb in VERB_OF.items():
        if state in states:
            untold = Message.objects.filter(run_id=run_id, state=state, is_noted=False)
            ledger.change_many(untold, verb, set={"is_noted": True}, actor=CLOCK, now=now)


def advance(run_id: UUID, *, whole: bool = False) -> None:
    """The enrolments of a run have had what became of their messages, since the ledger was told last or in the whole
    run. One lane after the other: two that write the same rows would wait for each other."""
    SeriesRun.objects.select_for_update(no_key=True).filter(pk=run_id).values_list("pk").first()
    with connection.cursor() as cursor:
        cursor.execute(ADVANCE, {"tenant": require_tenant_id(), "run": run_id, "all": whole})


def _next_due(lane: Lane, now: dt.datetime) -> float | None:
    """Seconds until a message of the lane that was put back is due."""
    first = batch.next_due(lane, now)
    return max(1.0, (first - now).total_seconds()) if first else None


def finish_if_done(run: SeriesRun, *, now: dt.datetime) -> bool:
    """A run is finished when no message of it is open, and by nothing else."""
    with ledger.unit():
        live = SeriesRun.objects.select_for_update(of=("self",), no_key=True).select_related("series").get(pk=run.pk)
        messages = Message.objects.filter(run=live)
        if live.state != SeriesRun.State.SENDING or messages.filter(state__in=Message.OPEN).exists():
            return False
        advance(live.pk, whole=True)  # and what another lane noted a moment before
        _note(live.pk, VERB_OF, now)  # what a worker that died did not tell
        SendingLane.objects.filter(run=live).delete()
        with ledger.change(live, "finish", args=(now,), actor=CLOCK, now=now):
            pass
        complete_enrolments(live.series, now=now)
        counts = messages.order_by().values_list("state").annotate(n=Count("pk"))
        ledger.publish(RunFinished(str(live.series_id), str(live.pk), dict(counts)))
    return True


def complete_enrolments(series: Series, *, now: dt.datetime) -> None:
    last = series.items.count()
    done = Enrolment.objects.filter(series=series, state=Enrolment.State.ACTIVE, position__gte=last)
    ledger.change_many(done, "complete", set={"ended_at": now}, actor=CLOCK, now=now)
