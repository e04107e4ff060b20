"""Who works here: members, invitations, roles."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from cs_platform import ledger
from cs_platform.people import selectors as people
from cs_platform.people import services
from cs_platform.people.doors import member_view, saved
from cs_platform.people.second_factor import rule
from cs_platform.workspace import composing, selectors
from cs_platform.workspace.pages.account_verbs import form_door
from cs_platform.workspace.pages.settings.frame import frame, may, who
from cs_platform.workspace.settings_forms import InviteForm, RolesOfMemberForm

PAGE, TEMPLATE = "workspace:members", "workspace/settings/members.html"


@member_view("member.view")
def members(request: HttpRequest) -> HttpResponse:
    return render(request, TEMPLATE, _page(request, InviteForm()))


def _page(request: HttpRequest, form: InviteForm) -> dict[str, Any]:
    may_invite = may(request, "member.invite")
    members = selectors.members_with_accounts()
    having = rule.users_with_factor([member.user_id for member in members])
    for member in members:
        member.has_factor = member.user_id in having  # type: ignore[attr-defined]
    return {
        **frame(request, "members"),
        "members": members,
        "invitations": selectors.open_invitations(request.now) if may_invite else [],  # type: ignore[attr-defined]
        "form": form,
        "may_invite": may_invite,
        "may_edit": may(request, "member.edit"),
    }


@member_view("member.invite")
@require_POST
def invite_member(request: HttpRequest) -> HttpResponse:
    form = InviteForm(request.POST)
    if form.is_valid():
        email, roles = form.cleaned_data["email"], form.cleaned_data["roles"]
        try:
            with composing.once(form.token, request.now):  # type: ignore[attr-defined]
                services.invite_member(email, roles, by=request.member, **who(request))  # type: ignore[attr-defined]
            return saved(request, PAGE, message=f"An invitation goes to {email}.")
        except composing.SentBefore:
            return saved(request, PAGE, message="The invitation was sent already.")
        except ledger.Refused as refusal:
            composing.add_refusal(form, refusal)
    return composing.form_page(request, TEMPLATE, _page(request, form), wrong=True)


@member_view("member.edit")
@form_door
def edit_roles(request: HttpRequest, member_id: UUID) -> HttpResponse:
    member = people.member_for(member_id)
    form = RolesOfMemberForm(request.POST or None, initial={"roles": member.roles, "version": member.version})
    context = {**frame(request, "members"), "form": form, "person": member}
    template = "workspace/settings/edit_roles.html"
    if request.method != "POST":
        return composing.form_page(request, template, context)
    if form.is_valid():
        roles = form.cleaned_data["roles"]
        try:
            with composing.unchanged(member, form.known_version, {"roles": roles}):
                services.edit_roles(member, roles, by=request.member, **who(request))  # type: ignore[attr-defined]
            return saved(request, PAGE, message=f"The roles of {member} are saved. They count at once.")
        except ledger.Refused as refusal:
            composing.add_refusal(form, refusal)
    return composing.form_page(request, template, context, wrong=True)


@member_view("member.invite")
@require_POST
def revoke_invitation(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    invitation = people.invitation_of(invitation_id)
    if invitation.open_at(request.now):  # type: ignore[attr-defined]
        services.revoke_invitation(invitation, **who(request))
    return saved(request, PAGE, message=f"The invitation of {invitation.email} works no more.")
