"""Teams: who works together, and who leads."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from cs_platform import ledger
from cs_platform.people import selectors as people
from cs_platform.people import teams as services
from cs_platform.people.doors import member_view, saved
from cs_platform.workspace import composing
from cs_platform.workspace.pages.account_verbs import form_door
from cs_platform.workspace.pages.settings.frame import frame, may, who
from cs_platform.workspace.settings_forms import TeamForm, TeamMembersForm

PAGE = "workspace:teams"


@member_view("member.view")
def teams(request: HttpRequest) -> HttpResponse:
    found = list(people.teams().order_by("name"))
    mine = {place.team_id for place in request.member.places.all()}  # type: ignore[attr-defined]
    context = {
        **frame(request, "teams"),
        "teams": [team for team in found if team.archived_at is None],
        "archived": [team for team in found if team.archived_at is not None],
        "mine": mine,
        **{name: may(request, f"team.{name.removeprefix('may_')}") for name in MAY},
    }
    return render(request, "workspace/settings/teams.html", context)


MAY = ("may_create", "may_edit", "may_archive", "may_set_members")


@member_view("team.create")
@form_door
def create_team(request: HttpRequest) -> HttpResponse:
    form = TeamForm(request.POST or None)
    context: dict[str, Any] = {**frame(request, "teams"), "form": form, "team": None}
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            with composing.once(form.token, request.now):  # type: ignore[attr-defined]
                team = services.create_team(data["name"], data["description"], **who(request))
            return saved(request, "workspace:team-members", team.pk, message=f"{team} is made. Say who is in it.")
        except composing.SentBefore:
            return saved(request, PAGE, message="The team was made already.")
        except ledger.Refused as refusal:
            composing.add_refusal(form, refusal)
    return composing.form_page(request, "workspace/settings/team.html", context, wrong=request.method == "POST")


@member_view("team.edit")
@form_door
def edit_team(request: HttpRequest, team_id: UUID) -> HttpResponse:
    team = people.team_for(team_id)
    initial = {"name": team.name, "description": team.description, "version": team.version}
    form = TeamForm(request.POST or None, initial=initial)
    context: dict[str, Any] = {**frame(request, "teams"), "form": form, "team": team}
    if request.method == "POST" and form.is_valid():
        values = {name: form.cleaned_data[name] for name in ("name", "description")}
        try:
            with composing.unchanged(team, form.known_version, values):
                services.edit_team(team, **values, **who(request))
            return saved(request, PAGE, message="Saved.")
        except ledger.Refused as refusal:
            composing.add_refusal(form, refusal)
    return composing.form_page(request, "workspace/settings/team.html", context, wrong=request.method == "POST")


@member_view("team.set_members")
@form_door
def team_members(request: HttpRequest, team_id: UUID) -> HttpResponse:
    team = people.team_for(team_id)
    there = {place.member_id: place for place in team.places.all()}
    active = [m for m in people.members().order_by("user__name", "pk") if m.is_active or m.pk in there]
    form = TeamMembersForm(request.POST if request.method == "POST" else None, people=active, there=there)
    context: dict[str, Any] = {**frame(request, "teams"), "form": form, "team": team}
    if request.method == "POST" and form.is_valid():
        try:
            services.set_members(team, form.wanted, **who(request))
            return saved(request, PAGE, message=f"{team} is saved.")
        except ledger.Refused as refusal:
            form.add_error(None, str(refusal))
    return composing.form_page(request, "workspace/settings/team_members.html", context, wrong=request.method == "POST")


@member_view("team.archive")
@require_POST
def archive_team(request: HttpRequest, team_id: UUID) -> HttpResponse:
    team = people.team_for(team_id)
    if team.archived_at is None:
        services.archive_team(team, **who(request))
    return saved(request, PAGE, message=f"{team} is archived.")


@member_view("team.archive")
@require_POST
def restore_team(request: HttpRequest, team_id: UUID) -> HttpResponse:
    team = people.team_for(team_id)
    if team.archived_at is not None:
        services.restore_team(team, **who(request))
    return saved(request, PAGE, message=f"{team} is back.")
