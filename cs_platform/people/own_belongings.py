"""What a member owns in this room: API keys, and the lead of teams."""

from datetime import datetime
from typing import Any

from cs_platform import ledger
from cs_platform.ledger import Actor
from cs_platform.people import belongings
from cs_platform.people.models import ApiKey, Membership, TeamMember


def _keys(member: Membership) -> int:
    return ApiKey.objects.filter(created_by=member, revoked_at__isnull=True).count()


def _hand_over_keys(member: Membership, to: Membership | None, actor: Actor, now: datetime) -> None:
    mine = ApiKey.objects.filter(created_by=member, revoked_at__isnull=True)
    if to is None:
        ledger.change_many(mine, "revoke", set={"revoked_at": now}, actor=actor, now=now)
    else:
        ledger.change_many(mine, "assign_owner", set={"created_by_id": to.pk}, actor=actor, now=now)


def _led(member: Membership) -> int:
    return TeamMember.objects.filter(member=member, is_lead=True, team__archived_at__isnull=True).count()


def _hand_over_lead(member: Membership, to: Membership | None, actor: Actor, now: datetime) -> None:
    mine = TeamMember.objects.filter(member=member, is_lead=True, team__archived_at__isnull=True)
    with ledger.unit():
        led = list(mine.select_related("team").select_for_update(of=("self",)))
        if to is not None:
            there = TeamMember.objects.filter(member=to, team_id__in=[place.team_id for place in led])
            known = set(there.values_list("team_id", flat=True))
            there.update(is_lead=True)
            fresh = [
                TeamMember(team=place.team, member=to, is_lead=True) for place in led if place.team_id not in known
            ]
            TeamMember.objects.bulk_create(fresh)
        TeamMember.objects.filter(pk__in=[place.pk for place in led]).update(is_lead=False)
        names = sorted(place.team.name for place in led)
        changes: dict[str, list[Any]] = {"lead": [str(member), str(to) if to else None], "teams": [names, names]}
        ledger.note(member, "hand_over_lead", actor=actor, now=now, changes=changes)


def register() -> None:
    belongings.register("api_keys", "working API keys", count=_keys, hand_over=_hand_over_keys, without="revoke them")
    belongings.register("teams", "teams as lead", count=_led, hand_over=_hand_over_lead, without="leave them without")
