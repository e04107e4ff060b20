"""Every zone there is, three years, Mondays, Wednesdays and Fridays: each date once, at the right moment.

    python -m tests.faults.calendar_years [--years 3] [--first 2026]

The moment is found here in another way than in the product: the first second, going forward from the day before, at
which the clock of the zone shows the wanted time or a later one. Exit code 1, and the first differences, if there are
any.
"""

import argparse
import datetime as dt
import sys
import time
from collections.abc import Iterator

from campaigns import zones
from campaigns.calendar import DAY, DaysOff, Rule, slots

TIMES = (dt.time(9, 0), dt.time(2, 30), dt.time(0, 0), dt.time(23, 45))
WEEKDAYS = ("mon", "wed", "fri")
FAR, QUARTER, SECOND = dt.timedelta(hours=26), dt.timedelta(minutes=15), dt.timedelta(seconds=1)


def shown(moment: dt.datetime, zone: str) -> dt.datetime:
    """What a clock on the wall shows."""
    return moment.astimezone(zones.zone(zone)).replace(tzinfo=None)


def first_moment(wanted: dt.datetime, zone: str) -> dt.datetime:
    near = wanted.replace(tzinfo=dt.UTC)
    early, late = near - FAR, near + FAR
    offsets = {shown(moment, zone) - moment.replace(tzinfo=None) for moment in _around(near)}
    if len(offsets) == 1:
        return near - offsets.pop()
    step = early
    while shown(step, zone) < wanted and step < late:
        step += QUARTER
    low, high = step - QUARTER, step
    while high - low > SECOND:
        middle = low + (high - low) // 2
        middle = middle.replace(microsecond=0)
        low, high = (low, middle) if shown(middle, zone) >= wanted else (middle, high)
    return high


def _around(near: dt.datetime) -> Iterator[dt.datetime]:
    return (near + n * dt.timedelta(hours=1) for n in (-26, -20, -14, -8, -2, 4, 10, 16, 26))


def wrong_in(zone: str, first: dt.date, last: dt.date) -> list[str]:
    days = [first + n * DAY for n in range((last - first).days + 1)]
    expected = [day for day in days if day.weekday() in (0, 2, 4)]
    wrong = []
    for at in TIMES:
        found = slots(Rule(WEEKDAYS, at), zone, DaysOff(), first, last)
        if [slot.local_date for slot in found] != expected:
            wrong.append(f"{zone} {at}: the dates are not every Monday, Wednesday and Friday once")
        for slot in found:
            right = first_moment(dt.datetime.combine(slot.local_date, at), zone)
            if slot.due_at != right:
                wrong.append(f"{zone} {slot.local_date} {at}: {slot.due_at.isoformat()} instead of {right.isoformat()}")
    return wrong


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="calendar_years", description="Every zone, several years, each date once.")
    parser.add_argument("--years", type=int, default=3)
    parser.add_argument("--first", type=int, default=2026)
    options = parser.parse_args(argv)
    first, last = dt.date(options.first, 1, 1), dt.date(options.first + options.years - 1, 12, 31)
    began, wrong, names = time.monotonic(), list[str](), sorted(zones.names())
    for number, zone in enumerate(names, start=1):
        wrong += wrong_in(zone, first, last)
        if number % 50 == 0 or number == len(names):
            took = time.monotonic() - began
            print(f"calendar: {number} of {len(names)} zones, {len(wrong)} wrong, {took:.0f} s", flush=True)
    for line in wrong[:20]:
        print(line)
    dates = sum((first + n * DAY).weekday() in (0, 2, 4) for n in range((last - first).days + 1))
    many = f"{len(names) * len(TIMES) * dates:,} slots of {first.year} to {last.year}"
    print(f"calendar: {many}, tzdata {zones.VERSION}: {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
