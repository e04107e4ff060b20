"""Two customers turned out to be one: what belongs to the one that is given up goes to the one that stays."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from accounts.facts import ContactsChanged
from accounts.models import Account, Contact, Opportunity
from accounts.services.accounts import archive_accounts
from accounts.services.upserting import texts
from cs_platform import ledger


def merge_accounts(
    masters: Mapping[UUID, UUID], reasons: Mapping[UUID, str], *, actor: ledger.Actor, now: datetime
) -> list[UUID]:
    """Archive each account with its reason, and hand what only we know of it (people and deals that no other system
    has) to its master. Which were archived.

    Nothing is deleted and no history moves: the archived account keeps its own, the master's says what it took over,
    and each row that moved says so, so that a person can move it back. An account without a master here is archived
    alone.
    """
    with ledger.unit():
        archived: list[UUID] = []
        for reason in sorted(set(reasons.values())):
            ids = [pk for pk, why in reasons.items() if why == reason]
            archived += archive_accounts(ids, reason, actor=actor, now=now)
        known = Account.objects.in_bulk({*masters, *masters.values()})
        pairs = {lost: master for lost, master in masters.items() if lost in known and master in known}
        if pairs:
            _tell_masters(pairs, known, actor=actor, now=now)
            _move(pairs, actor=actor, now=now)
    return archived


def _tell_masters(
    pairs: Mapping[UUID, UUID], known: Mapping[UUID, Account], *, actor: ledger.Actor, now: datetime
) -> None:
    by_names: dict[str, list[Account]] = {}
    for lost, master in pairs.items():
        by_names.setdefault(known[lost].name, []).append(known[master])
    for name, masters in by_names.items():
        ledger.note_many(masters, "take_over", actor=actor, now=now, note=f"Merged: {name}"[:500])


def _move(pairs: Mapping[UUID, UUID], *, actor: ledger.Actor, now: datetime) -> None:
    people = list(Contact.objects.filter(account_id__in=pairs, salesforce_id__isnull=True))
    deals = list(Opportunity.objects.filter(account_id__in=pairs, salesforce_id__isnull=True))
    left = {contact.account_id for contact in people}
    for row in (*people, *deals):
        row.account_id = pairs[row.account_id]  # type: ignore[attr-defined]
    moved = ledger.update_many(people, ["account_id"], "edit", actor=actor, now=now) if people else []
    if deals:
        ledger.update_many(deals, ["account_id"], "edit", actor=actor, now=now)
    if moved:
        accounts = [*left, *(contact.account_id for contact in moved)]
        ledger.publish(ContactsChanged(texts(dict.fromkeys(accounts)), texts([contact.pk for contact in moved])))
