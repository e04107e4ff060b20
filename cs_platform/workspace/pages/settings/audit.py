"""The audit log: every change of the organisation, and whether the chain of hashes holds."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render

from cs_platform.people import keyset
from cs_platform.people import selectors as people
from cs_platform.people.doors import member_view
from cs_platform.workspace import selectors
from cs_platform.workspace.pages.settings.frame import frame

ROWS = 50
PAGE = "workspace/settings/audit.html"


@dataclass(frozen=True)
class Asked:
    """The address of the log: a verb, a member, an account, a place."""

    verb: str = ""
    actor: str = ""
    account: str = ""
    cursor: str = ""

    @classmethod
    def of(cls, query: QueryDict) -> "Asked":
        account = query.get("account", "")[:40]
        return cls(query.get("verb", "")[:80], query.get("actor", "")[:40], account, query.get("cursor", "")[:2001])

    @cached_property
    def query(self) -> str:
        return "?" + urlencode({name: value for name, value in vars(self).items() if value and name != "query"})

    def but(self, **changes: str) -> str:
        return replace(self, **{"cursor": "", **changes}).query


@member_view("audit.view")
def audit(request: HttpRequest) -> HttpResponse:
    asked = Asked.of(request.GET)
    rows = selectors.audit_rows(asked.verb, asked.actor, _uuid(asked.account))
    try:
        page = keyset.paginate(rows, sort="-id", allowed={"id": "id"}, cursor=asked.cursor or None, limit=ROWS)
    except keyset.BadCursor:
        page = keyset.paginate(rows, sort="-id", allowed={"id": "id"}, limit=ROWS)
    context: dict[str, Any] = {
        **frame(request, "audit"),
        "asked": asked,
        "entries": selectors.audit_entries(page.rows),
        "next": replace(asked, cursor=page.next).query if page.next else "",
        "verbs": selectors.audit_verbs(),
        "members": list(people.members().order_by("user__name", "pk")),
        "first_page": asked.but(),
    }
    name = f"{PAGE}#rows" if request.htmx else PAGE  # type: ignore[attr-defined]
    return render(request, name, context)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return UUID(int=0)


@member_view("audit.view")
def check_audit(request: HttpRequest) -> HttpResponse:
    """The chain is walked again, as far as one page may take."""
    context = {**frame(request, "audit"), "chain": selectors.chain_state()}
    template = "workspace/settings/check_audit.html"
    return render(request, f"{template}#result" if request.htmx else template, context)  # type: ignore[attr-defined]
