"""The table of rights, as it is: nothing on this page changes it."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from cs_platform.people.doors import member_view
from cs_platform.people.models import Role
from cs_platform.people.permissions import SCOPES, VERBS
from cs_platform.workspace.pages.settings.frame import frame, may

TEMPLATE = "workspace/settings/roles.html"
MINE = "mine"
# The first word of a verb, as people call it; one that is not here is called by itself.
OBJECTS = {
    "account": _("Accounts"),
    "alert": _("Alerts"),
    "api_key": _("API keys"),
    "audit": _("Audit log"),
    "connection": _("Integrations"),
    "contact": _("Contacts"),
    "lifecycle": _("Lifecycles"),
    "member": _("Members"),
    "message": _("Messages"),
    "opportunity": _("Opportunities"),
    "queue": _("Queue"),
    "segmentation": _("Segmentation"),
    "sending": _("Sending"),
    "series": _("E-mail series"),
    "support_level": _("Support levels"),
    "suppression": _("Suppressions"),
    "task": _("Tasks"),
    "team": _("Teams"),
    "template": _("E-mail templates"),
    "tenant": _("Organisation"),
}


@dataclass(frozen=True)
class Line:
    verb: str
    sentence: str
    scope: str
    cells: tuple[tuple[str, bool], ...]  # each role's name, and whether it may
    mine: bool

    @property
    def role_words(self) -> str:
        return ", ".join(name for name, allowed in self.cells if allowed)


@member_view("member.view")
def roles(request: HttpRequest) -> HttpResponse:
    query, role = request.GET.get("q", "").strip()[:100], request.GET.get("role", "")
    role = role if role in (*Role.values, MINE) else ""
    context: dict[str, Any] = {
        **frame(request, "roles"),
        "groups": _groups(request, query, role),
        "roles": Role.choices,
        "asked": {"q": query, "role": role},
        "mine": request.member.role_names,  # type: ignore[attr-defined]
        "scopes": SCOPES,
    }
    return render(request, f"{TEMPLATE}#table" if request.htmx else TEMPLATE, context)  # type: ignore[attr-defined]


def _groups(request: HttpRequest, query: str, role: str) -> list[tuple[Any, list[Line]]]:
    groups: dict[str, list[Line]] = {}
    for verb, right in VERBS.items():
        name = verb.split(".")[0]
        called = str(OBJECTS.get(name, name.replace("_", " ").capitalize()))
        mine = may(request, verb)
        if query.lower() not in f"{verb} {right.sentence} {called}".lower():
            continue
        if (role == MINE and not mine) or (role in Role.values and role not in right.roles):
            continue
        cells = tuple((label, Role(value) in right.roles) for value, label in Role.choices)
        groups.setdefault(called, []).append(Line(verb, right.sentence, right.scope, cells, mine))
    return list(groups.items())
