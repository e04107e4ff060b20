"""What a walk writes down of itself: its calls, its numbers, its warnings; and whether somebody has stopped it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F

from cs_platform import ledger
from integrations.salesforce import connecting, lease, values
from integrations.salesforce.applying import Outcome
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.models import Connection, SyncRun

MAX_ROW_ERRORS = 200
MAX_SKEW = timedelta(seconds=120)
_NUMBERS = ("read", "created", "updated", "archived", "unchanged", "waiting", "rejected")


class Stopped(Exception):
    """The connection was paused or broken, or the run cancelled, while we were reading."""


@dataclass
class Book:
    """The run that is under way and what is known of it."""

    run: SyncRun
    connection: Connection
    client: SalesforceClient
    fence: int
    actor: ledger.Actor
    now: datetime
    has_moved: bool = field(default=False, init=False)
    _saved_calls: int = field(default=0, init=False)

    def save_calls(self) -> None:
        """Calls count even when the page they were for is rolled back; therefore outside of its transaction."""
        calls = self.client.usage.calls - self._saved_calls
        if calls:
            self._saved_calls = self.client.usage.calls
            connecting.note_usage(self.connection, self.client, calls=calls, now=self.now)
            SyncRun.objects.filter(pk=self.run.pk).update(api_calls=F("api_calls") + calls)
            self.run.api_calls += calls

    def check_budget(self) -> None:
        connecting.check_budget(self.connection, self.client, now=self.now)

    def count(self, outcome: Outcome, *, done: str = "", drift: dict[str, dict[str, Any]] | None = None) -> None:
        """Add to the run's numbers, in the transaction of what they count; refused (Stopped) if somebody stopped us."""
        live = self._live()
        for name in _NUMBERS:
            setattr(live, name, getattr(live, name) + getattr(outcome, name))
        live.row_errors = live.row_errors + values.bounded(outcome.problems, MAX_ROW_ERRORS - len(live.row_errors))
        if done:
            live.done_objects = [*live.done_objects, done]
        for sobject, numbers in (drift or {}).items():
            live.drift = {**live.drift, sobject: _added(live.drift.get(sobject, {}), numbers)}
        live.attempts = 0
        self.has_moved = True
        live.save(update_fields=[*_NUMBERS, "row_errors", "done_objects", "drift", "attempts"])
        self.run = live

    def still_wanted(self) -> None:
        """While nothing comes in: the lease is kept, and somebody's stop is heard. Waiting is no failed attempt."""
        with ledger.unit():
            live = self._live()
            live.attempts = 0
            live.save(update_fields=["attempts"])
            lease.renew(self.connection.pk, self.fence)

    def _live(self) -> SyncRun:
        live = SyncRun.objects.select_for_update().get(pk=self.run.pk)
        if live.state != SyncRun.State.RUNNING:
            raise Stopped
        state = Connection.objects.values_list("state", flat=True).get(pk=self.connection.pk)
        if state != Connection.State.CONNECTED:
            raise Stopped
        return live

    def expect(self, rows: int) -> None:
        """How many rows the run has to read, as far as we know."""
        SyncRun.objects.filter(pk=self.run.pk).update(expected=F("read") + rows)
        self.run.expected = self.run.read + rows

    def warn(self, warnings: tuple[str, ...] | list[str]) -> None:
        fresh = [words for words in warnings if words not in self.run.warnings]
        if fresh:
            self.run.warnings = [*self.run.warnings, *fresh][:100]
            SyncRun.objects.filter(pk=self.run.pk).update(warnings=self.run.warnings)

    def check_skew(self, server_time: datetime) -> None:
        skew = abs(server_time - self.now)
        if skew > MAX_SKEW:
            seconds = round(skew.total_seconds())
            self.warn([f"Salesforce's clock and ours differ by {seconds} s; windows follow Salesforce's."])


def _added(before: dict[str, Any], numbers: dict[str, Any]) -> dict[str, Any]:
    """Numbers are added up; what is true stays true."""
    after = dict(before)
    for name, value in numbers.items():
        after[name] = value if isinstance(value, bool) else after.get(name, 0) + value
    return after
