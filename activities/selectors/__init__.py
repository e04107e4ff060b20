"""Questions about tasks. Nothing here writes."""

from activities.selectors.tasks import (
    TASK_SORTS,
    TaskFilters,
    TaskToWrite,
    count_open,
    open_of_account,
    task_for,
    task_list,
    tasks,
    tasks_of_source,
    tasks_to_write,
    today_of,
)

__all__ = [
    "TASK_SORTS", "TaskFilters", "TaskToWrite", "count_open", "open_of_account", "task_for", "task_list", "tasks",
    "tasks_of_source", "tasks_to_write", "today_of",
]  # fmt: skip
