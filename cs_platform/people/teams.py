"""Verbs of teams."""

from collections.abc import Mapping
from datetime import datetime
from typing import NoReturn
from uuid import UUID

from django.db import IntegrityError, transaction

from cs_platform import ledger
from cs_platform.ledger import Actor
from cs_platform.people.models import Membership, Team, TeamMember

ledger.sentences(
    {
        "team.create": "created the team {object}",
        "team.edit": "edited the team {object}",
        "team.set_members": "changed who is in the team {object}",
        "team.archive": "archived the team {object}",
        "team.restore": "brought the team {object} back",
        "member.hand_over_lead": "handed the teams that {object} led over",
        "api_key.assign_owner": "handed the API key {object} over",
    }
)
MAX_MEMBERS = 500


def _refuse(field: str, message: str, code: str) -> NoReturn:
    raise ledger.Refused(message, code=code, field=field)


def _clean(name: str, description: str) -> tuple[str, str]:
    name, description = " ".join(name.split()), description.strip().replace("\r\n", "\n")
    if not name or len(name) > 100 or not name.isprintable():
        _refuse("name", "A team needs a name of at most 100 printable characters.", "invalid_name")
    if len(description) > 500 or not description.replace("\n", " ").isprintable():
        _refuse("description", "At most 500 printable characters.", "invalid")
    return name, description


def _taken(name: str) -> NoReturn:
    _refuse("name", f"There is a team {name!r} already.", "name_taken")


def create_team(name: str, description: str = "", *, actor: Actor, now: datetime) -> Team:
    """A team without members yet. Refused if the name is none or taken."""
    name, description = _clean(name, description)
    team = Team(name=name, description=description, created_at=now, updated_at=now)
    try:
        with transaction.atomic():
            return ledger.create(team, actor=actor, now=now)
    except IntegrityError:
        _taken(name)


def edit_team(
    team: Team, *, name: str | None = None, description: str | None = None, actor: Actor, now: datetime
) -> Team:
    """Only what is given changes. Refused if the name is none or taken."""
    wanted = _clean(team.name if name is None else name, team.description if description is None else description)
    try:
        with transaction.atomic(), ledger.change(team, "edit", actor=actor, now=now) as team:
            team.name, team.description = wanted
    except IntegrityError:
        _taken(wanted[0])
    return team


def set_members(team: Team, members: Mapping[UUID, bool], *, actor: Actor, now: datetime) -> Team:
    """Who is in the team from now on; True for those who lead it. All others leave.

    Refused if somebody is no active member here, or if there are more than a team can have.
    """
    if len(members) > MAX_MEMBERS:
        _refuse("members", f"A team has at most {MAX_MEMBERS} members.", "too_many")
    with ledger.unit():
        live = Team.objects.select_for_update().filter(pk=team.pk).first()
        if live is None:
            raise ledger.Gone
        before = {
            place.member_id: place for place in TeamMember.objects.filter(team=live).select_related("member__user")
        }
        active = Membership.objects.select_related("user").filter(pk__in=list(members), is_active=True).in_bulk()
        if set(members) - set(active) - set(before):
            _refuse("members", "Somebody in this list is not an active member here.", "not_a_member")
        told = [
            _told({pk: (place.member, place.is_lead) for pk, place in before.items()}),
            _told({pk: (active.get(pk) or before[pk].member, lead) for pk, lead in members.items()}),
        ]
        if told[0] != told[1]:
            _write(live, before, members)
            Team.objects.filter(pk=live.pk).update(version=live.version + 1, updated_at=now)
            ledger.note(live, "set_members", actor=actor, now=now, changes={"members": told})
    return live


def _write(team: Team, before: Mapping[UUID, TeamMember], members: Mapping[UUID, bool]) -> None:
    gone = [place.pk for pk, place in before.items() if pk not in members]
    TeamMember.objects.filter(pk__in=gone).delete()
    fresh = [TeamMember(team=team, member_id=pk, is_lead=lead) for pk, lead in members.items() if pk not in before]
    TeamMember.objects.bulk_create(fresh)
    for lead in (True, False):
        turned = [place.pk for pk, place in before.items() if members.get(pk) is lead and place.is_lead is not lead]
        TeamMember.objects.filter(pk__in=turned).update(is_lead=lead)


def _told(places: Mapping[UUID, tuple[Membership, bool]]) -> list[str]:
    return sorted(f"{member} (lead)" if lead else str(member) for member, lead in places.values())


def archive_team(team: Team, *, actor: Actor, now: datetime) -> Team:
    """The team is offered nowhere any more; nothing is removed. Refused if it is archived."""
    with ledger.change(team, "archive", actor=actor, now=now) as team:
        if team.archived_at is not None:
            _refuse("", f"{team} is archived already.", "archived")
        team.archived_at = now
    return team


def restore_team(team: Team, *, actor: Actor, now: datetime) -> Team:
    """Refused if it is not archived."""
    with ledger.change(team, "restore", actor=actor, now=now) as team:
        if team.archived_at is None:
            _refuse("", f"{team} is not archived.", "not_archived")
        team.archived_at = None
    return team
