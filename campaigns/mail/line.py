"""The line to the mail server: one connection for many mails, and what became of each of them.

The library's `sendmail()` can not say whether a line broke before or after the text was handed over. That is the one
thing that decides whether a mail may be sent again, so the steps are taken one by one here.
"""

import contextlib
import re
import smtplib
import ssl
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import Self

from django.conf import settings


class Fate(Enum):
    SENT = "sent"  # the server took it
    DEFERRED = "deferred"  # not now (4xx)
    REFUSED = "refused"  # never (5xx)
    UNKNOWN = "unknown"  # the line broke after the text was handed over
    BROKEN = "broken"  # the line broke before that: nothing was sent


@dataclass(frozen=True)
class Outcome:
    fate: Fate
    words: str = ""


class Unreachable(Exception):
    """The server can not be used by anybody now: it does not answer, or refuses us or our sender's address."""


class Line:
    """`with Line() as line: line.deliver(…)`. Connects when it is needed, and again after it broke."""

    def __init__(self) -> None:
        self._smtp: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                smtp.quit()
            smtp.close()

    def open(self) -> smtplib.SMTP:
        """The connection. Unreachable if there is none to be had."""
        if self._smtp is not None:
            return self._smtp
        try:
            self._smtp = _connect()
        except (smtplib.SMTPException, OSError) as error:
            raise Unreachable(f"the mail server can not be reached: {_words(error)}") from error
        return self._smtp

    def deliver(self, sender: str, recipient: str, mail: bytes) -> Outcome:
        """Hands one mail over. Unreachable if the server refuses the sender, which concerns every mail."""
        smtp = self.open()
        try:
            refusal = self._address(smtp, sender, recipient)
            if refusal is not None:
                return refusal
            code, answer = smtp.docmd("DATA")
            if code != 354:
                return self._answer(code, answer)
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            return Outcome(Fate.BROKEN, _words(error))
        try:
            smtp.send(_dotted(mail))
            code, answer = smtp.getreply()
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            return Outcome(Fate.UNKNOWN, _words(error))
        return Outcome(Fate.SENT, _said(code, answer)) if code == 250 else self._answer(code, answer)

    def _address(self, smtp: smtplib.SMTP, sender: str, recipient: str) -> Outcome | None:
        options = []
        if not recipient.isascii():
            if not smtp.has_extn("smtputf8"):
                return Outcome(Fate.REFUSED, "the mail server does not take addresses with letters beyond ASCII")
            options = ["SMTPUTF8"]
            smtp.command_encoding = "utf-8"
        try:
            code, answer = smtp.mail(sender, options)
            if code != 250:
                broken = code == 421
                self._drop() if broken else smtp.rset()
                if broken:
                    return Outcome(Fate.BROKEN, _said(code, answer))
                raise Unreachable(f"the mail server refuses the sender {sender}: {_said(code, answer)}")
            code, answer = smtp.rcpt(recipient)
        finally:
            smtp.command_encoding = "ascii"
        return None if code in (250, 251) else self._answer(code, answer)

    def _answer(self, code: int, answer: bytes) -> Outcome:
        """A mail that was not taken; the line stays usable unless the server says that it leaves."""
        if code == 421:
            self._drop()
            return Outcome(Fate.BROKEN, _said(code, answer))
        if self._smtp is not None:
            try:
                self._smtp.rset()
            except (smtplib.SMTPException, OSError):
                self._drop()
        return Outcome(Fate.REFUSED if code >= 500 else Fate.DEFERRED, _said(code, answer))

    def _drop(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None


def _connect() -> smtplib.SMTP:
    kind = smtplib.SMTP_SSL if settings.EMAIL_USE_SSL else smtplib.SMTP
    smtp = kind(settings.EMAIL_HOST, settings.EMAIL_PORT, timeout=settings.EMAIL_TIMEOUT)
    try:
        smtp.ehlo_or_helo_if_needed()
        if settings.EMAIL_USE_TLS:
            smtp.starttls(context=ssl.create_default_context())
        if settings.EMAIL_HOST_USER:
            smtp.login(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)
    except BaseException:
        smtp.close()
        raise
    return smtp


def _dotted(mail: bytes) -> bytes:
    quoted = re.sub(rb"(?m)^\.", b"..", mail)
    return quoted + (b"" if quoted.endswith(b"\r\n") else b"\r\n") + b".\r\n"


def _said(code: int, answer: bytes) -> str:
    words = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)
    return f"{code} {' '.join(words.split())}".replace("\x00", "")[:400]


def _words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        answer = error.smtp_error
        return _said(error.smtp_code, answer if isinstance(answer, bytes) else str(answer).encode())
    return f"{type(error).__name__}: {error}".replace("\x00", "")[:300]
