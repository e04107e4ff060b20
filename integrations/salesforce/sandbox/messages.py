"""A request as the handler read it, and an answer before it goes on the wire."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from integrations.salesforce.sandbox.problems import Problem


@dataclass(frozen=True)
class Request:
    """`path` is as it came, percent-encoded; header names are in lower case; `host` is what the client called us."""

    method: str
    path: str
    raw_query: str
    headers: Mapping[str, str]
    body: bytes
    host: str

    @property
    def query(self) -> dict[str, str]:
        """The last value of each parameter."""
        return _flat(self.raw_query)

    def form(self) -> dict[str, str]:
        """A posted form; several boxes of one name are joined by a semicolon, as a multi-select picklist is."""
        return _flat(self.body.decode("utf-8", "replace"), joined=True)

    def json(self) -> Any:
        """The posted JSON. Refused (JSON_PARSER_ERROR) if it is none."""
        try:
            return json.loads(self.body.decode("utf-8"), parse_constant=_no_constant)
        except (ValueError, RecursionError) as exc:
            raise Problem("JSON_PARSER_ERROR", f"The HTTP entity body is not valid JSON: {exc}"[:300]) from None

    def json_object(self) -> dict[str, Any]:
        given = self.json()
        if not isinstance(given, dict):
            raise Problem("JSON_PARSER_ERROR", "The HTTP entity body must be a JSON object")
        return given


@dataclass
class Answer:
    """`body` is JSON unless it is text or bytes already. `delivery`: plain, drip, hole (never sent), cut (line cut)."""

    status: int = 200
    body: Any = None
    kind: str = "application/json;charset=UTF-8"
    headers: dict[str, str] = field(default_factory=dict)
    delivery: str = "plain"
    pause: float = 1.0
    rows: int | None = None

    def content(self) -> bytes:
        if self.body is None:
            return b""
        if isinstance(self.body, bytes):
            return self.body
        if isinstance(self.body, str):
            return self.body.encode("utf-8", "replace")
        return json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def refusal(problem: Problem) -> Answer:
    """The answer of a refused REST call."""
    return Answer(problem.status, [problem.as_json()])


def _flat(text: str, *, joined: bool = False) -> dict[str, str]:
    try:
        found = parse_qs(text, keep_blank_values=True, max_num_fields=2000)
    except ValueError:
        raise Problem("MALFORMED_REQUEST", "There are too many parameters") from None
    return {name: ";".join(given) if joined else given[-1] for name, given in found.items()}


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")
