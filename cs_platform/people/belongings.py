"""What a member owns, told by the rooms that know: nobody leaves while something would be left without anybody.

A room registers a kind when its app is ready. Counting and handing over work on the whole set of a member at once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cs_platform import ledger
from cs_platform.ledger import Actor
from cs_platform.people.models import Membership

UNASSIGN = "unassign"
Count = Callable[[Membership], int]
HandOver = Callable[[Membership, Membership | None, Actor, datetime], None]


@dataclass(frozen=True)
class Belonging:
    """`label` is a plural that a number stands beside: "accounts as CSM". `without` says what happens to them when
    nobody takes over; empty where somebody must."""

    kind: str
    label: str
    count: Count
    hand_over: HandOver
    without: str = ""


@dataclass(frozen=True)
class Owned:
    """So many of a kind that a member owns now."""

    belonging: Belonging
    count: int

    @property
    def as_json(self) -> dict[str, Any]:
        one = self.belonging
        return {"kind": one.kind, "label": one.label, "count": self.count, "can_be_unassigned": bool(one.without)}


class StillOwns(ledger.Refused):
    """Things of the member are in no plan. `extra` goes into the answer of the API."""

    def __init__(self, member: Membership, left: list[Owned]) -> None:
        words = ", ".join(f"{one.belonging.label} ({one.count:,})" for one in left)
        message = f"{member} still owns something: {words}. Say who takes it over."
        super().__init__(message, code="still_owns", field=f"plan.{left[0].belonging.kind}")
        self.left = left
        self.extra = {"belongings": [one.as_json for one in left]}


_known: dict[str, Belonging] = {}


def register(kind: str, label: str, *, count: Count, hand_over: HandOver, without: str = "") -> None:
    _known[kind] = Belonging(kind, label, count, hand_over, without)


def kinds() -> list[str]:
    return list(_known)


def of(member: Membership) -> list[Owned]:
    """One count for each kind that there is, without those of which there is nothing."""
    found = [Owned(one, one.count(member)) for one in _known.values()]
    return [one for one in found if one.count]


def hand_over(member: Membership, plan: Mapping[str, str], *, actor: Actor, now: datetime) -> None:
    """Refused if the plan names an unknown kind, somebody who can not take over, or not everything."""
    for kind in plan:
        if kind not in _known:
            raise ledger.Refused(f"{kind[:40]!r} is not a kind.", code="unknown_kind", field=f"plan.{kind[:40]}")
    owned = of(member)
    left = [one for one in owned if one.belonging.kind not in plan]
    if left:
        raise StillOwns(member, left)
    takers = {one.belonging.kind: _taker(member, one.belonging, plan[one.belonging.kind]) for one in owned}
    for one in owned:
        one.belonging.hand_over(member, takers[one.belonging.kind], actor, now)


def refuse_leftovers(member: Membership) -> None:
    """Something that came to the member while the plan was carried out."""
    left = of(member)
    if left:
        raise StillOwns(member, left)


def _taker(member: Membership, one: Belonging, said: str) -> Membership | None:
    field = f"plan.{one.kind}"
    if said == UNASSIGN:
        if not one.without:
            raise ledger.Refused(f"Somebody must take over the {one.label}.", code="needs_somebody", field=field)
        return None
    try:
        wanted = UUID(said)
    except ValueError:
        wanted = None
    taker = Membership.objects.select_related("user").filter(pk=wanted, is_active=True).first() if wanted else None
    if taker is None or taker.pk == member.pk:
        raise ledger.Refused(f"Choose another active member for the {one.label}.", code="not_a_taker", field=field)
    return taker
