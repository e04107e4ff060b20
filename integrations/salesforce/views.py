"""Pages of the Salesforce connection: look, connect, mend, sync."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from cs_platform import ledger
from cs_platform.people.doors import member_view, refused, saved
from integrations.salesforce import selectors, services
from integrations.salesforce.forms import ConnectionForm
from integrations.salesforce.models import Connection, SyncRun

RUNS_SHOWN = 20


def _connection_for(connection_id: UUID) -> Connection:
    try:
        return selectors.get_connection(connection_id)
    except Connection.DoesNotExist:
        raise Http404 from None


def _run_for(run_id: UUID) -> SyncRun:
    try:
        return selectors.get_run(run_id)
    except SyncRun.DoesNotExist:
        raise Http404 from None


@member_view("connection.view")
def overview(request: HttpRequest) -> HttpResponse:
    found = list(selectors.connections())
    latest = selectors.latest_runs(found)
    cards = [{"connection": connection, "run": latest.get(connection.pk)} for connection in found]
    return render(request, "integrations/overview.html", {"cards": cards})


@member_view("connection.view")
def connection(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    found = _connection_for(connection_id)
    runs = list(selectors.runs(found)[:RUNS_SHOWN])
    context = {
        "connection": found,
        "runs": runs,
        "running": next((run for run in runs if run.state == SyncRun.State.RUNNING), None),
        "mapping": selectors.mapping_table(found),
        "unmanaged": selectors.unmanaged_accounts(found),
        "marks": selectors.marks(found),
        "credentials": [{"name": name.replace("_", " "), **hint} for name, hint in found.hints.items()],
    }
    template = "integrations/connection.html#live" if request.htmx else "integrations/connection.html"  # type: ignore[attr-defined]
    return render(request, template, context)


@member_view("connection.view")
def run(request: HttpRequest, run_id: UUID) -> HttpResponse:
    found = _run_for(run_id)
    context = {"run": found, "connection": selectors.get_connection(found.connection_id)}
    return render(request, "integrations/run.html", context)


@member_view("connection.create")
@require_http_methods(["GET", "HEAD", "POST"])
def connect(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return render(request, "integrations/connect.html", {"form": ConnectionForm()})
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
    found = _connection_for(connection_id)
    if request.method != "POST":
        return render(
            request, "integrations/connect.html", {"form": ConnectionForm(connection=found), "connection": found}
        )
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
    return _tested(request, _connection_for(connection_id))


@member_view("connection.sync")
@require_POST
def sync(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    found = _connection_for(connection_id)
    full = request.POST.get("full") == "1"
    services.start_sync(found, full=full, actor=request.member.actor, now=request.now)  # type: ignore[attr-defined]
    return saved(request, "integrations:connection", found.pk, message="The sync has started.")


@member_view("connection.pause")
@require_POST
def pause(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    found = _connection_for(connection_id)
    services.pause_connection(found, actor=request.member.actor, now=request.now)  # type: ignore[attr-defined]
    return saved(request, "integrations:connection", found.pk, message="Paused. Nothing is read until you resume.")


@member_view("connection.resume")
@require_POST
def resume(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    found = _connection_for(connection_id)
    services.resume_connection(found, actor=request.member.actor, now=request.now)  # type: ignore[attr-defined]
    return saved(request, "integrations:connection", found.pk, message="Resumed.")


@member_view("connection.sync")
@require_POST
def cancel(request: HttpRequest, run_id: UUID) -> HttpResponse:
    found = _run_for(run_id)
    services.cancel_sync(found, actor=request.member.actor, now=request.now)  # type: ignore[attr-defined]
    return saved(request, "integrations:connection", found.connection_id, message="The sync stops at its next page.")


def _tested(request: HttpRequest, found: Connection) -> HttpResponse:
    result = services.test_connection(found, actor=request.member.actor, now=request.now)  # type: ignore[attr-defined]
    return saved(request, "integrations:connection", found.pk, message=result.message)


def _add_refusal(form: ConnectionForm, refusal: ledger.Refused) -> None:
    field = getattr(refusal, "field", "")
    form.add_error(field if field in form.fields else None, str(refusal))
