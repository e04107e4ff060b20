"""Merge fields: `{{contact.first_name|there}}` is a name of the list and what stands there when it is empty."""

import re
from dataclasses import dataclass

from campaigns.content.fields import FIELDS
from cs_platform import ledger

_FIELD = re.compile(r"\{\{[ \t]*([a-z_]+\.[a-z_]+)[ \t]*(?:\|([^{}|\r\n]{0,100}))?\}\}")
MOST_FIELDS = 200


class BadTemplate(ledger.Refused):
    """The text can not be used; says where and why."""

    def __init__(self, field: str, text: str, offset: int, message: str, code: str = "invalid_template") -> None:
        self.line = text.count("\n", 0, offset) + 1
        self.column = offset - (text.rfind("\n", 0, offset) + 1) + 1
        super().__init__(f"Line {self.line}, column {self.column}: {message}", code=code, field=field)


@dataclass(frozen=True)
class Merge:
    """One merge field in a text."""

    name: str
    fallback: str
    offset: int
    length: int


def parse(text: str, field: str) -> list[str | Merge]:
    """The text in pieces. Refused (BadTemplate) if `{{` does not begin a field of the list."""
    pieces: list[str | Merge] = []
    position = 0
    while (start := text.find("{{", position)) >= 0:
        found = _FIELD.match(text, start)
        if not found:
            shape = "a merge field looks like {{contact.first_name|there}}."
            raise BadTemplate(field, text, start, f"this is not one: {shape}", "invalid_merge_field")
        name, fallback = found[1], (found[2] or "").strip()
        if name not in FIELDS:
            words = f"there is no merge field {name!r}. There are: {', '.join(FIELDS)}."
            raise BadTemplate(field, text, start, words, "unknown_merge_field")
        pieces += [text[position:start], Merge(name, fallback, start, found.end() - start)]
        if len(pieces) > 2 * MOST_FIELDS:
            raise BadTemplate(field, text, start, f"a text has at most {MOST_FIELDS} merge fields.")
        position = found.end()
    return [*pieces, text[position:]]
