"""What goes out on which day: what was sent, what is planned, what the rules say of later days, and the days off."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Count

from campaigns import zones
from campaigns.calendar import DAY, decisions
from campaigns.models import Message, Series, SeriesItem, SeriesRun
from campaigns.selectors.outlook import Outlook, outlook
from campaigns.selectors.sending import why_nothing_is_sent
from campaigns.selectors.series import this_tenant

LONGEST = 62
SENT = ("sent", "delivered", "bounced")


@dataclass(frozen=True)
class ZoneLine:
    """One moment of a day: whose clock, and how many. `counts` by state if the messages are written; `expected` is how
    many there will be."""

    zone: str
    calendar: str
    due_at: dt.datetime
    expected: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    state: str = "expected"
    reason: str = ""


@dataclass(frozen=True)
class OffLine:
    """A day off: its name, for how many people, and the day to which the slot moves (None: it is left out)."""

    name: str
    calendar: str
    people: int
    moved_to: dt.date | None


@dataclass(frozen=True)
class Moment:
    """When so many people get it, on their own clock."""

    due_at: dt.datetime
    zone: str
    people: int

    @property
    def words(self) -> str:
        """`09:00 (Berlin)`."""
        return zones.wall_time(self.due_at, self.zone)


@dataclass
class Entry:
    """A series on a day."""

    series: Series
    day: dt.date
    lines: list[ZoneLine] = field(default_factory=list)
    off: list[OffLine] = field(default_factory=list)

    @property
    def expected(self) -> int:
        return sum(line.expected for line in self.lines)

    @property
    def counts(self) -> dict[str, int]:
        made: dict[str, int] = defaultdict(int)
        for line in self.lines:
            for state, n in line.counts.items():
                made["sent" if state in SENT else state] += n
        return dict(made)

    @property
    def missed(self) -> list[ZoneLine]:
        return [line for line in self.lines if line.state == SeriesRun.State.SKIPPED]

    @property
    def total(self) -> int:
        return self.expected + sum(self.counts.values())

    @property
    def moments(self) -> list[Moment]:
        """In the order of time; the same moment in two calendars is one."""
        made: dict[tuple[dt.datetime, str], int] = defaultdict(int)
        for line in self.lines:
            made[(line.due_at, line.zone)] += line.expected + sum(line.counts.values())
        return [Moment(due, zone, n) for (due, zone), n in sorted(made.items())]


Place = Callable[[dt.date, UUID], Entry]


@dataclass(frozen=True)
class Day:
    date: dt.date
    entries: list[Entry]
    is_past: bool
    is_today: bool

    @property
    def total(self) -> int:
        return sum(entry.total for entry in self.entries)


@dataclass(frozen=True)
class SendingCalendar:
    """`silence`: why nothing goes out at all, in words. `resting`: series that are paused or not begun."""

    first: dt.date
    last: dt.date
    days: list[Day]
    silence: str
    resting: list[Series]


def sending_calendar(first: dt.date, last: dt.date, *, now: dt.datetime) -> SendingCalendar:
    """At most 62 days. A fixed number of queries, whatever the number of accounts and series."""
    last = min(last, first + (LONGEST - 1) * DAY)
    tenant, everything = this_tenant(), list(Series.objects.order_by("name", "id"))
    by_id = {series.pk: series for series in everything}
    entries: dict[tuple[dt.date, UUID], Entry] = {}

    def entry(day: dt.date, series_id: UUID) -> Entry:
        return entries.setdefault((day, series_id), Entry(by_id[series_id], day))

    today = zones.local_date(now, tenant.timezone)
    begun = begun_runs(min(first, today - DAY), last)
    for run, line in _told(begun):
        if first <= run.local_date <= last:
            entry(run.local_date, run.series_id).lines.append(line)
    if last >= today:
        active = [series for series in everything if series.state == Series.State.ACTIVE]
        seen = outlook(tenant, active, begun, _items(active), last=last, now=now)
        _add_expected(seen, first, last, entry)
        _add_days_off(seen, by_id, max(first, today), last, entry)
    days = [_day(first + n * DAY, entries.values(), today) for n in range((last - first).days + 1)]
    resting = [s for s in everything if s.state in (Series.State.PAUSED, Series.State.DRAFT)]
    return SendingCalendar(first, last, days, why_nothing_is_sent(), resting)


def begun_runs(first: dt.date, last: dt.date) -> list[SeriesRun]:
    """Runs that are no longer only planned."""
    window = SeriesRun.objects.filter(local_date__gte=first, local_date__lte=last)
    return list(window.exclude(state=SeriesRun.State.PLANNED).order_by("due_at", "id"))


def _items(series: Sequence[Series]) -> dict[UUID, int]:
    found = SeriesItem.objects.filter(series__in=series).order_by().values_list("series")
    return dict(found.annotate(n=Count("pk")))


def _told(runs: Sequence[SeriesRun]) -> Iterable[tuple[SeriesRun, ZoneLine]]:
    counts: dict[UUID, dict[str, int]] = defaultdict(dict)
    found = Message.objects.filter(run__in=[run.pk for run in runs]).order_by().values_list("run", "state")
    for pk, state, n in found.annotate(n=Count("pk")):
        counts[pk][state] = n
    for run in runs:
        yield run, ZoneLine(run.zone, run.calendar, run.due_at, 0, counts[run.pk], run.state, run.reason)


def _add_expected(seen: Outlook, first: dt.date, last: dt.date, entry: Place) -> None:
    for key, slots in seen.slots.items():
        for slot in slots:
            people = seen.people.get((key, slot.local_date), 0)
            if people and first <= slot.local_date <= last:
                line = ZoneLine(key[1], key[2], slot.due_at, people)
                entry(slot.local_date, key[0]).lines.append(line)


def _add_days_off(seen: Outlook, by_id: dict[UUID, Series], first: dt.date, last: dt.date, entry: Place) -> None:
    by_calendar: dict[tuple[UUID, str], int] = defaultdict(int)
    for (series_id, _, calendar), people in seen.waiting.items():
        by_calendar[(series_id, calendar)] += people
    for (series_id, calendar), people in by_calendar.items():
        for decision in decisions(by_id[series_id].rule, seen.off[calendar], first, last):
            if decision.off and first <= decision.nominal_date <= last:
                line = OffLine(decision.off, calendar, people, decision.sent_on)
                entry(decision.nominal_date, series_id).off.append(line)


def _day(date: dt.date, entries: Iterable[Entry], today: dt.date) -> Day:
    found = sorted((e for e in entries if e.day == date), key=lambda e: e.series.name)
    return Day(date, found, date < today, date == today)
