"""The two embedded servers of one data folder, and the lock that says who keeps them."""

import fcntl
import json
import os
import time
from pathlib import Path
from typing import Any

from cs_platform.supervisor import ports
from cs_platform.supervisor.postgres import APP, DATABASE, OWNER, Postgres
from cs_platform.supervisor.problem import Problem
from cs_platform.supervisor.valkey import Valkey

POSTGRES_PORT, VALKEY_PORT = 15432, 16379


def write_atomically(path: Path, text: str) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(text)
    draft.replace(path)


class Lock:
    """One keeper per data folder. The kernel releases it when the keeper dies, so it is never stale."""

    def __init__(self, root: Path, name: str = "services.lock") -> None:
        self.path = root / name
        self._fd: int | None = None

    def take(self, seconds: float = 0) -> bool:
        if self._fd is not None:
            return True
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        end = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= end:
                    os.close(fd)
                    return False
                time.sleep(0.05)
            else:
                self._fd = fd
                return True

    @property
    def is_mine(self) -> bool:
        return self._fd is not None

    def release(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def is_taken(self) -> bool:
        """By anybody, ourselves included."""
        if self._fd is not None:
            return True
        if not self.path.exists():
            return False
        other = Lock(self.path.parent, self.path.name)
        if other.take():
            other.release()
            return False
        return True


class Servers:
    """Start, watch and stop PostgreSQL and Valkey as direct children of this process."""

    def __init__(self, root: Path, *, durable: bool = True, shift: int = 0) -> None:
        self.root = root.resolve()
        self.durable, self.shift = durable, shift
        self.lock = Lock(self.root)
        self.state_file = self.root / "keeper.json"
        self.address_file = self.root / "services.json"
        self._backoff: dict[str, float] = {}

    def start(self, *, keeper: str) -> dict[str, str]:
        """Takes the lock, unless the caller already has, and returns the addresses once both servers answer."""
        if not self.lock.take():
            raise Problem(f"another process keeps the servers of {self.root}")
        self._say(state="starting", keeper=keeper)
        memory = self.root / "ports.json"
        try:
            self.postgres = Postgres(self.root, durable=self.durable)
            self.valkey = Valkey(self.root)
            # Before the ports are chosen: what a killed keeper left may still hold the usual ones for a moment.
            self.postgres.end_predecessor()
            self.valkey.end_predecessor()
            for attempt in (1, 2, 3):
                postgres_port = ports.choose("postgres", POSTGRES_PORT + self.shift, memory)
                valkey_port = ports.choose("valkey", VALKEY_PORT + self.shift, memory, avoid=frozenset({postgres_port}))
                try:
                    self.postgres.start(postgres_port)
                    self.valkey.start(valkey_port)
                    break
                except Problem:
                    self._stop_children()
                    # Somebody else may have taken the port between our look and the server's bind.
                    if attempt == 3 or (ports.is_free(postgres_port) and ports.is_free(valkey_port)):
                        raise
        except (Problem, OSError) as problem:
            self._say(state="failed", keeper=keeper, problem=str(problem))
            self.lock.release()
            raise
        write_atomically(self.address_file, json.dumps(self.addresses(), indent=1) + "\n")
        self._say(state="up", keeper=keeper)
        return self.addresses()

    def addresses(self) -> dict[str, str]:
        at = f"{ports.HOST}:{self.postgres.port}/{DATABASE}"
        return {
            "DATABASE_URL": f"postgresql://{APP}@{at}",
            "DATABASE_OWNER_URL": f"postgresql://{OWNER}@{at}",
            "REDIS_URL": f"redis://{ports.HOST}:{self.valkey.port}/0",
        }

    def revive(self) -> None:
        """Starts again what has died, on the same port, with a growing pause when it keeps dying."""
        for name, server in (("PostgreSQL", self.postgres), ("Valkey", self.valkey)):
            if server.is_alive():
                continue
            now = time.monotonic()
            if now < self._backoff.get(name, 0):
                continue
            print(
                f"services: {name} ended (exit code {server.child and server.child.returncode}); starting it",
                flush=True,
            )
            self._backoff[name] = now + 5
            try:
                server.start(server.port)
            except Problem as problem:
                print(f"services: {problem}", flush=True)
                self._backoff[name] = time.monotonic() + 30

    def stop(self) -> None:
        self._stop_children()
        self.address_file.unlink(missing_ok=True)
        self.state_file.unlink(missing_ok=True)
        self.lock.release()

    def _stop_children(self) -> None:
        for server in (getattr(self, "valkey", None), getattr(self, "postgres", None)):
            if server is not None:
                server.stop()

    def _say(self, **state: Any) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        write_atomically(self.state_file, json.dumps({"pid": os.getpid(), **state}))
