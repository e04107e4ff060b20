"""Time zones from the pinned `tzdata` package, whatever the machine has installed, and the rule for odd times."""

import datetime as dt
from functools import lru_cache
from importlib import resources
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import tzdata

VERSION: str = tzdata.IANA_VERSION


@lru_cache(maxsize=1)
def names() -> frozenset[str]:
    return frozenset(resources.files("tzdata").joinpath("zones").read_text().split())


def is_zone(name: str) -> bool:
    return name in names()


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The rules of a zone; ZoneInfoNotFoundError if there is none of that name."""
    if name not in names():
        raise ZoneInfoNotFoundError(name)
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as rules:
        return ZoneInfo.from_file(rules, key=name)


def instant(day: dt.date, at: dt.time, name: str) -> dt.datetime:
    """The moment, in UTC, at which a clock in the zone shows this time on this day.

    A time that the clock jumps over: the first moment after the jump. A time that it shows twice: the first one.
    """
    local = dt.datetime.combine(day, at.replace(tzinfo=None))
    there = zone(name)
    earlier = _utc(local.replace(tzinfo=there, fold=0))
    if earlier.astimezone(there).replace(tzinfo=None) == local:
        return earlier
    return _jump(_utc(local.replace(tzinfo=there, fold=1)), earlier, there)


def _utc(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.UTC)


def _jump(before: dt.datetime, after: dt.datetime, there: ZoneInfo) -> dt.datetime:
    """The second at which the clock jumps. In a gap, reading the time with the offset that holds after the jump gives
    a moment before it, and the other way round; what lies between is searched by halving."""
    new_offset = after.astimezone(there).utcoffset()
    low, high = 0, int((after - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if (before + dt.timedelta(seconds=middle)).astimezone(there).utcoffset() == new_offset:
            high = middle
        else:
            low = middle
    return before + dt.timedelta(seconds=high)


def local_date(moment: dt.datetime, name: str) -> dt.date:
    return moment.astimezone(zone(name)).date()


def wall_time(moment: dt.datetime, name: str) -> str:
    """`09:00 (Berlin)`: what a clock there shows."""
    city = name.rpartition("/")[2].replace("_", " ")
    return f"{moment.astimezone(zone(name)):%H:%M} ({city})"


def end_of(day: dt.date, name: str) -> dt.datetime:
    """The first moment at which the zone's calendar shows a later day."""
    return instant(day + dt.timedelta(days=1), dt.time(0, 0), name)
