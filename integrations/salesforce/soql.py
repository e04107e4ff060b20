"""The only place where SOQL text is made. Names must come from the org's describe, values go through `literal`.

simple-salesforce's own `format_soql` lets NaN, an empty IN list and NUL pass and cuts microseconds, so it is not used.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}\Z")
_ESCAPES = {"\\": "\\\\", "'": "\\'", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}


class UnsafeSoql(ValueError):
    """A value or name that must not become part of a query."""


def literal(value: object) -> str:
    """A SOQL literal. Refuses what SOQL cannot say: NUL, NaN, infinity, empty lists, naive times, unknown types."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float | Decimal):
        if not math.isfinite(value):
            raise UnsafeSoql("SOQL has no literal for this number.")
        return format(Decimal(str(value)), "f")
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise UnsafeSoql("A time without a zone would be read as somebody's local time.")
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple | set | frozenset):
        if not value:
            raise UnsafeSoql("SOQL has no empty list.")
        return "(" + ", ".join(literal(item) for item in value) + ")"
    raise UnsafeSoql(f"{type(value).__name__} is not a SOQL value.")


def _text(value: str) -> str:
    if "\x00" in value or any(0xD800 <= ord(char) <= 0xDFFF for char in value):
        raise UnsafeSoql("SOQL text must not hold NUL or half characters.")
    return "'" + "".join(_ESCAPES.get(char, char) for char in value) + "'"


def name(value: str, allowed: Collection[str]) -> str:
    """A field or object name that the org itself has described."""
    if value not in allowed or not _NAME.match(value):
        raise UnsafeSoql(f"{value[:80]!r} is not a field of this object.")
    return value


def is_name(value: str) -> bool:
    """Whether a text has the shape of a Salesforce API name (a setting is checked with this before it is stored)."""
    return bool(_NAME.match(value))


def page_query(
    sobject: str,
    fields: Iterable[str],
    *,
    allowed: Collection[str],
    lower: datetime | None,
    after: tuple[datetime, str] | None,
    limit: int | None,
) -> str:
    """One page of an object in (SystemModstamp, Id) order, continued after a stored pair instead of by a query locator.

    A locator dies with its session; the pair is ours, survives a crash and costs no more. Without a limit it is all
    that is left.
    """
    columns = ", ".join(name(field, allowed) for field in fields)
    end = "" if limit is None else f" LIMIT {int(limit)}"
    return f"SELECT {columns} FROM {_from(sobject, lower, after)} ORDER BY SystemModstamp, Id{end}"


def count_query(sobject: str, *, lower: datetime | None, after: tuple[datetime, str] | None) -> str:
    """How many rows are left."""
    return f"SELECT COUNT() FROM {_from(sobject, lower, after)}"


def first_rows_query(sobject: str, fields: Iterable[str], *, allowed: Collection[str], limit: int) -> str:
    """The rows that changed last, to look at."""
    columns = ", ".join(name(field, allowed) for field in fields)
    return f"SELECT {columns} FROM {_from(sobject, None, None)} ORDER BY SystemModstamp DESC, Id LIMIT {int(limit)}"


def by_ids_query(sobject: str, fields: Iterable[str], ids: Iterable[str], *, allowed: Collection[str]) -> str:
    """These records as they are now, deleted ones too if the caller asks for them."""
    columns = ", ".join(name(field, allowed) for field in fields)
    return f"SELECT {columns} FROM {_from(sobject, None, None)} WHERE Id IN {literal(sorted(ids))}"


def by_values_query(
    sobject: str, fields: Iterable[str], wanted: Mapping[str, object], *, allowed: Collection[str]
) -> str:
    """The newest two hundred records whose fields have these values; a list means one of them."""
    columns = ", ".join(name(field, allowed) for field in fields)
    parts = []
    for field, value in wanted.items():
        sign = "IN" if isinstance(value, list | tuple | set | frozenset) else "="
        parts.append(f"{name(field, allowed)} {sign} {literal(value)}")
    return f"SELECT {columns} FROM {_from(sobject, None, None)} WHERE {' AND '.join(parts)} ORDER BY Id DESC LIMIT 200"


def _from(sobject: str, lower: datetime | None, after: tuple[datetime, str] | None) -> str:
    if not is_name(sobject):
        raise UnsafeSoql(f"{sobject[:80]!r} is not an object.")
    if after is not None:
        stamp, row_id = literal(after[0]), literal(after[1])
        return f"{sobject} WHERE (SystemModstamp > {stamp} OR (SystemModstamp = {stamp} AND Id > {row_id}))"
    return sobject if lower is None else f"{sobject} WHERE SystemModstamp >= {literal(lower)}"
