"""The embedded Valkey: broker and bell. Losing it costs speed, never correctness, so broken files are put aside."""

import signal
import socket
import subprocess
import time
from pathlib import Path

from cs_platform.supervisor import binaries, ports, processes
from cs_platform.supervisor.problem import Problem


class Valkey:
    def __init__(self, root: Path) -> None:
        self.port = 0
        self.data = root / "valkey"
        self.log = root / "logs" / "valkey.log"
        self.pid_file = root / "valkey.pid"
        self.program = binaries.valkey()
        self.child: subprocess.Popen[bytes] | None = None

    def start(self, port: int, seconds: float = 30) -> None:
        self.port = port
        self.end_predecessor()
        try:
            self._start(seconds)
        except Problem:
            aside = self.data.with_name(f"valkey.broken-{int(time.time())}")
            if not any(self.data.iterdir()):
                raise
            self.data.rename(aside)
            print(
                f"services: Valkey could not read its files; they are now in {aside.name}, it starts empty", flush=True
            )
            self._start(seconds)

    def stop(self) -> None:
        if self.child is not None:
            processes.stop(self.child, seconds=10)
            self.pid_file.unlink(missing_ok=True)

    def end_predecessor(self) -> None:
        """Its keeper was killed and it is on its way out; two servers on the same files would spoil them."""
        try:
            pid, mark = self.pid_file.read_text().split()
        except (OSError, ValueError):
            return
        processes.end_stranger(int(pid), mark, (signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0))
        self.pid_file.unlink(missing_ok=True)

    def is_alive(self) -> bool:
        return self.child is not None and self.child.poll() is None

    def _start(self, seconds: float) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        mark = self.log.stat().st_size if self.log.exists() else 0
        argv: list[str | Path] = [
            *(self.program, "--port", str(self.port), "--bind", ports.HOST, "--dir", self.data),
            *("--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction", "--daemonize", "no"),
        ]
        self.child = processes.spawn(argv, log=self.log, cwd=Path("/"))
        self.pid_file.write_text(f"{self.child.pid} {processes.identity(self.child.pid)}")
        end = time.monotonic() + seconds
        while not ping(self.port):
            if self.child.poll() is not None or time.monotonic() > end:
                self.stop()
                said = self.log.read_bytes()[mark:].decode(errors="replace")
                raise Problem(f"Valkey did not start on port {self.port}; {self.log} says:\n{said[-1500:]}")
            time.sleep(0.02)


def ping(port: int) -> bool:
    try:
        with socket.create_connection((ports.HOST, port), 1) as line:
            line.sendall(b"PING\r\n")
            return line.recv(64).startswith(b"+PONG")
    except OSError:
        return False
