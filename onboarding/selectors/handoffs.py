"""Which hand-offs there are."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.http import Http404

from cs_platform.people.models import Membership
from onboarding.models import Handoff

HANDOFF_SORTS: Mapping[str, str] = {
    "close_date": "opportunity__close_date",
    "account": "account__sort_name",
    "created_at": "created_at",
    "updated_at": "updated_at",
}
MAX_WORDS = 8


@dataclass(frozen=True)
class HandoffFilters:
    """`mine` leaves those in which the member is the engineer, the advisor or the owner of the deal."""

    q: str = ""
    states: Collection[str] = ()
    account_id: UUID | None = None
    opportunity_id: UUID | None = None
    mine: Membership | None = None


def handoffs() -> QuerySet[Handoff]:
    """With the names that a line of a list says."""
    return Handoff.objects.select_related(
        "account__csm__user", "account__support_level", "opportunity__owner__user", "customer_engineer__user"
    ).defer("account__search_text")


def handoff_list(given: HandoffFilters) -> QuerySet[Handoff]:
    found = handoffs()
    if given.states:
        found = found.filter(state__in=list(given.states))
    for name in ("account_id", "opportunity_id"):
        value = getattr(given, name)
        if value is not None:
            found = found.filter(**{name: value})
    if given.mine is not None:
        me = given.mine
        found = found.filter(Q(customer_engineer=me) | Q(account__csm=me) | Q(opportunity__owner=me))
    for word in given.q.lower().split()[:MAX_WORDS]:
        found = found.filter(account__search_text__contains=word[:100])
    return found


def handoff_for(member: Any, pk: Any) -> Handoff:
    """The hand-off, or 404. Everybody in the tenant sees every one."""
    try:
        found = handoffs().filter(pk=pk if isinstance(pk, UUID) else UUID(str(pk))).first()
    except ValueError:
        found = None
    if found is None:
        raise Http404
    return found


def open_handoff_of(account_id: UUID) -> Handoff | None:
    """The hand-off that an account is in, or else its newest."""
    rows = handoffs().filter(account_id=account_id)
    return rows.filter(state__in=Handoff.OPEN).first() or rows.order_by("-pk").first()


def counts_by_state() -> dict[str, int]:
    return dict(Handoff.objects.values_list("state").annotate(n=Count("pk")).order_by("state"))
