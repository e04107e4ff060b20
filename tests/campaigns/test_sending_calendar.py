"""The calendar of what goes out: what it says beforehand is what comes, and afterwards it says what came."""

from collections import Counter
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import services as accounts
from campaigns import selectors, services
from campaigns.models import Message
from cs_platform.tenancy.scope import tenant_scope
from tests.campaigns.stage import TEST, at, enrol, make_account, make_contact, make_series, minute
from tests.cast import NOW, sign_in

pytestmark = pytest.mark.django_db
FIRST, LAST = date(2026, 11, 23), date(2026, 12, 20)


def calendar(acme, now=NOW, first=FIRST, last=LAST):
    with tenant_scope(acme):
        return selectors.sending_calendar(first, last, now=now)


def totals(seen):
    return {f"{day.date:%m-%d}": day.total for day in seen.days if day.total}


@pytest.fixture
def three(acme):
    """Three people in three zones, one of whom is at an account in the United States."""
    with tenant_scope(acme):
        series = make_series(texts=4, zone="recipient", weekdays=["mon", "wed", "thu"])
        home, abroad = make_account("Home"), make_account("Abroad", country="United States", timezone="America/Denver")
        people = [make_contact(home), make_contact(home, "bob@x.example", timezone="Asia/Tokyo")]
        enrol(series, *people, make_contact(abroad, "cy@x.example"))
    return series


def test_it_says_how_many_where_and_what_days_off_do(acme, three):
    seen = calendar(acme)
    assert totals(seen) == {"11-23": 1, "11-25": 3, "11-26": 2, "11-30": 3, "12-02": 3}
    wednesday = next(day for day in seen.days if day.date == date(2026, 11, 25))
    (entry,) = wednesday.entries
    assert [(moment.zone, moment.people) for moment in entry.moments] == [
        ("Asia/Tokyo", 1),
        ("Europe/Berlin", 1),
        ("America/Denver", 1),
    ]
    thursday = next(day for day in seen.days if day.date == date(2026, 11, 26)).entries[0]
    (off,) = thursday.off
    assert (off.calendar, off.people, off.moved_to) == ("US", 1, None) and "Thanksgiving" in off.name


def test_what_it_says_is_what_comes_day_by_day(acme, three, mailbox):
    expected = totals(calendar(acme))
    for day in range(28):
        for hour in (0, 8, 16):
            minute(at("2026-11-23") + timedelta(days=day, hours=hour))
    with tenant_scope(acme):
        came = Counter(f"{m.local_date:%m-%d}" for m in Message.objects.filter(state="sent"))
    monday = expected.pop("11-23")  # nine in Denver is the only one of that day that is still ahead
    assert came == {**expected, "11-23": monday}
    seen = calendar(acme, now=at("2026-12-20"))
    assert {day.date: day.total for day in seen.days if day.total} == {
        date.fromisoformat(f"2026-{day}"): n for day, n in came.items()
    }
    assert seen.days[2].entries[0].counts == {"sent": 3}


def test_the_people_behind_a_number_are_those_who_get_it(acme, three, mailbox):
    with tenant_scope(acme):
        found = selectors.recipients(three, date(2026, 12, 2), now=NOW, ahead=True)
        assert sorted((r.contact, r.position, r.state) for r in found.rows) == [
            ("Ada", 4, "expected"),
            ("Bob", 4, "expected"),
            ("Cy", 4, "expected"),
        ]
        pages, after = [], None
        while True:
            page = selectors.recipients(three, date(2026, 11, 25), now=NOW, ahead=True, after=after, limit=1)
            pages += [r.contact for r in page.rows]
            after = page.next
            if after is None:
                break
    assert sorted(pages) == ["Ada", "Bob", "Cy"]
    minute(at("2026-11-25", 8))
    with tenant_scope(acme):
        written = selectors.recipients(three, date(2026, 11, 25), now=at("2026-11-25", 9), ahead=False)
        assert [(r.contact, r.state) for r in written.rows] == [("Ada", "sent")]
        left = selectors.recipients(three, date(2026, 11, 25), now=at("2026-11-25", 9), ahead=True)
        assert {r.contact for r in left.rows} >= {"Cy"} and "Ada" not in {r.contact for r in left.rows}


