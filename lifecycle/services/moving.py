"""Verbs that move accounts: one account, or a set. Both ask the same Way."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Account
from accounts.services import locks
from cs_platform import ledger
from lifecycle import selectors
from lifecycle.facts import AccountsEnteredStage, AccountsLeftLifecycle
from lifecycle.models import AccountLifecycle, Lifecycle, MoveRefused, Way, arrival
from lifecycle.services import pages, words

LOCK = "lifecycle stages"


@dataclass(frozen=True)
class Cause:
    """Why a rule moves accounts: its name, what it says, and what it decided on for each account. A person has no
    Cause. `baseline` is told on with the fact."""

    rule: str = ""
    reason: str = ""
    evidence: Mapping[UUID, Mapping[str, Any]] = field(default_factory=dict)
    baseline: bool = False


def move_stage(
    account: Account,
    lifecycle_key: str,
    stage_name: str,
    *,
    reason: str = "",
    effective_at: datetime | None = None,
    actor: ledger.Actor,
    now: datetime,
) -> AccountLifecycle:
    """The account is in another stage, from now or from an earlier moment on. An account that is not in the lifecycle
    enters it there.

    Refused if the account is archived or in that stage already, the stage is unknown or switched off, there is no way
    from its present stage, the way needs a reason and none is given, or the moment is in the future or before the
    account came to its present stage.
    """
    reason = words.clean(reason, words.MAX_REASON, "reason")
    with ledger.unit():
        locks.together(LOCK)
        way = selectors.way_to(lifecycle_key, stage_name, reason=reason, **_when(effective_at, now))
        managed = Account.objects.select_for_update(no_key=True, of=("self",)).filter(pk=account.pk)
        if managed.values_list("state", flat=True).first() != Account.State.MANAGED:
            raise MoveRefused(f"{account.name} is archived.", "archived", "")
        standing = selectors.standing_of(account.pk, lifecycle_key)
        if standing is None:
            _enter_new([account.pk], way, Cause(reason=reason), actor=actor, now=now)
        else:
            verb = "move" if standing.left_at is None else "enter"
            with ledger.change(standing, verb, actor=actor, now=now, note=_note(way), args=(way,)) as standing:
                pass
            pages.turn_each([standing], pages.Page(reason), actor=actor, now=now)
        _tell([account.pk], way, Cause())
    return AccountLifecycle.objects.get(account_id=account.pk, lifecycle_id=way.lifecycle_id)


def move_accounts(
    account_ids: Collection[UUID | str],
    lifecycle_key: str,
    stage_name: str,
    *,
    reason: str = "",
    effective_at: datetime | None = None,
    actor: ledger.Actor,
    now: datetime,
    only_from: list[str] | None = None,
) -> list[UUID]:
    """The set form: those that may come to the stage come, the others stay; which came.

    The rule is that of `move_stage`. With `only_from` only accounts in these stages are moved, and none enters. Refused
    if the stage or the moment can not be.
    """
    reason = words.clean(reason, words.MAX_REASON, "reason")
    with ledger.unit():
        locks.together(LOCK)
        way = selectors.way_to(
            lifecycle_key, stage_name, reason=reason, only_from=only_from, **_when(effective_at, now)
        )
        return move_set(account_ids, way, Cause(reason=reason), enter=only_from is None, actor=actor, now=now)


def enter_accounts(
    account_ids: Collection[UUID | str],
    lifecycle_key: str,
    stage_name: str,
    *,
    cause: Cause | None = None,
    actor: ledger.Actor,
    now: datetime,
) -> list[UUID]:
    """Accounts that are not in the lifecycle enter it at this stage; the others stay where they are. Which entered."""
    with ledger.unit():
        locks.together(LOCK)
        way = selectors.way_to(lifecycle_key, stage_name, at=now)
        ids = list(_managed(_ids(account_ids)).values_list("pk", flat=True))
        return _tell(_enter(ids, way, cause or Cause(), actor=actor, now=now), way, cause or Cause())


def leave_lifecycle(
    account: Account, lifecycle_key: str, *, reason: str = "", actor: ledger.Actor, now: datetime
) -> AccountLifecycle:
    """The account is in this lifecycle no more; its history stays. Refused if it is not in it, or for the default
    lifecycle: an account is out of that one by being archived."""
    reason = words.clean(reason, words.MAX_REASON, "reason")
    with ledger.unit():
        lifecycle = Lifecycle.objects.filter(key=lifecycle_key).first()
        if lifecycle is None:
            raise ledger.Refused(f"There is no lifecycle {lifecycle_key[:60]!r}.", "unknown_lifecycle", "lifecycle")
        if lifecycle.is_default:
            message = f"Every managed account is in {lifecycle.name}. Archive the account instead."
            raise ledger.Refused(message, "default_lifecycle", "lifecycle")
        standing = selectors.standing_of(account.pk, lifecycle_key)
        if standing is None:
            raise MoveRefused(f"{account.name} is not in {lifecycle.name}.", "not_in_lifecycle", "lifecycle")
        with ledger.change(standing, "leave", actor=actor, now=now, note=reason) as standing:
            if standing.left_at is not None:
                raise MoveRefused(f"{account.name} is not in {lifecycle.name}.", "not_in_lifecycle", "lifecycle")
            standing.clock_shown, standing.clock_from = standing.counted(now), None
            standing.left_at = standing.since = max(now, standing.since)
        pages.turn_each([standing], pages.Page(reason), actor=actor, now=now)
        ledger.publish(AccountsLeftLifecycle([str(account.pk)], lifecycle_key))
    return standing


def _when(effective_at: datetime | None, now: datetime) -> dict[str, Any]:
    if effective_at is None:
        return {"at": now}
    if effective_at.tzinfo is None:
        raise ledger.Refused("Give the time with its offset.", "naive", "effective_at")
    if effective_at > now:
        raise ledger.Refused("A move can not be entered before it has happened.", "in_the_future", "effective_at")
    return {"at": effective_at, "dated": True}


# --- sets -----------------------------------------------------------------------------------------------------------


def move_set(
    account_ids: Collection[UUID | str], way: Way, cause: Cause, *, enter: bool, actor: ledger.Actor, now: datetime
) -> list[UUID]:
    """Go this way with these accounts. Called under the lock of the stages, in a transaction."""
    ids = list(_managed(_ids(account_ids)).values_list("pk", flat=True))
    rows = AccountLifecycle.objects.filter(way.open_to(), account_id__in=ids)
    moved = _go(rows, "move", way, cause, actor=actor, now=now)
    if enter and len(moved) < len(ids):
        moved += _enter(ids, way, cause, actor=actor, now=now)
    return _tell(moved, way, cause)


def _enter(ids: Sequence[UUID], way: Way, cause: Cause, *, actor: ledger.Actor, now: datetime) -> list[UUID]:
    """Those of these accounts that are not in the lifecycle."""
    left = AccountLifecycle.objects.filter(way.open_again(), account_id__in=ids)
    entered = _go(left, "enter", way, cause, actor=actor, now=now)
    unknown = _not_there(ids, way)
    if unknown:
        # The accounts are locked, so that of two calls that enter the same one the second finds what the first did.
        locked = _managed(unknown).order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True)
        entered += _enter_new(_not_there(list(locked), way), way, cause, actor=actor, now=now)
    return entered


def _not_there(ids: Sequence[UUID], way: Way) -> list[UUID]:
    """A plain question instead of an anti-join, which a planner without statistics answers account by account."""
    there = AccountLifecycle.objects.filter(account_id__in=ids, lifecycle_id=way.lifecycle_id)
    known = set(there.values_list("account_id", flat=True))
    return [account_id for account_id in ids if account_id not in known]


def _go(
    rows: QuerySet[AccountLifecycle], verb: str, way: Way, cause: Cause, *, actor: ledger.Actor, now: datetime
) -> list[UUID]:
    """These rows go this way; whose they are. They are locked by their own conditions first: whoever had to wait for
    another move is asked again where it stands now."""
    locked = list(rows.order_by("pk").select_for_update(of=("self",)).values_list("pk", "account_id", "since"))
    gone = []
    for going, one_way in _moments(locked, way):
        values = {"stage": way.stage_id, **arrival(one_way), **({"left_at": None} if verb == "enter" else {})}
        standings = AccountLifecycle.objects.filter(pk__in=list(going))
        changed = ledger.change_many(standings, verb, set=values, actor=actor, now=now, note=_note(way, cause))
        accounts = [going[pk] for pk in changed]
        pages.turn_all(accounts, one_way, _page(cause), actor=actor, now=now)
        gone += accounts
    return gone


def _moments(locked: Sequence[tuple[UUID, UUID, datetime]], way: Way) -> list[tuple[dict[UUID, UUID], Way]]:
    """Who goes when. Where another machine's clock was ahead of ours the open interval began "later" than now: such
    rows go at the moment it began instead of being left behind."""
    on_time = {pk: account_id for pk, account_id, since in locked if since <= way.at}
    late = {pk: account_id for pk, account_id, since in locked if since > way.at}
    latest = max((since for *_, since in locked), default=way.at)
    return [(going, one_way) for going, one_way in ((on_time, way), (late, replace(way, at=latest))) if going]


def _enter_new(
    account_ids: Sequence[UUID], way: Way, cause: Cause, *, actor: ledger.Actor, now: datetime
) -> list[UUID]:
    fresh = [
        AccountLifecycle(
            account_id=account_id,
            lifecycle_id=way.lifecycle_id,
            stage_id=way.stage_id,
            created_at=now,
            updated_at=now,
            **arrival(way),
        )
        for account_id in account_ids
    ]
    if fresh:
        ledger.create_many(fresh, actor=actor, now=now, verb="enter", note=_note(way, cause))
        pages.turn_all(account_ids, way, _page(cause), is_first=True, actor=actor, now=now)
    return list(account_ids)


def _page(cause: Cause) -> pages.Page:
    return pages.Page(cause.reason, cause.rule, cause.evidence)


def _tell(account_ids: list[UUID], way: Way, cause: Cause) -> list[UUID]:
    if account_ids:
        ids = [str(account_id) for account_id in account_ids]
        ledger.publish(
            AccountsEnteredStage(ids, way.lifecycle, way.stage, cause.baseline, str(way.stage_id), way.stage_key)
        )
    return account_ids


def _managed(ids: Sequence[UUID]) -> QuerySet[Account]:
    return Account.objects.filter(pk__in=ids, state=Account.State.MANAGED)


def _ids(account_ids: Collection[UUID | str]) -> list[UUID]:
    return list(dict.fromkeys(pk if isinstance(pk, UUID) else UUID(pk) for pk in account_ids))


def _note(way: Way, cause: Cause | None = None) -> str:
    """What the audit says beside the fields: where to, when it was so if that was earlier, and why."""
    said = [f"To {way.stage}."]
    if way.dated:
        said.append(f"It was so from {way.at:%Y-%m-%d %H:%M} UTC.")
    reason = cause.reason if cause is not None else way.reason
    return " ".join([*said, reason]).strip()
