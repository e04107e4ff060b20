"""Structured logs: one JSON object a line, with request id and tenant, without secrets or personal data."""

import json
import logging
import re
from contextvars import ContextVar
from datetime import UTC, datetime

request_id: ContextVar[str] = ContextVar("request_id", default="")
_SECRET = re.compile(
    r"(?i)(password|secret|token|api[_-]?key|authorization|client_secret)(\"?\s*[=:]\s*\"?)([^\s\"&,;]+)"
)
_BEARER = re.compile(r"(?i)\bbearer\s+\S+")


def scrub(text: str) -> str:
    return _BEARER.sub("Bearer …", _SECRET.sub(r"\1\2…", text))


class Scrub(logging.Filter):
    """Last net: values that look like credentials never reach a handler."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        cleaned = scrub(message)
        if cleaned != message:
            record.msg, record.args = cleaned, ()
        return True


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        from cs_platform.tenancy.scope import current_tenant_id

        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id.get():
            line["request_id"] = request_id.get()
        tenant = current_tenant_id()
        if tenant is not None:
            line["tenant"] = str(tenant)
        if record.exc_info:
            line["error"] = scrub(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)
