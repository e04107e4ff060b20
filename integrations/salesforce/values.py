"""Single values as Salesforce says them, turned into ours or refused with a reason a person can act on. Pure
functions.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cache, lru_cache
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

ROLES = (
    "Champion",
    "Deal Contact",
    "Instance Admin",
    "Executive",
    "Economic Buyer",
    "End User",
    "Program Contact",
)
_ROLES_BY_WORD = {role.casefold(): role for role in ROLES}
_ID = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Z]{3})?\Z", re.ASCII)
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f,;<>\"()]{1,64}@[^@\s\x00-\x1f\x7f,;<>\"()]{1,189}\Z")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_CURRENCY = re.compile(r"[A-Z]{3}\Z", re.ASCII)
_HOST = re.compile(r"(?=.{1,253}\Z)(?:[\w](?:[\w-]{0,61}[\w])?\.)+[\w][\w-]{1,62}\Z")
MAX_INT = 2_147_483_647
MAX_MINOR = 10**16


class BadValue(ValueError):
    """A value that cannot be taken over. `kept` is the part that can (the known roles of a list)."""

    def __init__(self, message: str, *, kept: Any = None) -> None:
        super().__init__(message)
        self.kept = kept


@dataclass(frozen=True)
class RowProblem:
    """What is wrong with one field of one row, kept on the sync run."""

    sobject: str
    row: str
    field: str
    message: str

    def as_json(self) -> dict[str, str]:
        return {"sobject": self.sobject, "row": self.row, "field": self.field, "message": self.message}


def id18(value: object) -> str:
    """The 18-character form. Ids differ only in letter case, so the check part is verified, and computed for short
    ids.
    """
    if not isinstance(value, str) or not _ID.match(value):
        raise BadValue(f"{str(value)[:40]!r} is not a Salesforce id")
    base = value[:15]
    suffix = _check(base[:5]) + _check(base[5:10]) + _check(base[10:])
    if len(value) == 18 and value[15:] != suffix:
        raise BadValue(f"{value!r} is not a Salesforce id: its check characters do not fit")
    return base + suffix


@lru_cache(maxsize=65_536)
def _check(part: str) -> str:
    """Which of five characters are capitals, as one character. Ids share most of their parts."""
    return _SUFFIX[sum(1 << place for place, char in enumerate(part) if "A" <= char <= "Z")]


def stamp(value: object) -> datetime:
    """SystemModstamp: `2026-01-31T10:00:00.000+0000`."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise BadValue(f"{str(value)[:40]!r} is not a time")
    return moment.astimezone(UTC)


def text(limit: int) -> Callable[[object], str]:
    """Words up to a length. Salesforce says null for empty text."""

    def parse(value: object) -> str:
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            raise BadValue("is not text")
        words = str(value).strip()
        if _CONTROL.search(words):
            raise BadValue("holds control characters")
        if len(words) > limit:
            raise BadValue(f"is longer than {limit} characters")
        return words

    return parse


def number(value: object) -> int | None:
    """A count: whole, not negative."""
    exact = _decimal(value)
    if exact is None:
        return None
    if exact != exact.to_integral_value() or not 0 <= exact <= MAX_INT:
        raise BadValue(f"{str(value)[:40]} is not a whole number from 0 to {MAX_INT}")
    return int(exact)


def money(value: object) -> int | None:
    """An amount in minor units, rounded half up."""
    exact = _decimal(value)
    if exact is None:
        return None
    if abs(exact) * 100 > MAX_MINOR:
        raise BadValue("is too large an amount")
    return int((exact * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _decimal(value: object) -> Decimal | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise BadValue("is not a number")
    try:
        exact = Decimal(str(value).strip())
    except InvalidOperation:
        raise BadValue(f"{str(value)[:40]!r} is not a number") from None
    if not exact.is_finite() or (isinstance(value, float) and not math.isfinite(value)):
        raise BadValue("is not a number")
    return exact


def day(value: object) -> str | None:
    """A date, kept as ISO text."""
    if value is None or value == "":
        return None
    try:
        parsed = date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        parsed = None
    if parsed is None:
        raise BadValue(f"{str(value)[:40]!r} is not a date")
    return parsed.isoformat()


def flag(value: object) -> bool:
    """A checkbox; null counts as not ticked."""
    if value is None:
        return False
    if not isinstance(value, bool):
        raise BadValue("is neither true nor false")
    return value


def reference(value: object) -> str | None:
    """The id of another record."""
    return None if value is None or value == "" else id18(value)


def email(value: object) -> str:
    """An address. One that no mail server would take is refused here, not at the first send."""
    address = text(254)(value)
    if address and (not _EMAIL.match(address) or ".." in address or address.endswith(".")):
        raise BadValue(f"{address[:60]!r} is not an e-mail address")
    return address


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def zone(value: object) -> str:
    """An IANA time zone."""
    words = text(80)(value)
    if words and words not in _zones():
        raise BadValue(f"{words!r} is not an IANA time zone")
    return words


def currency(value: object) -> str:
    """An ISO currency code; empty where the org has one currency and does not say it."""
    code = text(3)(value).upper()
    if code and not _CURRENCY.match(code):
        raise BadValue(f"{code!r} is not a currency code")
    return code


def roles(value: object) -> list[str]:
    """A multi-select picklist (`Champion;Instance Admin`), in the order of our list. Known roles are kept beside
    unknown ones.
    """
    words = [part.strip() for part in text(4000)(value).split(";") if part.strip()]
    known = {_ROLES_BY_WORD[word.casefold()] for word in words if word.casefold() in _ROLES_BY_WORD}
    kept = [role for role in ROLES if role in known]
    unknown = [word for word in words if word.casefold() not in _ROLES_BY_WORD]
    if unknown:
        raise BadValue(f"unknown role {', '.join(unknown)[:100]!r}", kept=kept)
    return kept


def domains(value: object) -> list[str]:
    """The host of a website address, as the one domain of the account."""
    words = text(255)(value).lower()
    if not words:
        return []
    try:
        host = urlsplit(words if "://" in words else f"//{words}").hostname or ""
    except ValueError:
        host = ""
    host = host.removeprefix("www.").rstrip(".")
    if not _HOST.match(host):
        raise BadValue(f"{words[:60]!r} is not a web address")
    return [host]


def bounded(problems: Iterable[RowProblem], room: int) -> list[dict[str, str]]:
    """The first problems as JSON; the exact number is counted beside it."""
    return [problem.as_json() for problem, _ in zip(problems, range(max(0, room)), strict=False)]
