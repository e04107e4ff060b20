"""Pages of the Salesforce connection: look, connect, mend, sync."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from cs_platform import ledger
from cs_platform.people.doors import member_view, refused, saved
from integrations.salesforce import health, hints, selectors, services
from integrations.salesforce.forms import ConnectionForm
from integrations.salesforce.models import Connection, SyncRun
from integrations.salesforce.writing import showing

RUNS_SHOWN = 20


def connection_for(connection_id: UUID) -> Connection:
    try:
        return selectors.get_connection(connection_id)
    except Connection.DoesNotExist:
        raise Http404 from None


def run_for(run_id: UUID) -> SyncRun:
    try:
        return selectors.get_run(run_id)
    except SyncRun.DoesNotExist:
        raise Http404 from None


@member_view("connection.view")
def overview(request: HttpRequest) -> HttpResponse:
    found = list(selectors.connections())
    latest = selectors.latest_runs(found)
    nights = selectors.latest_comparisons(found)
    now = request.now  # type: ignore[attr-defined]
    cards = [
        {
            "connection": connection,
            "run": latest.get(connection.pk),
            "health": health.of(connection, latest.get(connection.pk), now, night=nights.get(connection.pk)),
            "budget": health.budget(connection, now),
        }
        for connection in found
    ]
    return render(request, "integrations/overview.html", {"cards": cards})


@member_view("connection.view")
def connection(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """The page; htmx asks for its living part alone while a sync is running."""
    found = connection_for(connection_id)
    now = request.now  # type: ignore[attr-defined]
    runs = list(selectors.runs(found)[:RUNS_SHOWN])
    last = runs[0] if runs else None
    night = selectors.latest_comparisons([found]).get(found.pk)
    context: dict[str, Any] = {
        "connection": found,
        "night": health.night(night),
        "health": health.of(found, last, now, night=night),
        "budget": health.budget(found, now),
        "last": health.line(last, now) if last else None,
        "runs": health.lines(runs, now),
        "remaining": health.remaining(next((run for run in runs if run.state == SyncRun.State.DONE), None)),
        "marks": selectors.marks(found),
    }
    if _asks_for(request, "live"):
        return render(request, "integrations/connection.html#live", context)
    context["mapping"] = selectors.mapping_table(found)
    context["mapping_summary"] = selectors.mapping_summary(context["mapping"])
    context["unmanaged"] = selectors.unmanaged_accounts(found)
    context["back"] = {**showing.counts(found), "conflicts": showing.open_conflicts()}
    context["credentials"] = selectors.credentials(found)
    context["hint_address"] = hints.address_of(found)
    return render(request, "integrations/connection.html", context)


@member_view("connection.view")
def run(request: HttpRequest, run_id: UUID) -> HttpResponse:
    found = run_for(run_id)
    origin = selectors.get_connection(found.connection_id)
    context = {
        "line": health.line(found, request.now),  # type: ignore[attr-defined]
        "connection": origin,
        "problems": health.problems(found, origin),
        "night": health.night(found if found.kind == SyncRun.Kind.NIGHTLY else None),
        "remaining": health.remaining(found),
    }
    part = "#live" if _asks_for(request, "live") else ""
    return render(request, f"integrations/run.html{part}", context)


def _asks_for(request: HttpRequest, part: str) -> bool:
    htmx = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and htmx.target == part


@member_view("connection.create")
@require_http_methods(["GET", "HEAD", "POST"])
def connect(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return render(request, "integrations/connect.html", {"form": ConnectionForm(auth=request.GET.get("auth", ""))})
    form = ConnectionForm(request.POST)
    if not form.is_valid():
        return refused(request, "integrations/connect.html", {"form": form})
    try:
        made = services.create_connection(form.given(), actor=request.member.actor, now=request.now)  # type: ignore[attr-defined]
    except ledger.Refused as refusal:
        _add_refusal(form, refusal)
        return refused(request, "integrations/connect.html", {"form": form})
    return _tested(request, made)


@member_view("connection.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    found = connection_for(connection_id)
    if request.method != "POST":
        form = ConnectionForm(connection=found, auth=request.GET.get("auth", ""))
        return render(request, "integrations/connect.html", {"form": form, "connection": found})
    form = ConnectionForm(request.POST, connection=found)
    context = {"form": form, "connection": found}
    if not form.is_valid():
        return refused(request, "integrations/connect.html", context)
    try:
        found = services.edit_connection(found, form.given(), actor=request.member.actor, now=request.now)  # type: ignore[attr-defined]
    except ledger.Refused as refusal:
        _add_refusal(form, refusal)
        return refused(request, "integrations/connect.html", context)
    return _tested(request, found)


@member_view("connection.test")
@require_POST
def test(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    return _tested(request, connection_for(connection_id))


@member_view("connection.sync")
@require_POST
def sync(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    found = connection_for(connection_id)
    how = {name: request.POST.get(name) == "1" for name in ("full", "compare", "takes_missing")}
    services.start_sync(found, **how, actor=request.member.actor, now=request.now)  # type: ignore[attr-defined]
    words = "The comparison has started." if how["compare"] else "The sync has started."
    return saved(request, "integrations:connection", found.pk, message=words)


@member_view("connection.edit")
@require_POST
def rotate_hints(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    found = connection_for(connection_id)
    hints.rotate_address(found, actor=request.member.actor, now=request.now)  # type: ignore[attr-defined]
    words = "There is a new address. Enter it in Salesforce; the old one is not known any more."
    return saved(request, "integrations:connection", found.pk, message=words)


@member_view("connection.pause")
@require_POST
def pause(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    found = connection_for(connection_id)
    services.pause_connection(found, actor=request.member.actor, now=request.now)  # type: ignore[attr-defined]
    return saved(request, "integrations:connection", found.pk, message="Paused. Nothing is read until you resume.")


@member_view("connection.resume")
@require_POST
def resume(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    found = connection_for(connection_id)
    services.resume_connection(found, actor=request.member.actor, now=request.now)  # type: ignore[attr-defined]
    return saved(request, "integrations:connection", found.pk, message="Resumed.")


@member_view("connection.sync")
@require_POST
def cancel(request: HttpRequest, run_id: UUID) -> HttpResponse:
    found = run_for(run_id)
    services.cancel_sync(found, actor=request.member.actor, now=request.now)  # type: ignore[attr-defined]
    return saved(request, "integrations:connection", found.connection_id, message="The sync stops at its next page.")


def _tested(request: HttpRequest, found: Connection) -> HttpResponse:
    result = services.test_connection(found, actor=request.member.actor, now=request.now)  # type: ignore[attr-defined]
    if not result.ok:
        messages.error(request, result.message)
        return saved(request, "integrations:connection", found.pk)
    for warning in result.warnings:
        messages.warning(request, warning)
    return saved(request, "integrations:connection", found.pk, message=result.message)


def _add_refusal(form: ConnectionForm, refusal: ledger.Refused) -> None:
    field = getattr(refusal, "field", "")
    form.add_error(field if field in form.fields else None, str(refusal))
