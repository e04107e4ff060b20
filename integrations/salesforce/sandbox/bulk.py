"""Bulk API 2.0 query jobs: a job is done at once, its rows are frozen and read as CSV pages behind a locator."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

from integrations.salesforce.sandbox import queries, values
from integrations.salesforce.sandbox.messages import Answer, Request
from integrations.salesforce.sandbox.problems import Problem, not_found
from integrations.salesforce.sandbox.schema import Field

if TYPE_CHECKING:
    from integrations.salesforce.sandbox.org import SandboxOrg

PAGE = 50_000
_DELIMITERS = {"BACKQUOTE": "`", "CARET": "^", "COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "TAB": "\t"}
_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}


@dataclass
class Job:
    """A query job with its result. `state`: JobComplete, Failed or Aborted."""

    id: str
    operation: str
    query: str
    delimiter: str
    ending: str
    sobject: str
    created: int
    state: str = "JobComplete"
    reason: str = ""
    columns: list[Field] = field(default_factory=list)
    rows: list[tuple[Any, ...]] = field(default_factory=list)


class Jobs:
    """The query jobs of one org; they live in memory."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._jobs: dict[str, Job] = {}

    def answer(self, org: SandboxOrg, request: Request, base: str, rest: list[str]) -> Answer:
        """POST a job, GET it or its results, PATCH it to Aborted, DELETE it."""
        match request.method, rest:
            case "POST", []:
                return Answer(body=_said(self._create(org, request), base))
            case "GET", []:
                return Answer(body={"done": True, "records": [_said(job, base) for job in self._jobs.values()]})
            case "GET", [job_id]:
                said = {**_said(self._find(job_id), base), "retries": 0, "totalProcessingTime": 1}
                return Answer(body={**said, **_pretended(org)})
            case "GET", [job_id, "results"]:
                if org.faults.strikes("bulk_expired", "bulk_results") is not None:
                    self._jobs.pop(job_id, None)
                return _results(self._find(job_id), request)
            case "PATCH", [job_id]:
                job = self._find(job_id)
                if request.json_object().get("state") != "Aborted":
                    raise Problem("INVALIDJOBSTATE", "A query job can only be aborted")
                job.state = "Aborted"
                return Answer(body=_said(job, base))
            case "DELETE", [job_id]:
                self._find(job_id)
                with self._lock:
                    self._jobs.pop(job_id, None)
                return Answer(204)
        raise not_found()

    def _find(self, job_id: str) -> Job:
        job = self._jobs.get(job_id)
        if job is None:
            raise not_found()
        return job

    def _create(self, org: SandboxOrg, request: Request) -> Job:
        """Refused if the query makes no sense; SELECT COUNT() is none for a job."""
        if org.faults.strikes("bulk_refused", "bulk_create") is not None:
            raise Problem("FUNCTIONALITY_NOT_ENABLED", "The Bulk API is not enabled for this org or user", 403)
        given = request.json_object()
        operation, text = given.get("operation"), given.get("query")
        delimiter, ending = given.get("columnDelimiter", "COMMA"), given.get("lineEnding", "LF")
        if operation not in ("query", "queryAll") or not isinstance(text, str):
            raise Problem("INVALIDENTITY", "A query job needs an operation (query, queryAll) and a query")
        if delimiter not in _DELIMITERS or ending not in _ENDINGS:
            raise Problem("INVALIDENTITY", "columnDelimiter or lineEnding is unknown")
        found = queries.compiled(org, text, with_deleted=operation == "queryAll")
        if found.is_count or any(column.type == "base64" for column in found.columns):
            raise Problem("FUNCTIONALITY_NOT_ENABLED", "COUNT() and binary fields are not for query jobs")
        job_id = org.store.new_ids("750")[0]
        job = Job(job_id, operation, text, delimiter, ending, found.sobject.name, org.seconds())
        job.columns, job.rows = found.columns, queries.all_rows(org, found)
        with self._lock:
            self._jobs[job.id] = job
        return job


def _pretended(org: SandboxOrg) -> dict[str, Any]:
    """What a job says of itself under a fault."""
    if org.faults.strikes("bulk_failed", "bulk_look") is not None:
        return {"state": "Failed", "errorMessage": "BULK_API_ERROR: the query could not be run"}
    if org.faults.strikes("bulk_slow", "bulk_look") is not None:
        return {"state": "InProgress"}
    return {}


def _results(job: Job, request: Request) -> Answer:
    if job.state != "JobComplete":
        raise Problem("INVALIDJOBSTATE", f"The job is {job.state}", 409)
    try:
        start = int(request.query.get("locator") or 0)
        size = int(request.query.get("maxRecords") or PAGE)
    except ValueError:
        raise Problem("INVALID_LOCATOR", "locator and maxRecords are numbers here") from None
    if start < 0 or size < 1 or start > len(job.rows):
        raise Problem("INVALID_LOCATOR", "Invalid locator")
    page = job.rows[start : start + size]
    after = start + size
    headers = {
        "Sforce-Locator": str(after) if after < len(job.rows) else "null",
        "Sforce-NumberOfRecords": str(len(page)),
    }
    return Answer(body=_csv(job, page), kind="text/csv;charset=UTF-8", headers=headers, rows=len(page))


def _csv(job: Job, rows: list[tuple[Any, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(
        text, delimiter=_DELIMITERS[job.delimiter], lineterminator=_ENDINGS[job.ending], quoting=csv.QUOTE_ALL
    )
    writer.writerow([column.name for column in job.columns])
    speakers = [values.speaker(column) for column in job.columns]
    for row in rows:
        writer.writerow([_cell(say(value) if say else value) for say, value in zip(speakers, row, strict=True)])
    return text.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _said(job: Job, base: str) -> dict[str, Any]:
    return {
        "id": job.id,
        "operation": job.operation,
        "object": job.sobject,
        "createdDate": values.said_time(job.created),
        "systemModstamp": values.said_time(job.created),
        "state": job.state,
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": float(base.rpartition("v")[2]),
        "lineEnding": job.ending,
        "columnDelimiter": job.delimiter,
        "numberRecordsProcessed": len(job.rows),
    }
