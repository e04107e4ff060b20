"""Pages of the way back: what both sides changed, and what Salesforce did not take."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from cs_platform.people import keyset
from cs_platform.people.doors import member_view, saved
from integrations.salesforce import conflicts as deciding_conflicts
from integrations.salesforce.models import Conflict
from integrations.salesforce.views import connection_for, run_for
from integrations.salesforce.writing import deciding, replaying, showing

ROWS = 50
MOST = 500


def _page(request: HttpRequest, rows: Any, sort: str, allowed: dict[str, str]) -> tuple[keyset.Page, dict[str, str]]:
    """A page by its cursor; an unreadable one is the first page. Also the addresses of the next and the first."""
    cursor = request.GET.get("cursor", "")[: keyset.MAX_CURSOR + 1]
    try:
        page = keyset.paginate(rows, sort=sort, allowed=allowed, cursor=cursor or None, limit=ROWS)
    except keyset.BadCursor:
        page = keyset.paginate(rows, sort=sort, allowed=allowed, limit=ROWS)
    asked = request.GET.copy()
    asked.pop("cursor", None)
    first = f"?{asked.urlencode()}" if cursor else ""
    if page.next:
        asked["cursor"] = page.next
    return page, {"next": f"?{asked.urlencode()}" if page.next else "", "first": first}


def _ids(request: HttpRequest, name: str) -> list[UUID]:
    """The ticked rows; what is no id is no row."""
    found = []
    for text in request.POST.getlist(name)[:MOST]:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


# --- conflicts ------------------------------------------------------------------------------------------------------


@member_view("connection.view")
def conflicts(request: HttpRequest) -> HttpResponse:
    state = request.GET.get("state", "open")
    state = state if state in Conflict.State.values else "open"
    page, links = _page(request, showing.conflicts(state), "-created_at", {"created_at": "created_at"})
    context = {"rows": showing.with_labels(page.rows), "state": state, "open": showing.open_conflicts(), **links}
    return render(request, "integrations/conflicts.html", context)


@member_view("conflict.resolve")
@require_POST
def resolve_conflict(request: HttpRequest, conflict_id: UUID) -> HttpResponse:
    found, keep = showing.conflict_for(conflict_id), request.POST.get("keep", "")
    deciding_conflicts.resolve(found, keep, actor=request.member.actor, now=request.now)  # type: ignore[attr-defined]
    words = found.ours_words if keep == "harbor" else found.theirs_words
    said = f"{found.subject}: {words or 'empty'} stands on both sides."
    return saved(request, "integrations:conflicts", message=said)


@member_view("conflict.resolve")
@require_POST
def resolve_conflicts(request: HttpRequest) -> HttpResponse:
    """The same decision for all that are ticked."""
    ids, keep = _ids(request, "conflict_ids"), request.POST.get("keep", "")
    if not ids:
        messages.error(request, "Tick the conflicts that you want to decide.")
        return saved(request, "integrations:conflicts")
    decision = deciding_conflicts.resolve_many(ids, keep, actor=request.member.actor, now=request.now)  # type: ignore[attr-defined]
    for words in sorted(set(decision.refused.values()))[:5]:
        messages.error(request, words)
    return saved(request, "integrations:conflicts", message=f"{len(decision.resolved)} decided.")


# --- writes ---------------------------------------------------------------------------------------------------------


@member_view("connection.view")
def writes(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    found = connection_for(connection_id)
    shown = request.GET.get("state", "dead")
    shown = shown if shown in showing.STATES else "dead"
    rows = showing.writes(found, shown)
    page, links = _page(request, rows, "-changed_at", {"changed_at": "changed_at"})
    numbers = showing.counts(found)
    tabs = [{"word": word, "label": label, "number": numbers[word]} for word, (label, _) in showing.STATES.items()]
    context = {
        "connection": found,
        "lines": showing.lines(found, page.rows),
        "shown": shown,
        "tabs": tabs,
        "warnings": showing.warnings(found),
        **links,
    }
    return render(request, "integrations/writes.html", context)


@member_view("write.replay")
@require_POST
def replay_writes(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """Those that are ticked, or all that failed."""
    found = connection_for(connection_id)
    ids = None if request.POST.get("all") == "1" else _ids(request, "write_ids")
    if ids == []:
        messages.error(request, "Tick what you want to try again.")
        return saved(request, "integrations:writes", found.pk)
    done = deciding.replay(found, ids, actor=request.member.actor, now=request.now)  # type: ignore[attr-defined]
    return saved(request, "integrations:writes", found.pk, message=f"{len(done)} will be tried again at once.")


@member_view("write.discard")
@require_POST
def discard_writes(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    found = connection_for(connection_id)
    ids, reason = _ids(request, "write_ids"), request.POST.get("reason", "")
    if not ids:
        messages.error(request, "Tick what you want to discard.")
        return saved(request, "integrations:writes", found.pk)
    done = deciding.discard(found, ids, reason, actor=request.member.actor, now=request.now)  # type: ignore[attr-defined]
    said = f"{len(done)} discarded. Salesforce keeps what it has."
    return saved(request, "integrations:writes", found.pk, message=said)


# --- rows that a sync refused ---------------------------------------------------------------------------------------


@member_view("connection.sync")
@require_POST
def replay_run(request: HttpRequest, run_id: UUID) -> HttpResponse:
    found = run_for(run_id)
    replaying.replay_run(found, actor=request.member.actor, now=request.now)  # type: ignore[attr-defined]
    return saved(request, "integrations:run", found.pk, message="The refused rows are read and told again at once.")
