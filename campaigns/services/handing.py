"""The loop of a lane's turn: some messages are made ready and taken, each is asked for, handed over and noted, and what
became of them is written."""

import datetime as dt
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db import IntegrityError

from campaigns import addresses
from campaigns.content import BadTemplate, compile_template
from campaigns.installation import installation_id
from campaigns.mail import batch
from campaigns.mail.batch import Lane, Row
from campaigns.mail.envelope import BadHeader, date_header, message_bytes
from campaigns.mail.journal import Journal, LaneLost, Result, tell_late
from campaigns.mail.line import Fate, Line, Outcome, Unreachable
from campaigns.models import Message, TemplateVersion
from campaigns.selectors.sending import address_secret
from cs_platform import ledger

FETCHED = 200
MOST_TAKEN, QUICK, SLOW = 32, 0.1, 0.25
RENEWED = 15.0
MOST_ATTEMPTS = 8
PAUSES = (60, 300, 900, 1800, 3600)  # after a server that says later, to this recipient
BROKEN_PAUSE = 30  # after a line that broke: that says nothing about the recipient
# A verdict that concerns the whole tenant ends the turn; these states end one message; everything else leaves it out.
EVERYBODY = {"tenant_suspended", "sending_off", "other_installation"}
STATE_OF = {"series_paused": "held", "enrolment_paused": "held", "mail_paused": "held", "suppressed": "suppressed"}


@dataclass
class Turn:
    """What one turn of a lane did. `wait` is when to look again: None when nothing is left to wait for."""

    states: set[str] = field(default_factory=set)
    late: list[UUID] = field(default_factory=list)
    wait: float | None = None
    problem: str = ""

    def note(self, result: Result) -> None:
        self.states.add(result.state)
        if result.reason == "late":
            self.late.append(result.id)


@dataclass(frozen=True)
class Ready:
    """A message with everything that is needed to hand it over."""

    row: Row
    email: str
    mail: bytes


class Silenced(Exception):
    """The whole tenant must not send any more."""


class Recalled(Exception):
    """Mail to somebody was stopped since these messages were taken; they are asked for again."""


