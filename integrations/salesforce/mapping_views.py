"""The page of the mapping: which Salesforce field feeds which of ours, tried on the first rows before it is saved."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from cs_platform import ledger
from cs_platform.people.doors import member_view, refused, saved
from integrations.salesforce import mapping, previewing, services
from integrations.salesforce.health import OBJECTS
from integrations.salesforce.models import Connection
from integrations.salesforce.services import ConnectionInput
from integrations.salesforce.views import connection_for
from integrations.salesforce.writing import showing
from integrations.salesforce.writing.forms import ways_of


def _context(connection: Connection, chosen: dict[str, str]) -> dict[str, Any]:
    """Each object with its lines: the chosen field, what the org offers, and what speaks against the choice."""
    groups = []
    for sobject in mapping.SOBJECTS:
        described = connection.described.get(sobject, {})
        fields = [{"name": name, "type": described[name][0]} for name in sorted(described, key=str.lower)]
        lines = [_line(connection, spec, chosen, described) for spec in mapping.SPECS if spec.sobject == sobject]
        groups.append({"sobject": sobject, "label": OBJECTS[sobject], "fields": fields, "lines": lines})
    return {
        "connection": connection,
        "groups": groups,
        "is_described": bool(connection.described),
        "written": showing.ways_only_written(connection),
    }


def _line(
    connection: Connection, spec: mapping.Spec, chosen: dict[str, str], described: dict[str, Any]
) -> dict[str, Any]:
    source = chosen.get(spec.key, spec.default)
    known = described.get(source)
    return {
        "key": spec.key,
        "label": spec.label,
        "default": spec.default,
        "source": source,
        "is_default": source == spec.default,
        "is_missing": bool(source) and bool(described) and known is None,
        "is_calculated": bool(known and known[1]) and source not in ("Name", "IsClosed", "IsWon"),
        "doubt": previewing.doubt(spec, known[0]) if known else "",
        "way": showing.way(connection, spec.key),
    }


def _chosen(request: HttpRequest) -> dict[str, str]:
    """The boxes of the form; one that was not sent keeps what is shipped."""
    return {
        spec.key: request.POST[f"map_{spec.key}"].strip() for spec in mapping.SPECS if f"map_{spec.key}" in request.POST
    }


@member_view("connection.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def edit_mapping(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    found = connection_for(connection_id)
    if request.method != "POST":
        return render(request, "integrations/mapping.html", _context(found, found.settings.get("field_map", {})))
    chosen = {} if request.POST.get("reset") == "1" else {**found.settings.get("field_map", {}), **_chosen(request)}
    try:
        given = ConnectionInput(settings={"field_map": chosen, **ways_of(request.POST, found.settings)})
        services.edit_connection(found, given, actor=request.member.actor, now=request.now)  # type: ignore[attr-defined]
    except ledger.Refused as refusal:
        return refused(request, "integrations/mapping.html", {**_context(found, chosen), "error": str(refusal)})
    words = "Saved. An object whose mapping changed is read in full once, with the next sync."
    return saved(request, "integrations:connection", found.pk, message=words)


@member_view("connection.edit")
@require_POST
def preview_mapping(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """The first rows through the choices of the form, saved or not."""
    found = connection_for(connection_id)
    sobject = request.POST.get("sobject", "")
    chosen = {**found.settings.get("field_map", {}), **_chosen(request)}
    context = {**_context(found, chosen), "sobject": sobject}
    try:
        field_map = mapping.check_field_map(chosen)
        if sobject not in mapping.SOBJECTS:
            raise ValueError("Choose the object to preview.")
    except ValueError as error:
        return refused(request, "integrations/mapping.html", {**context, "error": str(error)})
    context["preview"] = previewing.preview(found, sobject, field_map, now=request.now)  # type: ignore[attr-defined]
    part = "#preview" if getattr(request, "htmx", False) else ""
    return render(request, f"integrations/mapping.html{part}", context)
