"""What a person does about writes that Salesforce did not take: try again, or let them go."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet

from cs_platform import ledger
from integrations.salesforce.models import Connection, Write
from integrations.salesforce.writing import noting

ledger.sentences(
    {
        "write.replay": "replayed the {object}",
        "write.discard": "discarded the {object}",
    }
)
DEAD = (Write.State.FAILED, Write.State.UNKNOWN, Write.State.BLOCKED)


def dead(connection: Connection) -> QuerySet[Write]:
    """What waits for a person."""
    return Write.objects.filter(connection=connection, state__in=DEAD)


def replay(connection: Connection, ids: Collection[UUID] | None, *, actor: ledger.Actor, now: datetime) -> list[UUID]:
    """Try these again (None: all that failed); which will be. A record that nobody knows of is sent again under another
    name, after Salesforce was asked for it; therefore only if it is named.
    """
    chosen = _chosen(connection, ids)
    if ids is None:
        chosen = chosen.exclude(state=Write.State.UNKNOWN)
    again: dict[str, Any] = {"state": Write.State.WAITING, "code": "", "reason": ""}
    with ledger.unit():
        unknown = list(chosen.filter(state=Write.State.UNKNOWN).values_list("pk", flat=True))
        done = ledger.change_many(chosen, "replay", set=again, actor=actor, now=now)
        mine = Write.objects.filter(pk__in=done)
        mine.update(due_at=now, attempts=0, alone=False, done_at=None)
        mine.filter(pk__in=unknown).update(sent_version=F("sent_version") + 1)
        if done:
            noting.start(connection, now=now)
    return list(done)


def discard(
    connection: Connection, ids: Collection[UUID], reason: str, *, actor: ledger.Actor, now: datetime
) -> list[UUID]:
    """Salesforce keeps what it has; which were let go. A later change here is written again. Refused without a
    reason.
    """
    words = " ".join(reason.replace("\x00", "").split())
    if not words or len(words) > 500:
        raise ledger.Refused("A reason of 1 to 500 characters is needed.", "required", "reason")
    gone: dict[str, Any] = {"state": Write.State.DISCARDED, "reason": f"Discarded: {words}"}
    with ledger.unit():
        done = ledger.change_many(_chosen(connection, ids), "discard", set=gone, actor=actor, now=now, note=words)
        Write.objects.filter(pk__in=done).update(done_at=now, claim=None)
    return list(done)


def _chosen(connection: Connection, ids: Collection[UUID] | None) -> QuerySet[Write]:
    found = dead(connection)
    return found if ids is None else found.filter(pk__in=list(ids))
