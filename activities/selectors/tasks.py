"""Which tasks there are, whose they are, and which are late."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.http import Http404

from activities.models import Task
from cs_platform.people.models import Membership

TASK_SORTS: Mapping[str, str] = {
    "due_date": "due_date",
    "created_at": "created_at",
    "closed_at": "closed_at",
    "title": "title",
    "updated_at": "updated_at",
}
MAX_WORDS = 8


@dataclass(frozen=True)
class TaskFilters:
    """What a list of tasks is narrowed by. `mine` is a member: what is given to them or to a role of theirs. `states`
    are states; `overdue_on` leaves the open ones whose day is before it."""

    q: str = ""
    mine: Membership | None = None
    account_id: UUID | None = None
    assignee_id: UUID | None = None
    role: str | None = None
    states: Collection[str] = ()
    source_kind: str | None = None
    source_id: str | None = None
    due_before: date | None = None
    due_after: date | None = None
    overdue_on: date | None = None


def tasks() -> QuerySet[Task]:
    return Task.objects.select_related("account", "assignee__user").defer("account__search_text")


def belonging_to(member: Membership) -> Q:
    return Q(assignee=member) | Q(assignee__isnull=True, role__in=list(member.roles))


def task_list(given: TaskFilters) -> QuerySet[Task]:
    found = tasks()
    if given.mine is not None:
        found = found.filter(belonging_to(given.mine))
    for name in ("account_id", "assignee_id", "role", "source_kind", "source_id"):
        value = getattr(given, name)
        if value is not None:
            found = found.filter(**{name: value})
    if given.states:
        found = found.filter(state__in=list(given.states))
    if given.due_before is not None:
        found = found.filter(due_date__lte=given.due_before)
    if given.due_after is not None:
        found = found.filter(due_date__gte=given.due_after)
    if given.overdue_on is not None:
        found = found.filter(state__in=Task.OPEN, due_date__lt=given.overdue_on)
    for word in given.q.split()[:MAX_WORDS]:
        found = found.filter(Q(title__icontains=word[:100]) | Q(account__sort_name__contains=word[:100].lower()))
    return found


def task_for(member: Any, pk: Any) -> Task:
    """The task, or 404. Everybody in the tenant sees every task."""
    try:
        found = tasks().filter(pk=pk if isinstance(pk, UUID) else UUID(str(pk))).first()
    except ValueError:
        found = None
    if found is None:
        raise Http404
    return found


def open_of_account(account_id: UUID) -> QuerySet[Task]:
    """What is to be done for an account, the most urgent first."""
    found = task_list(TaskFilters(account_id=account_id, states=Task.OPEN))
    return found.order_by(F("due_date").asc(nulls_last=True), "position", "pk")


def today_of(member: Membership, today: date) -> QuerySet[Task]:
    """What this member has to do today or should have done before."""
    found = task_list(TaskFilters(mine=member, states=Task.OPEN, due_before=today))
    return found.order_by("due_date", "position", "pk")


def count_open(member: Membership, today: date) -> dict[str, int]:
    """How many open tasks a member has, and how many of them are late."""
    mine = Task.objects.filter(belonging_to(member), state__in=Task.OPEN)
    return {"open": mine.count(), "overdue": mine.filter(due_date__lt=today).count()}


def tasks_of_source(source_kind: str, source_ids: Collection[UUID | str]) -> dict[str, list[Task]]:
    """The tasks that these sources made, in their order."""
    found: dict[str, list[Task]] = {}
    rows = tasks().filter(source_kind=source_kind, source_id__in=[str(pk) for pk in source_ids])
    for task in rows.order_by("position", "pk"):
        found.setdefault(task.source_id, []).append(task)
    return found


@dataclass(frozen=True)
class TaskToWrite:
    """A task as another system is told of it: values only."""

    task_id: UUID
    account_id: UUID | None
    title: str
    text: str
    due_date: date | None
    state: str
    is_open: bool
    priority: str
    assignee_id: UUID | None
    source_kind: str
    source_id: str
    sequence: int


def tasks_to_write(task_ids: Collection[UUID | str]) -> list[TaskToWrite]:
    """These tasks, in one question; those that are not there are left out."""
    return [
        TaskToWrite(
            task_id=task.pk,
            account_id=task.account_id,
            title=task.title,
            text="\n\n".join(part for part in (task.description, task.outcome) if part),
            due_date=task.due_date,
            state=task.state,
            is_open=task.is_open,
            priority=task.priority,
            assignee_id=task.assignee_id,
            source_kind=task.source_kind,
            source_id=task.source_id,
            sequence=task.version,
        )
        for task in Task.objects.filter(pk__in=list(task_ids)).order_by("pk")
    ]
