"""The support-level console of TA leadership: the list, what a change of many would do, and doing it."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from accounts import selectors as accounts
from accounts import services
from accounts.models import BulkChange
from accounts.services import Wanted
from cs_platform import ledger
from cs_platform.people.doors import member_view, refused, saved
from cs_platform.workspace import selectors
from cs_platform.workspace.console import changing, telling
from cs_platform.workspace.console.asking import CLOSING, Asked
from cs_platform.workspace.console.listing import Listing, refs

PAGE = "workspace/console/console.html"
VERB = "account.set_support_level"
ROWS = 100


@member_view(VERB)
def console(request: HttpRequest) -> HttpResponse:
    context = _page(request)
    if request.htmx and not request.htmx.boosted:  # type: ignore[attr-defined]
        answer = render(request, f"{PAGE}#list", context)
        answer["HX-Push-Url"] = f"{request.path}{context['asked'].query}"
        return answer
    return render(request, PAGE, context)


def _page(request: HttpRequest) -> dict[str, Any]:
    asked = Asked.of(request.GET)
    now, zone = request.now, request.tenant.timezone  # type: ignore[attr-defined]
    listing = Listing(asked, request.member, now=now)  # type: ignore[attr-defined]
    page = listing.page()
    choices = selectors.list_choices()
    return {
        "asked": asked,
        "rows": telling.told(listing, page.lines, now=now, zone=zone),
        "next": asked.but(cursor=page.next) if page.next else "",
        "is_lost": not page.found,
        "leads": listing.leads,
        "tabs": telling.tabs(asked),
        "faults": telling.faults(asked, listing.problems()),
        "chips": telling.chips(asked, choices),
        "heads": telling.heads(asked),
        "choices": choices,
        "closings": CLOSING.items(),
        "levels": [level.name for level in accounts.support_levels(active_only=True)],
    }


@member_view(VERB)
@require_POST
def preview_assignment(request: HttpRequest) -> HttpResponse:
    """What the chosen level would do to the chosen rows, or to all rows of the list."""
    asked = Asked.of(request.GET)
    if request.POST.get("all") == "1":
        listing = Listing(asked, request.member, now=request.now)  # type: ignore[attr-defined]
        ids, theirs = listing.chosen(services.MAX_ROWS + 1)
    else:
        ids, theirs = refs(request.POST.getlist("row"))
    level = request.POST.get("level", "")[:100]
    wanted = Wanted({"support_level": "" if level == "-" else level}, ids, theirs, request.POST.get("note", "")[:500])
    try:
        if not level:
            raise ledger.Refused("Choose a support level for the accounts that you selected.", code="required")
        bulk = services.preview_bulk(wanted, actor=request.member.actor, now=request.now)  # type: ignore[attr-defined]
    except ledger.Refused as refusal:
        return refused(request, PAGE, {**_page(request), "refusal": refusal, "kept": request.POST.getlist("row")})
    return saved(request, "workspace:assignment", bulk.pk)


def _bulk(request: HttpRequest, change_id: UUID) -> BulkChange:
    return accounts.bulk_change_for(request.member, change_id)  # type: ignore[attr-defined]


@member_view(VERB)
def assignment(request: HttpRequest, change_id: UUID) -> HttpResponse:
    """The preview, and once it is confirmed what became of every row."""
    bulk = _bulk(request, change_id)
    start = int(request.GET.get("from", "0")[:6]) if request.GET.get("from", "").isdigit() else 0
    counts = services.counted(bulk)
    stale = [row for row in bulk.rows if row.get("result") in ("stale", "gone")]
    context = {
        "bulk": bulk,
        "title": changing.title(bulk),
        "steps": changing.steps(bulk.summary),
        "rows": changing.rows(bulk, start, ROWS),
        "counts": counts,
        "total": len(bulk.rows),
        "undecided": changing.unknown_developers(bulk),
        "stale_keys": [f"a{row['id']}" if row["id"] else f"s{row['salesforce_id']}" for row in stale],
        "level": bulk.change.get("support_level") or "-",
        "before": f"?from={max(start - ROWS, 0)}" if start else "",
        "next": f"?from={start + ROWS}" if start + ROWS < len(bulk.rows) else "",
        "first": start + 1,
        "last": min(start + ROWS, len(bulk.rows)),
    }
    return render(request, "workspace/console/assignment.html", context)


@member_view(VERB)
@require_POST
def confirm_assignment(request: HttpRequest, change_id: UUID) -> HttpResponse:
    bulk = _bulk(request, change_id)
    if bulk.applied_at is not None:
        return redirect("workspace:assignment", bulk.pk)
    bulk = services.apply_bulk(bulk, actor=request.member.actor, now=request.now)  # type: ignore[attr-defined]
    counts = services.counted(bulk)
    message = f"{counts['changed']:,} {'account' if counts['changed'] == 1 else 'accounts'} changed."
    if counts["stale"] or counts["gone"]:
        message += f" {counts['stale'] + counts['gone']:,} left out: they changed since you looked."
    return saved(request, "workspace:assignment", bulk.pk, message=message)
