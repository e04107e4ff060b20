"""Servers with threads, and clients that ask them at the same time from a process of their own."""

import json
import os
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cs_platform.bench import scratch


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def process(module: str, *words: str, port: int, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    """A Python module as a process that listens on a port, until the end of the block."""
    argv = [sys.executable, "-m", module, *words]
    child = subprocess.Popen(
        argv, env={**scratch.environment(), **env}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        _wait_for(child, port)
        yield child
    finally:
        child.terminate()
        child.communicate()


def _wait_for(child: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(6000):
        if child.poll() is not None:
            raise RuntimeError(f"it ended: {(child.stderr.read() if child.stderr else b'').decode()[-2000:]}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"nothing answers on port {port}")


@contextmanager
def server(application: str, **env: str) -> Iterator[int]:
    """gunicorn as the product runs it: two processes with four threads each. Gives its port."""
    port = free_port()
    words = [application, "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread", "--workers", "2"]
    words += ["--threads", "4", "--log-level", "error", "--no-control-socket", "--keep-alive", "30"]
    with process("gunicorn", *words, port=port, **env):
        yield port


def ask(port: int, address: str, headers: dict[str, str], *, clients: int, times: int) -> list[float]:
    """The milliseconds of so many requests, asked by so many clients at once."""
    given = {"port": port, "address": address, "headers": headers, "clients": clients, "times": times}
    argv = [sys.executable, "-m", "cs_platform.bench.clients"]
    done = subprocess.run(argv, input=json.dumps(given), capture_output=True, text=True, env=dict(os.environ))
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return list(json.loads(done.stdout))


class _Client:
    """A connection that asks again as soon as it has its answer."""

    def __init__(self, port: int, request: bytes) -> None:
        self.line, self.request = socket.create_connection(("127.0.0.1", port)), request
        self.line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.got, self.wanted, self.start = b"", -1, 0.0

    def ask(self) -> None:
        self.got, self.wanted, self.start = b"", -1, time.perf_counter()
        self.line.sendall(self.request)

    def is_answered(self) -> bool:
        more = self.line.recv(262144)
        if not more:
            raise RuntimeError("the server closed the line")
        self.got += more
        if self.wanted < 0 and (end := self.got.find(b"\r\n\r\n")) >= 0:
            head = self.got[:end].lower()
            if b" 200 " not in head.split(b"\r\n")[0]:
                raise RuntimeError(self.got[:500].decode(errors="replace"))
            self.wanted = end + 4 + int(head.split(b"content-length:")[1].split()[0])
        return 0 <= self.wanted <= len(self.got)


def _all_at_once(given: dict[str, Any]) -> list[float]:
    lines = [f"GET {given['address']} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in given["headers"].items()]
    request = "\r\n".join([*lines, "", ""]).encode()
    waiting, found, left = selectors.DefaultSelector(), list[float](), given["times"]
    for _ in range(given["clients"]):
        client = _Client(given["port"], request)
        waiting.register(client.line, selectors.EVENT_READ, client)
        client.ask()
        left -= 1
    while len(found) < given["times"]:
        for key, _ in waiting.select(60):
            client = key.data
            if not client.is_answered():
                continue
            found.append((time.perf_counter() - client.start) * 1000)
            if left > 0:
                left -= 1
                client.ask()
    return found


if __name__ == "__main__":
    print(json.dumps(_all_at_once(json.load(sys.stdin))))
