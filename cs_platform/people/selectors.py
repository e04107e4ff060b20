"""Questions about people. The cross-tenant ones ask definer functions that answer with ids and nothing else."""

import hmac
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db import connection
from django.db.models import Prefetch, QuerySet
from django.http import Http404

from cs_platform.people.models import ApiKey, Invitation, Membership, Team, TeamMember, User, digest
from cs_platform.tenancy.models import Tenant
from cs_platform.tenancy.scope import tenant_scope


@dataclass(frozen=True)
class Place:
    """A tenant in which a user is an active member."""

    tenant: Tenant
    membership_id: UUID


def _ids(function: str, value: int | str) -> list[tuple[int, UUID]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT tenant_id, row_id FROM public.{function}(%s)", [value])
        return [(int(tenant_id), UUID(str(row_id))) for tenant_id, row_id in cursor.fetchall()]


def places_of(user: User) -> list[Place]:
    """The tenants a user can enter, by name. Works outside of any tenant scope."""
    ids = dict(_ids("people_places_of_user", user.pk))
    tenants = Tenant.objects.filter(pk__in=ids).order_by("name", "pk") if ids else []
    return [Place(tenant, ids[tenant.pk]) for tenant in tenants]


def member_in(user: User, tenant_id: int) -> Membership | None:
    """The user's active membership in the tenant, read now; None when there is none (any more)."""
    with tenant_scope(tenant_id):
        return (
            Membership.objects.select_related("user", "tenant")
            .defer("tenant__logo")
            .filter(user=user, is_active=True, tenant__status="active")
            .first()
        )


def key_for(plain: str, *, now: datetime) -> ApiKey | None:
    """The working key with this plain text. Unknown, revoked and expired are one answer: None."""
    pieces = plain.split("_", 2)
    if len(pieces) != 3 or pieces[0] != "cs" or len(plain) > 200 or not plain.isascii() or "\x00" in plain:
        return None
    for tenant_id, key_id in _ids("people_key_with_prefix", pieces[1]):
        with tenant_scope(tenant_id):
            key = ApiKey.objects.select_related("tenant").filter(pk=key_id).first()
        if key and hmac.compare_digest(key.digest, digest(plain)) and key.works_at(now):
            return key
    return None


def invitation_for(token: str, *, now: datetime) -> Invitation | None:
    """The open invitation behind a link; None when it is unknown, used or expired."""
    if not token.isascii() or len(token) > 100 or "\x00" in token:
        return None
    for tenant_id, invitation_id in _ids("people_invitation_with_digest", digest(token)):
        with tenant_scope(tenant_id):
            invitation = Invitation.objects.select_related("tenant").filter(pk=invitation_id).first()
        if invitation and invitation.open_at(now):
            return invitation
    return None


def members() -> QuerySet[Membership]:
    return Membership.objects.select_related("user")


def member_for(pk: UUID | str) -> Membership:
    member = members().filter(pk=pk).first()
    if member is None:
        raise Http404
    return member


def invitation_of(pk: UUID) -> Invitation:
    invitation = Invitation.objects.filter(pk=pk).first()
    if invitation is None:
        raise Http404
    return invitation


def user_with_address(email: str) -> User | None:
    """Whose address it is: the one that a user signs in with, or another one that was proved. An address that somebody
    has only typed belongs to nobody yet."""
    user = User.objects.filter(email__iexact=email).first()
    if user is None:
        proved = EmailAddress.objects.select_related("user").filter(email__iexact=email, verified=True).first()
        user = proved.user if proved else None
    return user


def is_address_of(user: User, email: str) -> bool:
    found = user_with_address(email)
    return found is not None and found.pk == user.pk


def owners_beside(member: Membership) -> QuerySet[Membership]:
    return Membership.objects.filter(is_active=True, roles__contains=["owner"]).exclude(pk=member.pk)


# --- teams ----------------------------------------------------------------------------------------------------------


def teams() -> QuerySet[Team]:
    """All teams with their members, in three queries however many there are."""
    places = TeamMember.objects.select_related("member__user").order_by("-is_lead", "member__user__name", "pk")
    return Team.objects.prefetch_related(Prefetch("places", places))


def team_for(pk: UUID | str) -> Team:
    team = teams().filter(pk=pk).first()
    if team is None:
        raise Http404
    return team


def with_teams(found: QuerySet[Membership]) -> QuerySet[Membership]:
    """Members whose `places` are read: the teams that are not archived, with `is_lead`."""
    places = TeamMember.objects.select_related("team").filter(team__archived_at__isnull=True)
    return found.prefetch_related(Prefetch("places", places.order_by("team__name")))


def members_of_my_teams(member: Membership) -> list[UUID]:
    """The ids of the active members with whom the member shares a team, the member included: what "my team" means as
    a filter. One query."""
    mine = TeamMember.objects.filter(member=member, team__archived_at__isnull=True).values("team_id")
    mates = Membership.objects.filter(is_active=True, places__team_id__in=mine).values_list("pk", flat=True)
    return sorted({*mates, member.pk})
