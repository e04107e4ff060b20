"""Verbs that configure lifecycles."""

import re
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Max

from cs_platform import ledger
from lifecycle.models import Lifecycle, Stage
from lifecycle.services import words
from lifecycle.services.graphs import alone, set_moves
from lifecycle.services.stages import MAX_STAGES, StageInput, new_stage, reorder_stages


def create_lifecycle(
    key: str, name: str, stages: Sequence[StageInput], *, is_default: bool = False, actor: ledger.Actor, now: datetime
) -> Lifecycle:
    """Another way that accounts go, with its stages in order; every move is allowed until `set_moves` says otherwise.

    Refused if the key is no slug or taken, the name is taken, there is no stage, or a stage can not be.
    """
    key, name = key.strip(), words.needed(name, 100, "name")
    if not re.fullmatch(r"[a-z0-9]+(?:_[a-z0-9]+)*", key) or len(key) > 60:
        message = "A key has small letters, digits and single underscores, at most 60."
        raise ledger.Refused(message, "invalid_key", "key")
    if not 1 <= len(stages) <= MAX_STAGES:
        raise ledger.Refused(f"A lifecycle has 1 to {MAX_STAGES} stages.", "invalid", "stages")
    with alone():
        if Lifecycle.objects.filter(key=key).exists():
            raise ledger.Refused(f"There is a lifecycle with the key {key} already.", "taken", "key")
        _refuse_taken_lifecycle(name)
        last = Lifecycle.objects.aggregate(last=Max("position"))["last"]
        lifecycle = ledger.create(
            Lifecycle(
                key=key,
                name=name,
                position=0 if last is None else last + 1,
                is_default=is_default,
                created_at=now,
                updated_at=now,
            ),
            actor=actor,
            now=now,
        )
        made: list[Stage] = []
        for given in stages:
            made.append(new_stage(lifecycle, given, made, len(made), now))
        ledger.create_many(made, actor=actor, now=now)
    return lifecycle


def rename_lifecycle(lifecycle: Lifecycle, name: str, *, actor: ledger.Actor, now: datetime) -> Lifecycle:
    """The same lifecycle under another name; its key stays. Refused if the name is taken."""
    name = words.needed(name, 100, "name")
    with alone():
        _refuse_taken_lifecycle(name, lifecycle)
        with ledger.change(lifecycle, "rename", actor=actor, now=now) as lifecycle:
            lifecycle.name = name
    return lifecycle


def edit_lifecycle(
    lifecycle: Lifecycle,
    *,
    name: str | None = None,
    moves: Sequence[tuple[UUID, UUID, bool]] | None = None,
    stages: Sequence[UUID] | None = None,
    actor: ledger.Actor,
    now: datetime,
) -> Lifecycle:
    """What is given changes, all of it or nothing: the name, the allowed moves, the order of the stages."""
    with ledger.unit():
        if name is not None and name != lifecycle.name:
            lifecycle = rename_lifecycle(lifecycle, name, actor=actor, now=now)
        if stages is not None:
            reorder_stages(lifecycle, stages, actor=actor, now=now)
        if moves is not None:
            set_moves(lifecycle, moves, actor=actor, now=now)
    return Lifecycle.objects.get(pk=lifecycle.pk)


def _refuse_taken_lifecycle(name: str, lifecycle: Lifecycle | None = None) -> None:
    same = Lifecycle.objects.filter(name__iexact=name)
    if (same.exclude(pk=lifecycle.pk) if lifecycle else same).exists():
        raise ledger.Refused(f"There is a lifecycle {name} already.", "taken", "name")
