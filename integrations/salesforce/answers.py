"""What the client gives back, and the check that a query's answer is a whole one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integrations.salesforce.errors import SalesforceError


@dataclass(frozen=True)
class Page:
    """Rows of one query. `is_last`: Salesforce says that nothing follows."""

    rows: list[dict[str, Any]]
    is_last: bool
    server_time: datetime


@dataclass(frozen=True)
class FieldInfo:
    """What describe says of one field the login may read, and whether it may be written."""

    type: str
    calculated: bool
    updateable: bool = True
    createable: bool = True
    external_id: bool = False

    def as_json(self) -> list[Any]:
        return [self.type, self.calculated, self.updateable, self.createable, self.external_id]


@dataclass
class Usage:
    """The org's API calls of the day as the last answer told them, and ours in this client."""

    used: int | None = None
    total: int | None = None
    calls: int = 0


def checked_rows(answer: Any) -> tuple[list[dict[str, Any]], bool]:
    """The rows of a query answer, if it is a whole one: a cut or miscounted page must not look like the end of the
    data.
    """
    if not isinstance(answer, dict):
        raise SalesforceError("nonsense", "Salesforce's answer is not an object.")
    rows, total, done = answer.get("records"), answer.get("totalSize"), answer.get("done")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SalesforceError("nonsense", "Salesforce's answer has no list of records.")
    if not isinstance(total, int) or isinstance(total, bool) or not isinstance(done, bool):
        raise SalesforceError("nonsense", "Salesforce's answer does not say how many records there are.")
    if done and len(rows) != total:
        raise SalesforceError("nonsense", f"Salesforce promised {total} records and sent {len(rows)}.")
    if not done and (not answer.get("nextRecordsUrl") or not rows):
        raise SalesforceError("nonsense", "Salesforce says there is more but not where.")
    return rows, done
