"""The table of an account's instances and who looks after each. It is saved as a whole; rows come and go before."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.text import slugify
from django.views.decorators.http import require_http_methods

from accounts import selectors as accounts_selectors
from accounts import services as accounts
from accounts.exporting import as_csv
from accounts.models import Account, Contact, Instance
from cs_platform.people.doors import member_view, refused, saved
from cs_platform.people.paging import uuid_or_none
from cs_platform.workspace.pages.account import header

TEXTS = ("name", "url", "kind", "deployment", "external_id")
MOST = 200


@dataclass
class Row:
    """A row as it was typed, or as it is stored, with what is wrong with it."""

    values: dict[str, str]
    admins: list[str]
    id: str = ""
    version: str = ""
    is_leaving: bool = False
    errors: dict[str, str] = field(default_factory=dict)


def _stored(instance: Instance) -> Row:
    values = {name: str(getattr(instance, name) or "") for name in TEXTS}
    admins = [str(row.contact_id) for row in getattr(instance, "mapping", ())]
    return Row(values, admins, str(instance.pk), str(instance.version))


def _empty() -> Row:
    return Row({**dict.fromkeys(TEXTS, ""), "kind": Instance.Kind.PRODUCTION.value}, [])


def _typed(request: HttpRequest) -> list[Row]:
    data = request.POST
    count = data.get("rows", "0")
    number = min(int(count), MOST) if count.isascii() and count.isdigit() and len(count) < 5 else 0
    rows = []
    for place in range(number):
        values = {name: data.get(f"{place}-{name}", "") for name in TEXTS}
        row = Row(
            values, data.getlist(f"{place}-admins"), data.get(f"{place}-id", ""), data.get(f"{place}-version", "")
        )
        row.is_leaving = data.get(f"{place}-leaving") == "1"
        rows.append(row)
    return rows


def _input(row: Row) -> accounts.InstanceInput:
    version = row.version
    return accounts.InstanceInput(
        values={} if row.is_leaving else dict(row.values),
        admins=None if row.is_leaving else tuple(pk for text in row.admins if (pk := uuid_or_none(text))),
        id=uuid_or_none(row.id),
        version=int(version) if version.isascii() and version.isdigit() and len(version) < 10 else None,
        remove=row.is_leaving,
    )


@member_view("instance.view")
@require_http_methods(["GET", "HEAD"])
def instances(request: HttpRequest, account_id: UUID) -> HttpResponse:
    found = accounts_selectors.account_for(request.member, account_id)  # type: ignore[attr-defined]
    stored = accounts_selectors.instances(found.pk).order_by("name", "pk")[:MOST]
    return render(request, "workspace/account/instances.html", _context(request, found, [_stored(i) for i in stored]))


@member_view("instance.edit")
@require_http_methods(["POST"])
def save_instances(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """`add`, `leave:3` and `stay:3` change the rows of the form and store nothing."""
    found = accounts_selectors.account_for(request.member, account_id)  # type: ignore[attr-defined]
    rows, verb = _typed(request), request.POST.get("verb", "save")
    if verb != "save":
        return _answer(request, found, _rearranged(rows, verb), status=200)
    try:
        accounts.save_instances(
            found,
            [_input(row) for row in rows],
            actor=request.member.actor,  # type: ignore[attr-defined]
            now=request.now,  # type: ignore[attr-defined]
        )
    except accounts.InvalidRows as bad:
        for place, errors in bad.rows.items():
            rows[place].errors = {error.field: error.message for error in errors}
        return _answer(request, found, _renewed(found, rows), status=422)
    return saved(request, "workspace:account-instances", found.pk, message="Saved the table of instances.")


def _rearranged(rows: list[Row], verb: str) -> list[Row]:
    kind, _, place = verb.partition(":")
    if kind == "add" and len(rows) < MOST:
        return [*rows, _empty()]
    if place.isascii() and place.isdigit() and len(place) < 5 and int(place) < len(rows):
        row = rows[int(place)]
        if kind == "leave" and not row.id:
            return [other for other in rows if other is not row]
        row.is_leaving = kind == "leave"
    return rows


def _renewed(found: Account, rows: list[Row]) -> list[Row]:
    """A row that somebody else has changed may be saved over theirs, knowingly; one that is gone becomes a new one."""
    live = {str(pk): str(version) for pk, version in found.instances.values_list("pk", "version")}
    for row in rows:
        if row.id and row.id not in live:
            row.id = row.version = ""
        elif row.id:
            row.version = live[row.id]
    return rows


def _answer(request: HttpRequest, found: Account, rows: list[Row], *, status: int) -> HttpResponse:
    part = "#table" if getattr(request, "htmx", False) else ""
    template = f"workspace/account/instances.html{part}"
    context = _context(request, found, rows)
    return refused(request, template, context) if status == 422 else render(request, template, context)


def _context(request: HttpRequest, found: Account, rows: list[Row]) -> dict[str, Any]:
    people: list[Contact] = list(accounts_selectors.contacts_of(found.pk)[:MOST])
    names = {str(contact.pk): contact.name for contact in people}
    return {
        **header(request, found),
        "rows": [{"row": row, "names": [names[pk] for pk in row.admins if pk in names]} for row in rows],
        "people": people,
        "kinds": Instance.Kind.choices,
        "deployments": [("", "not known"), *Instance.Deployment.choices],
        "has_errors": any(row.errors for row in rows),
    }


HEAD = ("Instance", "URL", "Kind", "Deployment", "External id", "Admin", "Title", "E-mail", "Phone")


@member_view("instance.view")
def export_instances(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """The mapping as a file: a line for each instance and admin."""
    found = accounts_selectors.account_for(request.member, account_id)  # type: ignore[attr-defined]
    lines: list[tuple[Any, ...]] = []
    for one in accounts_selectors.instances(found.pk).order_by("name", "pk"):
        said = (one.name, one.url, one.get_kind_display(), one.get_deployment_display(), one.external_id)
        people = [row.contact for row in getattr(one, "mapping", ())]
        lines += [(*said, who.name, who.title, who.email, who.phone) for who in people] or [(*said, "", "", "", "")]
    response = HttpResponse(as_csv(HEAD, lines), content_type="text/csv; charset=utf-8")
    name = slugify(found.name) or "account"
    response["Content-Disposition"] = f'attachment; filename="instances-{name}.csv"'
    return response
