"""What the room does when something was decided here: leave what Salesforce does not know yet. One after the other per
tenant, so that the last to look sees the newest values.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from accounts.facts import AccountsChanged, AccountsManaged, AccountsSegmented, ContactsChanged, SupportLevelsChanged
from accounts.models import Account
from cs_platform import ledger
from integrations.salesforce import mirror
from integrations.salesforce.models import Connection, MirrorRecord
from integrations.salesforce.writing import noting
from integrations.salesforce.writing.fields import FIELDS
from lifecycle.facts import AccountsEnteredStage, AccountsLeftLifecycle

ORDER = "salesforce writing"
EVERY = {
    sobject: frozenset(field.key for field in FIELDS if field.sobject == sobject) for sobject in ("Account", "Contact")
}


@ledger.receiver("salesforce.on_support_levels_changed", SupportLevelsChanged, order=ORDER)
def on_support_levels_changed(fact: SupportLevelsChanged, *, actor: ledger.Actor, now: datetime) -> None:
    noting.note_accounts(fact.account_ids, {"support_level"}, now=now)


@ledger.receiver("salesforce.on_accounts_segmented", AccountsSegmented, order=ORDER)
def on_accounts_segmented(fact: AccountsSegmented, *, actor: ledger.Actor, now: datetime) -> None:
    noting.note_accounts(fact.account_ids, {"segment", "service_model"}, now=now)


@ledger.receiver("salesforce.on_accounts_entered_stage", AccountsEnteredStage, order=ORDER)
def on_accounts_entered_stage(fact: AccountsEnteredStage, *, actor: ledger.Actor, now: datetime) -> None:
    noting.note_accounts(fact.account_ids, {"stage"}, now=now)


@ledger.receiver("salesforce.on_accounts_left_lifecycle", AccountsLeftLifecycle, order=ORDER)
def on_accounts_left_lifecycle(fact: AccountsLeftLifecycle, *, actor: ledger.Actor, now: datetime) -> None:
    noting.note_accounts(fact.account_ids, {"stage"}, now=now)


@ledger.receiver("salesforce.on_accounts_changed", AccountsChanged, order=ORDER)
def on_accounts_changed(fact: AccountsChanged, *, actor: ledger.Actor, now: datetime) -> None:
    if "salesforce_id" in fact.fields:
        link(fact.account_ids)
        noting.note_accounts(fact.account_ids, EVERY["Account"], now=now)
        return
    keys = noting.keys_of("Account", fact.fields)
    if keys:
        noting.note_accounts(fact.account_ids, keys, now=now)


@ledger.receiver("salesforce.on_accounts_managed", AccountsManaged, order=ORDER)
def on_accounts_managed(fact: AccountsManaged, *, actor: ledger.Actor, now: datetime) -> None:
    link(fact.account_ids)
    noting.note_accounts(fact.account_ids, {"segment", "service_model"}, now=now)


@ledger.receiver("salesforce.on_contacts_changed", ContactsChanged, order=ORDER)
def on_contacts_changed(fact: ContactsChanged, *, actor: ledger.Actor, now: datetime) -> None:
    noting.note_contacts(fact.contact_ids, EVERY["Contact"], now=now)


def link(account_ids: Sequence[str]) -> None:
    """Accounts that are looked after because of something that was decided here: their people and deals, who waited in
    the mirror, come with the next sync.
    """
    refs = Account.objects.filter(pk__in=account_ids, state="managed", salesforce_id__isnull=False)
    found = MirrorRecord.objects.filter(sobject="Account", managed=False, deleted=False)
    mine = found.filter(sf_id__in=list(refs.values_list("salesforce_id", flat=True)))
    of_connection: dict[object, list[str]] = {}
    for connection_id, sf_id in mine.values_list("connection_id", "sf_id"):
        of_connection.setdefault(connection_id, []).append(sf_id)
    for connection in Connection.objects.filter(pk__in=list(of_connection)):
        mirror.set_managed(connection.pk, of_connection[connection.pk], managed=True)
