"""The one module that talks to Salesforce: unmodified simple-salesforce on a guarded session, every answer classified.

Only its `query` and `restful` calls are used, and its session for what is not JSON. The object API (`sf.Account.get`)
logs in again without end when the org keeps answering 401, and drops headers on the way; ours logs in at most once more
per call and asks a guard before each login.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

import requests
import simple_salesforce
from simple_salesforce.exceptions import SalesforceError as LibraryError
from simple_salesforce.util import exception_handler

from integrations.salesforce.answers import FieldInfo, Page, Usage, checked_rows
from integrations.salesforce.errors import SalesforceError, classify
from integrations.salesforce.hosts import Hosts
from integrations.salesforce.login import API_VERSION, Credentials, Session, log_in
from integrations.salesforce.transport import CALL_DEADLINE, MAX_BODY, GuardedSession

__all__ = ["FieldInfo", "LoginGuard", "NoGuard", "Page", "SalesforceClient", "Usage"]
_USAGE = re.compile(r"(?:^|[^-])api-usage=(\d+)/(\d+)")


class LoginGuard(Protocol):
    """Who counts logins. The connection row does, so that two processes and a restart share one count."""

    def before_login(self) -> None: ...

    def worked(self) -> None: ...

    def not_refused(self) -> None: ...


class NoGuard:
    """For a person's test of a connection that is not stored yet."""

    def before_login(self) -> None:
        return None

    def worked(self) -> None:
        return None

    def not_refused(self) -> None:
        return None


