"""JSON in, strictly: what another reader could understand differently, or what no column can hold, is refused."""

import json
from collections.abc import Mapping
from typing import Any, NoReturn

import orjson
from rest_framework import parsers

from cs_platform.people.api.errors import Problem

MAX_BYTES = 10 * 1024 * 1024
MAX_DEPTH = 50
BIGGEST = 2**63 - 1


def refuse(detail: str) -> NoReturn:
    raise Problem(400, "malformed", detail)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        refuse(f"The name {twice[:60]!r} is given twice in one object.")
    return found


def _inspect(data: Any) -> None:
    """Depth, NUL and numbers, without recursion: a hostile body must not exhaust the stack."""
    level = [data]
    for _ in range(MAX_DEPTH + 1):
        deeper: list[Any] = []
        for value in level:
            if isinstance(value, str):
                if "\x00" in value:
                    refuse("A text holds a NUL character, which no text can contain.")
            elif isinstance(value, dict):
                deeper.extend(value)
                deeper.extend(value.values())
            elif isinstance(value, list):
                deeper.extend(value)
            elif isinstance(value, int) and not -BIGGEST <= value <= BIGGEST:
                refuse("A whole number does not fit into 64 bits.")
        if not deeper:
            return
        level = deeper
    refuse(f"The body is nested deeper than {MAX_DEPTH} levels.")


def loads(body: bytes) -> Any:
    """The value of a JSON text. Refused: NaN and Infinity, doubled names, lone surrogates, NUL, numbers beyond 64
    bits or beyond a double, more than 50 levels, anything that is not UTF-8."""
    try:
        orjson.loads(body)  # knows surrogates, NaN, infinite numbers, broken UTF-8; ends at 1,024 levels
        data = json.loads(body, object_pairs_hook=_pairs)
    except RecursionError:
        refuse(f"The body is nested deeper than {MAX_DEPTH} levels.")
    except ValueError as error:  # both libraries' errors, and whole numbers of thousands of digits
        refuse(f"The body is not valid JSON: {str(error)[:200]}.")
    _inspect(data)
    return data


class StrictJSONParser(parsers.BaseParser):
    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        return loads(stream.read(MAX_BYTES + 1))
