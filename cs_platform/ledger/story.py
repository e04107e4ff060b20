"""The ledger as people read it: what happened to an account, newest first."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cs_platform.ledger.models import AuditRow
from cs_platform.ledger.words import declared


@dataclass(frozen=True)
class TimelineEntry:
    id: int
    at: datetime
    actor: str
    actor_kind: str
    verb: str
    sentence: str
    object_type: str
    object_id: str
    changes: dict[str, list[Any]]
    note: str
    door: str


def timeline(
    account_id: UUID, *, limit: int = 20, before: int | None = None, verbs: Collection[str] | None = None
) -> list[TimelineEntry]:
    """At most `limit` entries older than the row `before`, in one query."""
    rows = AuditRow.objects.select_related("call").filter(account_id=account_id)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    if verbs is not None:
        rows = rows.filter(verb__in=list(verbs))
    sentences = declared()
    return [
        TimelineEntry(
            row.pk,
            row.call.at,
            row.call.actor_words,
            row.call.actor_kind,
            row.verb,
            sentences.get(row.verb, row.verb.replace(".", " ").replace("_", " ")).replace("{object}", row.object_words),
            row.object_type,
            row.object_id,
            row.changes,
            row.call.note,
            row.call.door,
        )
        for row in rows.order_by("-pk")[:limit]
    ]
