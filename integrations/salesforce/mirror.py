"""Keeping the last known state of every row: what changed is found here, by digest, in two statements per page."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection as database

from integrations.salesforce import mapping
from integrations.salesforce.mapping import Plan, Record
from integrations.salesforce.models import MirrorRecord

_UPSERT = """
INSERT INTO salesforce_mirrorrecord AS row
    (tenant_id, connection_id, sobject, sf_id, account_ref, stamp, digest, values, deleted, managed, settle, baseline)
SELECT %s, %s, %s, new.sf_id, new.account_ref, new.stamp, new.digest, new.body::jsonb, new.deleted, false, false,
new.baseline FROM unnest(%s::text[], %s::text[], %s::timestamptz[], %s::text[], %s::text[], %s::boolean[],
%s::boolean[])     AS new(sf_id, account_ref, stamp, digest, body, deleted, baseline)
ON CONFLICT (tenant_id, connection_id, sobject, sf_id) DO UPDATE
    SET account_ref = excluded.account_ref, stamp = excluded.stamp, digest = excluded.digest, values = excluded.values,
        deleted = excluded.deleted, baseline = excluded.baseline
    WHERE excluded.stamp >= row.stamp
"""


@dataclass(frozen=True)
class Row:
    """A mirrored row as the room works with it."""

    sf_id: str
    values: dict[str, Any]
    deleted: bool
    account_ref: str | None
    managed: bool
    baseline: bool


@dataclass(frozen=True)
class Change:
    """A row whose content is not what it was."""

    new: Row
    old: Row | None


@dataclass(frozen=True)
class _Known:
    row: Row
    stamp: datetime
    digest: str


def store(
    connection_id: UUID, tenant_id: int, plan: Plan, records: list[Record], *, baseline: bool, mapped: Collection[str]
) -> list[Change]:
    """Write what is newer and different; give back those rows. Equal content is no write, older content is no news."""
    known = _known(connection_id, plan.sobject, [record.sf_id for record in records])
    changes: list[Change] = []
    columns: list[tuple[Any, ...]] = []
    for record in records:
        before = known.get(record.sf_id)
        if before is not None and record.stamp < before.stamp:
            continue
        values = mapping.merged(before.row.values if before else None, record, mapped)
        digest = mapping.digest(values, deleted=record.deleted)
        if before is not None and before.digest == digest:
            continue
        new = Row(
            record.sf_id,
            values,
            record.deleted,
            values.get(mapping.ACCOUNT_KEY.get(plan.sobject, "")),
            before.row.managed if before else False,
            _still_history(before.row, values) if before else baseline,
        )
        changes.append(Change(new, before.row if before else None))
        columns.append(
            (new.sf_id, new.account_ref, record.stamp, digest, json.dumps(values), new.deleted, new.baseline)
        )
    if columns:
        with database.cursor() as cursor:
            cursor.execute(
                _UPSERT,
                [tenant_id, connection_id, plan.sobject, *(list(column) for column in zip(*columns, strict=True))],
            )
    return changes


def _still_history(old: Row, values: dict[str, Any]) -> bool:
    """A deal that was won before the first sync stays history when somebody corrects its amount; a deal won since
    does not.
    """
    return old.baseline and old.values.get("opportunity_won") == values.get("opportunity_won")


def _known(connection_id: UUID, sobject: str, ids: list[str]) -> dict[str, _Known]:
    found = MirrorRecord.objects.filter(connection_id=connection_id, sobject=sobject, sf_id__in=ids)
    return {row.sf_id: _Known(_row(row), row.stamp, row.digest) for row in found}


def _row(row: MirrorRecord) -> Row:
    return Row(row.sf_id, row.values, row.deleted, row.account_ref, row.managed, row.baseline)


def managed_among(connection_id: UUID, ids: Iterable[str | None]) -> set[str]:
    """Which of these accounts `accounts` knows as managed."""
    wanted = [sf_id for sf_id in set(ids) if sf_id]
    if not wanted:
        return set()
    rows = MirrorRecord.objects.filter(connection_id=connection_id, sobject="Account", sf_id__in=wanted, managed=True)
    return set(rows.values_list("sf_id", flat=True))


def set_managed(connection_id: UUID, ids: Collection[str], *, managed: bool) -> None:
    """Remember what `accounts` was told; a newly managed account still has to get its people and deals (`settle`)."""
    if ids:
        MirrorRecord.objects.filter(connection_id=connection_id, sobject="Account", sf_id__in=list(ids)).update(
            managed=managed, settle=managed
        )


def to_settle(connection_id: UUID, size: int) -> list[str]:
    """Some accounts whose people and deals have not been told yet."""
    rows = MirrorRecord.objects.filter(connection_id=connection_id, settle=True).order_by("id")
    return list(rows.values_list("sf_id", flat=True)[:size])


def settled(connection_id: UUID, ids: Collection[str]) -> None:
    MirrorRecord.objects.filter(connection_id=connection_id, sobject="Account", sf_id__in=list(ids)).update(
        settle=False
    )


def children(connection_id: UUID, sobject: str, accounts: Collection[str], size: int) -> Iterator[list[Row]]:
    """The rows of these accounts in chunks, by keyset, so that memory does not depend on how many there are."""
    after: tuple[str, str] | None = None
    base = MirrorRecord.objects.filter(connection_id=connection_id, sobject=sobject, account_ref__in=list(accounts))
    base = base.order_by("account_ref", "sf_id")
    while True:
        rows = base if after is None else base.extra(where=["(account_ref, sf_id) > (%s, %s)"], params=list(after))
        chunk = [_row(row) for row in rows[:size]]
        if not chunk:
            return
        yield chunk
        after = (chunk[-1].account_ref or "", chunk[-1].sf_id)


def managed_rows(connection_id: UUID, key: str, value: str, size: int) -> Iterator[list[Row]]:
    """Managed accounts that refer to something by `key` (a CSM), in chunks."""
    after = ""
    base = MirrorRecord.objects.filter(
        connection_id=connection_id, sobject="Account", managed=True, **{f"values__{key}": value}
    )
    while True:
        chunk = [_row(row) for row in base.filter(sf_id__gt=after).order_by("sf_id")[:size]]
        if not chunk:
            return
        yield chunk
        after = chunk[-1].sf_id


def unmanaged_accounts(connection_id: UUID) -> int:
    """Accounts of the org that have no support level (or are attrited): known, not managed."""
    return MirrorRecord.objects.filter(
        connection_id=connection_id, sobject="Account", managed=False, deleted=False
    ).count()
