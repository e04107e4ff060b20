"""The worked examples of docs/api.md, read and played: each request goes to the product, each answer must look as told.

A request is a block `http request`; after it a line says the status and perhaps headers (`201 Created` · `ETag: "1"`),
then a block `json answer` shows the body. `<word>` in an answer stands for a value that is taken over at its first
place and must be the same at every other one, in requests too; `<…>` stands for anything. A key "…" says that there
are more keys. `<!-- clock: 2026-11-25T08:00:00Z -->` moves the clock, and the product does what is due then.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.test import Client

from cs_platform import ledger

PIECES = re.compile(
    r"<!-- clock: (?P<clock>\S+) -->"
    r"|^```http request\n(?P<request>.*?)^```$(?P<rest>.*?)(?=^```http request|^#|\Z|<!-- clock)",
    re.DOTALL | re.MULTILINE,
)
STATUS = re.compile(r"^`(\d{3}) [^`]+`((?: · `[^`]+`)*)$", re.MULTILINE)
HEADER = re.compile(r"`([A-Za-z-]+): ([^`]+)`")
ANSWER = re.compile(r"^```json answer\n(.*?)^```$", re.DOTALL | re.MULTILINE)
WORD = re.compile(r"<([a-z…][a-z …-]*)>")
MORE = "…"


@dataclass(frozen=True)
class Example:
    """One request and what is said of its answer."""

    line: str
    headers: dict[str, str]
    body: str
    status: int
    told_headers: dict[str, str]
    answer: Any
    has_answer: bool


def read(text: str) -> list[Example | datetime]:
    """The examples in order, with the moments to which the clock moves between them."""
    found: list[Example | datetime] = []
    for piece in PIECES.finditer(text):
        if piece["clock"]:
            found.append(datetime.fromisoformat(piece["clock"]))
            continue
        head, _, body = piece["request"].partition("\n\n")
        line, *lines = head.strip().split("\n")
        headers = dict(row.split(": ", 1) for row in lines)
        status, answer = STATUS.search(piece["rest"]), ANSWER.search(piece["rest"])
        if status is None:
            raise ValueError(f"{line}: no status is told")
        told = json.loads(answer[1]) if answer else None
        told_headers = dict(HEADER.findall(status[2]))
        found.append(Example(line, headers, body.strip(), int(status[1]), told_headers, told, answer is not None))
    return found


@dataclass
class Player:
    """Plays examples with one key; `known` holds what the placeholders stand for."""

    known: dict[str, str]
    set_clock: Callable[[datetime], None]
    now: datetime
    replace: dict[str, str] = field(default_factory=dict)
    client: Client = field(default_factory=Client)

    def move_clock(self, moment: datetime) -> None:
        self.now = moment
        self.set_clock(moment)
        ledger.tick(moment)
        ledger.drain(moment)

    def send(self, example: Example) -> Any:
        """The request, and then whatever follows from it in the background."""
        method, _, target = self.filled(example.line).partition(" ")
        headers = {"Authorization": f"Bearer {self.known['key']}"} | {
            name: self.filled(value) for name, value in example.headers.items()
        }
        headers = {name: value for name, value in headers.items() if value != "(none)"}
        body = {"data": self.filled(example.body), "content_type": "application/json"} if example.body else {}
        if not target.startswith("http"):  # a `next` is complete; what is written here is shown plain
            target = quote(target, safe="/?&=:,")
        answer = self.client.generic(method, target, headers=headers, **body)
        ledger.drain(self.now)
        return answer

    def filled(self, text: str) -> str:
        for told, real in self.replace.items():
            text = text.replace(told, real)
        return WORD.sub(lambda word: self.known[word[1]], text)

    # --- comparing --------------------------------------------------------------------------------------------------

    def differences(self, told: Any, real: Any, at: str = "") -> Iterator[str]:
        if isinstance(told, dict) and isinstance(real, dict):
            yield from self._of_objects(told, real, at)
        elif isinstance(told, list) and isinstance(real, list):
            if told[-1:] == [MORE]:
                told, real = told[:-1], real[: len(told) - 1]
            if len(told) != len(real):
                yield f"{at}: {len(real)} rows, told {len(told)}"
            for number, (one, other) in enumerate(zip(told, real, strict=False)):
                yield from self.differences(one, other, f"{at}.{number}")
        elif isinstance(told, str) and isinstance(real, str):
            if not self.matches(told, real):
                yield f"{at}: {real!r}, told {told!r}"
        elif type(told) is not type(real) or told != real:
            yield f"{at}: {real!r}, told {told!r}"

    def _of_objects(self, told: dict[str, Any], real: dict[str, Any], at: str) -> Iterator[str]:
        missing = [name for name in told if name not in real and name != MORE]
        if missing:
            yield f"{at}: there is no {', '.join(missing)}"
        unsaid = [name for name in real if name not in told]
        if unsaid and MORE not in told:
            yield f"{at}: {', '.join(unsaid)} not told"
        for name, value in told.items():
            if name in real and name != MORE:
                yield from self.differences(value, real[name], f"{at}.{name}")

    def matches(self, told: str, real: str) -> bool:
        for shown, meant in self.replace.items():
            real = real.replace(meant, shown)
        names: list[str] = []

        def piece(word: re.Match[str]) -> str:
            if word[1] == MORE:
                return ".*"
            if word[1] in self.known:
                return re.escape(self.known[word[1]])
            names.append(word[1])
            return "(.+)"

        pattern, last = "", 0
        for word in WORD.finditer(told):
            pattern += re.escape(told[last : word.start()]) + piece(word)
            last = word.end()
        found = re.fullmatch(pattern + re.escape(told[last:]), real, re.DOTALL)
        if found:
            self.known.update(zip(names, found.groups(), strict=True))
        return found is not None
