"""A meeting as a calendar file (RFC 5545): lines folded and escaped, times in UTC so that no zone table is needed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

MOST = 75


@dataclass(frozen=True)
class Event:
    """`sequence` grows when the meeting moves, so that a calendar which has it takes the newer one."""

    uid: str
    sequence: int
    subject: str
    text: str
    place: str
    starts_at: datetime
    ends_at: datetime
    written_at: datetime
    attendees: tuple[tuple[str, str], ...]  # (name, address)
    is_called_off: bool = False


def calendar(event: Event, product: str) -> str:
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:-//{_text(product)}//hand-off//EN",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:{event.uid}",
        f"SEQUENCE:{event.sequence}",
        f"DTSTAMP:{_moment(event.written_at)}",
        f"DTSTART:{_moment(event.starts_at)}",
        f"DTEND:{_moment(event.ends_at)}",
        f"SUMMARY:{_text(event.subject)}",
        f"STATUS:{'CANCELLED' if event.is_called_off else 'CONFIRMED'}",
        *([f"LOCATION:{_text(event.place)}"] if event.place else []),
        *([f"DESCRIPTION:{_text(event.text)}"] if event.text else []),
        *(f'ATTENDEE;CN="{_name(name)}":mailto:{address}' for name, address in event.attendees),
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(f"{folded}\r\n" for line in lines for folded in _folded(line))


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _text(words: str) -> str:
    for char, escaped in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r\n", "\\n"), ("\n", "\\n"), ("\r", "\\n")):
        words = words.replace(char, escaped)
    return words


def _name(words: str) -> str:
    """A quoted parameter can hold neither a quote nor a control character."""
    return "".join(" " if char in '"\r\n' or ord(char) < 32 else char for char in words)


def _folded(line: str) -> Iterable[str]:
    """At most 75 octets in a line, never within a character; what follows begins with a space."""
    piece, size, limit = "", 0, MOST
    for char in line:
        width = len(char.encode())
        if size + width > limit:
            yield piece
            piece, size = " ", 1
        piece += char
        size += width
    yield piece
