"""Account rows: which of them `accounts` looks after, and what it is told of those."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from accounts import services as accounts
from accounts.services import AccountInput
from activities import services as activities
from cs_platform import ledger
from integrations.salesforce import mapping, mirror, vanished
from integrations.salesforce.applying import known, owners
from integrations.salesforce.applying.outcome import FIELDS, Outcome, ours, tell
from integrations.salesforce.mirror import Change, Row
from integrations.salesforce.models import Connection
from integrations.salesforce.writing import noting
from integrations.salesforce.writing.judging import Judged, judge

DELETED = "Deleted in Salesforce."
GONE = "Not in Salesforce any more: deleted there for good, or hidden from our login."
CHUNK = 2000


def apply_accounts(
    connection: Connection, changes: Sequence[Change], *, actor: ledger.Actor, now: datetime, baseline: bool
) -> Outcome:
    """Accounts with a support level come and are kept up to date; those that lost it, are attrited or deleted are
    archived; all others wait in the mirror.
    """
    judged = judge(connection, "Account", changes, actor=actor, now=now)
    page = _Page(connection, actor, now, baseline, judged)
    page.sort(changes)
    page.tell()
    page.archive_deleted()
    page.take_over()
    page.link_subsidiaries()
    return page.outcome


@dataclass
class _Page:
    connection: Connection
    actor: ledger.Actor
    now: datetime
    baseline: bool
    judged: Judged
    outcome: Outcome = field(default_factory=Outcome)
    told: list[Change] = field(default_factory=list)
    gone: list[Row] = field(default_factory=list)
    created: list[str] = field(default_factory=list)

    def sort(self, changes: Sequence[Change]) -> None:
        for change in changes:
            row = change.new
            is_ours = row.managed or self.judged.is_managed_here(row.sf_id)
            if _wanted(row) or (is_ours and not row.deleted):
                self.told.append(change)
            elif is_ours:
                self.gone.append(row)
            else:
                self.outcome.count("unchanged" if row.deleted else "waiting")
        forgotten = [change.new.sf_id for change in changes if change.new.incomplete and change not in self.told]
        mirror.set_incomplete(self.connection.pk, "Account", forgotten, incomplete=False)

    # --- coming, changing, and leaving for another reason than deletion -----------------------------------------------

    def tell(self) -> None:
        members = owners.members(self.connection, (owners.csm_of(change.new) for change in self.told))
        parents = known.account_ids(change.new.account_ref for change in self.told)
        rows = [_input(change, members, parents, self.judged) for change in self.told]
        upsert = partial(accounts.upsert_accounts, actor=self.actor, now=self.now, baseline=self.baseline)
        answers = tell("Account", rows, upsert, self.outcome)
        came, left = [], []
        whole: list[str] = []
        partly: list[str] = []
        for change, answer in zip(self.told, answers, strict=True):
            row = change.new
            if answer.complete == row.incomplete:
                (whole if answer.complete else partly).append(row.sf_id)
            if not answer.is_taken:
                self.outcome.count("rejected")
            elif not self._stays(change):
                left.append(row.sf_id)
                self.outcome.count("archived")
            else:
                if not row.managed:
                    came.append(row.sf_id)
                if answer.result.result == "created":
                    self.created.append(row.sf_id)
                self.outcome.count(answer.result.result)
        mirror.set_managed(self.connection.pk, came, managed=True)
        mirror.set_managed(self.connection.pk, left, managed=False)
        noting.note_linked([self.judged.mine[sf_id].id for sf_id in came if sf_id in self.judged.mine], now=self.now)
        mirror.set_incomplete(self.connection.pk, "Account", whole, incomplete=False)
        mirror.set_incomplete(self.connection.pk, "Account", partly, incomplete=True)

    def _stays(self, change: Change) -> bool:
        """Whether the account is looked after when it was told: its level may be one that was given here."""
        row = change.new
        return mapping.is_managed({**row.values, "support_level": self.judged.level_after(change)}, deleted=row.deleted)

    # --- deleted and merged -------------------------------------------------------------------------------------------

    def archive_deleted(self) -> None:
        """What was merged says into which account. Its people and deals come with rows of their own, under the new
        account.
        """
        ids = known.account_ids(row.sf_id for row in self.gone)
        masters = mirror.names(self.connection.pk, {row.values.get(mapping.MERGED_INTO, "") for row in self.gone})
        reasons: dict[UUID, str] = {}
        for row in self.gone:
            if row.sf_id in ids:
                reasons[ids[row.sf_id]] = _reason(row, masters)
            self.outcome.count("archived")
        self._hand_over(self.gone, ids, reasons)
        mirror.set_managed(self.connection.pk, [row.sf_id for row in self.gone], managed=False)

    def take_over(self) -> None:
        """An account may come after one that was merged into it: that one is archived already, now it hands over."""
        lost = vanished.merged_into(self.connection.pk, self.created)
        if lost:
            self._hand_over(lost, known.account_ids(row.sf_id for row in lost), {})

    def _hand_over(self, lost: Sequence[Row], ids: Mapping[str, UUID], reasons: Mapping[UUID, str]) -> None:
        """What only we know of a merged account, and its open work, goes on with the account that stays."""
        into = {row.sf_id: row.values.get(mapping.MERGED_INTO) for row in lost if row.sf_id in ids}
        masters = known.account_ids(into.values())
        pairs = {ids[sf_id]: masters[master] for sf_id, master in into.items() if master in masters}
        pairs = {pk: master for pk, master in pairs.items() if pk != master}
        accounts.merge_accounts(pairs, reasons, actor=self.actor, now=self.now)
        activities.hand_over_tasks(pairs, actor=self.actor, now=self.now)

    # --- the tree -----------------------------------------------------------------------------------------------------

    def link_subsidiaries(self) -> None:
        """An account may come before its parent; whoever comes second is found from both sides."""
        if not self.created:
            return
        parents = known.account_ids(self.created)
        upsert = partial(accounts.upsert_accounts, actor=self.actor, now=self.now, baseline=self.baseline)
        for rows in mirror.subsidiaries(self.connection.pk, list(parents), CHUNK):
            below = [
                AccountInput({"parent_id": parents[row.account_ref]}, salesforce_id=row.sf_id)
                for row in rows
                if row.account_ref in parents and row.account_ref != row.sf_id
            ]
            tell("Account", below, upsert, self.outcome)


def _wanted(row: Row) -> bool:
    return mapping.is_managed(row.values, deleted=row.deleted)


def _input(change: Change, members: Mapping[str, UUID], parents: Mapping[str, UUID], judged: Judged) -> AccountInput:
    """All values for an account that comes, the changed ones for one that is here: what a person has changed here
    stays until Salesforce says something new about it, and what is held back (written only, or in conflict) stays.
    """
    row, old = change.new, change.old
    is_update = row.managed and old is not None and not old.incomplete
    values = ours("Account", row.values, old.values if is_update and old else None)
    csm, parent = owners.csm_of(row), row.account_ref if row.account_ref != row.sf_id else None
    if not is_update or old is None:
        values |= _given("csm_id", members.get(csm or "")) | _given("parent_id", parents.get(parent or ""))
    else:
        if csm != owners.csm_of(old):
            values["csm_id"] = members.get(csm or "")
        if row.account_ref != old.account_ref:
            values["parent_id"] = parents.get(parent or "")
    if not judged.says_level(change):
        values.pop("support_level", None)
    held = {FIELDS["Account"].get(key, f"{key}_id") for key in judged.held(row.sf_id)}
    return AccountInput({name: value for name, value in values.items() if name not in held}, salesforce_id=row.sf_id)


def _given(name: str, value: UUID | None) -> dict[str, Any]:
    return {name: value} if value else {}


def _reason(row: Row, masters: Mapping[str, str]) -> str:
    master = row.values.get(mapping.MERGED_INTO)
    if not master:
        return GONE if row.values.get(vanished.GONE) else DELETED
    name = masters.get(master)
    return f"Merged into {name} ({master}) in Salesforce." if name else f"Merged into {master} in Salesforce."
