"""Verbs of the room. Everybody who makes, changes or closes a task comes through here."""

from activities.services import guards, words  # noqa: F401  (words registers the sentences)
from activities.services.guards import Guarded
from activities.services.merging import hand_over_tasks
from activities.services.tasks import (
    TaskInput,
    assign_tasks_of,
    cancel_task,
    complete_task,
    complete_tasks_of,
    create_task,
    create_tasks,
    edit_task,
    refile_tasks,
    renew_tasks_of,
    reopen_task,
    reschedule_tasks,
    send_task_to_review,
    start_task,
    withdraw_tasks_of,
)

__all__ = [
    "Guarded", "TaskInput", "assign_tasks_of", "cancel_task", "complete_task", "complete_tasks_of", "create_task",
    "create_tasks", "edit_task", "guards", "hand_over_tasks", "refile_tasks", "renew_tasks_of", "reopen_task",
    "reschedule_tasks", "send_task_to_review", "start_task", "withdraw_tasks_of",
]  # fmt: skip
