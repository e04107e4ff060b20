"""Which lifecycles and stages there are, how they are connected, and what would miss a stage."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404

from cs_platform import ledger
from lifecycle.models import AccountLifecycle, Lifecycle, Stage, StageMove, Way

_users: list[Callable[[Stage], list[str]]] = []


def lifecycles() -> QuerySet[Lifecycle]:
    return Lifecycle.objects.order_by("position", "name")


def stages() -> QuerySet[Stage]:
    return Stage.objects.select_related("lifecycle").order_by("lifecycle__position", "position", "id")


def stages_of_lifecycle(key: str) -> list[Stage]:
    """All of them, in order, those that are switched off too."""
    return list(Stage.objects.filter(lifecycle__key=key).order_by("position", "id"))


def moves_of(lifecycle: Lifecycle) -> QuerySet[StageMove]:
    found = StageMove.objects.filter(lifecycle=lifecycle).select_related("source", "target")
    return found.order_by("source__position", "target__position")


def lifecycle_for(pk: Any) -> Lifecycle:
    found = Lifecycle.objects.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def stage_for(pk: Any) -> Stage:
    found = stages().filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def default_lifecycle() -> Lifecycle | None:
    return Lifecycle.objects.filter(is_default=True).first()


def way_to(
    lifecycle_key: str,
    stage: str | UUID,
    *,
    at: datetime,
    dated: bool = False,
    reason: str = "",
    only_from: list[str] | None = None,
) -> Way:
    """What leads to the stage with this exact name (or id), in two questions.

    Refused if there is no such lifecycle or stage, or the stage is switched off.
    """
    known = list(Stage.objects.filter(lifecycle__key=lifecycle_key).select_related("lifecycle"))
    if not known and not Lifecycle.objects.filter(key=lifecycle_key).exists():
        raise ledger.Refused(f"There is no lifecycle {lifecycle_key[:60]!r}.", "unknown_lifecycle", "lifecycle")
    target = next((found for found in known if stage in (found.name, found.pk)), None)
    if target is None:
        raise ledger.Refused(f"There is no stage {str(stage)[:100]!r} in this lifecycle.", "unknown_stage", "stage")
    if not target.is_active:
        raise ledger.Refused(f"{target.name} is switched off.", "stage_disabled", "stage")
    sources, explained = _sources(target, known)
    if only_from is not None:
        sources &= _named(only_from, known)
    return Way(
        lifecycle_id=target.lifecycle_id,
        lifecycle=lifecycle_key,
        stage_id=target.pk,
        stage=target.name,
        stage_key=target.key,
        is_end=target.is_end,
        sources=frozenset(sources),
        explained=frozenset(explained & sources),
        at=at,
        dated=dated,
        reason=reason,
        names={found.pk: found.name for found in known},
    )


def _sources(target: Stage, known: list[Stage]) -> tuple[set[UUID], set[UUID]]:
    graph = list(
        StageMove.objects.filter(lifecycle_id=target.lifecycle_id).values_list("source", "target", "needs_reason")
    )
    if not graph:
        return {found.pk for found in known} - {target.pk}, set()
    leading = [(source, needs_reason) for source, to, needs_reason in graph if to == target.pk]
    return {source for source, _ in leading}, {source for source, needs_reason in leading if needs_reason}


def _named(names: list[str], known: list[Stage]) -> set[UUID]:
    by_name = {found.name: found.pk for found in known}
    strange = [name for name in names if name not in by_name]
    if strange:
        raise ledger.Refused(f"There is no stage {strange[0][:100]!r} in this lifecycle.", "unknown_stage", "only_from")
    return {by_name[name] for name in names}


def register_use(user: Callable[[Stage], list[str]]) -> Callable[[Stage], list[str]]:
    """A higher room says in words what of its own would miss a stage."""
    _users.append(user)
    return user


def uses_of(stage: Stage) -> list[str]:
    """What depends on a stage, in words: the accounts in it, the rules that lead to it, whatever higher rooms say."""
    found = []
    there = AccountLifecycle.objects.filter(stage=stage.pk, left_at__isnull=True).count()
    if there:
        found.append(f"{there:,} account{'s are' if there != 1 else ' is'} in it")
    return found + [words for user in _users for words in user(stage)]