@dataclass
class SalesforceClient:
    """One org, one thread. Opens its session at the first call and keeps it."""

    credentials: Credentials
    hosts: Hosts
    guard: LoginGuard = field(default_factory=NoGuard)
    deadline: float = CALL_DEADLINE
    max_body: int = MAX_BODY
    usage: Usage = field(default_factory=Usage)
    logins: int = 0
    server_time: datetime | None = None
    _http: GuardedSession = field(init=False, repr=False)
    _session: Session | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self._http = GuardedSession(self.hosts, deadline=self.deadline, max_body=self.max_body)

    def close(self) -> None:
        self._http.close()

    # --- what one can ask -----------------------------------------------------------------------------------------

    def log_in(self) -> None:
        """Open a new session; used by the test button, otherwise done when needed."""
        self.guard.before_login()
        self.logins += 1
        with self._unless_refused():
            self._session = log_in(self.credentials, self._http)

    def query_page(self, soql: str, *, with_deleted: bool) -> Page:
        """The first batch of a query. The caller continues with a new query after its last row, never with a
        locator.
        """
        answer = self._ask(lambda sf: sf.query(soql, include_deleted=with_deleted))
        rows, is_last = checked_rows(answer)
        return Page(rows, is_last, self.now_at_server())

    def count(self, soql: str, with_deleted: bool = False) -> int:
        """The number a `SELECT COUNT()` query answers."""
        answer = self._ask(lambda sf: sf.query(soql, include_deleted=with_deleted))
        total = answer.get("totalSize") if isinstance(answer, dict) else None
        if not isinstance(total, int) or isinstance(total, bool) or total < 0:
            raise SalesforceError("nonsense", "Salesforce's count is not a number.")
        return total

    def describe(self, sobject: str) -> dict[str, FieldInfo]:
        """The fields of an object that this login may read."""
        answer = self._ask(lambda sf: sf.restful(f"sobjects/{sobject}/describe"))
        fields = answer.get("fields") if isinstance(answer, dict) else None
        if not isinstance(fields, list) or not all(
            isinstance(item, dict) and isinstance(item.get("name"), str) for item in fields
        ):
            raise SalesforceError("nonsense", f"Salesforce's description of {sobject} has no list of fields.")
        return {item["name"]: _info(item) for item in fields}

    def limits(self) -> dict[str, Any]:
        """The org's limits (DailyApiRequests and others)."""
        answer = self._ask(lambda sf: sf.restful("limits"))
        if not isinstance(answer, dict):
            raise SalesforceError("nonsense", "Salesforce's limits are not an object.")
        return answer

    def restful(self, path: str, *, method: str = "GET", **more: Any) -> Any:
        """A resource below /services/data/vNN.0/ as its JSON; None if it has no body."""
        return self._ask(lambda sf: sf.restful(path, method=method, **more))

    def download(self, path: str, params: dict[str, str]) -> requests.Response:
        """A resource that is not JSON, as it came."""

        def get(sf: simple_salesforce.Salesforce) -> requests.Response:
            headers = {"Authorization": f"Bearer {sf.session_id}"}
            answer = self._http.get(sf.base_url + path, params=params, headers=headers)
            if answer.status_code >= 300:
                exception_handler(answer, path)
            return answer

        answer: requests.Response = self._ask(get)
        return answer

    @property
    def org_id(self) -> str:
        """The org that the session belongs to; empty before the first login."""
        return self._session.org_id if self._session else ""

    def now_at_server(self) -> datetime:
        """Salesforce's clock as of the last answer: windows are never cut by ours."""
        if self.server_time is None:
            raise SalesforceError("nonsense", "Salesforce's answer has no Date header.")
        return self.server_time

    # --- how it is asked ------------------------------------------------------------------------------------------

    def _ask(self, call: Callable[[simple_salesforce.Salesforce], Any]) -> Any:
        """One call with at most one re-login: an expired session is normal, two in a row are not."""
        fresh = self._session is None
        if fresh:
            self.log_in()
        try:
            answer = self._once(call)
        except SalesforceError as error:
            if error.kind != "auth" or fresh:
                raise
            self.log_in()
            answer = self._once(call)
        self.guard.worked()
        return answer

    def _once(self, call: Callable[[simple_salesforce.Salesforce], Any]) -> Any:
        with self._unless_refused():
            return self._call(call)

    @contextmanager
    def _unless_refused(self) -> Iterator[None]:
        """A maintenance page says nothing about our credentials: it must not count towards a broken connection."""
        try:
            yield
        except SalesforceError as error:
            if error.kind != "auth":
                self.guard.not_refused()
            raise

    def _call(self, call: Callable[[simple_salesforce.Salesforce], Any]) -> Any:
        assert self._session is not None
        library = simple_salesforce.Salesforce(
            session_id=self._session.token,
            instance_url=f"https://{self._session.instance}",
            version=API_VERSION,
            session=self._http,
            object_pairs_hook=dict,
            parse_float=Decimal,
        )
        self.server_time = None
        self.usage.calls += 1
        try:
            return call(library)
        except LibraryError as exc:
            error = classify(exc.status, exc.content)
            if error.kind == "auth":
                self._session = self._session if error.permanent else None
            raise error from exc
        except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as exc:
            raise SalesforceError("nonsense", "Salesforce answered with something that is not JSON.") from exc
        except (TypeError, KeyError, IndexError, AttributeError) as exc:  # the library trusts the shape of an answer
            raise SalesforceError("nonsense", "Salesforce's answer has an unexpected shape.") from exc
        finally:
            self._remember_headers()

    def _remember_headers(self) -> None:
        answer = self._http.last
        if answer is None:
            return
        usage = _USAGE.search(answer.headers.get("Sforce-Limit-Info", ""))
        if usage:
            self.usage.used, self.usage.total = int(usage[1]), int(usage[2])
        try:
            moment = parsedate_to_datetime(answer.headers.get("Date", ""))
        except (TypeError, ValueError):
            return
        self.server_time = moment if moment.tzinfo else None


def _info(item: dict[str, Any]) -> FieldInfo:
    may = [item.get(name) is not False for name in ("updateable", "createable")]
    return FieldInfo(str(item.get("type") or ""), bool(item.get("calculated")), *may, bool(item.get("externalId")))  # type: ignore[call-arg]
