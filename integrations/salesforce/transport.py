"""The wire under simple-salesforce: every request gets a time limit, a size limit and an allowed address, none gets a
redirect.

simple-salesforce has no timeout of its own and reads whatever comes; an org that drips one byte a second would hold a
worker for days. A read timeout does not help against dripping (each byte starts it anew), therefore a watchdog cuts
the socket at the deadline of the call.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

from integrations.salesforce.errors import SalesforceError
from integrations.salesforce.hosts import Hosts

CONNECT_TIMEOUT = 3.05
READ_TIMEOUT = 30.0
CALL_DEADLINE = 30.0
MAX_BODY = 32 * 1024 * 1024
_open_sockets = threading.local()


class _Remembering:
    """Keeps the socket of the running call where the watchdog finds it: bare first, then wrapped by TLS."""

    def _new_conn(self) -> socket.socket:
        sock: socket.socket = super()._new_conn()  # type: ignore[misc]
        _remember(sock)
        return sock

    def connect(self) -> None:
        super().connect()  # type: ignore[misc]
        _remember(self.sock)  # type: ignore[attr-defined]

    def request(self, *args: Any, **kwargs: Any) -> None:
        if getattr(self, "sock", None) is not None:
            _remember(self.sock)  # type: ignore[attr-defined]
        super().request(*args, **kwargs)  # type: ignore[misc]


class _Plain(_Remembering, HTTPConnection):
    pass


class _Tls(_Remembering, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _Tls


def _remember(sock: socket.socket | None) -> None:
    box = getattr(_open_sockets, "box", None)
    if box is not None and sock is not None:
        box["sock"] = sock


@contextlib.contextmanager
def _watchdog(seconds: float) -> Iterator[dict[str, Any]]:
    """Shut the call's socket down when the deadline passes; the reading thread then sees a closed connection."""
    box: dict[str, Any] = {"sock": None, "cut": False}
    _open_sockets.box = box

    def cut() -> None:
        box["cut"] = True
        if box["sock"] is not None:
            with contextlib.suppress(OSError):
                box["sock"].shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield box
    finally:
        timer.cancel()
        _open_sockets.box = None


class GuardedAdapter(HTTPAdapter):
    """Opens only allowed addresses, reads only bounded bodies, ends at the deadline."""

    def __init__(self, hosts: Hosts, *, deadline: float = CALL_DEADLINE, max_body: int = MAX_BODY) -> None:
        self.hosts, self.deadline, self.max_body = hosts, deadline, max_body
        super().__init__(max_retries=0, pool_connections=2, pool_maxsize=2)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        manager: PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}

    def send(self, request: requests.PreparedRequest, *_args: Any, **kwargs: Any) -> requests.Response:
        request.url, is_extra = self.hosts.resolve(request.url or "")
        kwargs.update(stream=True, timeout=(CONNECT_TIMEOUT, min(READ_TIMEOUT, self.deadline)), proxies={})
        kwargs["verify"] = self.hosts.ca_bundle if is_extra and self.hosts.ca_bundle else True
        with _watchdog(self.deadline) as box:
            try:
                response = super().send(request, **kwargs)
                self._read(response)
            except requests.exceptions.SSLError as exc:
                raise SalesforceError(
                    "permanent", f"The certificate of the Salesforce server is not trusted: {exc}"[:300]
                ) from exc
            except (requests.RequestException, OSError) as exc:
                if box["cut"]:
                    raise SalesforceError(
                        "transient", f"Salesforce did not finish its answer in {self.deadline:g} s."
                    ) from exc
                raise SalesforceError("transient", f"Salesforce could not be reached: {_reason(exc)}") from exc
            if box["cut"]:
                raise SalesforceError("transient", f"Salesforce did not finish its answer in {self.deadline:g} s.")
        return response

    def _read(self, response: requests.Response) -> None:
        """Take the body (unpacked, so that a gzip bomb counts in full) up to the limit and give the connection back."""
        parts: list[bytes] = []
        size = 0
        for part in response.iter_content(64 * 1024):
            size += len(part)
            if size > self.max_body:
                response.close()
                raise SalesforceError(
                    "nonsense", f"Salesforce's answer is larger than {self.max_body // 1024 // 1024} MB."
                )
            parts.append(part)
        response._content = b"".join(parts)


class GuardedSession(requests.Session):
    """A session that never follows a redirect, never takes credentials or proxies from the machine, and remembers the
    last answer.
    """

    def __init__(self, hosts: Hosts, *, deadline: float = CALL_DEADLINE, max_body: int = MAX_BODY) -> None:
        super().__init__()
        self.trust_env = False
        self.last: requests.Response | None = None
        self.calls = 0
        adapter = GuardedAdapter(hosts, deadline=deadline, max_body=max_body)
        self.adapters.clear()
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def request(self, method: str, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs["allow_redirects"] = False
        self.last = None
        self.calls += 1
        self.last = super().request(method, url, *args, **kwargs)
        return self.last


def _reason(exc: Exception) -> str:
    """The inner words of urllib3's nested errors, without the object addresses."""
    inner: BaseException = exc
    while inner.__cause__ is not None or inner.__context__ is not None:
        inner = inner.__cause__ or inner.__context__  # type: ignore[assignment]
    return (str(inner) or type(inner).__name__)[:150]
