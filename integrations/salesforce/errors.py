"""One error for everything that can go wrong between Salesforce and us, and the one place that decides which kind it
is.
"""

from __future__ import annotations

from typing import Any, Literal

Kind = Literal["auth", "limit_daily", "limit_concurrent", "lock", "transient", "permanent", "nonsense"]

#: Kinds that a later attempt may cure without a person doing anything.
PASSING: frozenset[str] = frozenset({"limit_daily", "limit_concurrent", "lock", "transient", "nonsense"})

_AUTH_CODES = {
    "INVALID_SESSION_ID",
    "INVALID_LOGIN",
    "INVALID_AUTH_HEADER",
    "LOGIN_MUST_USE_SECURITY_TOKEN",
    "INVALID_CLIENT",
    "INVALID_CLIENT_ID",
    "INVALID_CLIENT_CREDENTIALS",
    "INVALID_GRANT",
    "UNAUTHORIZED_CLIENT",
    "UNSUPPORTED_GRANT_TYPE",
    "INACTIVE_USER",
    "USER_LOCKED_OUT",
    "PASSWORD_LOCKOUT",
}
_TRANSIENT_CODES = {
    "SERVER_UNAVAILABLE",
    "UNKNOWN_EXCEPTION",
    "QUERY_TIMEOUT",
    "OPERATION_TOO_LARGE",
    "SERVER_ERROR",
    "TEMPORARILY_UNAVAILABLE",
    "LOGIN_RATE_EXCEEDED",
}
_TRANSIENT_STATUS = {408, 425, 429, 500, 502, 503, 504, 520}


class SalesforceError(Exception):
    """Salesforce could not or would not answer as we need.

    `kind` tells what to do, `permanent` whether doing the same again is useless, `code` is Salesforce's own word if
    it gave one.
    """

    def __init__(self, kind: Kind, message: str, *, permanent: bool | None = None, code: str = "") -> None:
        super().__init__(message)
        self.kind: Kind = kind
        self.message = message
        self.code = code
        self.permanent = (kind not in PASSING) if permanent is None else permanent

    def __str__(self) -> str:
        return self.message


def classify(status: int, content: Any) -> SalesforceError:
    """The error behind a refused answer: Salesforce's error code first, then the HTTP status."""
    code, words = _code_and_words(content)
    upper = code.upper().removeprefix("SF:")
    if upper == "REQUEST_LIMIT_EXCEEDED":
        return _limit(words)
    if upper in _AUTH_CODES or status == 401:
        return SalesforceError("auth", words or "Salesforce does not accept this session.", code=code, permanent=False)
    if upper == "UNABLE_TO_LOCK_ROW":
        return SalesforceError("lock", words, code=code)
    if upper in _TRANSIENT_CODES or status in _TRANSIENT_STATUS:
        return SalesforceError("transient", f"Salesforce is not available now ({status}): {words}", code=code)
    if 300 <= status < 400:
        return SalesforceError(
            "permanent", f"Salesforce answered with a redirect ({status}), which is not followed.", code=code
        )
    if not code:
        return SalesforceError("nonsense", f"Salesforce answered {status} with a page that is not JSON: {words}")
    return SalesforceError("permanent", f"{code}: {words}", code=code)


def _limit(words: str) -> SalesforceError:
    """REQUEST_LIMIT_EXCEEDED has several meanings: the day is used up, or too many long calls run at once."""
    if "concurrent" in words.lower():
        return SalesforceError("limit_concurrent", words, code="REQUEST_LIMIT_EXCEEDED")
    return SalesforceError("limit_daily", words or "The daily API limit is used up.", code="REQUEST_LIMIT_EXCEEDED")


def _code_and_words(content: Any) -> tuple[str, str]:
    """Salesforce says errors as a list of dicts (REST), as one dict (OAuth), or as a page of HTML (a proxy,
    maintenance).
    """
    if isinstance(content, list) and content and isinstance(content[0], dict):
        content = content[0]
    if isinstance(content, dict):
        code = content.get("errorCode") or content.get("error") or ""
        words = content.get("message") or content.get("error_description") or ""
        return str(code)[:80], _shorten(str(words))
    if isinstance(content, bytes):
        content = content.decode("utf-8", "replace")
    return "", _shorten(str(content or ""))


def _shorten(text: str) -> str:
    """A whole maintenance page is no reason: its first words are."""
    flat = " ".join(text.replace("\x00", "").split())
    return flat if len(flat) <= 200 else flat[:197] + "..."
