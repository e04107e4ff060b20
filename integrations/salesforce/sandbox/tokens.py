"""SOQL text cut into tokens. Every refusal says where, as Salesforce does."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Literal

from integrations.salesforce.sandbox.problems import Problem

MAX_LENGTH = 100_000
Kind = Literal["word", "text", "number", "date", "datetime", "sign", "end"]
_DATETIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:?\d\d)(?![\w:.-])")
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?![\w:.-])")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?![\w.])")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)*", re.ASCII)
_SIGN = re.compile(r"<=|>=|!=|<>|[=<>(),]")
_SPACE = re.compile(r"[ \t\r\n\f]+")
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "'": "'", '"': '"', "\\": "\\"}


@dataclass(frozen=True)
class Token:
    """`value` is what the token means; `pattern` of a text is the same for LIKE, its escaped % and _ kept escaped."""

    kind: Kind
    at: int
    raw: str
    value: object = None
    pattern: str = ""


def malformed(query: str, at: int, words: str, code: str = "MALFORMED_QUERY") -> Problem:
    """A refusal with the line and the column of the place."""
    row = query.count("\n", 0, at) + 1
    start = query.rfind("\n", 0, at) + 1
    line = query[start : query.find("\n", at) if "\n" in query[at:] else len(query)]
    column = at - start
    shown = line[max(0, column - 60) : column + 60]
    arrow = " " * min(column, 60) + "^"
    return Problem(code, f"\n{shown}\n{arrow}\nERROR at Row:{row}:Column:{column + 1}\n{words}")


def tokenise(query: str) -> list[Token]:
    """All tokens and an end. Refused if the query is too long or holds what SOQL does not know."""
    if len(query) > MAX_LENGTH:
        raise Problem("QUERY_TOO_COMPLICATED", "SOQL statements cannot be longer than 100,000 characters.")
    tokens: list[Token] = []
    at = 0
    while at < len(query):
        space = _SPACE.match(query, at)
        if space:
            at = space.end()
            continue
        token = _text(query, at) if query[at] == "'" else _plain(query, at)
        tokens.append(token)
        at += len(token.raw)
    tokens.append(Token("end", len(query), "<EOF>"))
    return tokens


def _plain(query: str, at: int) -> Token:
    for kind, shape in (
        ("datetime", _DATETIME),
        ("date", _DATE),
        ("number", _NUMBER),
        ("word", _WORD),
        ("sign", _SIGN),
    ):
        match = shape.match(query, at)
        if match is None:
            continue
        raw = match.group()
        try:
            if kind == "datetime":
                return Token("datetime", at, raw, _moment(raw))
            if kind == "date":
                return Token("date", at, raw, date.fromisoformat(raw))
        except ValueError:
            raise malformed(query, at, f"line 1:{at} invalid date: '{raw}'") from None
        if kind == "number":
            return Token("number", at, raw, Decimal(raw) if "." in raw else int(raw))
        return Token("word" if kind == "word" else "sign", at, raw, raw)
    raise malformed(query, at, f"unexpected char: '{query[at]}'")


def _moment(raw: str) -> datetime:
    whole, _, rest = raw.upper().partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    zone = rest[len(digits) :]
    text = f"{whole}.{digits[:6].ljust(6, '0')}{zone}" if digits else whole
    return datetime.fromisoformat(text).astimezone(UTC)


def _text(query: str, start: int) -> Token:
    value: list[str] = []
    pattern: list[str] = []
    at = start + 1
    while at < len(query):
        char = query[at]
        if char == "'":
            return Token("text", start, query[start : at + 1], "".join(value), "".join(pattern))
        if char == "\x00":
            raise malformed(query, at, "unexpected char: 0x0")
        if char != "\\":
            value.append(char)
            pattern.append(char)
            at += 1
            continue
        meant, in_pattern, length = _escape(query, at)
        value.append(meant)
        pattern.append(in_pattern)
        at += length
    raise malformed(query, start, "Illegal character sequence: a string that does not end")


def _escape(query: str, at: int) -> tuple[str, str, int]:
    """What a backslash and its followers mean, the same inside a LIKE pattern, and how long it is."""
    char = query[at + 1 : at + 2]
    if char in ("%", "_"):
        return char, "\\" + char, 2
    if char in _ESCAPED and char:
        meant = _ESCAPED[char]
        return meant, "\\\\" if meant == "\\" else meant, 2
    code = query[at + 2 : at + 6]
    if char in ("u", "U") and re.fullmatch(r"[0-9A-Fa-f]{4}", code, re.ASCII):
        meant = chr(int(code, 16))
        if meant != "\x00" and not "\ud800" <= meant <= "\udfff":
            return meant, "\\\\" if meant == "\\" else meant, 6
    raise malformed(query, at, f"Illegal character sequence '{query[at : at + 2]}' in string literal")
