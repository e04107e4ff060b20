"""The rules of this room: what follows for the stage from what happens to an account. Version 1.

1. An account that becomes managed enters the default lifecycle at its stage `prospect` (or, where that is switched off,
   at the first stage that is on). One that comes back goes on where it stopped.
2. Winning a new-business deal moves an account from `prospect` to `onboarding`; an account that becomes managed after
   its deal was won goes through both.
3. What was so before the first sync is history. An account that was there at the first sync and had won its first
   new-business deal by then goes to `onboarding` if that deal closed within 60 days, else to `adopting`, and the fact
   says `baseline`, so that nobody is written to. For an account that becomes managed later an old deal is rule 2.

The rules mean stages by key, so renaming a stage changes nothing; a stage that is switched off, missing, or not reached
by the tenant's moves is not entered.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from accounts.models import Account, Opportunity
from accounts.services import locks
from cs_platform import ledger
from cs_platform.tenancy.models import Tenant
from cs_platform.tenancy.scope import require_tenant_id
from lifecycle import selectors
from lifecycle.models import AccountLifecycle, Lifecycle, Stage, StageInterval
from lifecycle.services import clocks
from lifecycle.services.moving import LOCK, Cause, enter_accounts, move_set

PROSPECT, ONBOARDING, ADOPTING = "prospect", "onboarding", "adopting"
STILL_NEW = timedelta(days=60)
MANAGED = "The account became managed."
WON = "A new-business opportunity was won."
FIRST_SYNC = "It was so at the first sync."


def follow_managed(
    account_ids: Collection[UUID | str], *, baseline: bool = False, actor: ledger.Actor, now: datetime
) -> list[UUID]:
    """Rules 1 and 2 for accounts that we look after from now on; which entered the default lifecycle."""
    with ledger.unit():
        locks.together(LOCK)
        resumed = clocks.start_clocks(account_ids, actor=actor, now=now)
        lifecycle = selectors.default_lifecycle()
        first = _first_stage(lifecycle)
        if lifecycle is None or first is None:
            return []
        cause = Cause(
            "baseline" if baseline else "account_managed",
            FIRST_SYNC if baseline else MANAGED,
            _levels(account_ids),
            baseline,
        )
        entered = enter_accounts(account_ids, lifecycle.key, first.name, cause=cause, actor=actor, now=now)
        if entered or resumed:
            follow_won({*entered, *resumed}, baseline=baseline, actor=actor, now=now)
    return entered


def follow_won(
    account_ids: Collection[UUID | str],
    opportunity_ids: Collection[UUID | str] | None = None,
    *,
    baseline: bool = False,
    actor: ledger.Actor,
    now: datetime,
) -> list[UUID]:
    """Rules 2 and 3 for accounts in `prospect` with a won new-business deal (one of these, if some are named); which
    moved on."""
    with ledger.unit():
        locks.together(LOCK)
        lifecycle = selectors.default_lifecycle()
        stages = {stage.key: stage for stage in selectors.stages().filter(lifecycle=lifecycle)}
        if PROSPECT not in stages:
            return []
        deals = _first_deals(account_ids, opportunity_ids, stages[PROSPECT])
        known_before = _there_at_the_first_sync(deals, stages[PROSPECT]) if baseline else set()
        recent = _today(now) - STILL_NEW
        news = {pk: deal for pk, deal in deals.items() if pk not in known_before}
        new = {pk: deal for pk, deal in deals.items() if pk in known_before and _closed(deal) >= recent}
        old = {pk: deal for pk, deal in deals.items() if pk in known_before and pk not in new}
        won, history = Cause("opportunity_won", WON), Cause("baseline", FIRST_SYNC, baseline=True)
        return [
            *_move_on(news, stages, ONBOARDING, won, actor=actor, now=now),
            *_move_on(new, stages, ONBOARDING, history, actor=actor, now=now),
            *_move_on(old, stages, ADOPTING, history, actor=actor, now=now),
        ]


def _there_at_the_first_sync(account_ids: Collection[UUID], prospect: Stage) -> set[UUID]:
    there = StageInterval.objects.filter(account_id__in=account_ids, stage=prospect, left_at__isnull=True)
    return set(there.filter(rule="baseline").values_list("account_id", flat=True))


def _first_stage(lifecycle: Lifecycle | None) -> Stage | None:
    on = list(Stage.objects.filter(lifecycle=lifecycle, is_active=True).order_by("position", "id"))
    return next((stage for stage in on if stage.key == PROSPECT), on[0] if on else None)


def _levels(account_ids: Collection[UUID | str]) -> Mapping[UUID, Mapping[str, Any]]:
    levels = Account.objects.filter(pk__in=account_ids).values_list("pk", "support_level__name")
    return {pk: {"support_level": level} for pk, level in levels if level}


def _first_deals(
    account_ids: Collection[UUID | str], opportunity_ids: Collection[UUID | str] | None, prospect: Stage
) -> dict[UUID, Opportunity]:
    """The deal that made each of these prospects a customer: of those it has won, the one that closed first."""
    there = AccountLifecycle.objects.filter(account_id__in=account_ids, stage=prospect.pk, left_at__isnull=True)
    prospects = list(there.values_list("account_id", flat=True))
    won = Opportunity.objects.filter(account_id__in=prospects, is_won=True, is_new_business=True, is_active=True)
    if opportunity_ids is not None:
        won = won.filter(pk__in=opportunity_ids)
    first = won.order_by("account_id", "close_date", "won_at", "pk").distinct("account_id")
    return {deal.account_id: deal for deal in first}


def _move_on(
    deals: Mapping[UUID, Opportunity],
    stages: Mapping[str, Stage],
    stage_key: str,
    cause: Cause,
    *,
    actor: ledger.Actor,
    now: datetime,
) -> list[UUID]:
    source, target = stages[PROSPECT], stages.get(stage_key)
    if not deals or target is None or not target.is_active:
        return []
    lifecycle = target.lifecycle.key
    way = selectors.way_to(lifecycle, target.pk, at=now, reason=cause.reason, only_from=[source.name])
    cause = Cause(cause.rule, cause.reason, {pk: _evidence(deal) for pk, deal in deals.items()}, cause.baseline)
    return move_set(list(deals), way, cause, enter=False, actor=actor, now=now)


def _evidence(deal: Opportunity) -> dict[str, Any]:
    return {
        "opportunity_id": str(deal.pk),
        "opportunity": deal.name,
        "close_date": deal.close_date.isoformat() if deal.close_date else None,
    }


def _closed(deal: Opportunity) -> date:
    if deal.close_date is not None:
        return deal.close_date
    return deal.won_at.date() if deal.won_at is not None else date.max


def _today(now: datetime) -> date:
    zone = Tenant.objects.values_list("timezone", flat=True).get(pk=require_tenant_id())
    return now.astimezone(ZoneInfo(zone)).date()
