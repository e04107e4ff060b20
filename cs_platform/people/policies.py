"""Who may: pure functions of who asks (a Membership or an ApiKey) and a verb of the table."""

from typing import Protocol

from django.core.exceptions import PermissionDenied

from cs_platform.ledger import Actor
from cs_platform.people.models import ApiKey, Membership, Role
from cs_platform.people.permissions import SCOPES, VERBS


class Who(Protocol):
    """A member or a key; doors put one on the request."""

    @property
    def tenant_id(self) -> int: ...
    @property
    def actor(self) -> Actor: ...


class MissingScope(PermissionDenied):
    """The key is right, but was not given this scope."""

    def __init__(self, scope: str) -> None:
        self.scope = scope
        super().__init__(f"This key lacks the scope {scope} ({SCOPES[scope]}).")


def may(who: Membership | ApiKey | None, verb: str) -> bool:
    """Unknown verbs raise: a misspelt right must not silently be 'no' (or worse, 'yes')."""
    right = VERBS[verb]
    if isinstance(who, ApiKey):
        return "admin" in who.scopes or right.scope in who.scopes
    if who is None or not who.is_active:
        return False
    return any(role in right.roles for role in who.roles)


def require(who: Membership | ApiKey, verb: str) -> None:
    if may(who, verb):
        return
    if isinstance(who, ApiKey):
        raise MissingScope(VERBS[verb].scope)
    raise PermissionDenied(f"Your roles do not allow you to {VERBS[verb].sentence}.")


def may_grant(who: Membership | ApiKey | None, roles: list[str]) -> bool:
    """Only an owner makes owners; None is the operator at the command line. A key with scope admin stands for the
    administrators, not for the owner."""
    if Role.OWNER not in roles or who is None:
        return True
    return isinstance(who, Membership) and Role.OWNER in who.roles
