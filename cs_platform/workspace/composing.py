"""What every form of the workspace shares: a refusal at its field, two people at one object, a form that is sent twice.

A form carries the `version` of the object that it was filled in for, and a word that is used `once`. What somebody else
changed meanwhile is said and nothing that was typed is lost; what is sent a second time has no second effect.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, cast
from uuid import UUID, uuid4

from django import forms
from django.db import connection, models
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render

from accounts import services as accounts
from accounts.models import Account
from cs_platform import ledger
from cs_platform.people.doors import refused
from cs_platform.tenancy.scope import require_tenant_id
from cs_platform.workspace import selectors

#: Fields of a form that are said in other words where they are stored.
NAMES = {"arr_minor": "arr", "mrr_minor": "mrr", "csm_id": "owner", "support_level_id": "support_level"}


class Stale(ledger.Refused):
    """Somebody else changed what this form would change. `changes` says what, `version` is the present one."""

    def __init__(self, changes: list[selectors.OtherChange], version: int) -> None:
        who = changes[0].who
        super().__init__(f"{who} changed this while you had the form open.", code="stale")
        self.changes, self.version = changes, version


class SentBefore(Exception):
    """This very form has done its work already."""


@contextmanager
def unchanged(obj: models.Model, version: int | None, typed: Mapping[str, Any]) -> Iterator[None]:
    """The body runs on the object as the form knew it. Refused (Stale) if one of the typed fields was changed since,
    to something else than what was typed; changes of other fields do not matter."""
    with ledger.unit():
        if isinstance(obj, Account):
            accounts.stand_by()  # before the row is locked: a publication of rules locks in this order
        live: Any = type(obj)._default_manager.select_for_update(of=("self",)).get(pk=obj.pk)
        if version is not None and live.version > version:
            differing = {name for name, value in typed.items() if _plain(getattr(live, name)) != _plain(value)}
            others = [change for change in selectors.changes_since(live, version) if change.field in differing]
            if others:
                raise Stale(others, live.version)
        yield


@contextmanager
def once(token: UUID | None, now: datetime) -> Iterator[None]:
    """The body runs for the first sending of a form. A second one, at the same time or later, raises SentBefore."""
    with ledger.unit():
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO people_idempotencyrecord"
                " (tenant_id, route, key, body_digest, status, answer, headers, created_at)"
                " VALUES (%s, 'page', %s, '', 200, '', '{}', %s) ON CONFLICT (tenant_id, route, key) DO NOTHING",
                [require_tenant_id(), str(token or uuid4()), now],
            )
            is_first = cursor.rowcount == 1
        if not is_first:
            raise SentBefore
        yield


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date | UUID):
        return str(value)
    return sorted(map(str, value)) if isinstance(value, list | tuple) else value if value is not None else ""


def add_refusal(form: forms.Form, refusal: ledger.Refused) -> None:
    """What a verb said, at the field that it is about. After Stale the form knows the present version: sent again, it
    overwrites what the other person did."""
    if isinstance(refusal, Stale):
        form.conflict = refusal  # type: ignore[attr-defined]
        data = cast(QueryDict, form.data).copy()
        data[form.add_prefix("version")] = str(refusal.version)
        form.data = data
        form.add_error(None, "Look at what changed. Save again to keep what you typed.")
        return
    for error in getattr(refusal, "errors", ()) or [refusal]:
        words = getattr(error, "message", "") or str(error)
        name = NAMES.get(error.field, error.field)
        visible = name in form.fields and not form[name].is_hidden
        form.add_error(name if visible else None, words)


def form_page(request: HttpRequest, template: str, context: dict[str, Any], *, wrong: bool = False) -> HttpResponse:
    """A form as a page of its own, or as the content of the dialog that htmx fills: its template extends `sheet`."""
    sheet = "workspace/sheet_part.html" if getattr(request, "htmx", False) else "workspace/sheet.html"
    whole = {**context, "sheet": sheet}
    return refused(request, template, whole) if wrong else render(request, template, whole)
