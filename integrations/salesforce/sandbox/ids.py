"""Record ids: 3 characters for the kind of record, 12 for the row, 3 that check the letter case of the others."""

from __future__ import annotations

import re

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_SHAPE = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?\Z", re.ASCII)
POD = "gK0"


def make(prefix: str, number: int) -> str:
    """The 18-character id of the row with this number. Later rows sort later; some differ in letter case only."""
    digits = ""
    while number:
        number, place = divmod(number, 62)
        digits = _DIGITS[place] + digits
    return to18(f"{prefix}{POD}{digits.rjust(9, '0')}")


def to18(base: str) -> str:
    """The 18-character form of a 15-character id."""
    parts = (base[start : start + 5] for start in (0, 5, 10))
    return base + "".join(
        _SUFFIX[sum(1 << place for place, char in enumerate(part) if "A" <= char <= "Z")] for part in parts
    )


def clean(text: object) -> str | None:
    """The 18-character form of an id in either length, or None if it is none (or its check characters do not fit)."""
    if not isinstance(text, str) or not _SHAPE.match(text):
        return None
    full = to18(text[:15])
    return full if len(text) == 15 or text == full else None
