"""Which moves a lifecycle allows."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from django.db.models import F

from accounts.services import locks
from cs_platform import ledger
from lifecycle.models import Lifecycle, Stage, StageMove
from lifecycle.services.moving import LOCK


@contextmanager
def alone() -> Iterator[None]:
    """In a transaction, after the moves that run and before those that come: no account comes to a stage that has just
    been switched off or renamed."""
    with ledger.unit():
        locks.alone(LOCK)
        yield


def set_moves(
    lifecycle: Lifecycle, moves: Iterable[tuple[UUID, UUID, bool]], *, actor: ledger.Actor, now: datetime
) -> None:
    """From now on these moves are allowed and no others: (from, to, needs a reason). None at all: every move is.

    Refused if a stage is not of this lifecycle or a move goes nowhere.
    """
    wanted = {(source, target): needs_reason for source, target, needs_reason in moves}
    with alone():
        names = dict(Stage.objects.filter(lifecycle=lifecycle).values_list("pk", "name"))
        for source, target in wanted:
            if source not in names or target not in names:
                raise ledger.Refused("A move joins two stages of this lifecycle.", "unknown_stage", "moves")
            if source == target:
                raise ledger.Refused(f"{names[source]} can not lead to itself.", "invalid", "moves")
        write_moves(lifecycle, wanted, names, actor=actor, now=now)


def write_moves(
    lifecycle: Lifecycle,
    wanted: dict[tuple[UUID, UUID], bool],
    names: dict[UUID, str],
    *,
    actor: ledger.Actor,
    now: datetime,
) -> None:
    held = StageMove.objects.filter(lifecycle=lifecycle)
    known = {(move.source_id, move.target_id): move for move in held}
    before, after = ({pair: move.needs_reason for pair, move in known.items()}, wanted)
    if before == after:
        return
    held.filter(pk__in=[move.pk for pair, move in known.items() if wanted.get(pair) != move.needs_reason]).delete()
    StageMove.objects.bulk_create(
        StageMove(lifecycle=lifecycle, source_id=source, target_id=target, needs_reason=needs_reason)
        for (source, target), needs_reason in wanted.items()
        if before.get((source, target)) != needs_reason
    )
    changes = {"moves": [_said(before, names), _said(after, names)]}
    ledger.note(lifecycle, "set_moves", actor=actor, now=now, changes=changes)
    Lifecycle.objects.filter(pk=lifecycle.pk).update(version=F("version") + 1, updated_at=now)


def _said(moves: dict[tuple[UUID, UUID], bool], names: dict[UUID, str]) -> list[str]:
    return sorted(
        f"{names[source]} → {names[target]}{' (with a reason)' if needs_reason else ''}"
        for (source, target), needs_reason in moves.items()
    )
