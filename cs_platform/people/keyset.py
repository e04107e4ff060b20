"""Pages by key, not by offset: page 10,000 costs what page 1 costs, and a row that comes or goes moves nothing.

A cursor is the sort key of the last row, signed together with the tenant and the sort order, so that it can neither
be made up nor be used in another list. Null values come last in both directions.
"""

import datetime as dt
import json
import operator
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from typing import Any
from uuid import UUID

from django.core import signing
from django.core.exceptions import FieldDoesNotExist, FieldError, ValidationError
from django.db.models import Field, Model, OrderBy, Q, QuerySet
from django.db.models.expressions import F

from cs_platform.tenancy.scope import current_tenant_id

SALT = "people.keyset"
MAX_CURSOR = 2000


class BadSort(ValueError):
    """A name that cannot be sorted by."""


class BadCursor(ValueError):
    """A cursor that is not ours, or not of this list."""


@dataclass(frozen=True)
class Column:
    path: str
    descending: bool
    nullable: bool
    field: Any


@dataclass(frozen=True)
class Page:
    rows: list[Any]
    next: str | None


def paginate(
    queryset: QuerySet[Any], *, sort: str, allowed: dict[str, str], cursor: str | None = None, limit: int = 50
) -> Page:
    """At most `limit` rows after the cursor. `sort` is what was asked for ("-arr,name"), `allowed` maps each such
    name to a column (a model field path, or an annotation with an output field)."""
    columns = _columns(queryset, sort, allowed)
    ordered = queryset.order_by(*[_order(column) for column in columns])
    if cursor:
        ordered = ordered.filter(_after(columns, _open(cursor, sort, columns)))
    rows = list(ordered[: limit + 1])
    if len(rows) <= limit:
        return Page(rows, None)
    rows = rows[:limit]
    return Page(rows, _seal(rows[-1], sort, columns))


def _columns(queryset: QuerySet[Any], sort: str, allowed: dict[str, str]) -> list[Column]:
    columns: list[Column] = []
    for name in [part.strip() for part in sort.split(",") if part.strip()]:
        descending, name = name.startswith("-"), name.lstrip("-")
        if name not in allowed:
            raise BadSort(f"{name[:40]!r} cannot be sorted by; these can: {', '.join(sorted(allowed)) or 'none'}.")
        if any(column.path == allowed[name] for column in columns):
            raise BadSort(f"{name!r} is given twice.")
        columns.append(_column(queryset, allowed[name], descending))
    key = queryset.model._meta.pk.attname
    if not any(column.path in (key, "pk") for column in columns):
        down = bool(columns) and columns[-1].descending
        columns.append(Column(key, down, False, queryset.model._meta.pk))
    return columns


def _column(queryset: QuerySet[Any], path: str, descending: bool) -> Column:
    annotation = queryset.query.annotations.get(path)
    if annotation is not None:
        return Column(path, descending, True, annotation.output_field)
    model: type[Model] = queryset.model
    nullable, field = False, None
    for step in path.split("__"):
        try:
            field = model._meta.pk if step == "pk" else model._meta.get_field(step)
        except FieldDoesNotExist as error:
            raise FieldError(f"{path} is not a column of {queryset.model.__name__}") from error
        nullable = nullable or bool(getattr(field, "null", False))
        if getattr(field, "related_model", None):
            model = field.related_model  # type: ignore[union-attr,assignment]
    if isinstance(field, Field) and field.remote_field is not None:
        field = field.target_field  # type: ignore[attr-defined]
    return Column(path, descending, nullable, field)


def _order(column: Column) -> OrderBy:
    expression = F(column.path)
    nulls_last = True if column.nullable else None
    return expression.desc(nulls_last=nulls_last) if column.descending else expression.asc(nulls_last=nulls_last)


def _after(columns: list[Column], values: list[Any]) -> Q:
    """Lexicographic "comes later". The first column is repeated as a plain bound, which an index can use."""
    branches: list[Q] = []
    for position, column in enumerate(columns):
        later = _later(column, values[position])
        if later is None:
            continue
        same = [_same(earlier, values[i]) for i, earlier in enumerate(columns[:position])]
        branches.append(reduce(operator.and_, [*same, later]))
    found = reduce(operator.or_, branches)
    first, value = columns[0], values[0]
    if not first.nullable and len(columns) > 1:
        found &= Q(**{f"{first.path}__{'lte' if first.descending else 'gte'}": value})
    return found


def _later(column: Column, value: Any) -> Q | None:
    if value is None:
        return None  # nulls are last: nothing comes after
    later = Q(**{f"{column.path}__{'lt' if column.descending else 'gt'}": value})
    return later | Q(**{f"{column.path}__isnull": True}) if column.nullable else later


def _same(column: Column, value: Any) -> Q:
    return Q(**{f"{column.path}__isnull": True}) if value is None else Q(**{column.path: value})


def _value(row: Any, path: str) -> Any:
    if isinstance(row, dict):
        return row[path]
    for step in path.split("__"):
        row = getattr(row, step, None)
        if row is None:
            return None
    return row


def _plain(value: Any) -> Any:
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value) if isinstance(value, UUID | Decimal) else value


def _signer() -> signing.Signer:
    return signing.Signer(salt=f"{SALT}:{current_tenant_id()}")


def _seal(row: Any, sort: str, columns: list[Column]) -> str:
    values = [_plain(_value(row, column.path)) for column in columns]
    packed = json.dumps([sort, values], separators=(",", ":")).encode()
    return _signer().sign(signing.b64_encode(packed).decode()).replace(":", "~")


def _open(cursor: str, sort: str, columns: list[Column]) -> list[Any]:
    problem = BadCursor("This cursor is not of this list. Start again without one.")
    if len(cursor) > MAX_CURSOR:
        raise problem
    try:
        packed = _signer().unsign(cursor.replace("~", ":"))
        sealed_sort, values = json.loads(signing.b64_decode(packed.encode()))
    except (signing.BadSignature, ValueError, UnicodeError):
        raise problem from None
    if sealed_sort != sort or len(values) != len(columns):
        raise problem
    try:
        return [v if v is None else c.field.to_python(v) for c, v in zip(columns, values, strict=True)]
    except (ValidationError, ValueError, TypeError):
        raise problem from None
