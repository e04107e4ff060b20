"""What the maker of tasks has to say before a person closes one.

    guards.register("onboarding.handoff", may_be_closed)   # (tasks, verb) -> {task id: why not}

Called in apps.ready(). Asked in the transaction of the verb, once for a set, before anything is written.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from activities.models import Task
from cs_platform import ledger

Guard = Callable[[Sequence[Task], str], Mapping[UUID, str]]
_guards: dict[str, Guard] = {}


class Guarded(ledger.Refused):
    """What made the task says that it can not be closed yet, and what is missing."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="guarded")


def register(source_kind: str, guard: Guard) -> None:
    if _guards.setdefault(source_kind, guard) is not guard:
        raise ValueError(f"tasks of {source_kind} have another guard")


def reasons(tasks: Sequence[Task], verb: str) -> dict[UUID, str]:
    """Why some of these tasks may not be closed in this way."""
    by_kind: dict[str, list[Task]] = {}
    for task in tasks:
        by_kind.setdefault(task.source_kind, []).append(task)
    found: dict[UUID, str] = {}
    for kind, asked in by_kind.items():
        if kind in _guards:
            found.update(_guards[kind](asked, verb))
    return found


def ask(task: Task, verb: str) -> None:
    """Refused (Guarded) with the reason."""
    why: Any = reasons([task], verb).get(task.pk)
    if why:
        raise Guarded(str(why))
