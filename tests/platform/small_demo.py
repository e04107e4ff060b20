"""A demo whose product is one small web server: the supervising is real, and it starts in a second. Not a test."""

import sys
from pathlib import Path

from cs_platform.supervisor import crew, demo
from cs_platform.supervisor.problem import Problem

SERVER = """
import http.server, os, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
        self.wfile.write(f"{os.environ['CS_ENV']} {os.environ.get('CS_CLOCK_FILE', '')}".encode())
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
"""


def neighbours(place: crew.Place) -> list[crew.Member]:
    mailbox = ["-m", "cs_platform.supervisor.mailbox", "--port", str(place.mailbox), "--dir", str(place.mail_folder)]
    return [crew.Member("mailbox", [sys.executable, *mailbox], port=place.mailbox)]


def product(place: crew.Place) -> list[crew.Member]:
    return [crew.Member("web", [sys.executable, "-c", SERVER, str(place.web)], port=place.web)]


if __name__ == "__main__":
    crew.neighbours, crew.product = neighbours, product
    demo.Demo._manage = lambda *_, **__: None  # type: ignore[method-assign]
    clock = Path(sys.argv[3]) if len(sys.argv) > 3 else None
    try:
        sys.exit(demo.Demo(Path(sys.argv[1]), int(sys.argv[2]), clock).run())
    except Problem as problem:
        sys.exit(f"demo: {problem}")
