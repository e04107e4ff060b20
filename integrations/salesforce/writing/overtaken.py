"""Versions of a record that are older than what we have written since: a page may have been read before our write and
come after it, and some orgs show a change late. Such a version is no news; the newer one comes with its own stamp.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from integrations.salesforce.mapping import Record
from integrations.salesforce.models import Write
from integrations.salesforce.writing.fields import same


def without(connection_id: UUID, sobject: str, records: Iterable[Record]) -> list[Record]:
    """The records that are not overtaken."""
    records = list(records)
    found = Write.objects.filter(
        connection_id=connection_id,
        sobject=sobject,
        kind=Write.Kind.FIELD,
        over_stamp__isnull=False,
        sf_id__in=[record.sf_id for record in records],
    )
    rows: dict[str, list[Write]] = {}
    for row in found.only("sf_id", "key", "over_stamp", "over_value", "sent"):
        rows.setdefault(row.sf_id, []).append(row)
    if not rows:
        return records
    return [record for record in records if not any(_is_older(record, row) for row in rows.get(record.sf_id, ()))]


def _is_older(record: Record, row: Write) -> bool:
    """By Salesforce's own stamp. Within one second the value decides, once our write is known to have arrived."""
    if row.over_stamp is None or record.stamp > row.over_stamp:
        return False
    if record.stamp < row.over_stamp:
        return True
    has_old = row.key in record.values and same(row.key, record.values[row.key], row.over_value)
    return has_old and not row.sent and not same(row.key, row.over_value, row.written)
