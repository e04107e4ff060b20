"""How a connection and its runs are doing, in words: what happened, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.salesforce import comparing, connecting, mapping, remains
from integrations.salesforce.models import Connection, SyncRun
from integrations.salesforce.services import UNTESTED

#: Three missed rounds and five minutes: then silence is worth a word.
STALE_ROUNDS, STALE_SLACK = 3, timedelta(minutes=5)
RUN_TONES = {"running": "info", "done": "good", "failed": "bad", "cancelled": "neutral"}
OBJECTS = {
    "User": gettext_lazy("Users"),
    "Account": gettext_lazy("Accounts"),
    "Contact": gettext_lazy("Contacts"),
    "Opportunity": gettext_lazy("Opportunities"),
}


@dataclass(frozen=True)
class Health:
    """`word` is the badge, `message` what happened, `advice` what to do next, `action` the button that does it."""

    tone: str
    word: str
    message: str = ""
    advice: str = ""
    action: str = ""  # edit, test, resume, sync

    @property
    def needs_somebody(self) -> bool:
        return self.tone in ("bad", "watch")


def of(connection: Connection, last: SyncRun | None, now: datetime, *, night: SyncRun | None = None) -> Health:
    """The first thing that is worth saying; `night` is the last comparison that was completed."""
    if connection.state == Connection.State.BROKEN:
        advice = _(
            "Nothing is read until this is mended. Enter the credentials again, or test once Salesforce accepts them."
        )
        return Health("bad", _("Broken"), connection.state_reason, advice, "edit")
    if connection.state == Connection.State.PAUSED:
        return Health(
            "neutral", _("Paused"), connection.state_reason, _("Resume to read on from where it stopped."), "resume"
        )
    if connection.hold_until is not None and connection.hold_until > now:
        advice = _("It goes on by itself. A larger share of the calls can be given to it in its settings.")
        return Health("watch", _("On hold"), connection.hold_reason, advice, "edit")
    if connection.state_reason == UNTESTED:
        return Health(
            "info",
            _("Not tested"),
            _("This login has not been tried yet."),
            _("Test it; the first sync starts by itself after that."),
            "test",
        )
    found = _of_runs(connection, last, now)
    if night is not None and found.tone == "good" and comparing.is_alarming(night):
        advice = _(
            "It is mended. If it happens again, look at the fields that are calculated in Salesforce, at the rights of"
            " our login, and at programs that write for longer than ten minutes at a time."
        )
        return Health("watch", _("Had drifted"), comparing.words(night), advice, "")
    return found


def _of_runs(connection: Connection, last: SyncRun | None, now: datetime) -> Health:
    if last is None:
        return Health("info", _("Connected"), _("The first sync starts within a minute."), "", "sync")
    if last.state == SyncRun.State.RUNNING:
        return Health("info", _("Syncing"), last.note)
    if last.state == SyncRun.State.FAILED:
        advice = _("What was read is kept. The next sync goes on from there by itself.")
        return Health("watch", _("Last sync failed"), last.error, advice, "sync")
    every = timedelta(minutes=connection.settings.get("interval_minutes", 5))
    since = connection.last_done_at or connection.created_at
    if now - since > every * STALE_ROUNDS + STALE_SLACK:
        advice = _(
            "Start a sync by hand; if none starts by itself, ask whoever runs this installation to look at the workers."
        )
        return Health(
            "watch", _("Behind"), _("No sync has been completed for longer than its interval."), advice, "sync"
        )
    return Health("good", _("Up to date"))


@dataclass(frozen=True)
class Night:
    """What a comparison found, as a page shows it."""

    run: SyncRun
    tone: str
    words: str
    lines: list[tuple[str, list[int]]]
    share: float
    held_back: bool


def night(run: SyncRun | None) -> Night | None:
    if run is None:
        return None
    lines = [
        (str(OBJECTS[sobject]), [int(run.drift[sobject].get(name, 0)) for name in ("compared", *comparing.KINDS)])
        for sobject in mapping.SOBJECTS
        if sobject in run.drift
    ]
    tone = "watch" if comparing.is_alarming(run) else "good"
    held_back = any(numbers.get("held_back") for numbers in run.drift.values())
    return Night(run, tone, comparing.words(run), lines, comparing.share(run) * 100, held_back)


@dataclass(frozen=True)
class Budget:
    """Our calls of today within our share of the org's day. `allowed` is None until the org has said its number."""

    used: int
    allowed: int | None
    org_used: int | None
    org_total: int | None
    share: int

    @property
    def tone(self) -> str:
        return "watch" if self.allowed and self.used >= 0.8 * self.allowed else ""


def budget(connection: Connection, now: datetime) -> Budget:
    share = float(connection.settings.get("budget_share", 0.2))
    total = connection.limit_total
    return Budget(
        connecting.calls_today(connection, now),
        int(total * share) if total else None,
        connection.limit_used,
        total,
        round(share * 100),
    )


@dataclass(frozen=True)
class RunLine:
    """A run as a page shows it."""

    run: SyncRun
    tone: str
    seconds: float | None
    objects_done: int
    objects_total: int
    at_work_on: str

    @property
    def is_running(self) -> bool:
        return bool(self.run.state == SyncRun.State.RUNNING)

    @property
    def numbers(self) -> list[tuple[str, int]]:
        run = self.run
        return [
            (_("read"), run.read),
            (_("created"), run.created),
            (_("updated"), run.updated),
            (_("archived"), run.archived),
            (_("unchanged"), run.unchanged),
            (_("waiting"), run.waiting),
            (_("rejected"), run.rejected),
            (_("API calls"), run.api_calls),
        ]


def line(run: SyncRun, now: datetime) -> RunLine:
    until = run.finished_at or now
    left = [sobject for sobject in mapping.SOBJECTS if sobject not in run.done_objects]
    at_work_on = str(OBJECTS[left[0]]).lower() if left else ""
    return RunLine(
        run,
        RUN_TONES.get(run.state, "neutral"),
        max(0.0, (until - run.started_at).total_seconds()),
        len(run.done_objects),
        len(mapping.SOBJECTS),
        at_work_on,
    )


def lines(runs: Sequence[SyncRun], now: datetime) -> list[RunLine]:
    return [line(run, now) for run in runs]


@dataclass(frozen=True)
class Problem:
    """A refused value or row, with the way to the record."""

    sobject: str
    row: str
    field: str
    message: str
    href: str


def problems(run: SyncRun, connection: Connection) -> list[Problem]:
    return [
        Problem(
            str(found.get("sobject", "")),
            str(found.get("row", "")),
            str(found.get("field", "")),
            str(found.get("message", "")),
            _record_address(connection, str(found.get("row", ""))),
        )
        for found in run.row_errors
    ]


def _record_address(connection: Connection, sf_id: str) -> str:
    """Where the record is opened in Salesforce; nowhere, if this is not an id."""
    is_id = len(sf_id) in (15, 18) and sf_id.isascii() and sf_id.isalnum()
    return f"{connection.login_url}/{sf_id}" if is_id else ""


def remaining(run: SyncRun | None) -> list[dict[str, Any]]:
    """What a run left waiting, in words."""
    return [
        {
            "count": left.get("count", 0),
            "what": OBJECTS.get(left.get("sobject", ""), left.get("sobject", "")),
            "why": remains.REASONS.get(left.get("reason", ""), left.get("reason", "")),
            "who": left.get("who", ""),
        }
        for left in (run.remains if run else [])
    ]
