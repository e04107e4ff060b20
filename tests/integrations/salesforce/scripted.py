"""A server that answers exactly what a test says: for the answers that no healthy org, nor the sandbox org, would
give.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Scripted

    def _any(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length)
        parts = urlsplit(self.path)
        self.query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        self.server.seen.append(parts.path)
        if parts.path.endswith(("/oauth2/token", "/59.0")) and self.server.login is not None:
            self.server.logins += 1
            self.server.login(self)
        else:
            self.server.answer(self)

    do_GET = do_POST = _any

    def log_message(self, *args: Any) -> None:
        return

    def send(
        self, body: bytes | str | object, status: int = 200, kind: str = "application/json", **headers: str
    ) -> None:
        raw = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response_only(status)
        headers = {"Date": formatdate(usegmt=True), "Content-Type": kind, "Content-Length": str(len(raw)), **headers}
        for name, value in headers.items():
            if value:
                self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(raw)


def token(handler: Handler) -> None:
    handler.send({"access_token": "T", "instance_url": f"http://{handler.headers['Host']}"})


def rows(*records: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"totalSize": len(records), "done": True, "records": list(records), **more}


class Scripted(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, answer: Answer, login: Answer | None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer, self.login, self.seen, self.logins = answer, login, [], 0

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *args: Any) -> None:
        return


@contextmanager
def serving(answer: Answer, login: Answer | None = token) -> Iterator[Scripted]:
    server = Scripted(answer, login)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
