"""Open work follows its customer when two accounts become one."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from activities.facts import TasksChanged
from activities.models import Task
from cs_platform import ledger


def hand_over_tasks(masters: Mapping[UUID, UUID], *, actor: ledger.Actor, now: datetime) -> list[UUID]:
    """The open tasks of each account become those of its master; closed ones stay where they were done. Which moved."""
    with ledger.unit():
        tasks = list(Task.objects.filter(account_id__in=masters, state__in=Task.OPEN))
        for task in tasks:
            task.account_id = masters[task.account_id] if task.account_id else None
        moved = ledger.update_many(tasks, ["account_id"], "edit", actor=actor, now=now) if tasks else []
        ids = [task.pk for task in moved]
        if ids:
            ledger.publish(TasksChanged([str(pk) for pk in ids], "edit"))
    return ids
