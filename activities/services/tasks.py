"""Verbs of one task, and of sets of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from accounts.models import Account
from accounts.services import cleaning
from activities.facts import TasksChanged, TasksCompleted, TasksCreated
from activities.models import Task
from activities.services import guards, words
from cs_platform import ledger
from cs_platform.people.models import Membership, Role

MAX_OUTCOME = 500


@dataclass(frozen=True)
class TaskInput:
    """A task to be made. `assignee_id` is a member, or `role` says whose work it is; one of the two, or none.
    `source_part` tells the tasks of one source from each other."""

    title: str
    description: str = ""
    account_id: UUID | None = None
    assignee_id: UUID | None = None
    role: str = ""
    due_date: date | None = None
    priority: str = Task.Priority.NORMAL
    source_kind: str = ""
    source_id: str = ""
    source_part: str = ""
    position: int = 0


def create_tasks(rows: Sequence[TaskInput], *, actor: ledger.Actor, now: datetime) -> list[Task]:
    """Many tasks in one go. A task of a source that is there already is not made again, whatever became of it; which
    were made is returned."""
    if not rows:
        return []
    with ledger.unit():
        there = _of_sources(rows)
        fresh = {
            (row.source_kind, row.source_id, row.source_part) if row.source_kind else (number, "", ""): row
            for number, row in enumerate(rows)
            if (row.source_kind, row.source_id, row.source_part) not in there
        }
        made = [_task(row, now) for row in fresh.values()]
        ledger.create_many(made, actor=actor, now=now)
        for kind in dict.fromkeys(task.source_kind for task in made):
            ledger.publish(TasksCreated([str(task.pk) for task in made if task.source_kind == kind], kind))
    return made


def _of_sources(rows: Sequence[TaskInput]) -> set[tuple[str, str, str]]:
    kinds = {row.source_kind for row in rows if row.source_kind}
    if not kinds:
        return set()
    found = Task.objects.filter(source_kind__in=kinds, source_id__in={row.source_id for row in rows})
    return set(found.values_list("source_kind", "source_id", "source_part"))


def _task(row: TaskInput, now: datetime) -> Task:
    return Task(
        title=words.one_line(row.title, "title", 200, needed=True),
        description=words.lines(row.description, "description"),
        account_id=row.account_id,
        assignee_id=row.assignee_id,
        role="" if row.assignee_id else row.role,
        due_date=row.due_date,
        priority=row.priority,
        source_kind=row.source_kind,
        source_id=row.source_id,
        source_part=row.source_part,
        position=row.position,
        created_at=now,
        updated_at=now,
    )


def create_task(values: Mapping[str, Any], *, actor: ledger.Actor, now: datetime) -> Task:
    """A task that somebody writes down. Refused if it has no title, both a member and a role, or refers to what is not
    there."""
    clean = _clean(values)
    _check_references(clean)
    row = TaskInput(**{"title": "", **clean})
    if row.assignee_id and row.role:
        raise ledger.Refused("A task is done by a member or by a role, not by both.", "invalid", "role")
    (made,) = create_tasks([row], actor=actor, now=now)
    return made


CLEANERS: Mapping[str, Any] = {
    "title": lambda raw: words.one_line(raw, "title", 200, needed=True),
    "description": lambda raw: words.lines(raw, "description"),
    "account_id": lambda raw: _cleaned(cleaning.reference, raw, "account_id"),
    "assignee_id": lambda raw: _cleaned(cleaning.reference, raw, "assignee_id"),
    "role": lambda raw: _one_of(Role.values, raw, "role", ""),
    "due_date": lambda raw: _cleaned(cleaning.day, raw, "due_date"),
    "priority": lambda raw: _one_of(Task.Priority.values, raw, "priority", Task.Priority.NORMAL.value),
}


def _clean(values: Mapping[str, Any]) -> dict[str, Any]:
    unknown = set(values) - set(CLEANERS)
    if unknown:
        raise ledger.Refused("There is no such field.", "unknown_field", sorted(unknown)[0])
    return {name: CLEANERS[name](raw) for name, raw in values.items()}


def _cleaned(cleaner: cleaning.Cleaner, raw: Any, field: str) -> Any:
    try:
        return cleaner(raw)
    except cleaning.BadValue as bad:
        raise ledger.Refused(str(bad), bad.code, field) from None


def _one_of(choices: Collection[str], raw: Any, field: str, otherwise: str) -> str:
    text = words.one_line(raw, field, 30) or otherwise
    if text and text not in choices:
        raise ledger.Refused(f"Say one of {', '.join(choices)}.", "unknown_choice", field)
    return text


def _check_references(values: Mapping[str, Any]) -> None:
    """An account and a member who are this tenant's; work is not given to who has left."""
    account_id, assignee_id = values.get("account_id"), values.get("assignee_id")
    if account_id is not None and not Account.objects.filter(pk=account_id).exists():
        raise ledger.Refused("There is no such account.", "not_found", "account_id")
    if assignee_id is not None:
        member = Membership.objects.filter(pk=assignee_id).first()
        if member is None:
            raise ledger.Refused("There is no such member.", "not_found", "assignee_id")
        if not member.is_active:
            raise ledger.Refused(f"{member} is not active any more.", "inactive", "assignee_id")


