"""What the ledger knows of series and enrolments at a moment that has passed, and who brought it about."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cs_platform.ledger.models import AuditRow

# What a verb leaves behind.
STATE_AFTER = {
    "series.create": "draft",
    "series.activate": "active",
    "series.pause": "paused",
    "series.resume": "active",
    "series.archive": "archived",
    "enrolment.create": "active",
    "enrolment.restart": "active",
    "enrolment.pause": "paused",
    "enrolment.resume": "active",
    "enrolment.stop": "stopped",
    "enrolment.complete": "completed",
}
MOST = 2000


@dataclass(frozen=True)
class Turn:
    """A change of state, with who brought it about and the note that was left."""

    at: datetime
    state: str
    who: str
    note: str = ""


class History:
    """Of some series and enrolments, in one query."""

    def __init__(self, object_ids: Collection[UUID]) -> None:
        ids = [str(pk) for pk in object_ids]
        rows = AuditRow.objects.filter(object_type__in=["series", "enrolment"], object_id__in=ids)
        rows = rows.filter(verb__in=STATE_AFTER).select_related("call").order_by("-pk")[:MOST]
        self._turns: dict[str, list[Turn]] = {}
        for row in rows:
            turn = Turn(row.call.at, STATE_AFTER[row.verb], row.call.actor_words, row.call.note)
            self._turns.setdefault(row.object_id, []).append(turn)

    def at(self, object_id: UUID, moment: datetime) -> Turn | None:
        """The last change before the moment; None if there was none that we know of."""
        return next((turn for turn in self._turns.get(str(object_id), []) if turn.at <= moment), None)


def who_did(object_type: str, object_ids: Collection[UUID], verb: str) -> dict[str, str]:
    """By id of the object, who did this to it last."""
    ids = [str(pk) for pk in object_ids]
    rows = AuditRow.objects.filter(object_type=object_type, object_id__in=ids, verb=verb)
    return {row.object_id: row.call.actor_words for row in rows.select_related("call").order_by("pk")}
