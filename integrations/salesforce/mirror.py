"""Keeping the last known state of every row: what changed is found here, by digest, in two statements per page."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection as database
from django.db.models import QuerySet

from cs_platform.ledger.overwriting import overwrite
from integrations.salesforce import mapping
from integrations.salesforce.mapping import Plan, Record
from integrations.salesforce.models import MirrorRecord
from integrations.salesforce.writing import overtaken

_UPSERT = """
INSERT INTO salesforce_mirrorrecord AS row
    (tenant_id, connection_id, sobject, sf_id, account_ref, stamp, digest, values, deleted, baseline, managed, settle,
     incomplete)
SELECT %s, %s, %s, new.sf_id, new.account_ref, new.stamp, new.digest, new.body::jsonb, new.deleted, new.baseline,
       false, false, false
FROM unnest(%s::text[], %s::text[], %s::timestamptz[], %s::text[], %s::text[], %s::boolean[], %s::boolean[])
    AS new(sf_id, account_ref, stamp, digest, body, deleted, baseline)
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
    incomplete: bool
    stamp: datetime
    by: str = ""


@dataclass(frozen=True)
class Change:
    """A row whose content is not what it was."""

    new: Row
    old: Row | None


@dataclass(frozen=True)
class _Known:
    row: Row
    digest: str