def edit_task(task: Task, values: Mapping[str, Any], *, actor: ledger.Actor, now: datetime) -> Task:
    """Change the given values and no others. A member given takes a role's place, and the other way round. Refused like
    creation."""
    clean = _clean(values)
    _check_references(clean)
    if clean.get("assignee_id") and clean.get("role"):
        raise ledger.Refused("A task is done by a member or by a role, not by both.", "invalid", "role")
    if clean.get("assignee_id"):
        clean["role"] = ""
    elif clean.get("role"):
        clean["assignee_id"] = None
    verb = "assign" if clean and set(clean) <= {"assignee_id", "role"} else "edit"
    with ledger.change(task, verb, actor=actor, now=now) as task:
        differs = any(getattr(task, name) != value for name, value in clean.items())
        for name, value in clean.items():
            setattr(task, name, value)
        if differs:
            ledger.publish(TasksChanged([str(task.pk)], verb, task.source_kind))
    return task


# --- the states -------------------------------------------------------------------------------------------------------


def start_task(task: Task, *, actor: ledger.Actor, now: datetime) -> Task:
    """Somebody is at it. Refused unless it is to do."""
    return _step(task, "start", actor=actor, now=now)


def send_task_to_review(task: Task, *, actor: ledger.Actor, now: datetime) -> Task:
    """Done, as far as whoever did it is concerned. Refused if it is closed."""
    return _step(task, "send_to_review", actor=actor, now=now)


def complete_task(task: Task, *, actor: ledger.Actor, now: datetime, outcome: str = "") -> Task:
    """It is done. Refused if it is closed, or if what made it says what is still missing (Guarded)."""
    return _close(task, "complete", outcome, actor=actor, now=now)


def cancel_task(task: Task, *, actor: ledger.Actor, now: datetime, outcome: str = "") -> Task:
    """It will not be done. Refused if it is closed, or if what made it needs it (Guarded)."""
    return _close(task, "cancel", outcome, actor=actor, now=now)


def reopen_task(task: Task, *, actor: ledger.Actor, now: datetime) -> Task:
    """There is something to do again. Refused if it is open, or if what made it is over (Guarded)."""
    with ledger.change(task, "reopen", actor=actor, now=now) as task:
        guards.ask(task, "reopen")
        ledger.publish(TasksChanged([str(task.pk)], "reopen", task.source_kind))
    return task


def _step(task: Task, verb: str, *, actor: ledger.Actor, now: datetime) -> Task:
    with ledger.change(task, verb, actor=actor, now=now) as task:
        ledger.publish(TasksChanged([str(task.pk)], verb, task.source_kind))
    return task


def _close(task: Task, verb: str, outcome: str, *, actor: ledger.Actor, now: datetime) -> Task:
    said = words.one_line(outcome, "outcome", MAX_OUTCOME)
    with ledger.change(task, verb, actor=actor, now=now, note=said, args=(now, said)) as task:
        guards.ask(task, verb)
        _tell([task.pk], verb, task.source_kind)
    return task


def _tell(ids: Sequence[UUID], verb: str, source_kind: str) -> None:
    told = [str(pk) for pk in ids]
    ledger.publish(TasksCompleted(told, source_kind) if verb == "complete" else TasksChanged(told, verb, source_kind))


