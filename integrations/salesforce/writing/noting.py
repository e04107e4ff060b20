"""Leaving a row for each field that Salesforce does not hold as we do. Set-based: a fact of thousands is a few
statements.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection as database
from django.db.models import Q
from uuid_utils.compat import uuid7

from cs_platform import ledger
from cs_platform.tenancy.scope import require_tenant_id
from integrations.salesforce.models import Connection, MirrorRecord, Write
from integrations.salesforce.writing import ours
from integrations.salesforce.writing.fields import FIELDS, OutField, goes_out, outgoing, same

KIND = "salesforce.write"
_UPSERT = """
INSERT INTO salesforce_write AS row
    (id, tenant_id, connection_id, account_id, kind, sobject, sf_id, key, subject, wanted, version, state, due_at,
     changed_at, attempts, alone, code, reason, sent, sent_version, made_id)
SELECT new.id, %s, %s, new.account_id, %s, %s, new.sf_id, new.key, new.subject, new.wanted::jsonb, 1, 'waiting', %s,
       %s, 0, false, '', '', '[]'::jsonb, 0, ''
FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[])
    AS new(id, account_id, sf_id, key, subject, wanted)
ON CONFLICT (tenant_id, connection_id, sobject, sf_id, key) DO UPDATE
    SET wanted = excluded.wanted, account_id = excluded.account_id, subject = excluded.subject,
        version = row.version + 1, due_at = excluded.due_at, changed_at = excluded.changed_at, attempts = 0,
        alone = false, code = '', reason = '',
        state = CASE WHEN row.state = 'sending' THEN 'sending' ELSE 'waiting' END
    WHERE row.wanted IS DISTINCT FROM excluded.wanted OR (row.state = 'written' AND row.kind = 'field')
"""


@dataclass(frozen=True)
class Line:
    """What one row is to hold."""

    account_id: UUID | None
    sf_id: str
    key: str
    subject: str
    wanted: Any


def note_accounts(ids: Iterable[UUID | str], keys: Collection[str], *, now: datetime) -> int:
    """These accounts may have changed in these fields: leave rows for what Salesforce does not hold. How many."""
    return _note("Account", list(ids), keys, now)


def note_contacts(ids: Iterable[UUID | str], keys: Collection[str], *, now: datetime) -> int:
    """The same for contacts."""
    return _note("Contact", list(ids), keys, now)


def note_linked(ids: Collection[UUID | str], *, now: datetime) -> int:
    """These accounts were here before Salesforce was read: it is told what it is only ever told."""
    return _note("Account", list(ids), {field.key for field in FIELDS if not field.is_mapped}, now) if ids else 0


def keys_of(sobject: str, attrs: Iterable[str]) -> set[str]:
    """The keys of the fields that have these names on our object."""
    wanted = set(attrs)
    return {field.key for field in FIELDS if field.sobject == sobject and field.attr in wanted}


def _note(sobject: str, ids: Sequence[UUID | str], keys: Collection[str], now: datetime) -> int:
    noted = 0
    for connection in Connection.objects.order_by("created_at", "id"):
        fields = {key: field for key, field in outgoing(connection.settings, sobject).items() if key in keys}
        if fields and ids:
            noted += _note_for(connection, sobject, ids, fields, now)
    return noted


def _note_for(
    connection: Connection, sobject: str, ids: Sequence[UUID | str], fields: Mapping[str, OutField], now: datetime
) -> int:
    mine = ours.by_id(sobject, ids, stage_at=now if "stage" in fields else None)
    theirs = mirrored(connection, sobject, mine)
    mine = {sf_id: one for sf_id, one in mine.items() if sf_id in theirs}
    if not mine:
        return 0
    known = {(row.sf_id, row.key): row for row in rows_of(connection, sobject, mine, fields)}
    members = _members(connection, theirs) if "csm" in fields else {}
    lines, settled = [], []
    for sf_id, one in mine.items():
        for key, field in fields.items():
            if key not in one.values:
                continue
            row, wanted = known.get((sf_id, key)), one.values[key]
            if _differs(field, wanted, theirs[sf_id], row, members):
                lines.append(Line(one.account_id, sf_id, key, one.name, wanted))
            elif row is not None and row.state in ("waiting", "failed", "blocked") and field.is_mapped and not row.sent:
                settled.append(row.pk)  # it was changed back before it was written
    Write.objects.filter(pk__in=settled).exclude(state="sending").update(
        state="written", code="", reason="", alone=False
    )
    return leave(connection, sobject, lines, now=now)


def _differs(
    field: OutField, wanted: Any, theirs: Mapping[str, Any], row: Write | None, members: Mapping[str, str]
) -> bool:
    """Whether Salesforce has to be told. While something is on its way, or nobody knows whether it arrived, the newest
    word has to follow it, even if it is the old one again.
    """
    if row is not None and (row.state == "sending" or row.sent):
        return not same(field.key, row.wanted, wanted)
    if not field.is_mapped:
        return row is None or not same(field.key, row.wanted, wanted)
    last = theirs.get(field.key)
    if field.key == "csm":
        last = members.get(last or "")
    return not same(field.key, last, wanted)


def rows_of(connection: Connection, sobject: str, refs: Iterable[str], keys: Iterable[str]) -> list[Write]:
    """The rows there are for these fields of these records."""
    mine = Q(connection=connection, sobject=sobject, kind="field", sf_id__in=list(refs), key__in=list(keys))
    return list(Write.objects.filter(mine))


def mirrored(connection: Connection, sobject: str, refs: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The last known values of these records, as far as this connection has them and they are not deleted."""
    found = MirrorRecord.objects.filter(connection=connection, sobject=sobject, sf_id__in=list(refs), deleted=False)
    return dict(found.values_list("sf_id", "values"))


def _members(connection: Connection, theirs: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Who the customer success managers of these records are here."""
    from integrations.salesforce.applying import owners

    found = owners.members(connection, {values.get("csm") for values in theirs.values()})
    return {sf_id: str(member) for sf_id, member in found.items()}


def leave(connection: Connection, sobject: str, lines: Sequence[Line], *, now: datetime, kind: str = "field") -> int:
    """Leave or renew these rows in this transaction, and work that will write them."""
    if not lines:
        return 0
    lines = list({(line.sf_id, line.key): line for line in lines}.values())
    columns = [
        [uuid7() for _ in lines],
        [line.account_id for line in lines],
        [line.sf_id for line in lines],
        [line.key for line in lines],
        [line.subject[:255] for line in lines],
        [json.dumps(line.wanted) for line in lines],
    ]
    with ledger.unit(), database.cursor() as cursor:
        head = [require_tenant_id(), connection.pk, kind, sobject, now, now]
        cursor.execute(_UPSERT, [*head, *columns])  # type: ignore[list-item]
        changed: int = cursor.rowcount
        if changed:
            start(connection, now=now)
    return changed


def start(connection: Connection, *, now: datetime, key: str = "") -> None:
    """Have the rows of this connection written, one call after the other."""
    ledger.enqueue(
        KIND, {"connection_id": str(connection.pk)}, due_at=now, dedupe_key=key, order_key=f"{KIND}:{connection.pk}"
    )


def leave_records(connection: Connection, key: str, sobject: str, lines: Sequence[Line], *, now: datetime) -> int:
    """Events, tasks or files to be made in Salesforce, each under the name of its business fact."""
    return leave(connection, sobject, lines, now=now, kind="record") if goes_out(connection.settings, key) else 0
