"""A rule as one SQL predicate. Every condition is true or false, never unknown, so that `not` is plain negation; and
columns are compared with plain operators, which row-level security lets use an index."""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import reduce
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q

from accounts.rules.fields import Field, Kind
from accounts.rules.language import AnyOf, Node, Not, Term

ALWAYS = Q(pk__isnull=False)


@dataclass(frozen=True)
class When:
    """The moment a rule is asked at, and the day that it is for the tenant."""

    now: datetime
    today: date


def predicate(node: Node, *, now: datetime, zone: str = "UTC") -> Q:
    """What `.filter()` takes. `zone` is the tenant's: it says which day it is."""
    return _of(node, When(now, now.astimezone(ZoneInfo(zone)).date()))


def _of(node: Node, at: When) -> Q:
    if isinstance(node, Term):
        return _term(node, at)
    if isinstance(node, Not):
        return ~_of(node.item, at)
    parts = [_of(item, at) for item in node.items]
    if isinstance(node, AnyOf):
        return reduce(operator.or_, parts)
    return reduce(operator.and_, parts) if parts else ALWAYS


def _term(term: Term, at: When) -> Q:
    field = term.field
    around = _around(field, at)
    if term.op == "missing":
        return ~around(present(field))
    if term.op == "exists":
        return around(present(field))
    return around(_COMPARISONS[term.op](field, term.value, at))


def _around(field: Field, at: When) -> Callable[[Q], Q]:
    timed = field.through_at
    if timed is not None:
        return lambda condition: timed(condition, at.now)
    return field.through or _as_it_is


def _as_it_is(condition: Q) -> Q:
    return condition


def present(field: Field) -> Q:
    """There is a value. Empty text and an empty list are none."""
    column = field.column
    if field.kind is Kind.TEXT:
        return Q(**{f"{column}__isnull": False}) & Q(**{f"{column}__gt": ""})
    if field.kind is Kind.LIST:
        return Q(**{f"{column}__isnull": False}) & Q(**{f"{column}__len__gt": 0})
    return Q(**{f"{column}__isnull": False})


def _lookup(lookup: str) -> Callable[[Field, Any, When], Q]:
    def compare(field: Field, value: Any, at: When) -> Q:
        return Q(**{f"{field.column}__isnull": False}) & Q(**{f"{field.column}__{lookup}": value})

    return compare


def _differs(lookup: str) -> Callable[[Field, Any, When], Q]:
    def compare(field: Field, value: Any, at: When) -> Q:
        return present(field) & ~Q(**{f"{field.column}__{lookup}": value})

    return compare


def _contains(field: Field, value: Any, at: When) -> Q:
    if field.kind is Kind.LIST:
        return _lookup("contains")(field, [value], at)
    return _lookup("icontains")(field, value, at)


def _within(field: Field, days: int, at: When, *, ahead: bool) -> Q:
    is_day = field.kind is Kind.DATE
    here: Any = at.today if is_day else at.now
    there = here + timedelta(days=days) if ahead else here - timedelta(days=days)
    return _lookup("range")(field, (here, there) if ahead else (there, here), at)


_COMPARISONS: dict[str, Callable[[Field, Any, When], Q]] = {
    "eq": _lookup("exact"),
    "ne": _differs("exact"),
    "lt": _lookup("lt"),
    "lte": _lookup("lte"),
    "gt": _lookup("gt"),
    "gte": _lookup("gte"),
    "in": _lookup("in"),
    "not_in": _differs("in"),
    "contains": _contains,
    "starts_with": _lookup("istartswith"),
    "within_next": lambda field, days, at: _within(field, days, at, ahead=True),
    "within_last": lambda field, days, at: _within(field, days, at, ahead=False),
}
