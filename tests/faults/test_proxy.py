"""The proxy does to a connection what its mode says, and lets it pass again when it heals."""

import socket
import threading
import time

import pytest

from cs_platform.supervisor import ports
from tests.faults.proxy import Loop, Proxy


@pytest.fixture
def echo():
    """A server that says everything back."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(line,), daemon=True).start()

    def answer(line):
        with line:
            try:
                while data := line.recv(65536):
                    line.sendall(data)
            except OSError:
                pass

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1]
    listener.close()


@pytest.fixture
def proxy(echo, tmp_path):
    loop = Loop()
    yield Proxy(loop, ports.choose("proxy", 22900, tmp_path / "ports.json"), echo)
    loop.stop()


def dial(proxy):
    line = socket.create_connection(("127.0.0.1", proxy.port), 5)
    line.settimeout(0.5)
    return line


def say(line, words=b"hello"):
    line.sendall(words)
    said = b""
    while len(said) < len(words):
        said += line.recv(65536) or pytest.fail(f"the line ended after {said!r}")
    return said


def test_bytes_pass(proxy):
    with dial(proxy) as line:
        assert say(line, b"x" * 500_000) == b"x" * 500_000
        assert (proxy.open, proxy.accepted) == (1, 1)


def test_reset_ends_old_connections_and_new_ones(proxy):
    with dial(proxy) as line:
        say(line)
        proxy.set("reset")
        with pytest.raises(ConnectionResetError):
            line.recv(10)
    with pytest.raises(OSError), dial(proxy) as line:
        line.sendall(b"x")
        assert not line.recv(10)
        raise ConnectionResetError
    proxy.set("pass")
    with dial(proxy) as line:
        say(line)


def test_what_falls_into_a_hole_comes_out_when_it_heals(proxy):
    with dial(proxy) as line:
        proxy.set("hole")
        line.sendall(b"late")
        with pytest.raises(TimeoutError):
            line.recv(10)
        with dial(proxy) as other, pytest.raises(TimeoutError):
            say(other)
        proxy.set("pass")
        assert line.recv(10) == b"late"


def test_a_drip_is_slow_and_complete(proxy):
    with dial(proxy) as line:
        proxy.set("drip", pace=(1, 0.02))
        began = time.monotonic()
        assert say(line, b"0123456789") == b"0123456789"
        assert time.monotonic() - began > 0.1


def test_cut_lets_some_bytes_pass_and_no_more(proxy):
    with dial(proxy) as line:
        proxy.set("cut", cut_after=12)
        assert say(line) == b"hello"  # five there, five back
        with pytest.raises(ConnectionResetError):
            line.sendall(b"more")
            while True:
                line.recv(10) or time.sleep(0.05)


def test_half_closed_the_server_seems_to_have_ended(proxy):
    with dial(proxy) as line:
        say(line)
        proxy.set("half")
        assert line.recv(10) == b""
    proxy.set("pass")
    with dial(proxy) as line:
        say(line)
