"""The part of SOQL that the org understands, parsed by recursive descent into a small tree.

As in Salesforce, AND and OR are not mixed without parentheses, and NOT stands first in its parentheses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

from integrations.salesforce.sandbox.tokens import Token, malformed, tokenise

MAX_DEPTH = 60
MAX_OFFSET = 2000
_RESERVED = {"AND", "OR", "NOT", "WHERE", "ORDER", "LIMIT", "OFFSET", "FROM", "SELECT", "LIKE", "IN", "GROUP", "HAVING"}
T = TypeVar("T")


@dataclass(frozen=True)
class Name:
    text: str
    at: int


@dataclass(frozen=True)
class Value:
    """A literal. `kind`: text, number, boolean, null, date, datetime."""

    kind: str
    value: Any
    pattern: str
    at: int


@dataclass(frozen=True)
class Compare:
    """`operator`: = != < <= > >= LIKE."""

    field: Name
    operator: str
    value: Value


@dataclass(frozen=True)
class Among:
    """`operator`: IN, NOT IN, INCLUDES, EXCLUDES."""

    field: Name
    operator: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Both:
    """`word`: AND, OR."""

    word: str
    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Not:
    part: Condition


Condition = Compare | Among | Both | Not


@dataclass(frozen=True)
class Order:
    field: Name
    descending: bool
    nulls_last: bool


@dataclass(frozen=True)
class Query:
    """`fields` is None for SELECT COUNT()."""

    text: str
    fields: tuple[Name, ...] | None
    sobject: Name
    where: Condition | None = None
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0


def parse(text: str) -> Query:
    """The tree of a query. Refused (MALFORMED_QUERY) with the place of the mistake."""
    return _Parser(text).query()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text, self.tokens, self.place, self.depth = text, tokenise(text), 0, 0

    # --- tokens ---------------------------------------------------------------------------------------------------

    @property
    def next(self) -> Token:
        return self.tokens[self.place]

    def take(self) -> Token:
        token = self.next
        self.place += 1
        return token

    def sees(self, *words: str) -> bool:
        """Whether these words or signs come next."""
        ahead = self.tokens[self.place : self.place + len(words)]
        return len(ahead) == len(words) and all(
            token.kind in ("word", "sign") and token.raw.upper() == word
            for token, word in zip(ahead, words, strict=True)
        )

    def skip(self, *words: str) -> bool:
        if not self.sees(*words):
            return False
        self.place += len(words)
        return True

    def expect(self, *words: str) -> None:
        for word in words:
            if not self.skip(word):
                self.unexpected(f"expecting {word!r}, found {self.next.raw!r}")

    def unexpected(self, words: str = "") -> NoReturn:
        raise malformed(self.text, self.next.at, words or f"unexpected token: '{self.next.raw}'")

    def name(self) -> Name:
        if self.next.kind != "word" or self.next.raw.upper() in _RESERVED:
            self.unexpected()
        token = self.take()
        return Name(token.raw, token.at)

    def list_of(self, item: Callable[[], T]) -> tuple[T, ...]:
        items = [item()]
        while self.skip(","):
            items.append(item())
        return tuple(items)

    # --- clauses --------------------------------------------------------------------------------------------------

    def query(self) -> Query:
        self.expect("SELECT")
        fields = None if self.skip("COUNT", "(", ")") else self.list_of(self.name)
        if fields is not None and self.sees("("):
            self.unexpected("functions and sub-queries are not known to this org")
        self.expect("FROM")
        sobject = self.name()
        where = self.condition() if self.skip("WHERE") else None
        order = self.list_of(self.order) if self.skip("ORDER", "BY") else ()
        limit = self.whole_number("LIMIT") if self.skip("LIMIT") else None
        offset = self.whole_number("OFFSET") if self.skip("OFFSET") else 0
        if self.next.kind != "end":
            self.unexpected()
        if offset > MAX_OFFSET:
            raise malformed(
                self.text, len(self.text), f"Maximum SOQL offset allowed is {MAX_OFFSET}", "NUMBER_OUTSIDE_VALID_RANGE"
            )
        return Query(self.text, fields, sobject, where, order, limit, offset)

    def whole_number(self, clause: str) -> int:
        value = self.next.value
        if self.next.kind != "number" or not isinstance(value, int) or value < 0:
            self.unexpected(f"{clause} needs a whole number, found '{self.next.raw}'")
        self.take()
        return min(value, 2**53)

    def order(self) -> Order:
        name = self.name()
        descending = self.skip("DESC")
        if not descending:
            self.skip("ASC")
        if not self.skip("NULLS"):
            return Order(name, descending, nulls_last=False)
        nulls_last = self.skip("LAST")
        if not nulls_last:
            self.expect("FIRST")
        return Order(name, descending, nulls_last)

    # --- conditions -----------------------------------------------------------------------------------------------

    def condition(self) -> Condition:
        if self.skip("NOT"):
            return Not(self.simple())
        parts = [self.simple()]
        word = self.next.raw.upper() if self.next.kind == "word" else ""
        if word not in ("AND", "OR"):
            return parts[0]
        while self.skip(word):
            parts.append(self.simple())
        if self.sees("AND") or self.sees("OR"):
            self.unexpected()
        return Both(word, tuple(parts))

    def simple(self) -> Condition:
        if not self.skip("("):
            return self.comparison()
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.unexpected("parentheses are nested too deeply")
        inside = self.condition()
        self.expect(")")
        self.depth -= 1
        return inside

    def comparison(self) -> Condition:
        name = self.name()
        for words in (("IN",), ("NOT", "IN"), ("INCLUDES",), ("EXCLUDES",)):
            if self.skip(*words):
                self.expect("(")
                values = self.list_of(self.value)
                self.expect(")")
                return Among(name, " ".join(words), values)
        if self.skip("LIKE"):
            return Compare(name, "LIKE", self.value())
        if self.next.raw not in ("=", "!=", "<>", "<", "<=", ">", ">="):
            self.unexpected()
        operator = self.take().raw
        return Compare(name, "!=" if operator == "<>" else operator, self.value())

    def value(self) -> Value:
        token = self.next
        words: dict[str, tuple[str, Any]] = {
            "TRUE": ("boolean", True),
            "FALSE": ("boolean", False),
            "NULL": ("null", None),
        }
        if token.kind == "word" and token.raw.upper() in words:
            kind, value = words[token.raw.upper()]
            return Value(kind, value, "", self.take().at)
        if token.kind not in ("text", "number", "date", "datetime"):
            self.unexpected()
        return Value(token.kind, token.value, token.pattern, self.take().at)
