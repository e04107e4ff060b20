"""The org's clock. It may be wrong on purpose, and it never jumps back behind a stamp that it has given."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path


def machine_now() -> datetime:
    """Real time, or with CS_ENV=test the instant that stands in CS_CLOCK_FILE."""
    path = os.environ.get("CS_CLOCK_FILE") if os.environ.get("CS_ENV") == "test" else None
    if not path:
        return datetime.now(UTC)
    instant = datetime.fromisoformat(Path(path).read_text().strip())
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)


class Clock:
    """What the org takes for now. `skew` makes it wrong; `set` stops it at an instant until `set(None)`."""

    def __init__(self) -> None:
        self.skew = timedelta(0)
        self._still: datetime | None = None
        self._head_start = timedelta(0)

    def now(self) -> datetime:
        return (self._still or machine_now() + self._head_start) + self.skew

    def seconds(self) -> int:
        """Whole seconds since 1970: Salesforce's stamps have no finer parts."""
        return int(self.now().timestamp())

    def set(self, instant: datetime | None) -> None:
        """Stand still at this instant, or run again."""
        self._still = instant

    def advance(self, seconds: float) -> None:
        """Go on by so much: a clock that stands still is moved, a running one is shifted."""
        step = timedelta(seconds=seconds)
        if self._still is not None:
            self._still += step
        else:
            self._head_start += step

    def not_before(self, stamp: int) -> None:
        """Go on from this stamp if it is ahead: an org that was run under a later clock keeps its order of changes."""
        behind = datetime.fromtimestamp(stamp, UTC) - machine_now()
        if behind > self._head_start:
            self._head_start = behind
