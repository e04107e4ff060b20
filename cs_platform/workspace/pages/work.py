"""Panels of the account page that other rooms fill: its open tasks and its hand-off."""

from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts import selectors as accounts
from activities import selectors as activities
from cs_platform.people.doors import member_view
from cs_platform.workspace.pages.account import header
from onboarding import selectors as onboarding

SHOWN = 12


@member_view("task.view")
def tasks(request: HttpRequest, account_id: UUID) -> HttpResponse:
    found = accounts.account_for(request.member, account_id)  # type: ignore[attr-defined]
    today = request.now.astimezone(ZoneInfo(request.tenant.timezone)).date()  # type: ignore[attr-defined]
    rows = list(activities.open_of_account(found.pk)[: SHOWN + 1])
    context = {"account": found, "tasks": rows[:SHOWN], "more": len(rows) > SHOWN, "today": today}
    return _panel(request, "Tasks", "workspace/account/_tasks.html", context)


@member_view("handoff.view")
def handoff(request: HttpRequest, account_id: UUID) -> HttpResponse:
    found = accounts.account_for(request.member, account_id)  # type: ignore[attr-defined]
    handoff = onboarding.open_handoff_of(found.pk)
    zone = request.tenant.timezone  # type: ignore[attr-defined]
    look = onboarding.look_at(handoff, now=request.now, zone=zone) if handoff else None  # type: ignore[attr-defined]
    return _panel(request, "Hand-off", "workspace/account/_handoff.html", {"account": found, "look": look})


def _panel(request: HttpRequest, title: str, template: str, context: dict[str, object]) -> HttpResponse:
    """Alone for htmx; as a page of its own without."""
    if getattr(request, "htmx", False):
        return render(request, template, context)
    whole = {**header(request, context["account"]), **context, "panel": template, "panel_title": title}  # type: ignore[arg-type]
    return render(request, "workspace/account/panel.html", whole)
