"""One member: who it is, what the member may do, has and did; and the way out."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from cs_platform import ledger
from cs_platform.people import belongings, services
from cs_platform.people import selectors as people
from cs_platform.people.doors import member_view, saved
from cs_platform.people.models import ApiKey, Membership
from cs_platform.people.second_factor import resetting, rule
from cs_platform.workspace import composing, selectors
from cs_platform.workspace.pages.account_verbs import form_door
from cs_platform.workspace.pages.settings.frame import frame, may, who
from cs_platform.workspace.settings_forms import LeavingForm

PAGE, TEMPLATE = "workspace:member", "workspace/settings/member.html"
ENTRIES, KEYS = 10, 50


def _person(member_id: UUID) -> Membership:
    found = people.with_teams(people.members().select_related("tenant")).filter(pk=member_id).first()
    return found or people.member_for(member_id)  # the latter says that there is none


@member_view("member.view")
def member(request: HttpRequest, member_id: UUID) -> HttpResponse:
    person = _person(member_id)
    may_edit, may_audit, may_keys = (may(request, v) for v in ("member.edit", "audit.view", "api_key.view"))
    factors = rule.factors_of(person.user_id)
    is_me = person.pk == request.member.pk  # type: ignore[attr-defined]
    context: dict[str, Any] = {
        **frame(request, "members"),
        "person": person,
        "is_me": is_me,
        "factors": factors if may_edit or is_me else [],
        "has_factor": bool(factors),
        "is_missing": rule.needed(person) and not factors,
        "owned": belongings.of(person),
        "entries": _entries(person) if may_audit else [],
        "keys": _keys(request, person) if may_keys else [],
        "may_edit": may_edit,
        "may_audit": may_audit,
        "may_keys": may_keys,
        "may_reset": may(request, "member.reset_second_factor") and bool(factors) and not is_me,
    }
    return render(request, TEMPLATE, context)


def _entries(person: Membership) -> list[Any]:
    return selectors.audit_entries(list(selectors.audit_rows("", str(person.pk), None).order_by("-id")[:ENTRIES]))


def _keys(request: HttpRequest, person: Membership) -> list[ApiKey]:
    keys = list(ApiKey.objects.filter(created_by=person).order_by("-created_at", "-pk")[:KEYS])
    for key in keys:
        key.works = key.works_at(request.now)  # type: ignore[attr-defined]
    return keys


@member_view("member.edit")
@form_door
def deactivate_member(request: HttpRequest, member_id: UUID) -> HttpResponse:
    """What the member owns goes to somebody, kind by kind; then the door closes."""
    person = people.member_for(member_id)
    if not person.is_active:
        return saved(request, PAGE, person.pk, message=f"{person} can not sign in here any more.")
    owned = belongings.of(person)
    takers = [one for one in people.members().filter(is_active=True).order_by("user__name") if one.pk != person.pk]
    form = LeavingForm(request.POST if request.method == "POST" else None, owned=owned, takers=takers)
    context = {**frame(request, "members"), "form": form, "person": person, "owned": owned}
    template = "workspace/settings/deactivate_member.html"
    if request.method != "POST":
        return composing.form_page(request, template, context)
    if form.is_valid():
        try:
            by: Any = request.member  # type: ignore[attr-defined]
            services.deactivate_member(person, plan=form.plan, by=by, **who(request))
            return saved(request, PAGE, person.pk, message=f"{person} can not sign in here any more.")
        except ledger.Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
    return composing.form_page(request, template, context, wrong=True)


@member_view("member.reset_second_factor")
@require_POST
def reset_second_factor(request: HttpRequest, member_id: UUID) -> HttpResponse:
    person = people.member_for(member_id)
    resetting.reset_second_factor(person, by=request.member, **who(request))  # type: ignore[attr-defined]
    message = f"{person} signs in with the password alone now, and was told so by e-mail."
    return saved(request, PAGE, person.pk, message=message)