def store(
    connection_id: UUID,
    tenant_id: int,
    plan: Plan,
    records: list[Record],
    *,
    baseline: bool,
    mapped: Collection[str],
    again: bool = False,
) -> list[Change]:
    """Write what is newer and different; give back those rows. Equal content is no write, older content is no news.
    With `again`, rows that `accounts` refused are given back too, though nothing changed.
    """
    records = overtaken.without(connection_id, plan.sobject, records)
    known = _known(connection_id, plan.sobject, [record.sf_id for record in records])
    changes: list[Change] = []
    columns: list[tuple[Any, ...]] = []
    for record in records:
        before = known.get(record.sf_id)
        if before is not None and record.stamp < before.row.stamp:
            continue
        values = mapping.merged(before.row.values if before else None, record, mapped)
        digest = mapping.digest(values, deleted=record.deleted)
        if before is not None and before.digest == digest:
            if again and before.row.incomplete:
                changes.append(Change(before.row, before.row))
            continue
        new = Row(
            record.sf_id,
            values,
            record.deleted,
            values.get(mapping.MERGED_INTO) or values.get(mapping.ACCOUNT_KEY.get(plan.sobject, "")),
            before.row.managed if before else False,
            _still_history(before.row, values) if before else baseline,
            before.row.incomplete if before else False,
            record.stamp,
            record.by,
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
    found = rows_of(connection_id, sobject, sf_id__in=ids).values_list(*_COLUMNS, "digest")
    return {row[0]: _Known(Row(*row[:-1]), row[-1]) for row in found}


#: The fields of a Row, in its order.
_COLUMNS = ("sf_id", "values", "deleted", "account_ref", "managed", "baseline", "incomplete", "stamp")


def as_row(row: MirrorRecord) -> Row:
    return Row(*(getattr(row, name) for name in _COLUMNS))


def met(found: MirrorRecord, *, stamp: datetime, by: str) -> Row:
    """A stored row with what was met of it outside of a sync."""
    return replace(as_row(found), stamp=stamp, by=by)


def name_of(found: MirrorRecord) -> str:
    """What the record is called in Salesforce."""
    return str(found.values.get("account_name") or found.values.get("contact_name") or found.sf_id)


def advance(connection_id: UUID, sobject: str, news: Mapping[str, Mapping[str, Any]]) -> None:
    """What we have just written is the last value that both sides know: these values, and no others."""
    found = list(rows_of(connection_id, sobject, sf_id__in=list(news)).select_for_update().order_by("sf_id"))
    managed: dict[bool, list[str]] = {True: [], False: []}
    for row in found:
        row.values = {**row.values, **news[row.sf_id]}
        row.digest = mapping.digest(row.values, deleted=row.deleted)
        wanted = mapping.is_managed(row.values, deleted=row.deleted)
        if "support_level" in news[row.sf_id] and wanted is not row.managed:
            managed[wanted].append(row.sf_id)
    overwrite(found, ["values", "digest"])
    for is_managed, ids in managed.items():
        set_managed(connection_id, ids, managed=is_managed)


def rows_of(connection_id: UUID, sobject: str, **conditions: Any) -> QuerySet[MirrorRecord]:
    """The mirror's rows of an object."""
    return MirrorRecord.objects.filter(connection_id=connection_id, sobject=sobject, **conditions)


# --- which accounts are managed -------------------------------------------------------------------------------------


def managed_among(connection_id: UUID, ids: Iterable[str | None]) -> set[str]:
    """Which of these accounts `accounts` looks after."""
    wanted = sorted({sf_id for sf_id in ids if sf_id})
    if not wanted:
        return set()
    return set(rows_of(connection_id, "Account", sf_id__in=wanted, managed=True).values_list("sf_id", flat=True))


def set_managed(connection_id: UUID, ids: Collection[str], *, managed: bool) -> None:
    """Remember what `accounts` was told. The people and deals of a newly managed account have to follow (`settle`)."""
    if not ids:
        return
    rows_of(connection_id, "Account", sf_id__in=list(ids)).update(managed=managed)
    if managed:
        MirrorRecord.objects.filter(
            connection_id=connection_id, sobject__in=("Contact", "Opportunity"), account_ref__in=list(ids)
        ).update(settle=True)


def names(connection_id: UUID, ids: Collection[str]) -> dict[str, str]:
    """What these accounts are called in Salesforce."""
    found = rows_of(connection_id, "Account", sf_id__in=list(ids)) if ids else MirrorRecord.objects.none()
    return {row.sf_id: str(row.values.get("account_name") or row.sf_id) for row in found}


# --- what still has to be told --------------------------------------------------------------------------------------


def to_settle(connection_id: UUID, sobject: str, size: int) -> list[Row]:
    """Some people or deals whose account has become managed."""
    return [as_row(row) for row in rows_of(connection_id, sobject, settle=True).order_by("sf_id")[:size]]


def settled(connection_id: UUID, sobject: str, rows: Collection[Row]) -> None:
    rows_of(connection_id, sobject, sf_id__in=[row.sf_id for row in rows]).update(settle=False)


def settle_deals(connection_id: UUID) -> None:
    """All deals have to be told again: another setting says what they mean."""
    rows_of(connection_id, "Opportunity", settle=False).update(settle=True)


def set_incomplete(connection_id: UUID, sobject: str, ids: Collection[str], *, incomplete: bool) -> None:
    if ids:
        rows_of(connection_id, sobject, sf_id__in=list(ids)).update(incomplete=incomplete)


# --- walks in chunks: memory does not depend on how many there are --------------------------------------------------


def subsidiaries(connection_id: UUID, parents: Collection[str], size: int) -> Iterator[list[Row]]:
    """Managed accounts below these."""
    return _chunks(rows_of(connection_id, "Account", account_ref__in=list(parents), managed=True), size)


def managed_by(connection_id: UUID, key: str, user: str, size: int) -> Iterator[list[Row]]:
    """Managed accounts that name this user by `key`."""
    return _chunks(rows_of(connection_id, "Account", managed=True, **{f"values__{key}": user}), size)


def deals_of(connection_id: UUID, user: str, size: int) -> Iterator[list[Row]]:
    """Opportunities of this owner."""
    return _chunks(rows_of(connection_id, "Opportunity", deleted=False, values__opportunity_owner=user), size)


def _chunks(base: QuerySet[MirrorRecord], size: int) -> Iterator[list[Row]]:
    after = ""
    while True:
        chunk = [as_row(row) for row in base.filter(sf_id__gt=after).order_by("sf_id")[:size]]
        if not chunk:
            return
        yield chunk
        after = chunk[-1].sf_id


def unmanaged_accounts(connection_id: UUID) -> int:
    """Accounts of the org that have no support level (or are attrited): known, not managed."""
    return rows_of(connection_id, "Account", managed=False, deleted=False).count()
