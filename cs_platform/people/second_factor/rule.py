"""Who needs a second factor, asked by the doors; and what a person has, told on the member page."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator
from django.core.exceptions import PermissionDenied

from cs_platform.people.models import Membership, Role
from cs_platform.tenancy.models import Tenant

FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
WORDS = {Authenticator.Type.TOTP: "authenticator app", Authenticator.Type.WEBAUTHN: "passkey"}


class SecondFactorRequired(PermissionDenied):
    """The organisation asks for a second factor and this person has none."""

    def __init__(self, tenant: Tenant) -> None:
        super().__init__(f"{tenant.name} asks for a second factor. Set one up on a page, then try again.")


@dataclass(frozen=True)
class Factor:
    kind: str
    added_at: datetime
    last_used_at: datetime | None

    @property
    def words(self) -> str:
        return WORDS[Authenticator.Type(self.kind)]


def needed(member: Membership) -> bool:
    rule = member.tenant.second_factor
    if rule == Tenant.SecondFactor.ADMINS:
        return bool({Role.OWNER, Role.ADMIN} & {Role(role) for role in member.roles})
    return bool(rule == Tenant.SecondFactor.EVERYBODY)


def missing(member: Membership) -> bool:
    """The rule concerns this member, and there is no factor. One query, and only where the rule concerns the member."""
    return needed(member) and not has_factor(member.user_id)


def require(member: Membership) -> None:
    if missing(member):
        raise SecondFactorRequired(member.tenant)


def has_factor(user_id: int) -> bool:
    return Authenticator.objects.filter(user_id=user_id, type__in=FACTORS).exists()


def users_with_factor(user_ids: Collection[int]) -> set[int]:
    found = Authenticator.objects.filter(user_id__in=list(user_ids), type__in=FACTORS)
    return set(found.values_list("user_id", flat=True))


def factors_of(user_id: int) -> list[Factor]:
    """What the person has, without anything secret."""
    rows = Authenticator.objects.filter(user_id=user_id, type__in=FACTORS).order_by("created_at", "pk")
    return [Factor(*row) for row in rows.values_list("type", "created_at", "last_used_at")]
