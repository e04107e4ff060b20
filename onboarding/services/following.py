"""The one look that brings every hand-off to where its deal is.

Facts ask it for their accounts, the clock once a day for all. It reads what is so now, not what was told, so that a
fact that comes twice, late or in another order changes nothing, and a second look at the same things writes nothing.
One at a time for a tenant; a look at any number of accounts is a fixed number of statements.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from accounts.models import Opportunity
from accounts.services import locks
from activities import selectors as activities_selectors
from cs_platform import ledger
from cs_platform.tenancy.models import Tenant
from cs_platform.tenancy.scope import require_tenant_id
from onboarding import items
from onboarding.facts import HandoffsHandedOver, HandoffsOpened
from onboarding.models import Handoff, HandoffMeeting, HandoffSettings
from onboarding.services import configuration, deals, papers, tending
from onboarding.situations import Situation, days_to_close


def follow(
    account_ids: Collection[UUID | str] | None = None,
    *,
    won_ids: Collection[UUID | str] = (),
    actor: ledger.Actor,
    now: datetime,
) -> None:
    """Look at the hand-offs of these accounts, or at all; `won_ids` are deals that were just won."""
    with ledger.unit():
        locks.alone(configuration.LOCK)
        settings = configuration.ensure_defaults(actor=actor, now=now)
        zone = zone_of_tenant()
        today = now.astimezone(zone).date()
        plan = deals.decide(account_ids, won_ids, settings, today)
        gone = _write(plan, actor=actor, now=now)
        _take_back(gone, actor=actor, now=now)
        situations = read(account_ids, today)
        prepare = [s.handoff.pk for s in situations if _is_due(s, settings)]
        if _move(prepare, "prepare", {}, actor=actor, now=now):
            situations = read(account_ids, today)
        papers.make_documents(situations, actor=actor, now=now)
        tending.tend(situations, settings, zone, actor=actor, now=now)
        _hand_over(read(account_ids, today), actor=actor, now=now)


def follow_won_before(account_ids: Collection[UUID | str], *, actor: ledger.Actor, now: datetime) -> None:
    """Accounts that are managed from now on: a deal that was won lately, before they were, counts as won now."""
    with ledger.unit():
        settings = configuration.ensure_defaults(actor=actor, now=now)
        since = now - timedelta(days=settings.support_level_days)
        # `won_at` is when we saw it: at a first reading that says nothing of a deal that closed years ago.
        lately = {"won_at__gte": since, "close_date__gte": since.date()}
        won = deals.living().filter(is_won=True, account_id__in=list(account_ids), **lately)
        follow(account_ids, won_ids=list(won.values_list("pk", flat=True)), actor=actor, now=now)


def follow_daily(*, actor: ledger.Actor, now: datetime) -> bool:
    """The look at all, once on each local day; whether it was this call that looked."""
    today = now.astimezone(zone_of_tenant()).date()
    if HandoffSettings.objects.filter(looked_on__gte=today).exists():
        return False
    with ledger.unit():
        locks.alone(configuration.LOCK)
        configuration.ensure_defaults(actor=actor, now=now)
        if HandoffSettings.objects.filter(looked_on__gte=today).exists():
            return False  # somebody else's clock was first
        HandoffSettings.objects.update(looked_on=today)
        follow(actor=actor, now=now)
    return True


def zone_of_tenant() -> ZoneInfo:
    return ZoneInfo(Tenant.objects.values_list("timezone", flat=True).get(pk=require_tenant_id()))


def read(account_ids: Collection[UUID | str] | None, today: date) -> list[Situation]:
    """The open hand-offs with all that is known of them."""
    rows = Handoff.objects.filter(state__in=Handoff.OPEN)
    if account_ids is not None:
        rows = rows.filter(account_id__in=list(account_ids))
    handoffs = list(
        rows.select_related(
            "account__csm__user", "account__support_level", "opportunity__owner__user", "customer_engineer__user"
        ).order_by("pk")
    )
    tasks = activities_selectors.tasks_of_source(items.KIND, [handoff.pk for handoff in handoffs])
    return [
        Situation(
            handoff,
            handoff.account,
            handoff.opportunity,
            {task.source_part: task for task in tasks.get(str(handoff.pk), [])},
            days_to_close(handoff.opportunity, today),
        )
        for handoff in handoffs
    ]


def _is_due(situation: Situation, settings: HandoffSettings) -> bool:
    near = situation.days is not None and situation.days <= settings.document_days
    return situation.handoff.state == Handoff.State.WATCHING and near


# --- writing what was decided ----------------------------------------------------------------------------------------


def _write(plan: deals.Plan, *, actor: ledger.Actor, now: datetime) -> list[UUID]:
    """Which hand-offs are cancelled."""
    gone: list[UUID] = []
    for why, ids in plan.cancel.items():
        gone += _move(ids, "cancel", {"won_at": None, "why_cancelled": why}, actor=actor, now=now, note=why)
    if plan.move:
        ledger.update_many(plan.move, ["account"], "follow_deal", actor=actor, now=now)
        tending.refile(plan.move, actor=actor, now=now)
    if plan.follow:
        ledger.update_many(plan.follow, ["opportunity"], "follow_deal", actor=actor, now=now)
    _move(plan.reopen, "reopen", {"won_at": None, "roles_flagged_at": None}, actor=actor, now=now)
    won = {"won_at": now, "why_cancelled": "", "roles_flagged_at": None}
    _move(plan.close, "close", won, actor=actor, now=now)
    back = _move(plan.revive, "revive", {"why_cancelled": ""}, actor=actor, now=now)
    made = [_opened(deal, now) for deal in plan.open]
    ledger.create_many(made, actor=actor, now=now, verb="open")
    begun = [str(pk) for pk in (*(handoff.pk for handoff in made), *back)]
    if begun:
        ledger.publish(HandoffsOpened(begun))
    return gone


def _opened(deal: Opportunity, now: datetime) -> Handoff:
    state = Handoff.State.CLOSING if deal.is_won else Handoff.State.WATCHING
    won_at = now if deal.is_won else None
    return Handoff(
        account_id=deal.account_id, opportunity=deal, state=state, won_at=won_at, created_at=now, updated_at=now
    )


def _move(
    ids: Sequence[UUID],
    verb: str,
    values: dict[str, object],
    *,
    actor: ledger.Actor,
    now: datetime,
    note: str = "",
) -> list[UUID]:
    if not ids:
        return []
    rows = Handoff.objects.filter(pk__in=ids)
    return list(ledger.change_many(rows, verb, set=values, actor=actor, now=now, note=note))


def _take_back(ids: Sequence[UUID], *, actor: ledger.Actor, now: datetime) -> None:
    """What a cancelled hand-off had asked for is not needed."""
    if ids:
        tending.withdraw_all(ids, actor=actor, now=now)
        planned = HandoffMeeting.objects.filter(handoff_id__in=ids)
        ledger.change_many(planned, "call_off", actor=actor, now=now)


def _hand_over(situations: Sequence[Situation], *, actor: ledger.Actor, now: datetime) -> None:
    ready = [s for s in situations if s.handoff.state == Handoff.State.CLOSING and _is_complete(s)]
    done = _move([s.handoff.pk for s in ready], "hand_over", {"handed_over_at": now}, actor=actor, now=now)
    if done:
        tending.clear_alerts([s.account.pk for s in ready], actor=actor, now=now)
        ledger.publish(HandoffsHandedOver([str(pk) for pk in done]))


def _is_complete(situation: Situation) -> bool:
    asked = [task for part, task in situation.tasks.items() if part in items.REQUIRED and task.state != "cancelled"]
    there = {task.source_part for task in asked}
    needed = items.REQUIRED - {items.CLOUD}
    return needed <= there and all(situation.is_done(task.source_part) for task in asked)
