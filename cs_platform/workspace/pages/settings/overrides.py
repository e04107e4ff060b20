"""What people have decided against the segmentation rules: the report, setting it on an account, ending it."""

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts import selectors as accounts
from accounts import services
from cs_platform.people.doors import member_view, saved
from cs_platform.people.models import Membership
from cs_platform.workspace import selectors
from cs_platform.workspace.forms import VersionedForm, day_box, words_box
from cs_platform.workspace.pages.account_verbs import Deed, answer, form_door
from cs_platform.workspace.pages.settings.frame import frame, may, who

SHOWN = 200


class OverrideForm(VersionedForm):
    segment = forms.ChoiceField(required=False, label=_("Segment"))
    service_model = forms.ChoiceField(required=False, label=_("Service model"))
    reason = words_box(_("Reason"), 500, needed=True)
    owner = forms.ChoiceField(label=_("Who answers for it"))
    expires_on = day_box(_("Until"), help_text=_("The last day that it holds; at most a year. Then the rules decide."))

    def __init__(self, *args: Any, members: list[Membership], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        segments, models = services.offered()
        self.members = {str(member.pk): member for member in members}
        as_ruled = ("", _("as the rules say"))
        self.fields["segment"].choices = [as_ruled, *((word, word) for word in segments)]  # type: ignore[attr-defined]
        self.fields["service_model"].choices = [as_ruled, *((word, word) for word in models)]  # type: ignore[attr-defined]
        self.fields["owner"].choices = [(pk, str(member)) for pk, member in self.members.items()]  # type: ignore[attr-defined]
        self.fields["expires_on"].required = True


@member_view("account.override_segment")
@form_door
def override_segment(request: HttpRequest, account_id: UUID) -> HttpResponse:
    member = request.member  # type: ignore[attr-defined]
    account = accounts.account_for(member, account_id)
    holds = accounts.override_of(account.pk)
    offered = list(selectors.managers())
    if member not in offered:
        offered.insert(0, member)
    initial = {"version": account.version, "owner": str(member.pk)}
    if holds is not None:
        if holds.owner not in offered:
            offered.append(holds.owner)
        initial |= {name: getattr(holds, name) for name in ("segment", "service_model", "reason", "expires_on")}
        initial["owner"] = str(holds.owner_id)
    form = OverrideForm(request.POST or None, initial=initial, members=offered)
    deed = Deed(account, form, "workspace/account/override_segment.html", {"holds": holds})

    def typed() -> dict[str, Any]:
        return {name: form.cleaned_data[name] for name in ("segment", "service_model") if form.cleaned_data[name]}

    def do() -> None:
        data = form.cleaned_data
        words = {name: data[name] for name in ("segment", "service_model", "reason", "expires_on")}
        services.override_segment(account, **words, owner=form.members[data["owner"]], **who(request))

    def message() -> str:
        until = form.cleaned_data["expires_on"]
        return f"Set by hand until {until.day} {until:%b %Y}. After that the rules decide again."

    return answer(request, deed, typed, do, message)


@member_view("segmentation.view")
def overrides(request: HttpRequest) -> HttpResponse:
    """Every override that holds, the one that ends first at the top; then those that ended lately."""
    context = {
        **frame(request, "segmentation"),
        "active": list(accounts.overrides().order_by("expires_on", "pk")[:SHOWN]),
        "ended": list(accounts.overrides(active=False).order_by("-ended_at", "-pk")[:20]),
        "may_override": may(request, "account.override_segment"),
    }
    return render(request, "workspace/settings/overrides.html", context)


@member_view("account.override_segment")
@require_POST
def end_override(request: HttpRequest, override_id: UUID) -> HttpResponse:
    override = accounts.override_for(request.member, override_id)  # type: ignore[attr-defined]
    services.end_override(override, **who(request))
    return saved(request, "workspace:overrides", message=f"The rules decide about {override.account.name} again.")
