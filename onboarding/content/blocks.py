"""The little markup: `# ` and `## ` begin a heading, `- ` an item of a list, `[ ] ` one to tick, an empty line ends a
paragraph, `**words**` are bold. Everything else is text; templates escape it."""

import re
from dataclasses import dataclass, field

_BOLD = re.compile(r"\*\*([^*\n]{1,500})\*\*")
_MARKS = (("heading", "# "), ("section", "## "), ("item", "- "), ("tick", "[ ] "))


@dataclass(frozen=True)
class Span:
    text: str
    is_bold: bool = False


@dataclass(frozen=True)
class Block:
    """A heading, a section, a paragraph, or a list (item, tick); `lines` are its lines in spans."""

    kind: str
    lines: tuple[tuple[Span, ...], ...] = field(default=())


def blocks(text: str) -> list[Block]:
    found: list[tuple[str, list[tuple[Span, ...]]]] = []
    previous = ""
    for line in text.split("\n"):
        kind, words = _kind(line.rstrip())
        goes_on = kind == previous and kind in ("item", "tick", "paragraph")
        if kind and goes_on:
            found[-1][1].append(_spans(words))
        elif kind:
            found.append((kind, [_spans(words)]))
        previous = kind
    return [Block(kind, tuple(lines)) for kind, lines in found]


def plain_text(text: str) -> str:
    """For whoever can not show the markup: without the stars."""
    return _BOLD.sub(r"\1", text)


def _kind(line: str) -> tuple[str, str]:
    for kind, mark in _MARKS:
        if line.startswith(mark) or (kind == "item" and line == "-"):
            return kind, line[len(mark) :].strip()
    return ("paragraph", line) if line.strip() else ("", "")


def _spans(words: str) -> tuple[Span, ...]:
    made, position = [], 0
    for bold in _BOLD.finditer(words):
        made += [Span(words[position : bold.start()]), Span(bold[1], is_bold=True)]
        position = bold.end()
    return tuple(span for span in [*made, Span(words[position:])] if span.text)