def test_a_slot_that_was_missed_is_shown_with_its_reason(acme, three, mailbox):
    minute(at("2026-11-24"))
    minute(at("2026-11-25", 14))
    missed = next(d for d in calendar(acme, now=at("2026-11-25", 14)).days if d.date == date(2026, 11, 25))
    assert {line.reason for line in missed.entries[0].missed} == {"late"}


def test_while_all_mail_is_stopped_it_says_so_and_a_paused_series_is_named(acme, three):
    with tenant_scope(acme):
        services.stop_sending("wrong prices", actor=TEST, now=NOW)
        services.pause_series(three, actor=TEST, now=NOW)
    seen = calendar(acme)
    assert "wrong prices" in seen.silence and [s.pk for s in seen.resting][:1] and totals(seen) == {}
    assert three.pk in [series.pk for series in seen.resting]


def test_it_asks_the_same_however_many_accounts_and_series_there_are(acme, three):
    def asked():
        with tenant_scope(acme), CaptureQueriesContext(connection) as captured:
            selectors.sending_calendar(FIRST, LAST, now=NOW)
        return len(captured)

    before = asked()
    with tenant_scope(acme):
        for number in range(6):
            series, account = make_series(f"More {number}", zone="recipient"), make_account(f"Account {number}")
            enrol(series, make_contact(account, f"x{number}@x.example", timezone="Asia/Tokyo"))
    assert asked() == before


def test_an_archived_account_is_not_counted(acme, three):
    with tenant_scope(acme):
        account = accounts.create_account({"name": "Gone", "support_level": "Named"}, actor=TEST, now=NOW)
        enrol(three, make_contact(account, "gone@x.example"))
        before = totals(selectors.sending_calendar(FIRST, LAST, now=NOW))
        services.leave_archived([account.pk], actor=TEST, now=NOW)
        after = totals(selectors.sending_calendar(FIRST, LAST, now=NOW))
    assert before["11-25"] == 4 and after["11-25"] == 3


def test_the_page_shows_a_month_a_week_and_leads_to_the_people(acme, ana, three, clock_at):
    clock_at(NOW)
    page = sign_in(Client(), ana)
    month = page.get("/campaigns/calendar/").content.decode()
    assert "November 2026" in month and "3 will get it" in month and "Thanksgiving" in month
    week = page.get("/campaigns/calendar/?view=week&on=2026-11-25").content.decode()
    assert "23 Nov to 29 Nov 2026" in week and "09:00 (Tokyo)" in week
    people = page.get(f"/campaigns/calendar/{three.pk}/?on=2026-11-25&ahead=1").content.decode()
    assert "Ada" in people and "Cy" in people and "will get it" in people
    assert page.get(f"/campaigns/calendar/{three.pk}/?on=yesterday").status_code == 200
    assert page.get("/campaigns/calendar/?view=year&on=soon").status_code == 200


def test_the_api_says_the_same(acme, acme_api, three, clock_at):
    clock_at(NOW)
    body = acme_api.get("sending-calendar/?from=2026-11-23&to=2026-11-29").json()
    (entry,) = body["days"][2]["entries"]
    assert entry["expected"] == 3 and {slot["zone"] for slot in entry["slots"]} >= {"Asia/Tokyo"}
    assert body["days"][3]["entries"][0]["days_off"][0]["calendar"] == "US"
    path = f"series/{three.pk}/recipients?date=2026-11-25&ahead=true"
    assert {row["contact"] for row in acme_api.get(path).json()["results"]} == {"Ada", "Bob", "Cy"}
    for wrong in ("?from=2026-11-23&to=2026-11-22", "?from=2026-01-01&to=2026-12-31", "?from=soon"):
        assert acme_api.get(f"sending-calendar/{wrong}").status_code == 400
