"""Numbers for drawings that the server makes: widths and places in per cent, so that no style stands in the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

HUES = 6
THIN = 0.6  # per cent: whatever was, can be seen


@dataclass(frozen=True)
class Bar:
    """One row of a bar chart: `width` is its share of the longest."""

    label: str
    value: int
    width: float
    href: str = ""
    is_end: bool = False


def bars(rows: Sequence[tuple[str, int, str]]) -> list[Bar]:
    """(label, value, address) each."""
    longest = max((value for _, value, _ in rows), default=0)
    return [Bar(label, value, round(100 * value / longest, 1) if longest else 0.0, href) for label, value, href in rows]


@dataclass(frozen=True)
class Stretch:
    """A stay in a stage on the line of time: where it begins, how long it is, how it is filled."""

    stage: str
    hue: int
    start: float
    width: float
    entered_at: datetime
    left_at: datetime | None
    days: int
    expected: int | None
    counted: bool
    words: str

    @property
    def is_open(self) -> bool:
        return self.left_at is None

    @property
    def is_long(self) -> bool:
        return bool(self.expected and self.counted and self.days > self.expected)


def stretches(intervals: Sequence[Any], now: datetime) -> list[Stretch]:
    """Intervals of one lifecycle, newest first, as stretches of the time between the first and now."""
    if not intervals:
        return []
    first = min(interval.entered_at for interval in intervals)
    whole = max(now - first, timedelta(hours=1))
    made = []
    for interval in intervals:
        end = interval.left_at or max(now, interval.entered_at)
        start = _percent(interval.entered_at - first, whole)
        width = min(max(_percent(end - interval.entered_at, whole), THIN), 100 - min(start, 100 - THIN))
        made.append(
            Stretch(
                stage=interval.stage.name,
                hue=interval.stage.position % HUES,
                start=min(start, 100 - THIN),
                width=round(width, 2),
                entered_at=interval.entered_at,
                left_at=interval.left_at,
                days=max(0, (end - interval.entered_at).days),
                expected=interval.stage.expected_days,
                counted=interval.counted,
                words=getattr(interval, "words", ""),
            )
        )
    return made


def _percent(part: timedelta, whole: timedelta) -> float:
    return round(100 * (part / whole), 2)
