"""The page of one account and its panels. Panels that come later are pages of their own without htmx."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from accounts import selectors as accounts
from accounts.models import Account
from cs_platform.people import policies
from cs_platform.people.doors import member_view
from cs_platform.people.models import Membership
from cs_platform.workspace import drawing, selectors
from integrations.salesforce import selectors as salesforce
from lifecycle import selectors as lifecycle

ENTRIES, EMAILS = 20, 8
ONLY = (("", _("Everything")), ("changes", _("Without e-mails")), ("stages", _("Stages")), ("mails", _("E-mails")))
VERBS = (
    "account.edit", "account.set_support_level", "account.move_stage", "account.assign_owner", "account.archive",
    "account.restore", "contact.create", "contact.edit", "contact.set_roles", "series.enrol", "alert.resolve",
    "account.override_segment",
)  # fmt: skip


def rights(member: Membership) -> dict[str, bool]:
    """Which verbs of the page this member may do: buttons that are refused are not there."""
    return {verb.replace(".", "_"): policies.may(member, verb) for verb in VERBS}


def header(request: HttpRequest, account: Account) -> dict[str, Any]:
    """What the head of the page says, on the page itself and on those of its panels."""
    stages = lifecycle.current_stages([account.pk], now=request.now)  # type: ignore[attr-defined]
    return {
        "account": account,
        "stages": list(stages.get(account.pk, {}).values()),
        "may": rights(request.member),  # type: ignore[attr-defined]
    }


@member_view("account.view")
def account(request: HttpRequest, account_id: UUID) -> HttpResponse:
    found = accounts.account_for(request.member, account_id)  # type: ignore[attr-defined]
    found.tenant = request.tenant  # type: ignore[attr-defined]  # known already: whoever asks for its zone asks nobody
    context = {
        **header(request, found),
        "why": accounts.explain_segment(found),
        "alerts": list(accounts.open_alerts(found.pk)),
        "contacts": selectors.contacts_with_mail(found.pk),
        "merged_into": salesforce.merged_into(found),
        **_entries(found, None, ""),
    }
    return render(request, "workspace/account/account.html", context)


def _entries(found: Account, before: int | None, only: str) -> dict[str, Any]:
    only = only if only in selectors.TIMELINE_KINDS else ""
    entries = selectors.timeline(found.pk, limit=ENTRIES + 1, before=before, only=only)
    older = entries[ENTRIES - 1].id if len(entries) > ENTRIES else None
    return {"entries": entries[:ENTRIES], "older": older, "only": only, "only_choices": ONLY}


@member_view("account.view")
def timeline(request: HttpRequest, account_id: UUID) -> HttpResponse:
    found = accounts.account_for(request.member, account_id)  # type: ignore[attr-defined]
    raw = request.GET.get("before", "")
    before = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 19 else None
    only = request.GET.get("only", "")
    if request.htmx:  # type: ignore[attr-defined]
        context = {"account": found, **_entries(found, before, only)}
        return render(request, "workspace/account/_timeline.html", context)
    return _panel(request, found, "timeline", _entries(found, before, only))


@member_view("account.view")
def stage_history(request: HttpRequest, account_id: UUID) -> HttpResponse:
    found = accounts.account_for(request.member, account_id)  # type: ignore[attr-defined]
    zone = request.tenant.timezone  # type: ignore[attr-defined]
    histories = [
        {"lifecycle": name, "stretches": drawing.stretches(intervals, request.now)}  # type: ignore[attr-defined]
        for name, intervals in selectors.stage_history(found.pk, zone=zone)
    ]
    return _panel(request, found, "stages", {"histories": histories})


@member_view("opportunity.view")
def opportunities(request: HttpRequest, account_id: UUID) -> HttpResponse:
    found = accounts.account_for(request.member, account_id)  # type: ignore[attr-defined]
    return _panel(request, found, "opportunities", {"opportunities": list(accounts.opportunities_of(found.pk)[:100])})


@member_view("account.view")
def written(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """How far Salesforce knows what was decided here."""
    found = accounts.account_for(request.member, account_id)  # type: ignore[attr-defined]
    return _panel(request, found, "written", {"written": salesforce.write_states([found.pk])[found.pk]})


@member_view("message.view")
def emails(request: HttpRequest, account_id: UUID) -> HttpResponse:
    found = accounts.account_for(request.member, account_id)  # type: ignore[attr-defined]
    coming = selectors.next_emails(found.pk, now=request.now, limit=EMAILS)  # type: ignore[attr-defined]
    return _panel(request, found, "emails", {"emails": coming, "may": rights(request.member)})  # type: ignore[attr-defined]


PANELS = {
    "timeline": ("Timeline", "workspace/account/_timeline.html"),
    "stages": ("Stage history", "workspace/account/_stages.html"),
    "opportunities": ("Opportunities", "workspace/account/_opportunities.html"),
    "written": ("In Salesforce", "integrations/_write_state.html"),
    "emails": ("Next e-mails", "workspace/account/_emails.html"),
}


def _panel(request: HttpRequest, found: Account, name: str, context: dict[str, Any]) -> HttpResponse:
    title, template = PANELS[name]
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, template, {"account": found, **context})
    whole = {**header(request, found), **context, "panel": template, "panel_title": title}
    return render(request, "workspace/account/panel.html", whole)
