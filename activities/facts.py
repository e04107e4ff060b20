"""What this room announces. Ids are text; a list above 5,000 is split by the ledger."""

from dataclasses import dataclass

from cs_platform import ledger


@ledger.fact("activities.tasks_created")
@dataclass(frozen=True)
class TasksCreated:
    """`source_kind` is what made them ("onboarding.handoff"), empty if a person did."""

    task_ids: list[str]
    source_kind: str = ""


@ledger.fact("activities.tasks_completed")
@dataclass(frozen=True)
class TasksCompleted:
    task_ids: list[str]
    source_kind: str = ""


@ledger.fact("activities.tasks_changed")
@dataclass(frozen=True)
class TasksChanged:
    """Everything else that happens to tasks, by its verb: edit, assign, start, send_to_review, reopen, cancel,
    withdraw, renew."""

    task_ids: list[str]
    verb: str
    source_kind: str = ""
