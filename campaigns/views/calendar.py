"""The calendar of what goes out: a month or a week, and who is behind a number."""

import calendar
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render

from campaigns import selectors, zones
from cs_platform.people.doors import member_view
from cs_platform.people.paging import MemberRequest, uuid_or_none

DAY, WEEK = timedelta(days=1), timedelta(days=7)


@member_view("series.view")
def sending_calendar(request: MemberRequest) -> HttpResponse:
    today = zones.local_date(request.now, request.tenant.timezone)
    shown = request.GET.get("view") if request.GET.get("view") in ("week", "month") else "month"
    on = _date(request.GET.get("on", ""), today)
    first, last, before, after = _week(on) if shown == "week" else _month(on)
    found = selectors.sending_calendar(first, last, now=request.now)
    context: dict[str, Any] = {
        "found": found,
        "weeks": [found.days[n : n + 7] for n in range(0, len(found.days), 7)],
        "view": shown,
        "on": on,
        "month": on.replace(day=1) if shown == "month" else None,
        "before": before,
        "after": after,
        "today": today,
        "is_empty": not any(day.entries for day in found.days),
    }
    return render(request, "campaigns/calendar.html", context)


@member_view("message.view")
def calendar_day(request: MemberRequest, series_id: UUID) -> HttpResponse:
    """Who got, or will get, an e-mail of this series on the day `on`."""
    series, today = selectors.series_for(series_id), zones.local_date(request.now, request.tenant.timezone)
    on = _date(request.GET.get("on", ""), today)
    ahead = request.GET.get("ahead") == "1"
    after = uuid_or_none(request.GET.get("after", ""))
    page = selectors.recipients(series, on, now=request.now, ahead=ahead, after=after)
    seen = selectors.sending_calendar(on, on, now=request.now)
    entry = next((e for d in seen.days for e in d.entries if e.series.pk == series.pk), None)
    context = {
        "series": series, "day": on, "page": page, "ahead": ahead, "entry": entry, "found": seen, "today": today,
        "is_first": after is None,
    }  # fmt: skip
    return render(request, "campaigns/calendar_day.html", context)


def _date(text: str, otherwise: date) -> date:
    """What makes no sense is today."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return otherwise
    return found if 2000 <= found.year <= 2199 else otherwise


def _week(on: date) -> tuple[date, date, date, date]:
    first = on - on.weekday() * DAY
    return first, first + 6 * DAY, first - WEEK, first + WEEK


def _month(on: date) -> tuple[date, date, date, date]:
    """Whole weeks around the month."""
    start = on.replace(day=1)
    end = on.replace(day=calendar.monthrange(on.year, on.month)[1])
    return start - start.weekday() * DAY, end + (6 - end.weekday()) * DAY, (start - DAY).replace(day=1), end + DAY
