"""The little markup of a body: paragraphs, lists with `- ` or `1. `, `**bold**`, `[words](https://…)` and bare
addresses. Everything else is text.

Merge fields have been replaced by one character each (a private-use one) before the text comes here, so that what they
will hold can not be read as markup.
"""

import html
import re
from collections.abc import Callable
from urllib.parse import urlsplit

TOKEN = 0xE000  # the first of the private-use characters
_TOKENS = re.compile("[\ue000-\uf8ff]")
_INLINE = re.compile(
    r"\[(?P<label>[^\[\]\n]{1,300})\]\((?P<target>[^)\s]{0,2000})\)"
    r"|(?P<bare>\bhttps?://[^\s<>\"'()\[\]]{1,2000})"
    r"|\*\*(?P<bold>[^*\n]{1,500})\*\*"
)
_ITEM = re.compile(r"(?:- |\d{1,3}\. )")
Complain = Callable[[int, str], Exception]


def to_html(body: str, complain: Complain) -> str:
    blocks: list[str] = []
    for start, lines in _blocks(body):
        if all(_ITEM.match(line) for line in lines):
            blocks.append(_list(start, lines, complain))
        else:
            blocks.append("<p>" + "<br>".join(_lines(start, lines, complain, _html_piece)) + "</p>")
    return "\n".join(blocks)


def to_text(body: str, complain: Complain) -> str:
    found = ["\n".join(_lines(start, lines, complain, _text_piece)) for start, lines in _blocks(body)]
    return "\n\n".join(found)


def _blocks(body: str) -> list[tuple[int, list[str]]]:
    """Lines of one kind that follow each other, with the offset of the first."""
    blocks: list[tuple[int, list[str]]] = []
    offset, previous = 0, ""
    for line in body.split("\n"):
        kind = "" if not line.strip() else "item" if _ITEM.match(line) else "text"
        if kind and kind == previous:
            blocks[-1][1].append(line.rstrip())
        elif kind:
            blocks.append((offset, [line.rstrip()]))
        previous = kind
        offset += len(line) + 1
    return blocks


def _list(start: int, lines: list[str], complain: Complain) -> str:
    tag = "ul" if lines[0].startswith("- ") else "ol"
    items, offset = [], start
    for line in lines:
        marker = _ITEM.match(line)
        skip = marker.end() if marker else 0
        items.append(f"<li>{_inline(line[skip:], offset + skip, complain, _html_piece)}</li>")
        offset += len(line) + 1
    return f"<{tag}>{''.join(items)}</{tag}>"


Piece = Callable[[str, str, str], str]


def _lines(start: int, lines: list[str], complain: Complain, piece: Piece) -> list[str]:
    made, offset = [], start
    for line in lines:
        made.append(_inline(line, offset, complain, piece))
        offset += len(line) + 1
    return made


def _inline(line: str, offset: int, complain: Complain, piece: Piece) -> str:
    made, position = [], 0
    for found in _INLINE.finditer(line):
        made.append(piece("text", line[position : found.start()], ""))
        if found["bold"] is not None:
            made.append(piece("bold", found["bold"], ""))
        else:
            target, rest = _target(found, offset, complain)
            made += [piece("link", found["label"] or target, target), piece("text", rest, "")]
        position = found.end()
    return "".join([*made, piece("text", line[position:], "")])


def _target(found: re.Match[str], offset: int, complain: Complain) -> tuple[str, str]:
    target, rest = found["target"], ""
    if target is None:
        target = found["bare"].rstrip(".,;:!?")
        rest = found["bare"][len(target) :]
    at = offset + found.start()
    if _TOKENS.search(target):
        raise complain(at, "a merge field can not be part of an address.")
    try:
        parts = urlsplit(target)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        good = False
    if not good:
        raise complain(at, "a link goes to an address that begins with https:// or http://.")
    return target, rest


def _html_piece(kind: str, words: str, target: str) -> str:
    safe = html.escape(words)
    if kind == "bold":
        return f"<strong>{safe}</strong>"
    return f'<a href="{html.escape(target)}">{safe}</a>' if kind == "link" else safe


def _text_piece(kind: str, words: str, target: str) -> str:
    return f"{words} ({target})" if kind == "link" and words != target else words
