"""Verbs of one account, and of a chosen set of accounts."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.facts import AccountsArchived, AccountsChanged, AccountsManaged, AccountsRestored, SupportLevelsChanged
from accounts.models import Account, SupportLevel
from accounts.services import cleaning, levels, segmenting
from accounts.services.rows import AccountInput, Invalid
from accounts.services.upserting import CLEARED, Mode, give_level, move_back, move_to_archive, texts, upsert
from cs_platform import ledger
from cs_platform.people.models import Membership

BY_HAND = Mode(by_hand=True, needs_key=False, keeps_salesforce_id=False)
CREATING = Mode(by_hand=True, needs_key=False, may_update=False)


def create_account(values: Mapping[str, Any], *, actor: ledger.Actor, now: datetime) -> Account:
    """A new customer, managed if it gets a support level, else archived until it does.

    Refused (Invalid) if a value is bad, an id is taken, or the level is none that may be given.
    """
    return _one(AccountInput(values), CREATING, actor=actor, now=now)


def edit_account(account: Account, values: Mapping[str, Any], *, actor: ledger.Actor, now: datetime) -> Account:
    """Change the given values and no others. An account that becomes attrited is archived. Refused like creation."""
    return _one(AccountInput(values, id=account.pk), BY_HAND, actor=actor, now=now)


def _one(row: AccountInput, mode: Mode, *, actor: ledger.Actor, now: datetime) -> Account:
    (result,) = upsert([row], mode, actor=actor, now=now)
    if result.errors:
        raise Invalid(result.errors)
    return fresh(result.id)


def fresh(pk: Any) -> Account:
    return Account.objects.select_related("support_level", "csm__user").get(pk=pk)


# --- support level ----------------------------------------------------------------------------------------------------


def set_support_level(account: Account, name: str, *, actor: ledger.Actor, now: datetime, note: str = "") -> Account:
    """Leadership decides how a customer is looked after; empty means not at all. Setting it brings an archived account
    back, clearing it archives. Refused if the level is none that may be given, or the account is attrited."""
    if name.strip() and account.account_type == Account.ATTRITED:
        raise ledger.Refused("An attrited customer is not looked after.", code="attrited", field="support_level")
    set_support_levels([account.pk], name, actor=actor, now=now, note=note)
    return fresh(account.pk)


def set_support_levels(
    ids: Collection[UUID], name: str, *, actor: ledger.Actor, now: datetime, note: str = ""
) -> list[UUID]:
    """The set form; accounts that have the level already, and attrited ones, stay as they are. Which changed."""
    with ledger.unit():
        segmenting.stand_by()
        locked = Account.objects.select_for_update().filter(pk__in=ids).order_by("pk")
        chosen = list(locked.only("state", "account_type"))
        level = _level_for(chosen, name)
        if level is None:
            return _clear_levels([account.pk for account in chosen], actor=actor, now=now, note=note)
        wanted = [account.pk for account in chosen if account.account_type != Account.ATTRITED]
        changed = give_level(wanted, level, actor=actor, now=now, note=note)
        restored = move_back(wanted, actor=actor, now=now)
        touched = list(dict.fromkeys([*changed, *restored]))
        _tell_managed(restored)
        if touched:
            ledger.publish(SupportLevelsChanged(texts(touched)))
            segmenting.segment_accounts(touched, now=now)
    return touched


def _level_for(chosen: Sequence[Account], name: str) -> SupportLevel | None:
    """An inactive level is refused, except where everybody has it already."""
    try:
        return levels.level_by_hand(name)
    except levels.InactiveLevel:
        level = levels.by_name()[name.strip().lower()]
        having = Account.objects.filter(pk__in=[account.pk for account in chosen], support_level=level).count()
        if having < len(chosen):
            raise
        return level


def _clear_levels(ids: Sequence[UUID], *, actor: ledger.Actor, now: datetime, note: str) -> list[UUID]:
    cleared = give_level(ids, None, actor=actor, now=now, note=note)
    archived = move_to_archive(ids, CLEARED, actor=actor, now=now)
    if cleared:
        ledger.publish(SupportLevelsChanged(texts(cleared)))
    if archived:
        ledger.publish(AccountsArchived(texts(archived)))
    return list(dict.fromkeys([*cleared, *archived]))


def _tell_managed(restored: Sequence[UUID]) -> None:
    if restored:
        ledger.publish(AccountsManaged(texts(restored)))
        ledger.publish(AccountsRestored(texts(restored)))


# --- archive and restore ----------------------------------------------------------------------------------------------


def archive_account(account: Account, reason: str, *, actor: ledger.Actor, now: datetime) -> Account:
    """We do not look after this customer any more; nothing is deleted. Refused without a reason, or twice."""
    reason = _reason(reason)
    with ledger.change(account, "archive", actor=actor, now=now, note=reason, args=(reason, now)) as account:
        ledger.publish(AccountsArchived(texts([account.pk])))
    return fresh(account.pk)


def archive_accounts(ids: Collection[UUID], reason: str, *, actor: ledger.Actor, now: datetime) -> list[UUID]:
    """The set form: archived ones stay as they are, unknown ones are left out. Which were archived."""
    reason = _reason(reason)
    with ledger.unit():
        archived = move_to_archive(list(ids), reason, actor=actor, now=now)
        if archived:
            ledger.publish(AccountsArchived(texts(archived)))
    return archived


def restore_account(account: Account, *, actor: ledger.Actor, now: datetime) -> Account:
    """The customer is looked after again. Refused if it is, has no support level, or is attrited."""
    with ledger.unit():
        segmenting.stand_by()
        with ledger.change(account, "restore", actor=actor, now=now) as account:
            if account.support_level_id is None:
                message = "Set a support level: an account without one is not looked after."
                raise ledger.Refused(message, code="no_support_level", field="support_level")
            if account.account_type == Account.ATTRITED:
                raise ledger.Refused("An attrited customer is not looked after.", code="attrited")
        _tell_managed([account.pk])
        segmenting.segment_accounts([account.pk], now=now)
    return fresh(account.pk)


def restore_accounts(ids: Collection[UUID], *, actor: ledger.Actor, now: datetime) -> list[UUID]:
    """The set form: those that can be restored are. Which were."""
    with ledger.unit():
        segmenting.stand_by()
        fit = Account.objects.filter(pk__in=ids, support_level__isnull=False).exclude(account_type=Account.ATTRITED)
        restored = move_back(list(fit.values_list("pk", flat=True)), actor=actor, now=now)
        _tell_managed(restored)
        segmenting.segment_accounts(restored, now=now)
    return restored


def _reason(reason: str) -> str:
    try:
        return str(cleaning.needed(500)(reason))
    except cleaning.BadValue as bad:
        raise ledger.Refused(f"A reason is needed. {bad}", code=bad.code, field="reason") from None


# --- owner ------------------------------------------------------------------------------------------------------------


def assign_owner(
    account: Account, owner: Membership | None, *, actor: ledger.Actor, now: datetime, note: str = ""
) -> Account:
    """Who looks after the customer; None for nobody. Refused if the member is not active."""
    assign_owners([account.pk], owner, actor=actor, now=now, note=note)
    return fresh(account.pk)


def assign_owners(
    ids: Collection[UUID], owner: Membership | None, *, actor: ledger.Actor, now: datetime, note: str = ""
) -> list[UUID]:
    """The set form; which accounts changed."""
    if owner is not None and not owner.is_active:
        raise ledger.Refused(f"{owner} is not active any more.", code="inactive", field="csm_id")
    value = {"csm_id": owner.pk if owner else None}
    with ledger.unit():
        rows = Account.objects.filter(pk__in=ids)
        changed = list(ledger.change_many(rows, "assign_owner", set=value, actor=actor, now=now, note=note))
        if changed:
            ledger.publish(AccountsChanged(texts(changed), ["csm_id"]))
    return changed
