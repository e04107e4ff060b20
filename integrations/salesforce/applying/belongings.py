"""People and deals. They come with their account: while it is not managed they wait in the mirror."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from accounts import services as accounts
from accounts.services import ContactInput, OpportunityInput
from cs_platform import ledger
from integrations.salesforce import mirror
from integrations.salesforce.applying import known, owners
from integrations.salesforce.applying.known import Known
from integrations.salesforce.applying.outcome import FIELDS, Outcome, Told, ours, tell
from integrations.salesforce.mirror import Change, Row
from integrations.salesforce.models import Connection
from integrations.salesforce.writing.judging import Judged, judge


def apply_contacts(
    connection: Connection, changes: Sequence[Change], *, actor: ledger.Actor, now: datetime, again: bool = False
) -> Outcome:
    """Contacts of managed accounts come and change. One that was deleted, or whose account is not looked after, is
    not active any more; one whose account is managed later comes then. With `again` everything is told anew.
    """
    outcome = Outcome()
    page = _Sorted.of(connection, changes, known.contacts(change.new.sf_id for change in changes), outcome)
    judged = judge(connection, "Contact", page.told, actor=actor, now=now)
    rows = [
        ContactInput(page.accounts[row.account_ref or ""], _contact_values(change, page, judged, again), row.sf_id)
        for change in page.told
        for row in [change.new]
    ]
    upsert = partial(accounts.upsert_contacts, actor=actor, now=now)
    _count(connection, "Contact", page.told, tell("Contact", rows, upsert, outcome), outcome)
    leaving = [ContactInput(was.account_id, {"is_active": False}, sf_id) for sf_id, was in page.leaving.items()]
    _count_leaving(tell("Contact", leaving, upsert, outcome), outcome)
    return outcome


def _contact_values(change: Change, page: _Sorted, judged: Judged, again: bool) -> dict[str, Any]:
    """The changed values of a contact that is here and stays, so that roles given here last; else all, without what
    is held back.
    """
    held = {FIELDS["Contact"][key] for key in judged.held(change.new.sf_id)}
    return {name: value for name, value in _all_values(change, page, again).items() if name not in held}


def _all_values(change: Change, page: _Sorted, again: bool) -> dict[str, Any]:
    row, old = change.new, change.old
    was = page.known.get(row.sf_id)
    stays = was is not None and old is not None and not old.incomplete and not again
    if stays and old and old.account_ref == row.account_ref and old.deleted == row.deleted:
        return ours("Contact", row.values, old.values)
    return {**ours("Contact", row.values), "is_active": True}


def apply_opportunities(
    connection: Connection, changes: Sequence[Change], *, actor: ledger.Actor, now: datetime
) -> Outcome:
    """Opportunities of managed accounts come and change; nobody edits them here, so all values are told. What was won
    before the first sync is told as history.
    """
    outcome = Outcome()
    page = _Sorted.of(connection, changes, known.deals(change.new.sf_id for change in changes), outcome)
    members = owners.members(connection, (change.new.values.get("opportunity_owner") for change in page.told))
    types = new_business_types(connection)
    for is_history in (True, False):
        part = [change for change in page.told if change.new.baseline is is_history]
        rows = [
            OpportunityInput(
                page.accounts[row.account_ref or ""], _deal_values(row, members, types, page.known), row.sf_id
            )
            for change in part
            for row in [change.new]
        ]
        upsert = partial(accounts.upsert_opportunities, actor=actor, now=now, baseline=is_history)
        _count(connection, "Opportunity", part, tell("Opportunity", rows, upsert, outcome), outcome)
    leaving = [OpportunityInput(was.account_id, {"is_active": False}, sf_id) for sf_id, was in page.leaving.items()]
    upsert = partial(accounts.upsert_opportunities, actor=actor, now=now)
    _count_leaving(tell("Opportunity", leaving, upsert, outcome), outcome)
    return outcome


def new_business_types(connection: Connection) -> frozenset[str]:
    return frozenset(str(word).casefold() for word in connection.settings.get("new_business_types", ()))


def _deal_values(
    row: Row, members: Mapping[str, UUID], types: frozenset[str], here: Mapping[str, Known]
) -> dict[str, Any]:
    values = {**ours("Opportunity", row.values), "is_active": True}
    values["is_new_business"] = str(row.values.get("opportunity_type", "")).casefold() in types
    owner = members.get(row.values.get("opportunity_owner") or "")
    if owner or row.sf_id in here:
        values["owner_id"] = owner
    return values


@dataclass(frozen=True)
class _Sorted:
    """A page by what has to happen: told (its account is managed), leaving (here, and no longer of a managed account);
    the others wait and are counted already.
    """

    told: list[Change]
    leaving: dict[str, Known]
    accounts: dict[str, UUID]
    known: dict[str, Known]

    @classmethod
    def of(cls, connection: Connection, changes: Sequence[Change], here: dict[str, Known], outcome: Outcome) -> _Sorted:
        managed = mirror.managed_among(connection.pk, (change.new.account_ref for change in changes))
        page = cls([], {}, known.account_ids(managed), here)
        for change in changes:
            row = change.new
            was = here.get(row.sf_id)
            if not row.deleted and row.account_ref in page.accounts:
                page.told.append(change)
            elif was is not None and was.is_active and (row.deleted or was.account_ref != row.account_ref):
                page.leaving[row.sf_id] = was
            else:
                outcome.count("unchanged" if row.deleted else "waiting")
        return page


def _count(
    connection: Connection, sobject: str, told: Sequence[Change], answers: Sequence[Told], outcome: Outcome
) -> None:
    whole: list[str] = []
    partly: list[str] = []
    for change, answer in zip(told, answers, strict=True):
        outcome.count(answer.result.result)
        if answer.complete == change.new.incomplete:
            (whole if answer.complete else partly).append(change.new.sf_id)
    mirror.set_incomplete(connection.pk, sobject, whole, incomplete=False)
    mirror.set_incomplete(connection.pk, sobject, partly, incomplete=True)


def _count_leaving(answers: Sequence[Told], outcome: Outcome) -> None:
    for answer in answers:
        outcome.count("archived" if answer.is_taken else "rejected")
