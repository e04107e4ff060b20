"""A rule told in words, and the band of values that it asks of a number."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from accounts.rules.fields import Field, Kind
from accounts.rules.language import All, Node, Not, Term

_OPS = {
    "eq": "is",
    "ne": "is not",
    "lt": "is below",
    "lte": "is at most",
    "gt": "is above",
    "gte": "is at least",
    "contains": "contains",
    "starts_with": "starts with",
}
_EARLIER = {"lt": "is before", "lte": "is not after", "gt": "is after", "gte": "is not before"}
_BOUNDS = ("lt", "lte", "gt", "gte")


def words(node: Node) -> str:
    """ "developers is 501–2,500 and (ARR is at least 100,000 or ARR is unknown)" """
    return _words(node, outer=True)


def _words(node: Node, *, outer: bool) -> str:
    if isinstance(node, Term):
        return _term(node)
    if isinstance(node, Not):
        return f"not ({_words(node.item, outer=True)})"
    if not node.items:
        return "always"
    if len(node.items) == 1:
        return _words(node.items[0], outer=outer)
    parts = _together(node) if isinstance(node, All) else [_words(item, outer=False) for item in node.items]
    said = (" and " if isinstance(node, All) else " or ").join(parts)
    return said if outer or len(parts) == 1 else f"({said})"


def _together(node: All) -> list[str]:
    """Two bounds of one number are said as a band."""
    known = bands(node.items)
    parts: list[str] = []
    for item in node.items:
        if isinstance(item, Term) and item.op in _BOUNDS and "–" in known.get(item.field.name, ""):
            said = f"{item.field.label} is {known[item.field.name]}"
            if said not in parts:
                parts.append(said)
        else:
            parts.append(_words(item, outer=False))
    return parts


def _term(term: Term) -> str:
    field, label = term.field, term.field.label
    if term.op == "missing":
        return field.unknown_words()
    if term.op == "exists":
        return f"{label} is known"
    if term.op in ("within_next", "within_last"):
        days = "day" if term.value == 1 else "days"
        return f"{label} is within the {term.op.removeprefix('within_')} {term.value:,} {days}"
    if term.op in ("in", "not_in"):
        listed = ", ".join(say(field, value) for value in term.value)
        return f"{label} {'is one of' if term.op == 'in' else 'is not one of'} {listed}"
    is_time = field.kind in (Kind.DATE, Kind.MOMENT)
    op = (_EARLIER if is_time else _OPS).get(term.op) or _OPS[term.op]
    return f"{label} {op} {say(field, term.value)}"


def bands(items: Iterable[Node]) -> dict[str, str]:
    """For each number that these conditions bound: "501–2,500", "2,501 or more", "below 100,000"."""
    lower: dict[str, Term] = {}
    upper: dict[str, Term] = {}
    for item in items:
        if isinstance(item, Term) and item.op in _BOUNDS:
            (lower if item.op in ("gt", "gte") else upper)[item.field.name] = item
    return {name: _band(lower.get(name), upper.get(name)) for name in [*lower, *(n for n in upper if n not in lower)]}


def _band(low: Term | None, high: Term | None) -> str:
    if low and high and low.op == "gte" and high.op == "lte":
        return f"{say(low.field, low.value)}–{say(high.field, high.value)}"
    said: list[str] = []
    if low:
        value = say(low.field, low.value)
        said.append(f"{value} or more" if low.op == "gte" else f"above {value}")
    if high:
        value = say(high.field, high.value)
        said.append(f"{value} or less" if high.op == "lte" else f"below {value}")
    return " and ".join(said)


def say(field: Field, value: Any) -> str:
    """A value as a person writes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if field.kind is Kind.MONEY:
        amount = Decimal(value) / 100
        return f"{amount:,.0f}" if amount == amount.to_integral_value() else f"{amount:,.2f}"
    if field.kind is Kind.NUMBER:
        return f"{value:,}"
    if isinstance(value, datetime):
        return f"{value.day} {value:%b %Y %H:%M} UTC"
    if isinstance(value, date):
        return f"{value.day} {value:%b %Y}"
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value)
    return str(value)
