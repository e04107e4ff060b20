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
from cs_platform import ledger
from integrations.salesforce import mapping, mirror
from integrations.salesforce.applying import known, owners
from integrations.salesforce.applying.outcome import Outcome, ours, tell
from integrations.salesforce.mirror import Change, Row
from integrations.salesforce.models import Connection

DELETED = "Deleted in Salesforce."
CHUNK = 2000


def apply_accounts(
    connection: Connection, changes: Sequence[Change], *, actor: ledger.Actor, now: datetime, baseline: bool
) -> Outcome:
    """Accounts with a support level come and are kept up to date; those that lost it, are attrited or deleted are
    archived; all others wait in the mirror.
    """
    page = _Page(connection, actor, now, baseline)
    page.sort(changes)
    page.tell()
    page.archive_deleted()
    page.link_subsidiaries()
    return page.outcome


@dataclass
class _Page:
    connection: Connection
    actor: ledger.Actor
    now: datetime
    baseline: bool
    outcome: Outcome = field(default_factory=Outcome)
    told: list[Change] = field(default_factory=list)
    gone: list[Row] = field(default_factory=list)
    created: list[str] = field(default_factory=list)

    def sort(self, changes: Sequence[Change]) -> None:
        for change in changes:
            row = change.new
            if _wanted(row) or (row.managed and not row.deleted):
                self.told.append(change)
            elif row.managed:
                self.gone.append(row)
            else:
                self.outcome.count("unchanged" if row.deleted else "waiting")
        forgotten = [change.new.sf_id for change in changes if change.new.incomplete and change not in self.told]
        mirror.set_incomplete(self.connection.pk, "Account", forgotten, incomplete=False)

    # --- coming, changing, and leaving for another reason than deletion -----------------------------------------------

    def tell(self) -> None:
        members = owners.members(self.connection, (owners.csm_of(change.new) for change in self.told))
        parents = known.account_ids(change.new.account_ref for change in self.told)
        rows = [_input(change, members, parents) for change in self.told]
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
            elif not _wanted(row):
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
        mirror.set_incomplete(self.connection.pk, "Account", whole, incomplete=False)
        mirror.set_incomplete(self.connection.pk, "Account", partly, incomplete=True)

    # --- deleted and merged -------------------------------------------------------------------------------------------

    def archive_deleted(self) -> None:
        """What was merged says into which account. Its people and deals come with rows of their own, under the new
        account.
        """
        ids = known.account_ids(row.sf_id for row in self.gone)
        masters = mirror.names(self.connection.pk, {row.values.get(mapping.MERGED_INTO, "") for row in self.gone})
        by_reason: dict[str, list[UUID]] = {}
        for row in self.gone:
            if row.sf_id in ids:
                by_reason.setdefault(_reason(row, masters), []).append(ids[row.sf_id])
            self.outcome.count("archived")
        for reason, gone in by_reason.items():
            accounts.archive_accounts(gone, reason, actor=self.actor, now=self.now)
        mirror.set_managed(self.connection.pk, [row.sf_id for row in self.gone], managed=False)

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


def _input(change: Change, members: Mapping[str, UUID], parents: Mapping[str, UUID]) -> AccountInput:
    """All values for an account that comes, the changed ones for one that is here: what a person has changed here
    stays until Salesforce says something new about it.
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
    if not _wanted(row):
        values["support_level"] = row.values.get("support_level", "")
    return AccountInput(values, salesforce_id=row.sf_id)


def _given(name: str, value: UUID | None) -> dict[str, Any]:
    return {name: value} if value else {}


def _reason(row: Row, masters: Mapping[str, str]) -> str:
    master = row.values.get(mapping.MERGED_INTO)
    if not master:
        return DELETED
    name = masters.get(master)
    return f"Merged into {name} ({master}) in Salesforce." if name else f"Merged into {master} in Salesforce."