class Sender:
    """Takes few at first and more when they go quickly: what is in its hands is a quarter of a second's work."""

    def __init__(self, lane: Lane, journal: Journal, line: Line, turn: Turn, now: dt.datetime) -> None:
        self.lane, self.journal, self.line, self.turn, self.now = lane, journal, line, turn, now
        self.here = installation_id()
        self.frame = batch.frame_of(lane.run_id, address_secret())
        self.date = date_header(now)
        self.size = 1
        self.results: list[Result] = []  # of this chunk
        self.noted = 0  # how many of them are in the journal

    def work(self, until: float, lease: ledger.Lease) -> None:
        renew_at = time.monotonic() + RENEWED
        after: tuple[dt.datetime, UUID] | None = None
        while True:
            rows = batch.fetch(self.lane, self.now, after, FETCHED)
            after = (rows[-1].due_at, rows[-1].id) if len(rows) == FETCHED else None
            waits, recalled = rows, False
            while waits and not recalled:
                chunk, waits = waits[: self.size], waits[self.size :]
                try:
                    self._chunk(chunk)  # at least one, or a slow look at the table would be all that a turn does
                except Recalled:
                    after, recalled = None, True  # from the beginning, to see what is still wanted
                if time.monotonic() > until:
                    self.turn.wait = 0.0
                    return
                if time.monotonic() > renew_at:
                    lease.renew()
                    renew_at = time.monotonic() + RENEWED
            if after is None and not recalled:
                return

    def _chunk(self, rows: Sequence[Row]) -> None:
        began = time.monotonic()
        self.results, self.noted = [], 0
        ready = {made.row.id: made for made in map(self._ready, rows) if made is not None}
        waits: set[UUID] = set()
        try:
            if ready:
                waits.update(self._take(list(ready.values())))
            for pk in [pk for pk in ready if pk in waits]:
                if self._one(ready[pk]):
                    waits.discard(pk)
        except LaneLost:
            waits.clear()
            self._lost()
            raise
        finally:
            self._put(waits)
        took = time.monotonic() - began
        if took > SLOW:
            self.size = max(1, self.size // 4)
        elif took < QUICK:
            self.size = min(MOST_TAKEN, self.size * 2)

    def _put(self, back: set[UUID]) -> None:
        if self.results or back:
            self.journal.put(self.results, sorted(back), self.now)
            for result in self.results:
                self.turn.note(result)
            self.results = []

    def _lost(self) -> None:
        """Somebody else has the lane, and has settled all but what he could not know: the one on its way."""
        if len(self.results) > self.noted and self.results[-1].tried:
            tell_late(self.results[-1], self.now)
        self.results, self.turn.wait = [], 0.0

    # --- one message ------------------------------------------------------------------------------------------------

    def _ready(self, row: Row) -> Ready | None:
        try:
            email = addresses.normal(row.person.email)
        except addresses.BadAddress:
            self.results.append(Result(row.id, "skipped", "no_address"))
            return None
        key = addresses.key_of_normal(email, self.frame.secret)
        if key != row.address_key:
            self._follow_address(row, key)
            return None
        try:
            return Ready(row, email, self._mail(row, email))
        except (BadHeader, BadTemplate, TemplateVersion.DoesNotExist) as error:
            self.results.append(Result(row.id, "skipped", "no_mail", str(error)[:500]))
            return None

    def _take(self, ready: Sequence[Ready]) -> list[UUID]:
        """Those that may go. Of the others it is known now why not; one that another worker has is not among them."""
        self.line.open()
        names = [self.frame.message_id(made.row.id) for made in ready]
        verdicts = self.journal.take([made.row for made in ready], names, self.now, self.here)
        if EVERYBODY & set(verdicts.values()):
            raise Silenced
        for pk, verdict in verdicts.items():
            if verdict:
                self.results.append(Result(pk, STATE_OF.get(verdict, "skipped"), verdict))
        return [pk for pk, verdict in verdicts.items() if not verdict]

    def _one(self, made: Ready) -> bool:
        """False if it is put back as it was."""
        self.line.open()
        verdict = self.journal.step(made.row, self.results[self.noted :])
        self.noted = len(self.results)
        if verdict == "recalled":
            raise Recalled
        if verdict == "changed":
            self.turn.wait = 0.0  # read again in the next turn
            return False
        self._deliver(made)
        return True

    def _deliver(self, made: Ready) -> None:
        try:
            outcome = self.line.deliver(self.frame.sender.address, made.email, made.mail)
        except Unreachable:
            self.results.append(Result(made.row.id, "planned"))  # nothing was sent; whoever comes next tries again
            raise
        self.results.append(self._result(made.row, outcome))

    def _result(self, row: Row, outcome: Outcome) -> Result:
        words = outcome.words[:500]
        if outcome.fate in (Fate.DEFERRED, Fate.BROKEN):
            reason = "deferred" if outcome.fate is Fate.DEFERRED else "line_broken"
            if row.attempts + 1 >= MOST_ATTEMPTS:
                return Result(row.id, "failed", "deferred_too_often", words, tried=1)
            pause = PAUSES[min(row.attempts, len(PAUSES) - 1)] if reason == "deferred" else BROKEN_PAUSE
            return Result(row.id, "planned", reason, words, self.now + dt.timedelta(seconds=pause), 1)
        state = {Fate.SENT: "sent", Fate.REFUSED: "failed", Fate.UNKNOWN: "unknown"}[outcome.fate]
        reason = {"sent": "", "failed": "refused", "unknown": "line_broken"}[state]
        return Result(row.id, state, reason, words, tried=1)

    def _mail(self, row: Row, email: str) -> bytes:
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

    def _follow_address(self, row: Row, key: str) -> None:
        """The contact has another address than when the message was written. The next turn sends to it, unless
        somebody with that address is in this run already."""
        try:
            with ledger.unit():
                Message.objects.filter(pk=row.id, state=Message.State.PLANNED).update(address_key=key)
            self.turn.wait = 0.0
        except IntegrityError:
            self.results.append(Result(row.id, "skipped", "same_address"))
