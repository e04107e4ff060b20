"""What rules can speak of: typed fields, and which comparisons and values each type allows."""

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import F, Q

MAX_TEXT = 500
MAX_NUMBER = 2_147_483_647
MAX_MAJOR = 10**15
MAX_DAYS = 36_500


class Kind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    MOMENT = "moment"
    FLAG = "flag"
    LIST = "list"
    ID = "id"


_PRESENCE = ("exists", "missing")
_EQUALITY = ("eq", "ne", "in", "not_in")
_ORDER = ("lt", "lte", "gt", "gte")
_NEARNESS = ("within_next", "within_last")
OPS: dict[Kind, tuple[str, ...]] = {
    Kind.TEXT: (*_EQUALITY, "contains", "starts_with", *_PRESENCE),
    Kind.NUMBER: (*_EQUALITY, *_ORDER, *_PRESENCE),
    Kind.MONEY: (*_EQUALITY, *_ORDER, *_PRESENCE),
    Kind.DATE: (*_EQUALITY, *_ORDER, *_NEARNESS, *_PRESENCE),
    Kind.MOMENT: (*_ORDER, *_NEARNESS, *_PRESENCE),
    Kind.FLAG: ("eq", "ne", *_PRESENCE),
    Kind.LIST: ("contains", *_PRESENCE),
    Kind.ID: (*_EQUALITY, *_PRESENCE),
}
WITHOUT_VALUE = frozenset(_PRESENCE)
WITH_LIST = frozenset({"in", "not_in"})
WITH_DAYS = frozenset(_NEARNESS)


class BadValue(ValueError):
    """A value that a field of this kind can not be compared with."""


@dataclass(frozen=True)
class Field:
    """A word of the language.

    `path` is the column, from the row that the rule is about. A value that lives in another table has `through`: it
    turns a predicate on that table into one on the row (an EXISTS), and `path` is then a column there. `value` gives
    the expression that a decision keeps as input. `unknown` says in a sentence that there is no value. A value that
    grows with time has `through_at` instead of `through`: it is given the moment too.
    """

    name: str
    label: str
    kind: Kind
    path: str = ""
    through: Callable[[Q], Q] | None = None
    through_at: Callable[[Q, datetime], Q] | None = None
    value: Callable[[], Any] | None = None
    unknown: str = ""

    @property
    def column(self) -> str:
        return self.path or self.name

    @property
    def ops(self) -> tuple[str, ...]:
        return OPS[self.kind]

    def expression(self) -> Any:
        return self.value() if self.value else F(self.column)

    def unknown_words(self) -> str:
        return self.unknown or f"{self.label} is unknown"


class Vocabulary:
    """The fields that rules about one kind of thing may name. Filled by the rooms when the product starts."""

    def __init__(self, subject: str) -> None:
        self.subject = subject
        self._fields: dict[str, Field] = {}

    def register(self, *fields: Field) -> None:
        for field in fields:
            known = self._fields.setdefault(field.name, field)
            if known is not field:
                raise ValueError(f"two fields of {self.subject} are called {field.name!r}")

    def get(self, name: str) -> Field | None:
        return self._fields.get(name)

    def __getitem__(self, name: str) -> Field:
        return self._fields[name]

    def __iter__(self) -> Iterator[Field]:
        return iter(self._fields.values())


def clean_value(field: Field, raw: object) -> Any:
    """The value in the form the column has. Raises BadValue, in words that name what is expected."""
    return _CLEANERS[field.kind](raw)


def clean_days(raw: object) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int) or not 0 <= raw <= MAX_DAYS:
        raise BadValue(f"Give a whole number of days from 0 to {MAX_DAYS:,}.")
    return raw


def _text(raw: object) -> str:
    if not isinstance(raw, str) or not raw.strip():
        raise BadValue("Give a text. Use `missing` to ask for rows without one.")
    if len(raw) > MAX_TEXT:
        raise BadValue(f"A text has at most {MAX_TEXT} characters.")
    if "\x00" in raw or any("\ud800" <= char <= "\udfff" for char in raw):
        raise BadValue("This text holds characters that no text can contain.")
    return unicodedata.normalize("NFC", raw)


def _number(raw: object) -> int:
    if isinstance(raw, float) and raw.is_integer():
        raw = int(raw)
    if isinstance(raw, bool) or not isinstance(raw, int) or abs(raw) > MAX_NUMBER:
        raise BadValue(f"Give a whole number of at most {MAX_NUMBER:,}.")
    return raw


def _money(raw: object) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int | float | str) or (isinstance(raw, str) and len(raw) > 40):
        raise BadValue('Give an amount, for example 100000 or "1200.50".')
    try:
        amount = Decimal(str(raw).strip())
    except InvalidOperation:
        raise BadValue('Give an amount, for example 100000 or "1200.50".') from None
    if not amount.is_finite() or abs(amount) >= MAX_MAJOR:
        raise BadValue("This amount is too large.")
    minor = amount * 100
    if minor != minor.to_integral_value():
        raise BadValue("An amount has at most two decimals.")
    return int(minor)


def _date(raw: object) -> date:
    try:
        day = date.fromisoformat(raw) if isinstance(raw, str) and len(raw) == 10 else None
    except ValueError:
        day = None
    if day is None or not 1900 <= day.year <= 2200:
        raise BadValue("Give a date as YYYY-MM-DD.")
    return day


def _moment(raw: object) -> datetime:
    try:
        moment = datetime.fromisoformat(raw) if isinstance(raw, str) and len(raw) <= 40 else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not 1900 <= moment.year <= 2200:
        raise BadValue("Give a time with its offset, for example 2026-11-23T09:00:00+01:00.")
    return moment.astimezone(UTC)


def _flag(raw: object) -> bool:
    if not isinstance(raw, bool):
        raise BadValue("Give true or false.")
    return raw


def _id(raw: object) -> UUID:
    try:
        return raw if isinstance(raw, UUID) else UUID(raw if isinstance(raw, str) and len(raw) == 36 else "")
    except ValueError:
        raise BadValue("Give an id.") from None


_CLEANERS: dict[Kind, Callable[[object], Any]] = {
    Kind.TEXT: _text,
    Kind.NUMBER: _number,
    Kind.MONEY: _money,
    Kind.DATE: _date,
    Kind.MOMENT: _moment,
    Kind.FLAG: _flag,
    Kind.LIST: _text,
    Kind.ID: _id,
}
