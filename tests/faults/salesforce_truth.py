"""Holding what we have against the org, field by field, and what was told against what was seen."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

from accounts.models import Account, Contact, Opportunity
from cs_platform.ledger.models import FactRow
from integrations.salesforce import mapping
from integrations.salesforce.applying.outcome import ours
from integrations.salesforce.client import FieldInfo
from integrations.salesforce.models import MirrorRecord
from tests.integrations.salesforce.played import Played

LEVELS_CHANGED = "accounts.support_levels_changed"


class Seen:
    """The support level of every account as it stood in each state that was committed here; what a change of it has
    to announce is counted along.
    """

    def __init__(self) -> None:
        self.states: dict[str, tuple[bool, str]] = {}
        self.expected: Counter[str] = Counter()
        self.stories: dict[str, list[str]] = {}

    def look(self) -> None:
        for sf_id, values, deleted in MirrorRecord.objects.filter(sobject="Account").values_list(
            "sf_id", "values", "deleted"
        ):
            level = str(values.get("support_level") or "")
            self._note(sf_id, mapping.is_managed(values, deleted=deleted), level, deleted)

    def _note(self, sf_id: str, wanted: bool, level: str, deleted: bool) -> None:
        """An account that comes, comes back, or changes its level is announced once; so is one whose level is cleared
        while we look after it. One that is deleted or attrited is archived, and its level stays what it was.
        """
        before = self.states.get(sf_id, (False, ""))
        if (wanted, level) == before:
            return
        self.states[sf_id] = (wanted, level)
        self.stories.setdefault(sf_id, []).append(f"{level or 'none'}{'' if wanted else ' (not ours)'}")
        if wanted or (before[0] and level != before[1] and not deleted):
            self.expected[sf_id] += 1

    def wrong(self) -> list[str]:
        """Accounts that were announced more or less often than their level changed."""
        told: Counter[str] = Counter()
        for payload in FactRow.objects.filter(name=LEVELS_CHANGED).values_list("payload", flat=True):
            told.update(payload["account_ids"])
        names = dict(Account.objects.filter(salesforce_id__isnull=False).values_list("salesforce_id", "pk"))
        found = {sf_id: told[str(pk)] for sf_id, pk in names.items()}
        return [
            f"{sf_id}: {self.expected[sf_id]} changes of the level were seen, {found.get(sf_id, 0)} were told: "
            + ", ".join(self.stories.get(sf_id, []))
            for sf_id in sorted({*found, *self.expected})
            if self.expected[sf_id] != found.get(sf_id, 0)
        ]


def differences(played: Played) -> list[str]:
    """Every row and every field that is not as the org has it."""
    return [*_mirror(played), *_accounts(played), *_belongings(played)]


def _records(played: Played, sobject: str) -> dict[str, mapping.Record]:
    played.org.settle()
    described = {name: FieldInfo(*kind) for name, kind in played.connection.described[sobject].items()}
    plan = mapping.plan_for(sobject, {}, described)
    rows = played.org.store.rows(played.org.sobject(sobject), "1")
    said = (played.org.get(row["Id"]) for row in rows)
    return {record.sf_id: record for record in (mapping.parse(plan, row) for row in said if row)}


def _mirror(played: Played) -> list[str]:
    wrong = []
    for sobject in mapping.SOBJECTS:
        theirs = _records(played, sobject)
        mine = {row.sf_id: row for row in MirrorRecord.objects.filter(sobject=sobject)}
        for sf_id, record in theirs.items():
            row = mine.pop(sf_id, None)
            if row is None:
                wrong.append(f"{sobject} {sf_id} is not here")
            elif row.deleted != record.deleted or {**row.values, **record.values} != row.values:
                wrong.append(f"{sobject} {sf_id} is {row.deleted} {row.values}, there {record.deleted} {record.values}")
        wrong += [f"{sobject} {sf_id} is here and not there" for sf_id, row in mine.items() if not row.deleted]
    return wrong


def _accounts(played: Played) -> list[str]:
    theirs = _records(played, "Account")
    mine = {account.salesforce_id: account for account in Account.objects.select_related("support_level", "parent")}
    wrong = []
    for sf_id, record in theirs.items():
        account = mine.pop(sf_id, None)
        wanted = mapping.is_managed(record.values, deleted=record.deleted)
        if wanted != (account is not None and account.state == "managed"):
            wrong.append(f"Account {sf_id} is {account and account.state}, and should be managed: {wanted}")
        elif wanted and account is not None:
            wrong += _fields("Account", account, record)
            parent = record.values.get("parent")
            if parent in theirs and mapping.is_managed(theirs[parent].values, deleted=theirs[parent].deleted):
                if parent != sf_id and (account.parent is None or account.parent.salesforce_id != parent):
                    wrong.append(f"Account {sf_id} is below {account.parent}, there below {parent}")
            elif parent is None and account.parent is not None:
                wrong.append(f"Account {sf_id} is below {account.parent}, there below none")
    return wrong + [f"Account {sf_id} is managed and not there" for sf_id, a in mine.items() if a.state == "managed"]


def _belongings(played: Played) -> list[str]:
    managed = dict(Account.objects.filter(state="managed").values_list("pk", "salesforce_id"))
    wrong = []
    for sobject, model, key in (
        ("Contact", Contact, "contact_account"), ("Opportunity", Opportunity, "opportunity_account"),
    ):  # fmt: skip
        theirs = _records(played, sobject)
        mine = {row.salesforce_id: row for row in model.objects.all()}  # type: ignore[attr-defined]
        for sf_id, record in theirs.items():
            row = mine.pop(sf_id, None)
            account = record.values.get(key)
            if not record.deleted and account in managed.values():
                if row is None or not row.is_active or managed.get(row.account_id) != account:
                    wrong.append(f"{sobject} {sf_id} should be active at {account}")
                else:
                    wrong += _fields(sobject, row, record)
            elif row is not None and row.is_active and row.account_id in managed:
                wrong.append(f"{sobject} {sf_id} is active at {managed[row.account_id]}, and should not be")
        for sf_id, row in mine.items():
            if row.is_active and row.account_id in managed:
                wrong.append(f"{sobject} {sf_id} is active and not there")
    return wrong


def _fields(sobject: str, row: Any, record: mapping.Record) -> list[str]:
    wrong = []
    for name, value in ours(sobject, record.values).items():
        mine = getattr(row, name)
        if name == "support_level":
            mine = mine.name if mine else ""
        if isinstance(mine, date):
            mine = mine.isoformat()
        if mine != value and not (mine in ("", None) and value in ("", None)):
            wrong.append(f"{sobject} {record.sf_id}: {name} is {mine!r}, there {value!r}")
    return wrong
