"""The nightly comparison: which rows were met, which were not, and what had gone unnoticed, in numbers.

A comparison reads everything by the same pages as a full sync and mends what differs by the same way. What it adds is
here: a list of the rows it met, so that those deleted for good are found, and the count of what no sync had seen:
a row that was committed later than any overlap, a formula that changed without moving the row's stamp.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connection as database

from integrations.salesforce import values, vanished
from integrations.salesforce.mapping import Record
from integrations.salesforce.mirror import Change, Row
from integrations.salesforce.models import SeenRecord, SyncCursor, SyncRun

if TYPE_CHECKING:
    from integrations.salesforce.bookkeeping import Book

#: `missed`: newer than what we had, and older than what a sync had to have read. `unstamped`: another value at the
#: same stamp. `returned`: it was gone and is there. `gone`: it is not there any more.
KINDS = ("missed", "unstamped", "returned", "gone")
ALARM_SHARE = 0.001
#: So many rows may be gone in a night before we rather believe that our login sees less than before.
FEW, SHARE = 50, 0.05
Drift = dict[str, dict[str, Any]]

_SEEN = """
INSERT INTO salesforce_seenrecord (tenant_id, connection_id, sobject, sf_id)
SELECT %s, %s, %s, met.sf_id FROM unnest(%s::text[]) AS met(sf_id)
ON CONFLICT (tenant_id, connection_id, sobject, sf_id) DO NOTHING
"""


def begin(cursor: SyncCursor, *, is_remapped: bool) -> Drift:
    """A comparison of this object starts; what an earlier one met does not count."""
    forget_seen(cursor.connection_id, cursor.sobject)
    return {cursor.sobject: {"counts": cursor.mark is not None and not is_remapped}}


def note_seen(connection_id: UUID, tenant_id: int, sobject: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """These rows are there, also those of which we could read nothing but the id."""
    met = []
    for row in rows:
        try:
            met.append(values.id18(row.get("Id")))
        except values.BadValue:
            continue
    if met:
        with database.cursor() as cursor:
            cursor.execute(_SEEN, [tenant_id, connection_id, sobject, met])


def forget_seen(connection_id: UUID, sobject: str) -> None:
    SeenRecord.objects.filter(connection_id=connection_id, sobject=sobject).delete()


def drift_of(sobject: str, records: Sequence[Record], changes: Sequence[Change], *, edge: datetime | None) -> Drift:
    """What a page says of the syncs before it. Rows younger than `edge` are not read yet: that is no drift. Without
    an edge nothing is counted.
    """
    found: dict[str, Any] = {"compared": len(records)}
    for change in changes if edge is not None else ():
        kind = _kind(change, edge)
        if kind:
            found[kind] = found.get(kind, 0) + 1
    return {sobject: found}


def _kind(change: Change, edge: datetime | None) -> str:
    new, old = change.new, change.old
    if old is None:
        return "missed" if edge is not None and new.stamp < edge else ""
    if old == new:
        return ""  # it was refused before and is tried again
    is_back = old.deleted and not new.deleted
    if old.stamp == new.stamp:
        return "returned" if is_back else "unstamped"
    if edge is None or new.stamp >= edge:
        return ""
    return "returned" if is_back else "missed"


# --- what was not met -----------------------------------------------------------------------------------------------


def missing(book: Book, sobject: str, size: int) -> list[Row] | None:
    """Some rows that nobody met; an empty list when these are all. None: this object is compared, or was not read.

    When very many are missing at once, they stay: a login that lost a right sees less, and nothing is deleted for it.
    """
    numbers = book.run.drift.get(sobject, {})
    if "compared" not in numbers or numbers.get("swept"):
        return None
    if numbers.get("gone") or book.run.takes_missing:
        return vanished.unmet(book.connection.pk, sobject, size)
    count, known = vanished.count_unmet(book.connection.pk, sobject)
    if count > max(FEW, known * SHARE):
        book.warn([_held_back(sobject, count, known)])
        return []
    return vanished.unmet(book.connection.pk, sobject, size)


def gone(connection_id: UUID, sobject: str, rows: Sequence[Row]) -> Drift:
    """These rows are taken for deleted; an empty list ends it, and what was not met still was held back."""
    if rows:
        return {sobject: {"gone": len(rows)}}
    return {sobject: {"swept": True, "held_back": vanished.count_unmet(connection_id, sobject)[0]}}


def _held_back(sobject: str, count: int, known: int) -> str:
    return (
        f"{count:,} of {known:,} {sobject} rows are not shown to us any more. That is more than a night's deletions, so"
        " they are left as they are: look at what the integration user may see. If they are deleted indeed, compare"
        " again and say that missing rows are deleted."
    )


# --- the result -----------------------------------------------------------------------------------------------------


def total(run: SyncRun) -> dict[str, int]:
    """The numbers of a comparison over all objects."""
    return {name: sum(int(numbers.get(name, 0)) for numbers in run.drift.values()) for name in ("compared", *KINDS)}


def share(run: SyncRun) -> float:
    """How much had gone unnoticed, of all that was compared."""
    numbers = total(run)
    return sum(numbers[kind] for kind in KINDS) / max(1, numbers["compared"] + numbers["gone"])


def words(run: SyncRun) -> str:
    numbers = total(run)
    parts = [f"{numbers[kind]:,} {_WORDS[kind]}" for kind in KINDS if numbers[kind]]
    found = ", ".join(parts) if parts else "nothing had gone unnoticed"
    return f"{numbers['compared']:,} rows compared: {found}."


def is_alarming(run: SyncRun) -> bool:
    return run.kind == SyncRun.Kind.NIGHTLY and share(run) > ALARM_SHARE


_WORDS = {
    "missed": "missed by the syncs",
    "unstamped": "changed without a time stamp",
    "returned": "come back",
    "gone": "deleted for good",
}
