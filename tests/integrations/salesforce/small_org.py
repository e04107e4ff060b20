"""A small org in this process, over a real socket: a test owns its rows, its clock and every answer.

It understands the walk of the sync (a page of one object after a pair) and nothing else; the sandbox org is the one to
play with. `org.before_answer` may answer instead of it, so that faults come exactly where a test wants them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.values import id18
from tests.cast import NOW
from tests.integrations.salesforce.scripted import Handler, Scripted, serving

FIELDS: dict[str, list[str]] = {
    "User": ["Name", "Email", "IsActive"],
    "Account": [
        "Name", "Type", "Technical_Advisor_Support_Level__c", "CSM__c", "OwnerId", "ParentId", "Industry",
        "NumberOfEmployees", "Developers__c", "ARR__c", "Renewal_Date__c", "BillingCountry", "Website",
        "MasterRecordId",
    ],
    "Contact": [
        "AccountId", "Name", "FirstName", "LastName", "Email", "Phone", "Title", "Role__c", "Time_Zone__c",
        "MasterRecordId",
    ],
    "Opportunity": [
        "AccountId", "Name", "StageName", "Type", "Amount", "CloseDate", "IsClosed", "IsWon", "OwnerId",
    ],
}  # fmt: skip
PREFIX = {"User": "005", "Account": "001", "Contact": "003", "Opportunity": "006"}
LEVEL = "Technical_Advisor_Support_Level__c"
_QUERY = re.compile(r"SELECT (?P<columns>.+) FROM (?P<sobject>\w+)(?: WHERE (?P<where>.+))? ORDER BY")
_AFTER = re.compile(r"SystemModstamp > (\S+) OR .*Id > '(\w+)'")
_FROM = re.compile(r"SystemModstamp >= (\S+)")
_LIMIT = re.compile(r"LIMIT (\d+)\Z")


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}+0000"


class SmallOrg:
    """`put` writes a row at the org's clock; `hide` keeps one back that is stamped already, like a late commit."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, dict[str, Any]]] = {sobject: {} for sobject in FIELDS}
        self.fields = {sobject: ["Id", "SystemModstamp", "IsDeleted", *names] for sobject, names in FIELDS.items()}
        self.fields["User"].remove("IsDeleted")
        self.calculated: set[str] = set()
        self.clock = NOW - timedelta(hours=1)
        self.hidden: set[str] = set()
        self.queries: list[str] = []
        self.calls = 0
        self.used, self.total = 100, 15_000
        self.before_answer: Callable[[Handler, str], bool] = lambda handler, path: False
        self._next = 0
        self.origin = ""

    # --- what a Salesforce user does ------------------------------------------------------------------------------

    def put(self, sobject: str, sf_id: str = "", at: datetime | None = None, **values: Any) -> str:
        self._next += 1
        sf_id = sf_id or id18(f"{PREFIX[sobject]}{self._next:012d}")
        row = self.rows[sobject].setdefault(sf_id, {"Id": sf_id, "IsDeleted": False})
        row.update(values, SystemModstamp=stamp(at or self.clock))
        return sf_id

    def account(self, name: str, level: str | None = None, **values: Any) -> str:
        return self.put("Account", Name=name, **{LEVEL: level}, **values)

    def contact(self, account: str | None, last_name: str, **values: Any) -> str:
        return self.put("Contact", AccountId=account, Name=last_name, LastName=last_name, **values)

    def deal(self, account: str | None, name: str, *, won: bool = False, **values: Any) -> str:
        stage = "Closed Won" if won else "Prospecting"
        fields = {"StageName": stage, "IsClosed": won, "IsWon": won, "Type": "New Business", **values}
        return self.put("Opportunity", AccountId=account, Name=name, **fields)

    def user(self, name: str, email: str) -> str:
        return self.put("User", Name=name, Email=email, IsActive=True)

    def delete(self, sobject: str, sf_id: str, **values: Any) -> None:
        self.put(sobject, sf_id, IsDeleted=True, **values)

    def later(self, **delta: float) -> datetime:
        self.clock += timedelta(**delta)
        return self.clock

    # --- how it answers -------------------------------------------------------------------------------------------

    def answer(self, handler: Handler) -> None:
        path = handler.path.split("?")[0].rstrip("/")
        self.calls += 1
        if self.before_answer(handler, path):
            return
        if path.endswith("/limits"):
            self.send(handler, {"DailyApiRequests": {"Max": self.total, "Remaining": self.total - self.used}})
        elif path.endswith("/describe"):
            self.send(handler, {"fields": [self._field(name) for name in self.fields[path.split("/")[-2]]]})
        elif path.endswith(("/query", "/queryAll")):
            self._query(handler, handler.query["q"], with_deleted=path.endswith("All"))
        else:
            self.send(handler, [{"errorCode": "NOT_FOUND", "message": "not here"}], status=404)

    def send(self, handler: Handler, body: Any, status: int = 200, **headers: str) -> None:
        self.used += 1
        told = {
            "Sforce_Limit_Info": f"api-usage={self.used}/{self.total}",
            "Date": format_datetime(self.clock, usegmt=True),
        }
        handler.send(body, status, **{**told, **headers})

    def _field(self, name: str) -> dict[str, Any]:
        return {"name": name, "type": "string", "calculated": name in self.calculated}

    def _query(self, handler: Handler, soql: str, *, with_deleted: bool) -> None:
        self.queries.append(soql)
        asked = _QUERY.match(soql)
        assert asked is not None, soql
        sobject, columns = asked["sobject"], asked["columns"].split(", ")
        for column in columns:
            if column not in self.fields[sobject]:
                words = f"No such column '{column}' on entity '{sobject}'."
                self.send(handler, [{"errorCode": "INVALID_FIELD", "message": words}], status=400)
                return
        found = [row for row in self.rows[sobject].values() if row["Id"] not in self.hidden]
        found = [row for row in found if with_deleted or not row.get("IsDeleted")]
        found = sorted(found, key=lambda row: (row["SystemModstamp"], row["Id"]))
        found = [row for row in found if _matches(row, asked["where"] or "")]
        limit = int(_LIMIT.search(soql)[1])  # type: ignore[index]
        page = [{column: row.get(column) for column in columns} for row in found[:limit]]
        self.send(handler, {"totalSize": len(page), "done": True, "records": page})


def _matches(row: dict[str, Any], where: str) -> bool:
    if not where:
        return True
    after, lower = _AFTER.search(where), _FROM.search(where)
    mine = datetime.fromisoformat(row["SystemModstamp"])
    if after:
        return (mine, row["Id"]) > (datetime.fromisoformat(after[1]), after[2])
    assert lower is not None, where
    return mine >= datetime.fromisoformat(lower[1])


@contextmanager
def small_org() -> Iterator[tuple[SmallOrg, Scripted]]:
    org = SmallOrg()
    with serving(org.answer) as server:
        org.origin = server.origin
        yield org, server


__all__ = ["LEVEL", "SalesforceClient", "SmallOrg", "small_org", "stamp"]
