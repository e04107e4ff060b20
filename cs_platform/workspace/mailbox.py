"""The demo's local mailbox, read for the eye: the mails that the mail server of the demo has kept.

`CS_MAILBOX_DIR` names its folder (docs/operations.md says what lies there). Nothing of it exists in production.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from django.conf import settings

FILE = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{8,80}\.eml")
NEWEST = 5000
TOLD = ("From", "To", "Reply-To", "Subject", "Date", "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post")
BASE = b'<base target="_blank">'


@dataclass(frozen=True)
class Mail:
    file: str
    sender: str
    to: str
    subject: str
    at: datetime


@dataclass(frozen=True)
class Opened:
    """A mail with its headers and its two texts."""

    mail: Mail
    headers: list[tuple[str, str]]
    text: str
    has_html: bool


def folder() -> Path | None:
    """Where the mails are; None where there is no mailbox to look into."""
    return Path(settings.CS_MAILBOX_DIR) if settings.CS_MAILBOX_DIR and settings.CS_ENV != "production" else None


def mails(place: Path, *, to: str = "", limit: int = 50, skip: int = 0) -> tuple[list[Mail], bool]:
    """The newest mails, of one recipient if one is asked for, and whether there are older ones."""
    found = [mail for mail in _lines(place) if to.lower() in mail.to.lower()]
    return found[skip : skip + limit], len(found) > skip + limit


def _lines(place: Path) -> Iterator[Mail]:
    try:
        lines = (place / "index.jsonl").read_text(errors="replace").splitlines()
    except OSError:
        return
    for line in reversed(lines[-NEWEST:]):
        try:
            mail = _mail(json.loads(line))
        except (ValueError, KeyError, TypeError):
            continue  # the line that is just being written
        yield mail


def _mail(line: dict[str, Any]) -> Mail:
    at = datetime.fromisoformat(line["at"])
    return Mail(line["file"], str(line["from"]), ", ".join(line["to"]), str(line["subject"]), at)


def opened(place: Path, file: str) -> Opened | None:
    message = _read(place, file)
    mail = next((mail for mail in _lines(place) if mail.file == file), None)
    if message is None or mail is None:
        return None
    headers = [(name, str(message[name])) for name in TOLD if message[name]]
    return Opened(mail, headers, _part(message, "plain"), message.get_body(("html",)) is not None)


def html_of(place: Path, file: str) -> bytes | None:
    """The HTML part as it was sent, with its links opening in a new window."""
    message = _read(place, file)
    html = _part(message, "html") if message is not None else ""
    return BASE + html.encode() if html else None


def _read(place: Path, file: str) -> EmailMessage | None:
    if not FILE.fullmatch(file):
        return None
    try:
        return message_from_bytes((place / file).read_bytes(), policy=policy.default)  # type: ignore[return-value]
    except OSError:
        return None


def _part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    try:
        return str(body.get_content()) if body is not None else ""
    except (LookupError, ValueError):
        return ""
