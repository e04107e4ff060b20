"""A text made ready once, so that each message is no more than joining pieces."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import nh3

from campaigns.content import fields, markup
from campaigns.content.fields import Values
from campaigns.content.merge import BadTemplate, Merge, parse

LONGEST_SUBJECT, LONGEST_BODY = 200, 50_000
TAGS = {"p", "br", "ul", "ol", "li", "strong", "a"}
Pieces = tuple[str | Merge, ...]


@dataclass(frozen=True)
class Rendered:
    """What one contact gets. `html` is the inner part, without frame and footer."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True)
class Compiled:
    subject: Pieces
    text: Pieces
    html: Pieces
    names: frozenset[str]

    def render(self, values: Values) -> Rendered:
        """`values` are raw: whatever a person or another system wrote in a name."""
        safe = {name: fields.clean(name, values.get(name, "")) for name in self.names}
        escaped = {name: html.escape(value) for name, value in safe.items()}
        return Rendered(_join(self.subject, safe), _join(self.text, safe), _join(self.html, escaped, True))


def _join(pieces: Pieces, values: Values, escape: bool = False) -> str:
    made = []
    for piece in pieces:
        if isinstance(piece, str):
            made.append(piece)
        else:
            made.append(values[piece.name] or (html.escape(piece.fallback) if escape else piece.fallback))
    return "".join(made)


@lru_cache(maxsize=2048)
def compile_template(subject: str, body: str) -> Compiled:
    """Refused (BadTemplate, with line and column) if a merge field is unknown, a link is not http or https, or the
    text is empty, too long or has characters that no mail can carry."""
    subject_pieces = _subject(subject)
    body = body.replace("\r\n", "\n").replace("\r", "\n")
    _check_characters("body", body, LONGEST_BODY)
    tokens, merges = _tokens(parse(body, "body"))

    def complain(offset: int, words: str) -> BadTemplate:
        return BadTemplate("body", body, _original(offset, merges), words)

    text = markup.to_text(tokens, complain)
    page = nh3.clean(
        markup.to_html(tokens, complain),
        tags=TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https"},
        link_rel="noopener noreferrer",
    )
    names = frozenset(piece.name for piece in (*subject_pieces, *merges) if isinstance(piece, Merge))
    return Compiled(tuple(subject_pieces), _pieces(text, merges), _pieces(page, merges), names)


def _subject(subject: str) -> list[str | Merge]:
    if "\n" in subject or "\r" in subject:
        raise BadTemplate("subject", subject, min(i for i in map(subject.find, "\r\n") if i >= 0), "one line only.")
    _check_characters("subject", subject, LONGEST_SUBJECT)
    return parse(subject, "subject")


def _check_characters(field: str, text: str, longest: int) -> None:
    if not text.strip():
        raise BadTemplate(field, text, 0, "write something here.", "required")
    if len(text) > longest:
        raise BadTemplate(field, text, longest, f"at most {longest:,} characters.", "too_long")
    strange = re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\uf8ff]", text)
    if strange:
        raise BadTemplate(field, text, strange.start(), "this character can not stand in a mail.", "bad_character")


def _tokens(pieces: Sequence[str | Merge]) -> tuple[str, list[Merge]]:
    merges = [piece for piece in pieces if isinstance(piece, Merge)]
    made, count = [], 0
    for piece in pieces:
        if isinstance(piece, str):
            made.append(piece)
        else:
            made.append(chr(markup.TOKEN + count))
            count += 1
    return "".join(made), merges


def _original(offset: int, merges: list[Merge]) -> int:
    """Where a place of the shortened text is in the text as it was written."""
    shift = 0
    for merge in merges:
        if merge.offset >= offset + shift:
            break
        shift += merge.length - 1
    return offset + shift


def _pieces(text: str, merges: list[Merge]) -> Pieces:
    made: list[str | Merge] = []
    for part in re.split("([\ue000-\uf8ff])", text):
        if len(part) == 1 and markup.TOKEN <= ord(part) < markup.TOKEN + len(merges):
            made.append(merges[ord(part) - markup.TOKEN])
        elif part:
            made.append(part)
    return tuple(made)
