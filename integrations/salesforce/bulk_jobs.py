"""Query jobs of Bulk API 2.0: made, asked, read page by page as CSV, and ended. What comes is checked like every other
answer: half a page must not look like the end of the data.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import requests

from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import SalesforceError

WAITING = ("UploadComplete", "InProgress")
DONE = "JobComplete"
_ENDED = ("JobComplete", "Failed", "Aborted")
#: A job that is not there any more, or a place in it that it does not know.
LOST = ("NOT_FOUND", "INVALIDJOBSTATE", "INVALID_LOCATOR", "INVALID_QUERY_LOCATOR", "ENTITY_IS_DELETED")


@dataclass(frozen=True)
class Job:
    """A query job as Salesforce says it. `size` is known when it is complete."""

    id: str
    state: str
    size: int | None = None
    reason: str = ""

    @property
    def is_ended(self) -> bool:
        return self.state in _ENDED


@dataclass(frozen=True)
class JobPage:
    """A page of a job's result; `after` is the place of the next one, empty at the end."""

    columns: list[str]
    lines: list[list[str]]
    after: str


def create(client: SalesforceClient, query: str, *, with_deleted: bool) -> Job:
    operation = "queryAll" if with_deleted else "query"
    given = {"operation": operation, "query": query, "contentType": "CSV", "columnDelimiter": "COMMA"}
    return _job(client.restful("jobs/query", method="POST", json={**given, "lineEnding": "LF"}))


def look(client: SalesforceClient, job_id: str) -> Job:
    return _job(client.restful(f"jobs/query/{job_id}"))


def page(client: SalesforceClient, job_id: str, *, after: str, limit: int, wanted: Collection[str]) -> JobPage:
    """The rows behind a place of a finished job."""
    params = {"maxRecords": str(limit), **({"locator": after} if after else {})}
    answer = client.download(f"jobs/query/{job_id}/results", params)
    columns, lines = _parsed(answer, wanted)
    promised = answer.headers.get("Sforce-NumberOfRecords", "")
    if not (promised.isascii() and promised.isdigit()) or int(promised) != len(lines):
        raise SalesforceError("nonsense", f"Salesforce promised {promised[:20]!r} rows of a job and sent {len(lines)}.")
    behind = answer.headers.get("Sforce-Locator", "null")
    if behind == after or len(behind) > 300:
        raise SalesforceError("nonsense", "Salesforce's job does not say where it goes on.")
    return JobPage(columns, lines, "" if behind == "null" else behind)


def end(client: SalesforceClient, job_id: str, *, is_done: bool = False) -> None:
    """Away with it: nobody else needs the result, and an org keeps only so many. Whatever goes wrong here, Salesforce
    clears it away after a week.
    """
    try:
        if not is_done and not look(client, job_id).is_ended:
            client.restful(f"jobs/query/{job_id}", method="PATCH", json={"state": "Aborted"})
        client.restful(f"jobs/query/{job_id}", method="DELETE")
    except SalesforceError:
        return


def rows(columns: Sequence[str], lines: Sequence[Sequence[str]], flags: Collection[str]) -> list[dict[str, Any]]:
    """Lines as the records of a query would be: CSV knows neither null nor true."""
    made = []
    for line in lines:
        row: dict[str, Any] = {name: value or None for name, value in zip(columns, line, strict=True)}
        for name in flags:
            said = row.get(name)
            row[name] = {"true": True, "false": False}.get(said.lower(), said) if isinstance(said, str) else said
        made.append(row)
    return made


def _job(answer: Any) -> Job:
    job_id, state = (answer.get("id"), answer.get("state")) if isinstance(answer, dict) else (None, None)
    if not isinstance(job_id, str) or not job_id.isalnum() or len(job_id) > 18 or not isinstance(state, str):
        raise SalesforceError("nonsense", "Salesforce's answer is not a query job.")
    size = answer.get("numberRecordsProcessed")
    if state == DONE and (not isinstance(size, int) or isinstance(size, bool) or size < 0):
        raise SalesforceError("nonsense", "Salesforce's job does not say how many rows it has.")
    return Job(job_id, state, size if state == DONE else None, str(answer.get("errorMessage") or "")[:300])


def _parsed(answer: requests.Response, wanted: Collection[str]) -> tuple[list[str], list[list[str]]]:
    """The table in the answer. A page that is cut off, or is a web page, is not one."""
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    try:
        text = answer.content.decode("utf-8")
        table = list(csv.reader(io.StringIO(text, newline=""), strict=True)) if kind == "text/csv" else []
    except (UnicodeDecodeError, csv.Error) as exc:
        raise SalesforceError("nonsense", "Salesforce's job answered with something that is not CSV.") from exc
    columns = table[0] if table else []
    if sorted(columns) != sorted(wanted) or not text.endswith("\n"):
        raise SalesforceError("nonsense", "Salesforce's job answered with something that is not the table asked for.")
    if any(len(line) != len(columns) for line in table):
        raise SalesforceError("nonsense", "Salesforce's job answered with a table that is cut off.")
    return columns, table[1:]
