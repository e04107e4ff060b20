"""Sending the messages of a run: each is marked before a byte leaves, handed over, and settled, one commit a step.

A run is cut into lanes by the last byte of the message's id, so that workers do not meet; a lane is a row of the queue
and goes on in turns of a few seconds. What a lane finds at `sending` when it starts was left by a worker that died:
nobody knows whether it arrived.
"""

import datetime as dt
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection
from django.db.models import Count

from campaigns import addresses
from campaigns.content import BadTemplate, compile_template
from campaigns.facts import RunFinished
from campaigns.installation import installation_id
from campaigns.mail import batch
from campaigns.mail.batch import Lane
from campaigns.mail.envelope import BadHeader, date_header, message_bytes
from campaigns.mail.line import Fate, Line, Outcome, Unreachable
from campaigns.models import Enrolment, Message, Series, SeriesRun, TemplateVersion
from campaigns.selectors.sending import address_secret, why_nothing_is_sent
from campaigns.services import control, waiting
from campaigns.services.words import CLOCK
from cs_platform import ledger
from cs_platform.tenancy.scope import require_tenant_id

SECONDS = 5.0
FETCHED = 200
MESSAGES_PER_LANE = 1000
MOST_LANES = 4
MOST_ATTEMPTS = 8
PAUSES = (60, 300, 900, 1800, 3600)
# A verdict that concerns the whole tenant ends the turn; these states end one message; everything else leaves it out.
EVERYBODY = {"tenant_suspended", "sending_off", "other_installation"}
STATE_OF = {"series_paused": "held", "enrolment_paused": "held", "suppressed": "suppressed"}
VERB_OF = {"sent": "send", "failed": "fail", "unknown": "lose"}


@dataclass
class Turn:
    """What one turn of a lane did. `wait` is when to look again: None when nothing is left to wait for."""

    ids: dict[str, list[UUID]] = field(default_factory=lambda: defaultdict(list))
    late: list[UUID] = field(default_factory=list)
    wait: float | None = None
    problem: str = ""


