"""The start page: what is mine, what needs me, what goes out, what happened."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext

from accounts import selectors as accounts
from accounts.models import Opportunity
from activities import selectors as activities
from cs_platform.people import policies
from cs_platform.people.doors import member_view
from cs_platform.people.models import Membership
from cs_platform.workspace import drawing, selectors
from cs_platform.workspace.account_list import ME, Asked

MINE, EVERYONE = "mine", "everyone"
ALERTS, LONG, WATCHED, CHANGES, TASKS = 6, 6, 8, 10, 6


@member_view
def home(request: HttpRequest) -> HttpResponse:
    member: Membership = request.member  # type: ignore[attr-defined]
    now: datetime = request.now  # type: ignore[attr-defined]
    zone = request.tenant.timezone  # type: ignore[attr-defined]
    today = now.astimezone(ZoneInfo(zone)).date()
    my_book, every_book = selectors.book_of(member, today)
    asked = request.GET.get("show", "")
    show = asked if asked in (MINE, EVERYONE) else MINE if my_book.accounts else EVERYONE
    mine = member if show == MINE else None
    owner = ME if mine else ""
    counts, accounts_page = selectors.stage_counts(mine), reverse("workspace:account-list")
    context = {
        "greeting": _greeting(now.astimezone(ZoneInfo(zone)).hour, member),
        "today": today,
        "show": show,
        "may_connect": policies.may(member, "connection.create"),
        "has_own": bool(my_book.accounts),
        "book": my_book if mine else every_book,
        "list_mine": Asked(owner=owner).query,
        "list_undecided": Asked(owner=owner, segment="none").query,
        "list_renewing": Asked(owner=owner, sort="renewal").query,
        "list_late": Asked(owner=owner, late=True, sort="days").query,
        "stages": drawing.bars(
            [(name, number, accounts_page + Asked(stage=name, owner=owner).query) for name, number in counts]
        ),
        "placed": sum(number for _, number in counts),
        "alerts": _some(selectors.open_alerts(mine, ALERTS + 1), ALERTS),
        "late": _some(selectors.long_in_stage(mine, now=now, limit=LONG + 1), LONG),
        "troubles": selectors.attention(member, now=now),
        "emails": _by_day(selectors.upcoming_emails(mine, now=now, zone=zone), today),
        "watched": _watched(mine, today),
        "tasks": _some(list(activities.today_of(member, today)[: TASKS + 1]), TASKS),
        "changes": selectors.newest_changes(mine, CHANGES),
    }
    return render(request, "workspace/home.html", context)


def _greeting(hour: int, member: Membership) -> str:
    words = (
        gettext("Good morning") if hour < 12 else gettext("Good afternoon") if hour < 18 else gettext("Good evening")
    )
    return f"{words}, {member.user.get_short_name()}"


def _some(found: list[Any], limit: int) -> dict[str, Any]:
    return {"rows": found[:limit], "more": len(found) > limit}


def _by_day(slots: Sequence[Mapping[str, Any]], today: Any) -> list[dict[str, Any]]:
    """The coming slots, the days of this week first, each day once."""
    days: dict[Any, dict[str, Any]] = {}
    for slot in slots:
        day = days.setdefault(slot["local_date"], {"date": slot["local_date"], "slots": [], "contacts": 0})
        day["slots"].append(slot)
        day["contacts"] += slot["contacts"]
        day["is_today"] = slot["local_date"] == today
        day["is_tomorrow"] = slot["local_date"] == today + timedelta(days=1)
    return list(days.values())


def _watched(mine: Membership | None, today: Any) -> dict[str, Any]:
    deals = accounts.watch_list()
    if mine is not None:
        deals = deals.filter(account__csm=mine)
    found: list[Opportunity] = list(deals[: WATCHED + 1])
    rows = [
        {"deal": deal, "days": (deal.close_date - today).days if deal.close_date else None} for deal in found[:WATCHED]
    ]
    return {"rows": rows, "more": len(found) > WATCHED}
