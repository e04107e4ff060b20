"""What a person should look at on an account: raised and cleared by whoever knows, in sets."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from accounts.models import Account, AccountAlert
from accounts.services import cleaning, locks
from cs_platform import ledger


def raise_alert(
    account_ids: Iterable[UUID | str], kind: str, message: str, *, actor: ledger.Actor, now: datetime
) -> list[UUID]:
    """These accounts need a look. One that is open under this kind stays, with the newer words; which accounts got a
    new one is returned."""
    message = cleaning.plain(message, 500)
    with ledger.unit():
        locks.alone(f"{locks.ALERT} {kind}")
        there = set(Account.objects.filter(pk__in=set(account_ids)).values_list("pk", flat=True))
        known = list(AccountAlert.objects.filter(kind=kind, account_id__in=there, cleared_at__isnull=True))
        stale = [alert for alert in known if alert.message != message]
        for alert in stale:
            alert.message = message
        if stale:
            ledger.update_many(stale, ["message"], "reword", actor=actor, now=now)
        needed = sorted(there - {alert.account_id for alert in known})
        fresh = [AccountAlert(account_id=pk, kind=kind, message=message, raised_at=now) for pk in needed]
        if fresh:
            ledger.create_many(fresh, actor=actor, now=now, verb="raise")
    return needed


def clear_alert(account_ids: Iterable[UUID | str], kind: str, *, actor: ledger.Actor, now: datetime) -> int:
    """The reason is gone on these accounts; how many alerts that closed."""
    found = AccountAlert.objects.filter(kind=kind, account_id__in=list(account_ids), cleared_at__isnull=True)
    return len(ledger.change_many(found, "clear", set={"cleared_at": now}, actor=actor, now=now))


def resolve_alert(alert: AccountAlert, *, actor: ledger.Actor, now: datetime, note: str = "") -> AccountAlert:
    """A person has seen to it. Doing it again changes nothing."""
    with ledger.change(alert, "clear", actor=actor, now=now, note=note) as alert:
        if alert.cleared_at is None:
            alert.cleared_at = now
    return alert