def hand_out(run: SeriesRun, *, now: dt.datetime) -> None:
    """Leave the work of a run in the queue: as many lanes as it is worth."""
    waiting = Message.objects.filter(run=run, state=Message.State.PLANNED).count()
    lanes = min(MOST_LANES, 1 + waiting // MESSAGES_PER_LANE)
    with ledger.unit():
        rounds = SeriesRun.objects.select_for_update().values_list("rounds", flat=True).get(pk=run.pk) + 1
        SeriesRun.objects.filter(pk=run.pk).update(rounds=rounds)
        for number in range(lanes):
            payload = {"run": str(run.pk), "lane": number, "lanes": lanes}
            ledger.enqueue("campaigns.send", payload, due_at=now, dedupe_key=f"{run.pk}:{rounds}:{number}")


def send_turn(lane: Lane, *, now: dt.datetime, lease: ledger.Lease, seconds: float = SECONDS) -> Turn:
    """A few seconds of one lane."""
    turn = Turn()
    _give_up_leftovers(lane, turn)
    if not why_nothing_is_sent():
        with Line() as line:
            try:
                line.open()
                control.note_problem("", now=now)
                _Sender(lane, line, turn, now).work(time.monotonic() + seconds, lease)
            except Unreachable as trouble:
                turn.problem, turn.wait = str(trouble), 60.0
                control.note_problem(turn.problem, now=now)
    _tell(turn, now)
    if turn.wait is None:
        turn.wait = _next_due(lane, now)
    if turn.wait is None:
        run = SeriesRun.objects.select_related("series").filter(pk=lane.run_id).first()
        if run is not None:
            finish_if_done(run, now=now)
    return turn


class _Sender:
    """The loop of a turn. The result of one message and the claim of the next travel together."""

    def __init__(self, lane: Lane, line: Line, turn: Turn, now: dt.datetime) -> None:
        self.lane, self.line, self.turn, self.now = lane, line, turn, now
        self.tenant_id = require_tenant_id()
        self.here = installation_id()
        self.frame = batch.frame_of(lane.run_id, address_secret())
        self.date = date_header(now)
        self.pending: tuple[str, list[Any]] | None = None

    def work(self, until: float, lease: ledger.Lease) -> None:
        renew_at = time.monotonic() + 15
        try:
            for row in self._rows(until):
                if time.monotonic() > renew_at:
                    lease.renew()
                    renew_at = time.monotonic() + 15
                if not self._one(row):
                    return
        finally:
            self._settle_pending()

    def _rows(self, until: float) -> Iterator[batch.Row]:
        after: tuple[dt.datetime, UUID] | None = None
        while True:
            rows = batch.fetch(self.lane, self.now, after, FETCHED)
            for row in rows:
                yield row  # at least one, or a slow look at the table would be all that a turn does
                if time.monotonic() > until:
                    self.turn.wait = 0.0
                    return
            if len(rows) < FETCHED:
                return
            after = (rows[-1].due_at, rows[-1].id)

    def _one(self, row: batch.Row) -> bool:
        """False when the whole tenant must not send any more."""
        try:
            email = addresses.normal(row.person.email)
        except addresses.BadAddress:
            self._settle(row.id, "skipped", "no_address")
            return True
        if addresses.key(email, self.frame.secret) != row.address_key:
            self._follow_address(row, addresses.key(email, self.frame.secret))
            return True
        try:
            mail = self._mail(row, email)
        except (BadHeader, BadTemplate, TemplateVersion.DoesNotExist) as error:
            self._settle(row.id, "skipped", "no_mail", str(error))
            return True
        self.line.open()
        verdict = self._claim(row)
        if verdict in EVERYBODY:
            return False
        if verdict == "":
            self._deliver(row, email, mail)
        elif verdict == "changed":
            self.turn.wait = 0.0  # read again in the next turn
        elif verdict != "gone":
            self._settle(row.id, STATE_OF.get(verdict, "skipped"), verdict)
            if verdict == "late":
                self.turn.late.append(row.id)
        return True

    def _mail(self, row: batch.Row, email: str) -> bytes:
        text = self.frame.text(row.template_id, row.number)
        rendered = compile_template(*text).render(batch.values_of(row.person, self.frame.sender))
        return message_bytes(
            rendered=rendered,
            sender=self.frame.sender,
            to=email,
            reply_to=self.frame.sender.reply_to or row.person.csm_email,
            message_id=self.frame.message_id(row.id),
            date=self.date,
            leave=self.frame.leave(row.address_key),
        )

    def _deliver(self, row: batch.Row, email: str, mail: bytes) -> None:
        try:
            outcome = self.line.deliver(self.frame.sender.address, email, mail)
        except Unreachable:
            self._settle(row.id, "planned", "")  # nothing was sent; whoever comes next tries again
            raise
        self._note(row, outcome)

    def _note(self, row: batch.Row, outcome: Outcome) -> None:
        if outcome.fate in (Fate.DEFERRED, Fate.BROKEN):
            reason = "deferred" if outcome.fate is Fate.DEFERRED else "line_broken"
            if row.attempts + 1 >= MOST_ATTEMPTS:
                self._settle(row.id, "failed", "deferred_too_often", outcome.words)
                return
            pause = PAUSES[min(row.attempts, len(PAUSES) - 1)]
            self._settle(row.id, "planned", reason, outcome.words, self.now + dt.timedelta(seconds=pause))
            return
        state = {Fate.SENT: "sent", Fate.REFUSED: "failed", Fate.UNKNOWN: "unknown"}[outcome.fate]
        reason = {"sent": "", "failed": "refused", "unknown": "line_broken"}[state]
        self._settle(row.id, state, reason, outcome.words)

    # --- the statements ---------------------------------------------------------------------------------------------

    def _settle(self, message: UUID, state: str, reason: str, detail: str = "", due: dt.datetime | None = None) -> None:
        self._settle_pending()
        values = [self.tenant_id, message, state, reason, detail[:500], due, self.now]
        self.pending = ("SELECT public.campaigns_settle(%s, %s, %s, %s, %s, %s, %s)", values)
        if state in VERB_OF:
            self.turn.ids[state].append(message)

    def _claim(self, row: batch.Row) -> str:
        sql, values = self.pending or ("", [])
        self.pending = None
        claim = "SELECT public.campaigns_claim(%s, %s, %s, %s, %s, %s)"
        values = [*values, self.tenant_id, row.id, row.person.email, self.frame.message_id(row.id), self.now, self.here]
        with connection.cursor() as cursor:
            cursor.execute(f"{sql}; {claim}" if sql else claim, values)
            return str(cursor.fetchone()[0])

    def _settle_pending(self) -> None:
        if self.pending is not None:
            (sql, values), self.pending = self.pending, None
            with connection.cursor() as cursor:
                cursor.execute(sql, values)

    def _follow_address(self, row: batch.Row, key: str) -> None:
        """The contact has another address than when the message was written. The next turn sends to it, unless
        somebody with that address is in this run already."""
        try:
            with ledger.unit():
                Message.objects.filter(pk=row.id, state=Message.State.PLANNED).update(address_key=key)
            self.turn.wait = 0.0
        except IntegrityError:
            self._settle(row.id, "skipped", "same_address")


# --- around a turn --------------------------------------------------------------------------------------------------


def _give_up_leftovers(lane: Lane, turn: Turn) -> None:
    with ledger.unit():
        for pk in batch.leftovers(lane):
            with connection.cursor() as cursor:
                values: list[Any] = [require_tenant_id(), pk, "unknown", "worker_died", "", None, None]
                cursor.execute("SELECT public.campaigns_settle(%s, %s, %s, %s, %s, %s, %s)", values)
            turn.ids["unknown"].append(pk)


def _tell(turn: Turn, now: dt.datetime) -> None:
    """The ledger hears of the messages of a turn in one call for each outcome."""
    for state, pks in turn.ids.items():
        found = Message.objects.filter(pk__in=pks, state=state)
        ledger.change_many(found, VERB_OF[state], set={"is_noted": True}, actor=CLOCK, now=now)
    if turn.late:
        missed = Message.objects.filter(pk__in=turn.late, state=Message.State.SKIPPED).select_related("run__series")
        accounts = {message.account_id: message.run for message in missed}
        for run in set(accounts.values()):
            waiting.alert_late(accounts, run, now=now)


def _next_due(lane: Lane, now: dt.datetime) -> float | None:
    """Seconds until a message of the lane that was put back is due."""
    first = batch.next_due(lane, now)
    return max(1.0, (first - now).total_seconds()) if first else None


def finish_if_done(run: SeriesRun, *, now: dt.datetime) -> bool:
    """A run is finished when no message of it is open, and by nothing else."""
    with ledger.unit():
        live = SeriesRun.objects.select_for_update(of=("self",)).select_related("series").get(pk=run.pk)
        messages = Message.objects.filter(run=live)
        if live.state != SeriesRun.State.SENDING or messages.filter(state__in=Message.OPEN).exists():
            return False
        for state, verb in VERB_OF.items():  # what a worker that died did not tell
            untold = messages.filter(state=state, is_noted=False)
            ledger.change_many(untold, verb, set={"is_noted": True}, actor=CLOCK, now=now)
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
