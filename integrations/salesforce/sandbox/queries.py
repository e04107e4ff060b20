"""Running SOQL: pages of rows, and the cursors behind query locators, which die with their session."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

from integrations.salesforce.sandbox import ids, soql, sql, values
from integrations.salesforce.sandbox.problems import Problem
from integrations.salesforce.sandbox.schema import Field, SObject

if TYPE_CHECKING:
    from integrations.salesforce.sandbox.org import SandboxOrg

BATCH = 2000
SMALLEST_BATCH = 200
MAX_CURSORS = 10
_CHUNK = 500


@dataclass(frozen=True)
class Cursor:
    session: str
    sobject: SObject
    columns: list[Field]
    row_ids: list[str]


class Cursors:
    """The open query cursors: the ids of a result, in order. A session may have ten; the oldest gives way."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._open: OrderedDict[str, Cursor] = OrderedDict()
        self._count = 0

    def keep(self, cursor: Cursor) -> str:
        with self._lock:
            self._count += 1
            locator = ids.make("01g", self._count)
            self._open[locator] = cursor
            mine = [name for name, other in self._open.items() if other.session == cursor.session]
            for name in mine[:-MAX_CURSORS]:
                del self._open[name]
            return locator

    def find(self, locator: str, session: str) -> Cursor:
        with self._lock:
            found = self._open.get(locator)
        if found is None or found.session != session:
            raise Problem("INVALID_QUERY_LOCATOR", "invalid query locator")
        return found


def run(
    org: SandboxOrg, cursors: Cursors, text: str, *, session: str, base: str, with_deleted: bool, batch: int
) -> Any:
    """The first page of a query. Refused (MALFORMED_QUERY, INVALID_FIELD, INVALID_TYPE…) if it makes no sense."""
    if not text.strip():
        raise Problem("MALFORMED_QUERY", "A query string has to be specified")
    found = compiled(org, text, with_deleted=with_deleted)
    if found.is_count:
        return {"totalSize": _count(org, found), "done": True, "records": []}
    wanted = batch if found.limit is None else min(batch, found.limit)
    rows = _rows(org, found, wanted + 1)
    if len(rows) <= wanted or (found.limit is not None and found.limit <= wanted):
        rows = rows[:wanted]
        return {"totalSize": len(rows), "done": True, "records": said(found.sobject, found.columns, rows, base)}
    row_ids = _ids(org, found)
    locator = cursors.keep(Cursor(session, found.sobject, found.columns, row_ids))
    return {
        "totalSize": len(row_ids),
        "done": False,
        "nextRecordsUrl": f"{base}/query/{locator}-{wanted}",
        "records": said(found.sobject, found.columns, rows[:wanted], base),
    }


def more(org: SandboxOrg, cursors: Cursors, place: str, *, session: str, base: str, batch: int) -> Any:
    """The page behind a locator: `01g…-2000`."""
    locator, _, offset = place.rpartition("-")
    cursor = cursors.find(locator, session)
    start = int(offset) if offset.isascii() and offset.isdigit() else -1
    if not 0 <= start < max(len(cursor.row_ids), 1):
        raise Problem("INVALID_QUERY_LOCATOR", "invalid query locator")
    page = cursor.row_ids[start : start + batch]
    rows = by_ids(org, cursor.sobject, cursor.columns, page)
    done = start + batch >= len(cursor.row_ids)
    return {
        "totalSize": len(cursor.row_ids),
        "done": done,
        **({} if done else {"nextRecordsUrl": f"{base}/query/{locator}-{start + batch}"}),
        "records": said(cursor.sobject, cursor.columns, rows, base),
    }


def compiled(org: SandboxOrg, text: str, *, with_deleted: bool) -> sql.Compiled:
    """A query as SQL, with names checked against what this org shows."""
    query = soql.parse(text)
    sobject = org.sobject(query.sobject.text)
    org.settle()
    return sql.compile_query(query, sobject, hidden=org.hidden(sobject), with_deleted=with_deleted)


def all_rows(org: SandboxOrg, found: sql.Compiled) -> list[tuple[Any, ...]]:
    """Every row of a query."""
    return _rows(org, found, 2**53)


def by_ids(
    org: SandboxOrg, sobject: SObject, columns: Sequence[Field], row_ids: Sequence[str]
) -> list[tuple[Any, ...]]:
    """These rows in this order; what was purged meanwhile is left out."""
    names = ", ".join(f'"{column.name}"' for column in columns)
    found: dict[str, tuple[Any, ...]] = {}
    for start in range(0, len(row_ids), _CHUNK):
        chunk = row_ids[start : start + _CHUNK]
        marks = ", ".join("?" * len(chunk))
        rows = org.store.read(f'SELECT "Id", {names} FROM "{sobject.name}" WHERE "Id" IN ({marks})', chunk)
        found.update((row[0], row[1:]) for row in rows)
    return [found[row_id] for row_id in row_ids if row_id in found]


def said(sobject: SObject, columns: Sequence[Field], rows: Sequence[Sequence[Any]], base: str) -> list[dict[str, Any]]:
    """Rows as the records of an answer."""
    plan = [(column.name, values.speaker(column)) for column in columns]
    at = next((place for place, column in enumerate(columns) if column.name == "Id"), None)
    url = f"{base}/sobjects/{sobject.name}"
    records = []
    for row in rows:
        attributes = {"type": sobject.name, **({} if at is None else {"url": f"{url}/{row[at]}"})}
        record: dict[str, Any] = {"attributes": attributes}
        for (name, say), value in zip(plan, row, strict=True):
            record[name] = say(value) if say else value
        records.append(record)
    return records


def _rows(org: SandboxOrg, found: sql.Compiled, at_most: int) -> list[tuple[Any, ...]]:
    limit = at_most if found.limit is None else min(at_most, found.limit)
    return _select(org, found, ", ".join(f'"{column.name}"' for column in found.columns), limit)


def _ids(org: SandboxOrg, found: sql.Compiled) -> list[str]:
    return [row[0] for row in _select(org, found, '"Id"', 2**53 if found.limit is None else found.limit)]


def _count(org: SandboxOrg, found: sql.Compiled) -> int:
    where = f" WHERE {found.where}" if found.where else ""
    total = int(org.store.read(f'SELECT count(*) FROM "{found.sobject.name}"{where}', found.params)[0][0])
    total = max(0, total - found.offset)
    return total if found.limit is None else min(total, found.limit)


def _select(org: SandboxOrg, found: sql.Compiled, columns: str, limit: int) -> list[tuple[Any, ...]]:
    where = f" WHERE {found.where}" if found.where else ""
    order = f" ORDER BY {found.order}" if found.order else ' ORDER BY "Id"'
    statement = f'SELECT {columns} FROM "{found.sobject.name}"{where}{order} LIMIT ? OFFSET ?'
    return org.store.read(statement, [*found.params, limit, found.offset])
