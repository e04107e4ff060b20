"""The org on a port of 127.0.0.1: HTTP/1.1 with keep-alive, one thread per connection."""

from __future__ import annotations

import re
import select
import socket
import threading
import time
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from integrations.salesforce.sandbox import control, pages
from integrations.salesforce.sandbox.gateway import Gateway
from integrations.salesforce.sandbox.messages import Answer, Request, refusal
from integrations.salesforce.sandbox.oauth import CREDENTIALS
from integrations.salesforce.sandbox.org import SandboxOrg
from integrations.salesforce.sandbox.problems import Problem

HOST = "127.0.0.1"
MAX_BODY = 60 * 1024 * 1024
IDLE_SECONDS = 120
HOLE_SECONDS = 300.0
#: Names under which a browser may call us; another one is a foreign page that points its own name at this machine.
_OUR_NAMES = re.compile(r"(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?\Z", re.IGNORECASE)


class SandboxServer:
    """Serves an org from threads of this process; port 0 takes any free one."""

    def __init__(self, org: SandboxOrg, port: int = 0) -> None:
        self.org = org
        self._http = _Http(org, port)
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, name="sandbox", daemon=True
        )

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def credentials(self) -> dict[str, dict[str, str]]:
        """What each kind of login needs: client_credentials, refresh_token, password, jwt."""
        return {kind: dict(given) for kind, given in CREDENTIALS.items()}

    def start(self) -> SandboxServer:
        self._thread.start()
        return self

    def stop(self) -> None:
        """End the server and every answer that hangs on purpose; the org stays open."""
        self._http.stopping.set()
        if self._thread.is_alive():
            self._http.shutdown()
            self._thread.join(10)
        self._http.server_close()

    def __enter__(self) -> SandboxServer:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, org: SandboxOrg, port: int) -> None:
        super().__init__((HOST, port), _Handler)
        self.org, self.gateway, self.stopping = org, Gateway(org), threading.Event()

    def server_bind(self) -> None:
        """Without the look-up of our own name that http.server does: it may hang where there is no resolver."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = HOST, int(self.server_address[1])

    def handle_error(self, *_: Any) -> None:
        """A client that goes away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024  # head and body leave in one piece: two would wait for each other's acknowledgement
    server: _Http

    def _any(self) -> None:
        try:
            request = self._request()
        except Problem as problem:
            self.close_connection = True
            self._send(refusal(problem))
            return
        try:
            answer = self._answer(request)
        except Exception as exc:  # a page that fails says so; the next request is another one
            answer = Answer(500, f"The sandbox failed: {exc!r}\n", "text/plain;charset=UTF-8")
        self._send(answer)

    do_GET = do_HEAD = do_POST = do_PATCH = do_DELETE = do_PUT = do_OPTIONS = _any

    def _request(self) -> Request:
        """What came over the wire. Refused if its length is not told or too large."""
        if self.headers.get("Transfer-Encoding"):
            raise Problem("LENGTH_REQUIRED", "Send a Content-Length instead of chunks", 411)
        told = self.headers.get("Content-Length", "0").strip()
        if not (told.isascii() and told.isdigit()):
            raise Problem("BAD_REQUEST", "Content-Length is not a number", 400)
        if int(told) > MAX_BODY:
            raise Problem("REQUEST_ENTITY_TOO_LARGE", "The body is too large", 413)
        body = self.rfile.read(int(told))
        try:
            parts = urlsplit(self.path)
        except ValueError:
            raise Problem("BAD_REQUEST", "The address is not one", 400) from None
        headers = {name.lower(): value for name, value in self.headers.items()}
        host = headers.get("host", f"{HOST}:{self.server.server_port}")
        method = "GET" if self.command == "HEAD" else self.command
        return Request(method, parts.path, parts.query, headers, body, host)

    def _answer(self, request: Request) -> Answer:
        if request.path.startswith("/services/"):
            return self.server.gateway.respond(request)
        if not _OUR_NAMES.match(request.host):
            return Answer(421, "This server is known as 127.0.0.1 or localhost.\n", "text/plain;charset=UTF-8")
        if request.path.startswith("/sandbox/"):
            return control.answer(self.server.org, request)
        return pages.answer(self.server.org, request)

    # --- on the wire ----------------------------------------------------------------------------------------------

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The Date header follows the org's clock."""
        return format_datetime(self.server.org.now().replace(microsecond=0), usegmt=True)

    def version_string(self) -> str:
        return "sandbox-org"

    def _send(self, answer: Answer) -> None:
        if answer.delivery == "hole":
            self._swallow()
            return
        content = answer.content()
        if answer.delivery == "cut":
            self._cut()
            return
        self.send_response(answer.status)
        if answer.status != 204:
            self.send_header("Content-Type", answer.kind)
            self.send_header("Content-Length", str(len(content)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        is_bare = self.command == "HEAD" or answer.status == 204
        if answer.delivery == "drip" and not is_bare:
            self._drip(content, answer.pause)
        elif not is_bare:
            self.wfile.write(content)

    def _drip(self, content: bytes, pause: float) -> None:
        for place in range(len(content)):
            self.wfile.write(content[place : place + 1])
            self.wfile.flush()
            if self._client_left(pause):
                self.close_connection = True
                return

    def _swallow(self) -> None:
        """No answer, until the client gives up, the fault heals or the server ends."""
        end = time.monotonic() + HOLE_SECONDS
        while time.monotonic() < end and not self._client_left(0.2):
            if self.server.org.faults.options("black_hole") is None:
                break
        self._cut()

    def _client_left(self, seconds: float) -> bool:
        """Wait so long; tell whether the client has closed the line meanwhile, or the server ends."""
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            readable, _, _ = select.select([self.connection], [], [], max(0.0, min(left, 0.2)))
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                return True
            if self.server.stopping.is_set():
                return True
            if left <= 0:
                return False
            if readable:  # the client already says more: that is for later
                time.sleep(min(left, 0.05))

    def _cut(self) -> None:
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def log_message(self, *_: Any) -> None:
        """The API log is a page; standard output stays short."""
