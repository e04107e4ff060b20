"""Structured logs: one JSON object a line, with request or work, tenant and actor, without secrets or personal data.

A line is written where something happens; who and where is added here, from what the process is at.
"""

import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

request_id: ContextVar[str] = ContextVar("request_id", default="")
_request: ContextVar[Any] = ContextVar("request", default=None)
_work: ContextVar[dict[str, Any] | None] = ContextVar("work", default=None)

_NAME = (
    r"(?:[\w-]*(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|private[_-]?key|secret[_-]?key|encryption[_-]?keys?|assertion)|authorization|cookie"
    r"|csrfmiddlewaretoken|sessionid|(?:access|write)[_-]?key)"
)
_SECRET = re.compile(rf"(?i)({_NAME})([\"']?\s*(?:=>|[=:])\s*)(?:\"[^\"]*\"|'[^']*'|[^\s\"'&,;)}}\]]+)")
_SCHEME = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=!-]{6,}")
_URL_LOGIN = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s/@]+@")
_OURS = re.compile(r"\bcs_[0-9A-Za-z]{4,}_[\w-]{8,}|\bv1\.[A-Za-z0-9+/]{24,}=*|\b00D[A-Za-z0-9]{12,15}![\w.]+")
_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)", re.DOTALL)
_ADDRESS = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
_ROW = re.compile(r"(?m)^(DETAIL|CONTEXT|LINE \d+|HINT):.*$")  # PostgreSQL quotes values of the row there


def scrub(text: str) -> str:
    """Cuts out what looks like a credential, an e-mail address, or a value that the database quoted."""
    text = _PEM.sub("…", text)
    text = _SCHEME.sub(r"\1 …", text)
    text = _SECRET.sub(r"\1\2…", text)
    text = _URL_LOGIN.sub(r"\1…@", text)
    text = _OURS.sub("…", text)
    text = _ROW.sub(r"\1: …", text)
    return _ADDRESS.sub("…@…", text)


@contextmanager
def during_request(reference: str, request: Any) -> Iterator[None]:
    """Lines written within carry the request's id and, as soon as it is known, who asks."""
    by_id, by_request = request_id.set(reference), _request.set(request)
    try:
        yield
    finally:
        _request.reset(by_request)
        request_id.reset(by_id)


@contextmanager
def during_work(**words: Any) -> Iterator[None]:
    """Lines written within carry these words: the kind and number of the outbox row, or the minute's function."""
    token = _work.set(words)
    try:
        yield
    finally:
        _work.reset(token)


def route_of(request: Any) -> str:
    """The name of the address, which says what was asked without saying about whom."""
    found = getattr(request, "resolver_match", None)
    return str(found.view_name or "") if found else ""


def _actor_of(request: Any) -> str:
    actor = getattr(getattr(request, "who", None), "actor", None)
    return f"{actor.kind}:{actor.id}" if actor else ""


class Scrub(logging.Filter):
    """Last net: values that look like credentials never reach a handler, nor does the address of a failed request."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        if request is not None and record.name.startswith("django."):
            reason = record.args[0] if isinstance(record.args, tuple) and record.args else record.levelname
            record.msg, record.args = "%s: %s", (reason, route_of(request) or "(no such address)")
        message = record.getMessage()
        cleaned = scrub(message)
        if cleaned != message:
            record.msg, record.args = cleaned, ()
        return True


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        from cs_platform.tenancy.scope import current_tenant_id

        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": scrub(record.getMessage()),
        }
        request, who = _request.get(), getattr(_request.get(), "who", None)
        tenant = current_tenant_id() or getattr(who, "tenant_id", None)
        about = {
            "request_id": request_id.get(),
            "tenant": "" if tenant is None else str(tenant),
            "actor": _actor_of(request),
            **(_work.get() or {}),
            **getattr(record, "more", {}),
        }
        line |= {name: value for name, value in about.items() if value != ""}
        if record.exc_info:
            line["error"] = scrub(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)
