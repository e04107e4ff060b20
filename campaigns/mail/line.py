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

# What a good answer is to MAIL, RCPT and DATA, and what can not stand in an address between "<" and ">".
_GOOD = ((250,), (250, 251), (354,))
_UNFIT = re.compile(r"[\s<>\x00-\x1f\x7f]")

# A line that broke so often in a row is left alone for a while: each time, nobody knows what became of a mail.
MOST_BREAKS = 3


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
        self._breaks = 0  # in a row

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
        if self._breaks >= MOST_BREAKS:
            raise Unreachable("the line to the mail server breaks off again and again")
        try:
            self._smtp = _connect()
        except (smtplib.SMTPException, OSError) as error:
            raise Unreachable(f"the mail server can not be reached: {_words(error)}") from error
        return self._smtp

    def deliver(self, sender: str, recipient: str, mail: bytes) -> Outcome:
        """Hands one mail over. Unreachable if the server refuses the sender, which concerns every mail."""
        smtp = self.open()
        try:
            refusal = self._ask(smtp, sender, recipient)
        except (smtplib.SMTPException, OSError) as error:
            return self._broken(Fate.BROKEN, error)
        if refusal is not None:
            return refusal
        try:
            smtp.send(_dotted(mail))
            code, answer = smtp.getreply()
        except (smtplib.SMTPException, OSError) as error:
            return self._broken(Fate.UNKNOWN, error)
        self._breaks = 0
        return Outcome(Fate.SENT, _said(code, answer)) if code == 250 else self._answer(code, answer)

    def _ask(self, smtp: smtplib.SMTP, sender: str, recipient: str) -> Outcome | None:
        """Sender, recipient and "may I" (DATA): None when the server waits for the text. They go in one packet to a
        server that takes them so (RFC 2920), which is two ways there and back less for each mail."""
        if _UNFIT.search(sender) or _UNFIT.search(recipient):
            return Outcome(Fate.REFUSED, "the address can not be written into a mail")
        option = ""
        if not recipient.isascii():
            if not smtp.has_extn("smtputf8"):
                return Outcome(Fate.REFUSED, "the mail server does not take addresses with letters beyond ASCII")
            option = " SMTPUTF8"
        commands = (f"MAIL FROM:<{sender}>{option}\r\n", f"RCPT TO:<{recipient}>\r\n", "DATA\r\n")
        if smtp.has_extn("pipelining"):
            smtp.send("".join(commands).encode())
            answers = [smtp.getreply() for _ in commands]
        else:
            answers = []
            for command, good in zip(commands, _GOOD, strict=True):
                smtp.send(command.encode())
                answers.append(smtp.getreply())
                if answers[-1][0] not in good:
                    break
        return self._judged(sender, answers)

    def _judged(self, sender: str, answers: list[tuple[int, bytes]]) -> Outcome | None:
        wrong = next((n for n, (code, _) in enumerate(answers) if code not in _GOOD[n]), None)
        if wrong is None:
            return None
        code, answer = answers[wrong]
        if answers[-1][0] == 354:  # it waits for a text that nobody shall get; without the end of it nothing is sent
            self._drop()
        outcome = self._answer(code, answer)
        if wrong == 0 and code != 421:
            raise Unreachable(f"the mail server refuses the sender {sender}: {_said(code, answer)}")
        return outcome

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

    def _broken(self, fate: Fate, error: Exception) -> Outcome:
        self._breaks += 1
        self._drop()
        return Outcome(fate, _words(error))

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