# --- what the maker of tasks does with sets of them -------------------------------------------------------------------


def complete_tasks_of(
    source_kind: str,
    parts: Collection[tuple[str, str]],
    *,
    actor: ledger.Actor,
    now: datetime,
    outcome: str = "",
) -> list[UUID]:
    """What these tasks of a source, (source id, part) each, were about has happened. Which were open."""
    return _close_many("complete", source_kind, parts, outcome, actor=actor, now=now)


def withdraw_tasks_of(
    source_kind: str,
    parts: Collection[tuple[str, str]],
    *,
    actor: ledger.Actor,
    now: datetime,
    outcome: str,
) -> list[UUID]:
    """Why these tasks were made is gone. Which were open."""
    return _close_many("withdraw", source_kind, parts, outcome, actor=actor, now=now)


def renew_tasks_of(
    source_kind: str, parts: Collection[tuple[str, str]], *, actor: ledger.Actor, now: datetime
) -> list[UUID]:
    """Why these tasks were made is there again; those that were completed stay so. Which were brought back."""
    with ledger.unit():
        values = {"closed_at": None, "outcome": ""}
        rows = _rows(source_kind, parts)
        changed = ledger.change_many(rows, "renew", set=values, actor=actor, now=now)
        if changed:
            ledger.publish(TasksChanged([str(pk) for pk in changed], "renew", source_kind))
    return list(changed)


def assign_tasks_of(
    source_kind: str,
    parts: Collection[tuple[str, str]],
    assignee: Membership | None,
    role: str,
    *,
    actor: ledger.Actor,
    now: datetime,
) -> list[UUID]:
    """These tasks, as far as they are open, are now the member's, or the role's where there is no member."""
    values = {"assignee_id": assignee.pk if assignee else None, "role": "" if assignee else role}
    with ledger.unit():
        rows = _rows(source_kind, parts).filter(state__in=Task.OPEN)
        changed = ledger.change_many(rows, "assign", set=values, actor=actor, now=now)
        if changed:
            ledger.publish(TasksChanged([str(pk) for pk in changed], "assign", source_kind))
    return list(changed)


def refile_tasks(accounts: Mapping[UUID, UUID], *, actor: ledger.Actor, now: datetime) -> list[UUID]:
    """These tasks, open or closed, belong to the account beside each. Which moved."""
    return _set_each("account_id", accounts, actor=actor, now=now)


def reschedule_tasks(days: Mapping[UUID, date | None], *, actor: ledger.Actor, now: datetime) -> list[UUID]:
    """These tasks are due on the day beside each. Which moved."""
    return _set_each("due_date", days, actor=actor, now=now)


def _set_each(field: str, values: Mapping[UUID, Any], *, actor: ledger.Actor, now: datetime) -> list[UUID]:
    if not values:
        return []
    with ledger.unit():
        tasks = list(Task.objects.filter(pk__in=list(values)))
        for task in tasks:
            setattr(task, field, values[task.pk])
        moved = ledger.update_many(tasks, [field], "edit", actor=actor, now=now)
        for kind in dict.fromkeys(task.source_kind for task in moved):
            told = [str(task.pk) for task in moved if task.source_kind == kind]
            ledger.publish(TasksChanged(told, "edit", kind))
    return [task.pk for task in moved]


def _close_many(
    verb: str,
    source_kind: str,
    parts: Collection[tuple[str, str]],
    outcome: str,
    *,
    actor: ledger.Actor,
    now: datetime,
) -> list[UUID]:
    with ledger.unit():
        values = {"closed_at": now, "outcome": outcome[:MAX_OUTCOME]}
        rows = _rows(source_kind, parts)
        changed = ledger.change_many(rows, verb, set=values, actor=actor, now=now, note=outcome)
        if changed:
            _tell(changed, verb, source_kind)
    return list(changed)


def _rows(source_kind: str, parts: Collection[tuple[str, str]]) -> Any:
    """By id: a set of pairs is no condition that an index serves."""
    wanted = set(parts)
    rows = Task.objects.filter(source_kind=source_kind, source_id__in={source for source, _ in wanted})
    found = [pk for pk, *pair in rows.values_list("pk", "source_id", "source_part") if tuple(pair) in wanted]
    return Task.objects.filter(pk__in=found)
