"""Merge fields: `{{account.segment|not known}}` is a name of the list and what stands there when it is empty."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from cs_platform import ledger
from onboarding.content.fields import FIELDS, LISTS

_FIELD = re.compile(r"\{\{[ \t]*([a-z_]+\.[a-z_]+)[ \t]*(?:\|([^{}|\r\n]{0,200}))?\}\}")
MOST_FIELDS = 200
LONGEST = 300
MAX_LENGTH = 50_000


class BadText(ledger.Refused):
    """The text can not be used; says where and why."""

    def __init__(self, text: str, offset: int, message: str, code: str = "invalid_text") -> None:
        self.line = text.count("\n", 0, offset) + 1
        super().__init__(f"Line {self.line}: {message}", code=code, field="body")


@dataclass(frozen=True)
class Merge:
    name: str
    fallback: str


def parse(text: str) -> list[str | Merge]:
    """The text in pieces. Refused (BadText) if `{{` does not begin a field of the list."""
    pieces: list[str | Merge] = []
    position = 0
    while (start := text.find("{{", position)) >= 0:
        found = _FIELD.match(text, start)
        if not found:
            raise BadText(text, start, "a merge field looks like {{account.segment|not known}}.")
        name = found[1]
        if name not in FIELDS:
            raise BadText(text, start, f"there is no merge field {name!r}. There are: {', '.join(FIELDS)}.")
        if len(pieces) > 2 * MOST_FIELDS:
            raise BadText(text, start, f"a text has at most {MOST_FIELDS} merge fields.")
        pieces += [text[position:start], Merge(name, (found[2] or "").strip())]
        position = found.end()
    return [*pieces, text[position:]]


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with what is known; an empty value gives its fallback. A value can not add lines, except a list."""
    return "".join(piece if isinstance(piece, str) else _value(piece, values) for piece in parse(text))


def _value(merge: Merge, values: Mapping[str, str]) -> str:
    value = values.get(merge.name, "")
    if merge.name in LISTS:
        value = "\n".join(one_line(line) for line in value.split("\n")).strip()
    else:
        value = one_line(value)
    return value or merge.fallback


def one_line(value: str) -> str:
    kept = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in value)
    return " ".join(kept.split())[:LONGEST]
