"""Which deal a hand-off follows, and what that makes of the hand-off. Pure decisions on what was read in one go."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.models import Account, Opportunity
from onboarding.models import Handoff, HandoffSettings

ARCHIVED = "The account was archived."
LOST = "The deal was lost."
GONE = "The deal is not there any more."


@dataclass
class Plan:
    """What one look decided, before anything is written."""

    cancel: dict[str, list[UUID]] = field(default_factory=dict)
    move: list[Handoff] = field(default_factory=list)
    follow: list[Handoff] = field(default_factory=list)
    close: list[UUID] = field(default_factory=list)
    reopen: list[UUID] = field(default_factory=list)
    revive: list[UUID] = field(default_factory=list)
    open: list[Opportunity] = field(default_factory=list)


def living() -> QuerySet[Opportunity]:
    """New-business deals that are open or won."""
    open_or_won = Q(is_closed=False) | Q(is_won=True)
    return Opportunity.objects.filter(open_or_won, is_active=True, is_new_business=True)


def decide(
    account_ids: Collection[UUID | str] | None,
    won_ids: Collection[UUID | str],
    settings: HandoffSettings,
    today: date,
) -> Plan:
    """`won_ids` are deals that were just heard to be won: they open a hand-off even if nobody watched them."""
    plan = Plan()
    going = _of(Handoff.objects.filter(state__in=Handoff.OPEN), account_ids)
    live = list(going.select_related("account", "opportunity__account"))
    _move_along(live, plan)
    deals = _deals({handoff.account_id for handoff in live})
    taken = _taken(deals)
    for handoff in live:
        _judge(handoff, deals.get(handoff.account_id, []), taken, settings, today, plan)
    busy = {handoff.account_id for handoff in live if not _is_cancelled(plan, handoff)}
    _begin(_candidates(account_ids, won_ids, settings, today), busy, plan)
    return plan


def _of(rows: QuerySet[Any], account_ids: Collection[UUID | str] | None) -> QuerySet[Any]:
    return rows if account_ids is None else rows.filter(account_id__in=list(account_ids))


def _deals(account_ids: Collection[UUID]) -> dict[UUID, list[Opportunity]]:
    found: dict[UUID, list[Opportunity]] = {}
    for deal in living().filter(account_id__in=list(account_ids)).order_by("pk"):
        found.setdefault(deal.account_id, []).append(deal)
    return found


def _taken(deals: dict[UUID, list[Opportunity]]) -> dict[UUID, UUID]:
    """{deal: hand-off} for those that are not cancelled: no deal is followed twice."""
    ids = [deal.pk for several in deals.values() for deal in several]
    holders = Handoff.objects.filter(opportunity_id__in=ids).exclude(state=Handoff.State.CANCELLED)
    return dict(holders.values_list("opportunity_id", "pk"))  # type: ignore[arg-type]


def _move_along(live: Sequence[Handoff], plan: Plan) -> None:
    """A deal that belongs to another customer now (two turned out to be one) takes its hand-off along, unless that
    customer has one."""
    gone = [h for h in live if h.opportunity is not None and h.opportunity.account_id != h.account_id]
    if not gone:
        return
    targets = [handoff.opportunity.account_id for handoff in gone if handoff.opportunity is not None]
    rows = Handoff.objects.filter(account_id__in=targets, state__in=Handoff.OPEN)
    busy = set(rows.values_list("account_id", flat=True))
    for handoff in gone:
        assert handoff.opportunity is not None
        if handoff.opportunity.account_id not in busy:
            handoff.account = handoff.opportunity.account
            busy.add(handoff.account_id)
            plan.move.append(handoff)


def _judge(
    handoff: Handoff,
    deals: Sequence[Opportunity],
    taken: dict[UUID, UUID],
    settings: HandoffSettings,
    today: date,
    plan: Plan,
) -> None:
    if not handoff.account.is_managed:
        plan.cancel.setdefault(ARCHIVED, []).append(handoff.pk)
        return
    free = [deal for deal in deals if taken.get(deal.pk) in (None, handoff.pk)]
    deal = _leading(handoff, free, settings, today)
    if deal is None:
        was = handoff.opportunity
        why = LOST if was is not None and was.is_active and was.is_closed else GONE
        plan.cancel.setdefault(why, []).append(handoff.pk)
        return
    if deal.pk != handoff.opportunity_id:
        handoff.opportunity = deal
        plan.follow.append(handoff)
        taken[deal.pk] = handoff.pk
    if deal.is_won and handoff.state != Handoff.State.CLOSING:
        plan.close.append(handoff.pk)
    elif not deal.is_won and handoff.state == Handoff.State.CLOSING:
        plan.reopen.append(handoff.pk)


def _leading(
    handoff: Handoff, deals: Sequence[Opportunity], settings: HandoffSettings, today: date
) -> Opportunity | None:
    """A deal that was won comes first: its own, else one won since it was opened. Then the one that closes next."""
    mine = [deal for deal in deals if deal.pk == handoff.opportunity_id]
    won = [deal for deal in mine if deal.is_won] or sorted(
        (deal for deal in deals if deal.is_won and deal.won_at is not None and deal.won_at >= handoff.created_at),
        key=lambda deal: (deal.won_at, deal.pk),
    )
    if won:
        return won[0]
    near = [deal for deal in deals if not deal.is_won and (deal in mine or is_near(deal, settings, today))]
    return min(near, key=lambda deal: (deal.close_date or date.max, deal not in mine, deal.pk), default=None)


def is_near(deal: Opportunity, settings: HandoffSettings, today: date) -> bool:
    lead = timedelta(days=settings.support_level_days)
    return deal.close_date is not None and today - lead <= deal.close_date <= today + lead


def _is_cancelled(plan: Plan, handoff: Handoff) -> bool:
    return any(handoff.pk in several for several in plan.cancel.values())


def _candidates(
    account_ids: Collection[UUID | str] | None,
    won_ids: Collection[UUID | str],
    settings: HandoffSettings,
    today: date,
) -> list[Opportunity]:
    """Deals of managed accounts that may open a hand-off: those that were just won, and those that close soon."""
    lead = timedelta(days=settings.support_level_days)
    soon = Q(is_closed=False, close_date__range=(today - lead, today + lead))
    if account_ids is not None:
        soon &= Q(account_id__in=list(account_ids))
    chosen = soon | Q(pk__in=list(won_ids), is_won=True) if won_ids else soon
    rows = living().filter(chosen, account__state=Account.State.MANAGED)
    followed = Handoff.objects.exclude(state=Handoff.State.CANCELLED).values("opportunity_id")
    return list(rows.exclude(pk__in=followed.filter(opportunity_id__isnull=False)))


def _begin(candidates: Iterable[Opportunity], busy: set[UUID], plan: Plan) -> None:
    """One hand-off for each account: of the deal that was won first, else of the one that closes next."""
    first: dict[UUID, Opportunity] = {}
    for deal in sorted(candidates, key=lambda deal: (not deal.is_won, str(deal.won_at), str(deal.close_date), deal.pk)):
        if deal.account_id not in busy:
            first.setdefault(deal.account_id, deal)
    again = Handoff.objects.filter(opportunity__in=list(first.values()), state=Handoff.State.CANCELLED)
    back: dict[UUID, Handoff] = {}
    for handoff in again.order_by("pk"):
        back[handoff.account_id] = handoff  # the newest
    for account_id, deal in first.items():
        if account_id not in back:
            plan.open.append(deal)
        elif deal.is_won:
            plan.close.append(back[account_id].pk)
        else:
            plan.revive.append(back[account_id].pk)
