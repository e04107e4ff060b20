"""The bytes of one mail.

Built by hand: the library's own generator takes ten times as long, which at a hundred thousand mails is most of the
run. A test parses what comes out and compares. No header takes a line break: it is an error here, whatever checked
before.
"""

import binascii
import html
import re
from dataclasses import dataclass, field
from email.header import Header
from email.utils import format_datetime, quote
from functools import lru_cache

from campaigns.content import Rendered

CRLF = "\r\n"
QUOTED = "Content-Transfer-Encoding: quoted-printable"
_BREAK = re.compile(r"[\r\n\x00]")


class BadHeader(ValueError):
    """A header value with a line break: somebody tries to add a header."""


@dataclass(frozen=True)
class Sender:
    """Who writes, for a whole batch: the same for all recipients of a tenant."""

    name: str
    address: str
    reply_to: str = ""
    postal_address: str = ""
    colour: str = ""
    organisation: str = ""
    domain: str = field(default="")


@dataclass(frozen=True)
class Leave:
    """How to get no more of this: the address of the page, and what it stops, in words."""

    url: str
    words: str


def message_bytes(
    *, rendered: Rendered, sender: Sender, to: str, reply_to: str, message_id: str, date: str, leave: Leave
) -> bytes:
    boundary = f"=_{message_id.strip('<>').partition('@')[0]}"
    headers = [
        ("From", _person(sender.name, sender.address)),
        ("To", to),
        ("Reply-To", reply_to),
        ("Subject", _encoded(rendered.subject)),
        ("Date", date),
        ("Message-ID", message_id),
        ("List-Unsubscribe", f"<{leave.url}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("Auto-Submitted", "auto-generated"),
        ("MIME-Version", "1.0"),
        ("Content-Type", f'multipart/alternative; boundary="{boundary}"'),
    ]
    lines = [_header(name, value) for name, value in headers if value]
    text = f"{rendered.text}\n\n-- \n{_text_footer(sender, leave)}\n"
    return b"".join(
        (
            CRLF.join(lines).encode(),
            b"\r\n\r\n",
            _part(boundary, "plain", text),
            _part(boundary, "html", _page(rendered, sender, leave)),
            f"--{boundary}--\r\n".encode(),
        )
    )


def date_header(now: object) -> str:
    return format_datetime(now)  # type: ignore[arg-type]


def _header(name: str, value: str) -> str:
    if _BREAK.search(value.replace("\r\n ", "")):
        raise BadHeader(name)
    return f"{name}: {value}"


def _encoded(value: str) -> str:
    if _BREAK.search(value):
        raise BadHeader("Subject")
    if value.isascii() and len(value) < 60 and "=?" not in value:
        return value
    # A fresh run of words for each line, so that no line is longer than a mail server must take.
    return Header(value, "utf-8", maxlinelen=70, header_name="Subject").encode(linesep=CRLF)


@lru_cache(maxsize=256)
def _person(name: str, address: str) -> str:
    if _BREAK.search(name) or _BREAK.search(address):
        raise BadHeader("From")
    if not name:
        return address
    words = f'"{quote(name)}"' if name.isascii() else Header(name, "utf-8", maxlinelen=70).encode(linesep=CRLF)
    return f"{words} <{address}>"


def _part(boundary: str, kind: str, content: str) -> bytes:
    head = f"--{boundary}\r\nContent-Type: text/{kind}; charset=utf-8\r\n{QUOTED}\r\n\r\n"
    encoded = binascii.b2a_qp(content.encode(), istext=True).replace(b"\n", b"\r\n")
    return head.encode() + encoded + b"\r\n"


def _text_footer(sender: Sender, leave: Leave) -> str:
    lines = [f"{leave.words} Unsubscribe: {leave.url}", _one_address(sender)]
    return "\n".join(line for line in lines if line)


def _one_address(sender: Sender) -> str:
    return ", ".join(part for part in (sender.organisation, " ".join(sender.postal_address.split())) if part)


def _page(rendered: Rendered, sender: Sender, leave: Leave) -> str:
    top, bottom = _frame(sender.colour, _one_address(sender))
    way_out = f'{html.escape(leave.words)} <a href="{html.escape(leave.url)}" style="color:#667085">Unsubscribe</a>'
    return f"{top}{rendered.html}{bottom[0]}{way_out}{bottom[1]}"


@lru_cache(maxsize=256)
def _frame(colour: str, address: str) -> tuple[str, tuple[str, str]]:
    line = colour if re.fullmatch("#[0-9a-f]{6}", colour) else "#d0d5dd"
    top = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"></head>\n'
        '<body style="margin:0;background:#ffffff;color:#1d2939;font:16px/1.55 Helvetica,Arial,sans-serif">\n'
        f'<div style="max-width:600px;margin:0 auto;padding:24px;border-top:4px solid {line}">\n'
    )
    foot = '\n<div style="margin-top:32px;padding-top:16px;border-top:1px solid #eaecf0;color:#667085;font-size:13px">'
    return top, (foot, f"<br>{html.escape(address)}</div>\n</div></body></html>\n")
