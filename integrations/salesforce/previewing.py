"""A look at the first rows of an object through a mapping, before anything is taken: what Salesforce says, what we
would make of it, and what is wrong with it. Reads live and writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from integrations.salesforce import connecting, mapping, soql, values
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import SalesforceError
from integrations.salesforce.models import Connection

ROWS = 5
_NUMBERS = {"int", "double", "currency", "percent", "long"}
_FITS: tuple[tuple[Any, set[str], str], ...] = (
    (values.number, _NUMBERS, "a number"),
    (values.money, _NUMBERS, "an amount"),
    (values.day, {"date", "datetime"}, "a date"),
    (values.flag, {"boolean"}, "a checkbox"),
    (values.reference, {"reference", "id"}, "a link to another record"),
    (values.roles, {"multipicklist", "picklist", "combobox", "string", "textarea"}, "a list of words"),
)
_MONEY = {"arr", "mrr", "opportunity_amount"}


def doubt(spec: mapping.Spec, kind: str) -> str:
    """Why a Salesforce field of this type may not be what we need; empty if it is."""
    for parse, fits, needed in _FITS:
        if spec.parse is parse:
            return "" if kind in fits else f"is of the type {kind}; we need {needed}"
    if kind in ("boolean", "base64", "address", "location"):
        return f"is of the type {kind}; we need text"
    return ""


@dataclass(frozen=True)
class Cell:
    """One value: as Salesforce says it, as we would keep it, and what is wrong with it."""

    raw: str
    ours: str
    problem: str = ""


@dataclass(frozen=True)
class Column:
    key: str
    label: str
    source: str


@dataclass(frozen=True)
class Previewed:
    """`ok` is false with the reason in `message` when nothing could be read."""

    ok: bool
    message: str
    columns: list[Column] = field(default_factory=list)
    rows: list[tuple[str, list[Cell]]] = field(default_factory=list)

    @property
    def problems(self) -> int:
        return sum(bool(cell.problem) for _, cells in self.rows for cell in cells)


def preview(connection: Connection, sobject: str, field_map: Mapping[str, str], *, now: datetime) -> Previewed:
    """The rows that changed last. Whatever goes wrong is said in words; a refused login counts like any other."""
    client: SalesforceClient | None = None
    try:
        client = connecting.client_for(connection, now=now)
        connecting.check_budget(connection, client, now=now)
        plan = mapping.plan_for(sobject, field_map, connecting.described(connection, client, sobject, now=now))
        query = soql.first_rows_query(sobject, plan.fields, allowed=plan.fields, limit=ROWS)
        page = client.query_page(query, with_deleted=False)
    except mapping.NotReadable as reason:
        return Previewed(False, str(reason))
    except SalesforceError as error:
        return Previewed(False, error.message)
    finally:
        if client is not None:
            connecting.note_usage(connection, client, calls=client.usage.calls, now=now)
            client.close()
    columns = [Column(key, mapping.BY_KEY[key].label, source) for key, source in plan.columns.items()]
    rows = [(str(row.get("Id"))[:18], [_cell(column, row) for column in columns]) for row in page.rows]
    return Previewed(True, " ".join(plan.warnings) if rows else f"There is no {sobject} to show.", columns, rows)


def _cell(column: Column, row: Mapping[str, Any]) -> Cell:
    raw = row.get(column.source)
    said = "" if raw is None else str(raw)[:200]
    try:
        return Cell(said, _words(column.key, mapping.BY_KEY[column.key].parse(raw)))
    except values.BadValue as bad:
        return Cell(said, _words(column.key, bad.kept) if bad.kept is not None else "", str(bad))


def _words(key: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return f"{value / 100:,.2f}" if key in _MONEY else str(value)[:200]
