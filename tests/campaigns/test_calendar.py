"""When a series sends: pure functions, so everything is tried out."""

import datetime as dt
from zoneinfo import ZoneInfoNotFoundError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns import zones
from campaigns.calendar import (
    DAY,
    LATE_LIMIT,
    DaysOff,
    Rule,
    days_off,
    public_holidays,
    slots,
    upcoming,
    usable_country,
)

MWF = ("mon", "wed", "fri")
YEAR = (dt.date(2026, 1, 1), dt.date(2026, 12, 31))
NINE = dt.time(9, 0)


def wall(moment, zone):
    return moment.astimezone(zones.zone(zone)).replace(tzinfo=None)


def holds(slot, at, zone):
    """The written rule: the first moment at which the clock shows this time or has jumped over it."""
    wanted = dt.datetime.combine(slot.local_date, at)
    shown = wall(slot.due_at, zone)
    if shown == wanted:
        calm = wall(slot.due_at - dt.timedelta(minutes=200), zone) == wanted - dt.timedelta(minutes=200)
        return calm or all(wall(slot.due_at - dt.timedelta(minutes=m), zone) != wanted for m in range(15, 200, 15))
    return shown > wanted > wall(slot.due_at - dt.timedelta(seconds=1), zone)


@pytest.mark.parametrize("at", [NINE, dt.time(2, 30), dt.time(0, 0)])
def test_every_zone_has_each_monday_wednesday_and_friday_of_a_year_once_at_the_right_moment(at):
    rule = Rule(MWF, at)
    expected = [YEAR[0] + n * DAY for n in range(365) if (YEAR[0] + n * DAY).weekday() in (0, 2, 4)]
    for name in sorted(zones.names()):
        found = slots(rule, name, DaysOff(), *YEAR)
        assert [slot.local_date for slot in found] == expected, name
        assert all(earlier.due_at < later.due_at for earlier, later in zip(found, found[1:], strict=False)), name
        wrong = [slot for slot in found if not holds(slot, at, name)]
        assert not wrong, (name, wrong[0])


def test_a_time_that_the_clock_jumps_over_is_the_first_moment_after_the_jump():
    assert (
        zones.instant(dt.date(2026, 3, 29), dt.time(2, 30), "Europe/Berlin").isoformat() == "2026-03-29T01:00:00+00:00"
    )


def test_a_time_that_is_shown_twice_is_the_first_one():
    assert (
        zones.instant(dt.date(2026, 10, 25), dt.time(2, 30), "Europe/Berlin").isoformat() == "2026-10-25T00:30:00+00:00"
    )


def test_a_day_that_never_was_is_the_beginning_of_the_next():
    skipped = zones.instant(dt.date(2011, 12, 30), NINE, "Pacific/Apia")
    assert wall(skipped, "Pacific/Apia") == dt.datetime(2011, 12, 31)


def test_it_is_late_after_four_hours_or_when_the_day_is_over():
    (morning,) = slots(Rule(("mon",), NINE), "Europe/Berlin", DaysOff(), dt.date(2026, 11, 23), dt.date(2026, 11, 23))
    assert morning.late_after == morning.due_at + LATE_LIMIT
    rule = Rule(("mon",), dt.time(22, 0))
    (evening,) = slots(rule, "Europe/Berlin", DaysOff(), dt.date(2026, 11, 23), dt.date(2026, 11, 23))
    assert wall(evening.late_after, "Europe/Berlin") == dt.datetime(2026, 11, 23, 23, 59, 59, 999999)


CHRISTMAS = (dt.date(2026, 12, 21), dt.date(2027, 1, 3))  # 25 December 2026 and 1 January 2027 are Fridays


@pytest.mark.parametrize(
    ("mode", "own", "expected"),
    [
        ("skip", [], ["12-21", "12-23", "12-28", "12-30"]),
        ("next", [], ["12-21", "12-23", "12-28", "12-30"]),  # the Mondays after are slots already
        ("previous", [], ["12-21", "12-23", "12-24", "12-28", "12-30", "12-31"]),
        ("skip", ["2026-12-28"], ["12-21", "12-23", "12-30"]),
        ("next", ["2026-12-28"], ["12-21", "12-23", "12-29", "12-30"]),
        ("previous", ["2026-12-24"], ["12-21", "12-23", "12-28", "12-30", "12-31"]),
    ],
)
def test_holidays_leave_a_slot_out_or_move_it_but_never_onto_another(mode, own, expected):
    off = days_off("DE", "BE", [dt.date.fromisoformat(day) for day in own])
    found = slots(Rule(MWF, NINE, mode), "Europe/Berlin", off, *CHRISTMAS)
    assert [f"{slot.local_date:%m-%d}" for slot in found] == expected


def test_the_customers_country_counts_as_well_as_ours():
    thanksgiving = dt.date(2026, 11, 26)
    rule = Rule(("thu",), NINE)
    assert slots(rule, "Europe/Berlin", days_off("DE", "", []), thanksgiving, thanksgiving)
    assert not slots(rule, "Europe/Berlin", days_off("DE", "", [], "US"), thanksgiving, thanksgiving)


@pytest.mark.parametrize(
    ("words", "code"),
    [("Germany", "DE"), ("US", "US"), ("United States", "US"), ("U.K.", "GB"), ("the Netherlands", "NL"), ("Mars", "")],
)
def test_a_country_is_used_when_we_know_its_holidays(words, code):
    assert usable_country(words) == code


def test_nonsense_has_no_holidays_and_breaks_nothing():
    assert public_holidays("QQ", "", 2026) == {}
    assert public_holidays("DE", "XX", 2026)
    with pytest.raises(ZoneInfoNotFoundError):
        zones.zone("../../etc/passwd")


DATES = st.dates(dt.date(2024, 1, 1), dt.date(2030, 12, 31))
ZONES = st.sampled_from(sorted(zones.names()))
RULES = st.builds(
    Rule,
    st.sets(st.sampled_from(("mon", "tue", "wed", "thu", "fri", "sat", "sun")), min_size=1).map(tuple),
    st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    st.sampled_from(("skip", "next", "previous")),
)


@given(RULES, ZONES, st.sets(DATES, max_size=40), DATES)
def test_whatever_the_rule_no_day_has_two_slots_and_none_is_a_day_off(rule, zone, own, first):
    off = DaysOff((("DE", ""),), frozenset(own))
    found = slots(rule, zone, off, first, first + 60 * DAY)
    assert len({slot.local_date for slot in found}) == len(found) == len({slot.nominal_date for slot in found})
    assert not [slot for slot in found if slot.local_date in off]


@given(RULES, ZONES, st.sets(DATES, max_size=40), DATES, st.integers(0, 20))
def test_a_slot_does_not_depend_on_the_days_that_are_asked_for(rule, zone, own, first, shift):
    off = DaysOff((("US", ""),), frozenset(own))
    wide = slots(rule, zone, off, first, first + 40 * DAY)
    narrow = slots(rule, zone, off, first + shift * DAY, first + (shift + 8) * DAY)
    assert narrow == [slot for slot in wide if shift <= (slot.local_date - first).days <= shift + 8]


def test_what_comes_next_goes_on_without_a_gap():
    after = dt.datetime(2026, 11, 23, 8, 0, tzinfo=dt.UTC)  # nine in Berlin: due now is not due next
    found = upcoming(Rule(MWF, NINE), "Europe/Berlin", DaysOff(), after)
    days = [next(found).local_date for _ in range(40)]
    assert days[0] == dt.date(2026, 11, 25) and len(set(days)) == 40
    assert days[-1] == dt.date(2027, 2, 24)
