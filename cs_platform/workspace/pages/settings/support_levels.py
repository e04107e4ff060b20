"""The pick-list of support levels."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from accounts import selectors as accounts
from accounts import services
from accounts.models import SupportLevel
from cs_platform import ledger
from cs_platform.people.doors import member_view, saved
from cs_platform.workspace import composing
from cs_platform.workspace.pages.account_verbs import form_door
from cs_platform.workspace.pages.settings.frame import frame, may, who
from cs_platform.workspace.settings_forms import LevelForm

PAGE = "workspace:support-levels"


def _level(level_id: UUID) -> SupportLevel:
    found = accounts.support_levels().filter(pk=level_id).first()
    if found is None:
        raise Http404
    return found


@member_view("support_level.view")
def support_levels(request: HttpRequest) -> HttpResponse:
    return render(request, "workspace/settings/support_levels.html", _page(request, LevelForm()))


def _page(request: HttpRequest, form: LevelForm) -> dict[str, Any]:
    return {
        **frame(request, "support-levels"),
        "levels": list(accounts.support_levels()),
        "form": form,
        "may_edit": may(request, "support_level.edit"),
    }


@member_view("support_level.edit")
@require_POST
def add_support_level(request: HttpRequest) -> HttpResponse:
    form = LevelForm(request.POST)
    if form.is_valid():
        try:
            with composing.once(form.token, request.now):  # type: ignore[attr-defined]
                level = services.create_support_level(form.cleaned_data["name"], **who(request))
            return saved(request, PAGE, message=f"{level.name} can be given from now on.")
        except composing.SentBefore:
            return saved(request, PAGE, message="It was added already.")
        except ledger.Refused as refusal:
            composing.add_refusal(form, refusal)
    return composing.form_page(request, "workspace/settings/support_levels.html", _page(request, form), wrong=True)


@member_view("support_level.edit")
@form_door
def rename_support_level(request: HttpRequest, level_id: UUID) -> HttpResponse:
    level = _level(level_id)
    form = LevelForm(request.POST or None, initial={"name": level.name, "version": level.version})
    context = {**frame(request, "support-levels"), "level": level, "form": form}
    template = "workspace/settings/rename_support_level.html"
    if request.method != "POST":
        return composing.form_page(request, template, context)
    if form.is_valid():
        name = form.cleaned_data["name"]
        try:
            with composing.unchanged(level, form.known_version, {"name": name}):
                services.rename_support_level(level, name, **who(request))
            return saved(request, PAGE, message=f"It is called {name} now, on every account and in the rules.")
        except ledger.Refused as refusal:
            composing.add_refusal(form, refusal)
    return composing.form_page(request, template, context, wrong=True)


@member_view("support_level.edit")
@require_POST
def deactivate_support_level(request: HttpRequest, level_id: UUID) -> HttpResponse:
    level = services.deactivate_support_level(_level(level_id), **who(request))
    return saved(request, PAGE, message=f"{level.name} is not given any more. Accounts that have it keep it.")


@member_view("support_level.edit")
@require_POST
def activate_support_level(request: HttpRequest, level_id: UUID) -> HttpResponse:
    level = services.activate_support_level(_level(level_id), **who(request))
    return saved(request, PAGE, message=f"{level.name} can be given again.")


@member_view("support_level.edit")
@require_POST
def move_support_level(request: HttpRequest, level_id: UUID) -> HttpResponse:
    """One place up or down in the list."""
    level = _level(level_id)
    ordered = [found.pk for found in accounts.support_levels()]
    step = -1 if request.POST.get("to") == "up" else 1
    place = min(max(ordered.index(level.pk) + step, 0), len(ordered) - 1)
    services.move_support_level(level, place, **who(request))
    return saved(request, PAGE, message=f"{level.name} was moved.")
