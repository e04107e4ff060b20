"""The rule of a move: the one object that the single form asks about a row and the set form turns into SQL."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from cs_platform import ledger


class MoveRefused(ledger.Refused):
    """The account may not come to this stage, from where it is, in this way."""

    def __init__(self, message: str, code: str, field: str = "stage") -> None:
        super().__init__(message, code=code, field=field)


@dataclass(frozen=True)
class Way:
    """What leads to a stage: from which stages (`sources`), from which of them only with a reason, and when.

    `dated`: the time was given by a person, who may be wrong; without it the time is now, and a clock that lags behind
    another machine's must not make the move fail.
    """

    lifecycle_id: UUID
    lifecycle: str
    stage_id: UUID
    stage: str
    stage_key: str
    is_end: bool
    sources: frozenset[UUID]
    explained: frozenset[UUID]
    at: datetime
    dated: bool = False
    reason: str = ""
    names: dict[UUID, str] = field(default_factory=dict, compare=False)

    @property
    def open_sources(self) -> frozenset[UUID]:
        """The stages that it leads from, given what was said."""
        return self.sources if self.reason else self.sources - self.explained

    def not_before(self, since: datetime) -> "Way":
        return self if self.dated or self.at >= since else replace(self, at=since)

    def why_not(self, stage_id: UUID, since: datetime) -> MoveRefused | None:
        """Why an account in this stage, whose running interval began then, can not go this way."""
        here = self.names.get(stage_id, "its stage")
        if stage_id == self.stage_id:
            return MoveRefused(f"The account is in {self.stage} already.", "already_there")
        if stage_id not in self.sources:
            return MoveRefused(f"There is no way from {here} to {self.stage}.", "move_not_allowed")
        if stage_id not in self.open_sources:
            return MoveRefused(f"Going from {here} to {self.stage} needs a reason.", "reason_needed", "reason")
        if since > self.at:
            return MoveRefused(
                f"The account is in {here} since {since:%Y-%m-%d %H:%M} UTC; it can not have left before that.",
                "before_entry",
                "effective_at",
            )
        return None

    def open_to(self) -> Q:
        """The same as a condition on the rows of AccountLifecycle."""
        return self._timely(stage__in=self.open_sources - {self.stage_id}, left_at__isnull=True)

    def open_again(self) -> Q:
        """The rows of accounts that have left the lifecycle and may enter it again."""
        return self._timely(left_at__isnull=False)

    def _timely(self, **conditions: Any) -> Q:
        found = Q(lifecycle_id=self.lifecycle_id, **conditions)
        return found & Q(since__lte=self.at) if self.dated else found
