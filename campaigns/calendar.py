"""When a series sends: weekdays at a wall time in a zone, without holidays. Pure functions, no database, no clock."""

import datetime as dt
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache

import holidays
from holidays.registry import COUNTRIES

from campaigns import zones

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SKIP, NEXT, PREVIOUS = "skip", "next", "previous"
LATE_LIMIT = dt.timedelta(hours=4)
FARTHEST_MOVE = 7
DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Rule:
    """`weekdays` as mon … sun, `at` as wall time, `holidays` what happens to a slot on a day off."""

    weekdays: tuple[str, ...]
    at: dt.time
    holidays: str = SKIP


@dataclass(frozen=True)
class Slot:
    """One time at which a series sends. `nominal_date` is the weekday it stands for, `local_date` the day on which it
    is sent after a holiday moved it, `late_after` the last moment: four hours later, and the same day there."""

    local_date: dt.date
    nominal_date: dt.date
    due_at: dt.datetime
    late_after: dt.datetime


@dataclass(frozen=True)
class Decision:
    """What becomes of one weekday of a rule: the day on which it is sent (None: on none), and, if it is a day off, the
    name of that day."""

    nominal_date: dt.date
    sent_on: dt.date | None
    off: str = ""


@dataclass(frozen=True)
class DaysOff:
    """The public holidays of some countries, and days of one's own. `countries` are (code, subdivision)."""

    countries: tuple[tuple[str, str], ...] = ()
    own: frozenset[dt.date] = frozenset()

    def __contains__(self, day: object) -> bool:
        if not isinstance(day, dt.date):
            return False
        return day in self.own or any(day in public_holidays(code, part, day.year) for code, part in self.countries)

    def name_of(self, day: dt.date) -> str:
        for code, part in self.countries:
            found = public_holidays(code, part, day.year).get(day)
            if found:
                return found
        return "a day off of the organisation" if day in self.own else ""


def days_off(country: str, subdivision: str, own: Collection[dt.date], customer_country: str = "") -> DaysOff:
    """Off is a day when the tenant has a holiday, or the customer's country has one."""
    countries = [(country, subdivision)] if country else []
    if customer_country and customer_country != country:
        countries.append((customer_country, ""))
    return DaysOff(tuple(countries), frozenset(own))


@lru_cache(maxsize=4096)
def public_holidays(country: str, subdivision: str, year: int) -> dict[dt.date, str]:
    """By the `holidays` package; none for a country or a subdivision that it does not know."""
    try:
        return dict(holidays.country_holidays(country, subdiv=subdivision or None, years=year))
    except NotImplementedError:
        return dict(holidays.country_holidays(country, years=year)) if subdivision and usable_country(country) else {}


@lru_cache(maxsize=1)
def _countries() -> dict[str, str]:
    """Every way to write a country that we understand, to its ISO code."""
    known = {"usa": "US", "uk": "GB", "great britain": "GB", "england": "GB", "holland": "NL", "uae": "AE"}
    for classes in COUNTRIES.values():
        words, code = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", classes[0]).lower(), classes[1]
        if len(code) == 2:
            known.update({words: code, code.lower(): code, classes[2].lower(): code})
    return known


@lru_cache(maxsize=4096)
def usable_country(text: str) -> str:
    """The ISO code of a country that a person or another system wrote down; "" when we know no holidays for it."""
    words = " ".join(text.lower().replace(".", "").replace("the ", "").split())
    return _countries().get(words, "")


def decisions(rule: Rule, off: DaysOff, first: dt.date, last: dt.date) -> list[Decision]:
    """Of every weekday of the rule that lies or may be sent from `first` to `last`, in order. Two are never sent on one
    day: the earlier has it."""
    taken: dict[dt.date, dt.date] = {}
    made: list[Decision] = []
    day = first - (FARTHEST_MOVE + 1) * DAY
    while day <= last + (FARTHEST_MOVE + 1) * DAY:
        if WEEKDAYS[day.weekday()] in rule.weekdays:
            sent = _moved(rule, day, off)
            if sent is not None and taken.setdefault(sent, day) != day:
                sent = None
            made.append(Decision(day, sent, off.name_of(day) if day in off else ""))
        day += DAY
    return made


def slots(rule: Rule, zone: str, off: DaysOff, first: dt.date, last: dt.date) -> list[Slot]:
    """The slots whose local date lies from `first` to `last`, in order, at most one for each date."""
    sent = {d.sent_on: d.nominal_date for d in decisions(rule, off, first, last) if d.sent_on is not None}
    return [_slot(rule, day, sent[day], zone) for day in sorted(sent) if first <= day <= last]


def upcoming(rule: Rule, zone: str, off: DaysOff, after: dt.datetime) -> Iterator[Slot]:
    """The slots that are due after a moment, without end (but never beyond two years)."""
    start = zones.local_date(after, zone) - DAY
    for chunk in range(26):
        first = start + chunk * 28 * DAY
        for slot in slots(rule, zone, off, first, first + 27 * DAY):
            if slot.due_at > after:
                yield slot


def _moved(rule: Rule, day: dt.date, off: DaysOff) -> dt.date | None:
    """The day on which the slot of this weekday is sent. It is dropped when it would meet another slot's day."""
    if day not in off:
        return day
    if rule.holidays == SKIP:
        return None
    step = DAY if rule.holidays == NEXT else -DAY
    for distance in range(1, FARTHEST_MOVE + 1):
        candidate = day + distance * step
        regular = WEEKDAYS[candidate.weekday()] in rule.weekdays
        if candidate in off or not (regular or candidate.weekday() < 5):
            continue
        return None if regular else candidate
    return None


def _slot(rule: Rule, sent: dt.date, nominal: dt.date, zone: str) -> Slot:
    due = zones.instant(sent, rule.at, zone)
    end = zones.end_of(zones.local_date(due, zone), zone)
    return Slot(sent, nominal, due, min(due + LATE_LIMIT, end - dt.timedelta(microseconds=1)))
