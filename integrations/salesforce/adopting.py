"""Taking over an account that waits in the mirror: a person here gives it its support level, before Salesforce has one.

The account comes with its people and deals at once, from what was read before. That its level has to be written back,
`accounts` tells with its facts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from django.db.models import TextField, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce

from accounts import services as accounts
from accounts.services import AccountInput
from accounts.services import adopting as taking_over
from accounts.services.adopting import Candidate
from cs_platform import ledger
from integrations.salesforce import mapping, mirror
from integrations.salesforce.applying import apply_waiting, known, owners
from integrations.salesforce.applying.outcome import Outcome, ours, tell
from integrations.salesforce.mirror import Row
from integrations.salesforce.models import Connection, MirrorRecord

CHUNK = 5000


class FromMirror:
    """How `accounts` takes over what waits here."""

    def candidates(self, salesforce_ids: Sequence[str]) -> Mapping[str, Candidate]:
        """Mirrored accounts that nobody looks after and that may be: they exist and are not attrited."""
        return {
            row.sf_id: Candidate(str(row.values.get("account_name") or row.sf_id)[:255], row.digest)
            for row in _waiting(salesforce_ids)
        }

    def adopt(
        self, salesforce_ids: Sequence[str], level: str, *, actor: ledger.Actor, now: datetime, note: str = ""
    ) -> Mapping[str, UUID]:
        """They are managed with this level from now on, with their people and deals. One whose values `accounts`
        refuses comes without those; one that it refuses as a whole is left out."""
        by_connection: dict[UUID, list[MirrorRecord]] = {}
        for row in _waiting(salesforce_ids):
            by_connection.setdefault(row.connection_id, []).append(row)
        found: dict[str, UUID] = {}
        for connection in Connection.objects.filter(pk__in=by_connection):
            rows = [mirror.as_row(record) for record in by_connection[connection.pk]]
            found |= _adopt(connection, rows, level, actor=actor, now=now)
        return found


def _adopt(
    connection: Connection, rows: Sequence[Row], level: str, *, actor: ledger.Actor, now: datetime
) -> dict[str, UUID]:
    outcome = Outcome()
    members = owners.members(connection, (owners.csm_of(row) for row in rows))
    parents = known.account_ids(row.account_ref for row in rows)
    upsert = partial(accounts.upsert_accounts, actor=actor, now=now)
    answers = tell("Account", [_input(row, level, members, parents) for row in rows], upsert, outcome)
    taken = {
        row.sf_id: answer.result.id
        for row, answer in zip(rows, answers, strict=True)
        if answer.is_taken and answer.result.id is not None
    }
    mirror.set_managed(connection.pk, list(taken), managed=True)
    for sobject in ("Contact", "Opportunity"):
        while waiting := _belongings(connection, sobject, list(taken)):
            apply_waiting(connection, sobject, waiting, actor=actor, now=now)
            mirror.settled(connection.pk, sobject, waiting)
    return taken


def _input(row: Row, level: str, members: Mapping[str, UUID], parents: Mapping[str, UUID]) -> AccountInput:
    values = {**ours("Account", row.values), "support_level": level}
    csm, parent = members.get(owners.csm_of(row) or ""), parents.get(row.account_ref or "")
    if csm:
        values["csm_id"] = csm
    if parent and row.account_ref != row.sf_id:
        values["parent_id"] = parent
    return AccountInput(values, salesforce_id=row.sf_id)


def _belongings(connection: Connection, sobject: str, refs: Sequence[str]) -> list[Row]:
    """People or deals of these accounts that have not been told yet."""
    found = MirrorRecord.objects.filter(connection=connection, sobject=sobject, account_ref__in=list(refs), settle=True)
    return [mirror.as_row(record) for record in found.order_by("sf_id")[:CHUNK]]


def _waiting(salesforce_ids: Sequence[str]) -> list[MirrorRecord]:
    wanted = MirrorRecord.objects.filter(
        sobject="Account", sf_id__in=list(salesforce_ids), managed=False, deleted=False
    )
    found = wanted.alias(type=Coalesce(KT("values__account_type"), Value(""), output_field=TextField())).exclude(
        type=mapping.ATTRITED
    )
    found = found.order_by("sf_id", "pk").distinct("sf_id")
    return list(found)


taking_over.register(FromMirror())
