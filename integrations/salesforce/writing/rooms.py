"""What other rooms make that Salesforce is to have as a record: tasks, meetings and documents of accounts."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from accounts.models import Account
from activities.facts import TasksChanged, TasksCompleted, TasksCreated
from activities.selectors import TaskToWrite, tasks_to_write
from cs_platform import ledger
from integrations.salesforce.models import Connection, MirrorRecord
from integrations.salesforce.writing import noting
from integrations.salesforce.writing.fields import RECORDS, goes_out
from integrations.salesforce.writing.noting import Line
from integrations.salesforce.writing.receivers import ORDER
from onboarding.facts import HandoffDocumentsFinished, HandoffMeetingsPlanned
from onboarding.selectors import DocumentToWrite, MeetingToWrite, documents_to_write, meetings_to_write

STATUS = {"to_do": "Not Started", "in_progress": "In Progress", "under_review": "In Progress", "completed": "Completed"}
PRIORITY = {"low": "Low", "normal": "Normal", "high": "High"}
CALLED_OFF = "Called off: "


@ledger.receiver("salesforce.on_tasks_created", TasksCreated, order=ORDER)
def on_tasks_created(fact: TasksCreated, *, actor: ledger.Actor, now: datetime) -> None:
    _leave("tasks", [_task(task) for task in tasks_to_write(fact.task_ids)], now)


@ledger.receiver("salesforce.on_tasks_completed", TasksCompleted, order=ORDER)
def on_tasks_completed(fact: TasksCompleted, *, actor: ledger.Actor, now: datetime) -> None:
    _leave("tasks", [_task(task) for task in tasks_to_write(fact.task_ids)], now)


@ledger.receiver("salesforce.on_tasks_changed", TasksChanged, order=ORDER)
def on_tasks_changed(fact: TasksChanged, *, actor: ledger.Actor, now: datetime) -> None:
    _leave("tasks", [_task(task) for task in tasks_to_write(fact.task_ids)], now)


@ledger.receiver("salesforce.on_handoff_meetings_planned", HandoffMeetingsPlanned, order=ORDER)
def on_handoff_meetings_planned(fact: HandoffMeetingsPlanned, *, actor: ledger.Actor, now: datetime) -> None:
    _leave("events", [_event(meeting) for meeting in meetings_to_write(fact.handoff_ids)], now)


@ledger.receiver("salesforce.on_handoff_documents_finished", HandoffDocumentsFinished, order=ORDER)
def on_handoff_documents_finished(fact: HandoffDocumentsFinished, *, actor: ledger.Actor, now: datetime) -> None:
    _leave("files", [_file(document) for document in documents_to_write(fact.handoff_ids)], now)


def _leave(kind: str, lines: Iterable[Line], now: datetime) -> None:
    """For each org that has the account."""
    lines = [line for line in lines if line.account_id is not None]
    if not lines:
        return
    wanted = {line.account_id for line in lines}
    refs = dict(Account.objects.filter(pk__in=wanted, salesforce_id__isnull=False).values_list("pk", "salesforce_id"))  # type: ignore[misc]
    for connection in Connection.objects.order_by("created_at", "id"):
        if not goes_out(connection.settings, kind):
            continue
        there = set(
            MirrorRecord.objects.filter(
                connection=connection, sobject="Account", sf_id__in=list(refs.values())
            ).values_list("sf_id", flat=True)
        )
        mine = [line for line in lines if refs.get(_of(line)) in there]
        noting.leave_records(connection, kind, RECORDS[kind], mine, now=now)


def _of(line: Line) -> UUID:
    assert line.account_id is not None
    return line.account_id


def _line(key: str, account_id: UUID | None, subject: str, fields: dict[str, Any], owner: UUID | None = None) -> Line:
    said = {name: value for name, value in fields.items() if value not in (None, "")}
    return Line(account_id, "", key, subject, {"fields": said, "owner": str(owner) if owner else ""})


def _task(task: TaskToWrite) -> Line:
    fields = {
        "Subject": task.title[:255],
        "Description": task.text[:32_000],
        "ActivityDate": task.due_date.isoformat() if task.due_date else None,
        "Status": STATUS.get(task.state, "Deferred"),
        "Priority": PRIORITY.get(task.priority, "Normal"),
    }
    return _line(f"task/{task.task_id}", task.account_id, task.title, fields, task.assignee_id)


def _event(meeting: MeetingToWrite) -> Line:
    subject = f"{CALLED_OFF}{meeting.subject}" if meeting.state == "called_off" else meeting.subject
    fields = {
        "Subject": subject[:255],
        "Description": meeting.text[:32_000],
        "Location": meeting.place[:255],
        "StartDateTime": _moment(meeting.starts_at),
        "EndDateTime": _moment(meeting.ends_at),
    }
    owner = meeting.member_ids[0] if meeting.member_ids else None
    return _line(f"event/{meeting.meeting_id}", meeting.account_id, subject, fields, owner)


def _file(document: DocumentToWrite) -> Line:
    fields = {
        "Title": document.title[:255],
        "PathOnClient": document.file_name[:500],
        "VersionData": base64.b64encode(document.text.encode()).decode(),
    }
    key = f"file/{document.document_id}/{document.sequence}"
    return _line(key, document.account_id, document.title, fields)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
