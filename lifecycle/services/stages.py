"""Verbs that configure stages."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from cs_platform import ledger
from lifecycle import selectors
from lifecycle.models import AccountLifecycle, Lifecycle, Stage, StageMove
from lifecycle.services import words
from lifecycle.services.graphs import alone, write_moves

MAX_STAGES = 50
MAX_EXPECTED = 3650
KEEP: Final = "keep"


@dataclass(frozen=True)
class StageInput:
    """A stage to be made."""

    name: str
    expected_days: int | None = None
    description: str = ""
    is_end: bool = False
    key: str = ""


def add_stage(
    lifecycle: Lifecycle, given: StageInput, *, position: int | None = None, actor: ledger.Actor, now: datetime
) -> Stage:
    """Another stage, at this place or at the end. Where moves are restricted it is joined like the shipped stages:
    forward freely, back with a reason. Refused if the name is taken."""
    with alone():
        known = selectors.stages_of_lifecycle(lifecycle.key)
        if len(known) >= MAX_STAGES:
            raise ledger.Refused(f"A lifecycle has at most {MAX_STAGES} stages.", "too_many", "name")
        place = len(known) if position is None else max(0, min(position, len(known)))
        stage = ledger.create(new_stage(lifecycle, given, known, len(known), now), actor=actor, now=now)
        order = [found.pk for found in known]
        order.insert(place, stage.pk)
        _reorder(lifecycle, order, actor=actor, now=now)
        moves = {
            (move.source_id, move.target_id): move.needs_reason
            for move in StageMove.objects.filter(lifecycle=lifecycle)
        }
        if moves:
            for index, other in enumerate(order):
                if other != stage.pk:
                    moves[other, stage.pk] = index > place
                    moves[stage.pk, other] = index < place
            names = {found.pk: found.name for found in (*known, stage)}
            write_moves(lifecycle, moves, names, actor=actor, now=now)
    return Stage.objects.select_related("lifecycle").get(pk=stage.pk)


def rename_stage(stage: Stage, name: str, *, actor: ledger.Actor, now: datetime) -> Stage:
    """The same stage under another name, on its accounts too; its key, and so every rule, stays. Refused if the name
    is taken."""
    name = words.needed(name, 100, "name")
    with alone():
        _refuse_taken_stage(name, stage.lifecycle_id, stage)
        with ledger.change(stage, "rename", actor=actor, now=now) as stage:
            stage.name = name
        AccountLifecycle.objects.filter(stage=stage.pk).update(stage_name=name)
    return stage


def edit_stage(
    stage: Stage,
    *,
    name: str | None = None,
    description: str | None = None,
    expected_days: int | str | None = KEEP,
    position: int | None = None,
    is_end: bool | None = None,
    actor: ledger.Actor,
    now: datetime,
) -> Stage:
    """What is given changes, all of it or nothing. Refused if the name is taken, the expected days are out of range,
    or the end flag would change: days that were counted, or not, can not be counted otherwise afterwards."""
    if is_end is not None and is_end != stage.is_end:
        message = f"Whether {stage.name} is an end stage was decided when it was made. Add another stage instead."
        raise ledger.Refused(message, "end_flag_fixed", "is_end")
    with ledger.unit():
        if name is not None and name != stage.name:
            stage = rename_stage(stage, name, actor=actor, now=now)
        with ledger.change(stage, "edit", actor=actor, now=now) as stage:
            if description is not None:
                stage.description = words.clean(description, 500, "description")
            if expected_days != KEEP:
                stage.expected_days = _days(expected_days)
        if position is not None:
            others = [found.pk for found in selectors.stages_of_lifecycle(stage.lifecycle.key) if found.pk != stage.pk]
            order = [*others[:position], stage.pk, *others[position:]]
            reorder_stages(stage.lifecycle, order, actor=actor, now=now)
    return Stage.objects.select_related("lifecycle").get(pk=stage.pk)


def reorder_stages(lifecycle: Lifecycle, ids: Sequence[UUID], *, actor: ledger.Actor, now: datetime) -> list[Stage]:
    """The stages in this order; those that are not named follow. Refused if one is not of this lifecycle."""
    with alone():
        return _reorder(lifecycle, ids, actor=actor, now=now)


def _reorder(lifecycle: Lifecycle, ids: Sequence[UUID], *, actor: ledger.Actor, now: datetime) -> list[Stage]:
    known = {stage.pk: stage for stage in selectors.stages_of_lifecycle(lifecycle.key)}
    if set(ids) - set(known):
        raise ledger.Refused("There is no such stage in this lifecycle.", "unknown_stage", "stages")
    ordered = [known[pk] for pk in dict.fromkeys([*ids, *known])]
    for position, stage in enumerate(ordered):
        stage.position = position
    ledger.update_many(ordered, ["position"], "reorder", actor=actor, now=now)
    return ordered


class StageInUse(ledger.Refused):
    """Something depends on the stage; `uses` says what."""

    def __init__(self, stage: Stage, uses: list[str]) -> None:
        super().__init__(f"{stage.name} is in use: {'; '.join(uses)}. Confirm to switch it off.", "stage_in_use")
        self.uses = uses


def disable_stage(stage: Stage, *, confirmed: bool = False, actor: ledger.Actor, now: datetime) -> Stage:
    """No account comes to this stage any more; those in it stay until they are moved. Refused if it is the last stage
    that is on, or if something depends on it and that was not confirmed (StageInUse says what)."""
    with alone():
        uses = selectors.uses_of(stage)
        if uses and not confirmed and Stage.objects.filter(pk=stage.pk, is_active=True).exists():
            raise StageInUse(stage, uses)
        others = Stage.objects.filter(lifecycle_id=stage.lifecycle_id, is_active=True).exclude(pk=stage.pk)
        if not others.exists():
            raise ledger.Refused("A lifecycle needs a stage that accounts can come to.", "last_stage")
        with ledger.change(stage, "disable", actor=actor, now=now) as stage:
            stage.is_active = False
    return stage


def enable_stage(stage: Stage, *, actor: ledger.Actor, now: datetime) -> Stage:
    """Accounts may come to this stage again."""
    with alone(), ledger.change(stage, "enable", actor=actor, now=now) as stage:
        stage.is_active = True
    return stage


def new_stage(lifecycle: Lifecycle, given: StageInput, known: Sequence[Stage], place: int, now: datetime) -> Stage:
    name = words.needed(given.name, 100, "name")
    if any(stage.name.lower() == name.lower() for stage in known):
        raise ledger.Refused(f"There is a stage {name} already.", "taken", "name")
    return Stage(
        lifecycle=lifecycle,
        key=_key(given.key or name, {stage.key for stage in known}),
        name=name,
        position=place,
        is_end=given.is_end,
        expected_days=_days(given.expected_days),
        description=words.clean(given.description, 500, "description"),
        created_at=now,
        updated_at=now,
    )


def _key(name: str, taken: set[str]) -> str:
    """ "1. Onboarding" is `onboarding`; a name without letters of the alphabet is `stage`, then `stage_2`."""
    base = re.sub(r"[^a-z0-9]+", "_", re.sub(r"^\d+[\s.)-]+", "", name.lower())).strip("_")[:50].strip("_") or "stage"
    number, key = 1, base
    while key in taken:
        number += 1
        key = f"{base}_{number}"
    return key


def _days(given: object) -> int | None:
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= MAX_EXPECTED:
        message = f"Expected days are a whole number from 1 to {MAX_EXPECTED:,}."
        raise ledger.Refused(message, "invalid", "expected_days")
    return given


def _refuse_taken_stage(name: str, lifecycle_id: UUID, stage: Stage) -> None:
    if Stage.objects.filter(lifecycle_id=lifecycle_id, name__iexact=name).exclude(pk=stage.pk).exists():
        raise ledger.Refused(f"There is a stage {name} already.", "taken", "name")
