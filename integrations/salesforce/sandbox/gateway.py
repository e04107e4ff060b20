"""The front of the API: session, limits, faults, counters and the log around every call."""

from __future__ import annotations

import gzip
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from integrations.salesforce.sandbox import describe, oauth, rest
from integrations.salesforce.sandbox.bulk import Jobs
from integrations.salesforce.sandbox.messages import Answer, Request, refusal
from integrations.salesforce.sandbox.problems import Problem, not_found
from integrations.salesforce.sandbox.queries import Cursors

if TYPE_CHECKING:
    from integrations.salesforce.sandbox.org import SandboxOrg

#: Faults that strike before anybody asks who calls, then those of a known caller, then those that spoil an answer.
_AT_THE_DOOR = ("black_hole", "maintenance", "server_error", "unauthorized", "unauthorized_html")
_LIMITS = ("limit_concurrent", "limit_daily")
_ON_THE_WAY_OUT = ("lost_answer", "truncated_json", "empty_body", "wrong_shape", "gzip_bomb", "slow_drip")
_PAGE = (
    "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1><p>{1}</p></body></html>"
    "<!-- this page is not JSON -->"
)
_BOMB_SIZE = 200_000_000


@dataclass
class Gateway:
    """Answers everything under /services. Cursors and jobs are those of this process."""

    org: SandboxOrg
    cursors: Cursors = field(default_factory=Cursors)
    jobs: Jobs = field(default_factory=Jobs)
    _calls_of_session: Counter[str] = field(default_factory=Counter)

    def respond(self, request: Request) -> Answer:
        """One call from its first fault to its line in the log."""
        began = time.perf_counter()
        is_login = not request.path.startswith("/services/data")
        kind = "login" if is_login else rest.kind_of(request.method, request.path)
        self.org.calls[kind] += 1
        struck: list[str] = []
        try:
            answer = self._at_the_door(kind, struck) or self._login_or_call(request, kind, is_login, struck)
        except Problem as problem:
            answer = refusal(problem)
        except Exception as exc:  # what a hostile request finds in here must not end the line without an answer
            answer = refusal(Problem("UNKNOWN_EXCEPTION", f"An unexpected error occurred: {exc!r}"[:300], 500))
        if not is_login:
            answer.headers["Sforce-Limit-Info"] = f"api-usage={self.org.used_today()}/{self.org.daily_limit}"
        if answer.delivery == "plain":
            self._on_the_way_out(answer, kind, struck)
        detail = request.query.get("q", "") if kind in ("query", "queryAll") else ""
        self.org.note_call(kind, request.method, request.path, detail, answer, time.perf_counter() - began, struck)
        return answer

    def _login_or_call(self, request: Request, kind: str, is_login: bool, struck: list[str]) -> Answer:
        if is_login:
            return self._login(request)
        if kind == "versions" and not rest.parts_of(request.path):
            return Answer(body=describe.versions())
        session = self._session(request, struck)
        hit = self.org.faults.first(_LIMITS, kind)
        if hit and hit[0] == "limit_concurrent":
            struck.append(hit[0])
            raise Problem("REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded.", 403)
        if hit or self.org.used_today() >= self.org.daily_limit:
            struck.extend([hit[0]] if hit else [])
            raise Problem("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", 403)
        self.org.used_today(1)
        return rest.Api(self.org, self.cursors, self.jobs, session).answer(request)

    def _login(self, request: Request) -> Answer:
        path = request.path.rstrip("/")
        if path == "/services/oauth2/token":
            return oauth.token(self.org, request)
        if path == "/services/oauth2/revoke":
            return oauth.revoke(self.org, request)
        if path.startswith("/services/Soap/u/") and request.method == "POST":
            return oauth.soap_login(self.org, request)
        raise not_found()

    def _session(self, request: Request, struck: list[str]) -> str:
        """The session of the call. Refused (INVALID_SESSION_ID) if it is not open or has just ended."""
        session = oauth.session_of(self.org, request)
        expiry = self.org.faults.options("session_expiry")
        if session and expiry:
            self._calls_of_session[session] += 1
            if self._calls_of_session[session] > expiry["calls"]:
                self.org.faults.strikes("session_expiry", "session")
                struck.append("session_expiry")
                oauth.close_session(self.org, session)
                session = None
        if session is None:
            raise Problem("INVALID_SESSION_ID", "Session expired or invalid", 401)
        return session

    # --- faults ---------------------------------------------------------------------------------------------------

    def _at_the_door(self, kind: str, struck: list[str]) -> Answer | None:
        hit = self.org.faults.first(_AT_THE_DOOR, kind)
        if hit is None:
            return None
        name, options = hit
        struck.append(name)
        if name == "black_hole":
            return Answer(delivery="hole")
        if name == "maintenance":
            page = _PAGE.format("Down for maintenance", "We are down for maintenance. Please try again later.")
            return Answer(options["status"], page, "text/html;charset=UTF-8")
        if name == "unauthorized_html":
            page = _PAGE.format("Unauthorized", "Your access to this page has been denied by the proxy.")
            return Answer(401, page, "text/html;charset=UTF-8")
        if name == "unauthorized":
            raise Problem("INVALID_SESSION_ID", "Session expired or invalid", 401)
        raise Problem("UNKNOWN_EXCEPTION", "An unexpected error occurred. Please include this ErrorId: 1-2 (3)", 500)

    def _on_the_way_out(self, answer: Answer, kind: str, struck: list[str]) -> None:
        hit = self.org.faults.first(_ON_THE_WAY_OUT, kind)
        if hit is None:
            return
        name, options = hit
        struck.append(name)
        if name == "lost_answer":
            answer.delivery = "cut"
        elif name == "slow_drip":
            answer.delivery, answer.pause = "drip", max(0.0, options["seconds"])
        elif name == "truncated_json":
            content = answer.content()
            answer.body = content[: max(1, len(content) * 2 // 3)]
        elif name == "empty_body":
            answer.status, answer.body = 200, b""
        elif name == "wrong_shape":
            answer.status, answer.body = 200, _wrong(answer.body)
        else:
            answer.status, answer.body = 200, _bomb()
            answer.headers["Content-Encoding"] = "gzip"


def _wrong(body: Any) -> Any:
    """JSON of another type: a list where an object was promised, an object where a list was."""
    return {"unexpected": True} if isinstance(body, list) else [1, "unexpected", None]


@cache
def _bomb() -> bytes:
    """A small answer that unpacks to 200 MB of spaces."""
    part = gzip.compress(b" " * 10_000_000, 9)
    return part * (_BOMB_SIZE // 10_000_000)
