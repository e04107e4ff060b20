"""Rows of the mirror that are not in the org any more: not met by a comparison, or merged into another."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.expressions import RawSQL

from integrations.salesforce import mapping, mirror
from integrations.salesforce.mirror import Change, Row
from integrations.salesforce.models import MirrorRecord, SeenRecord

#: Marks a row that was not met any more.
GONE = "gone"


def _unmet(connection_id: UUID, sobject: str) -> QuerySet[MirrorRecord]:
    met = SeenRecord.objects.filter(connection_id=connection_id, sobject=sobject, sf_id=OuterRef("sf_id"))
    return mirror.rows_of(connection_id, sobject, deleted=False).filter(~Exists(met))


def unmet(connection_id: UUID, sobject: str, size: int) -> list[Row]:
    """Some rows that are here and were not met in the org."""
    return [mirror.as_row(row) for row in _unmet(connection_id, sobject).order_by("sf_id")[:size]]


def count_unmet(connection_id: UUID, sobject: str) -> tuple[int, int]:
    """How many those are, and of how many."""
    return _unmet(connection_id, sobject).count(), mirror.rows_of(connection_id, sobject, deleted=False).count()


def let_go(connection_id: UUID, sobject: str, rows: Sequence[Row]) -> list[Change]:
    """These rows are not in the org any more. One that comes back is a change, whatever it says."""
    if not rows:
        return []
    left = mirror.rows_of(connection_id, sobject, sf_id__in=[row.sf_id for row in rows])
    left.update(deleted=True, digest="", values=RawSQL("values || %s::jsonb", (json.dumps({GONE: True}),)))
    return [Change(replace(row, deleted=True, values={**row.values, GONE: True}), row) for row in rows]


# --- merges ----------------------------------------------------------------------------------------------------------


def merged_into(connection_id: UUID, masters: Collection[str]) -> list[Row]:
    """Deleted accounts that were merged into these."""
    if not masters:
        return []
    found = mirror.rows_of(connection_id, "Account", account_ref__in=list(masters), deleted=True)
    return [mirror.as_row(row) for row in found if row.values.get(mapping.MERGED_INTO) in masters]


def merge_master(sf_id: str) -> str:
    """The account that this one was merged into; empty if it was not."""
    found = MirrorRecord.objects.filter(sobject="Account", sf_id=sf_id, deleted=True).values_list("values", flat=True)
    return next((str(values[mapping.MERGED_INTO]) for values in found if values.get(mapping.MERGED_INTO)), "")
