"""The whole product as real processes with ports and a folder of their own, and a proxy in front of each server.

The box does what a process manager does: what dies is started again after a short time. It kills by number, and only
processes that it started or their descendants.
"""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis

from cs_platform.supervisor import crew, ports, processes, services
from cs_platform.supervisor.crew import Member, Place
from cs_platform.supervisor.mailbox import Mailbox
from cs_platform.supervisor.postgres import APP, DATABASE, OWNER, Postgres
from cs_platform.supervisor.valkey import Valkey
from tests.faults.proxy import Loop, Proxy

INHERITED_NOT = ("DATABASE", "REDIS", "CS_", "DJANGO", "EMAIL", "PYTEST", "PYTHONPATH")


@dataclass
class Running:
    """A member that starts again when it dies, after `pause` seconds."""

    member: Member
    log: Path
    env: dict[str, str]
    child: subprocess.Popen[bytes] | None = None
    back_at: float = 0.0
    deaths: int = 0

    def start(self) -> None:
        self.child = processes.spawn(
            self.member.argv, log=self.log, env=self.env | self.member.env, cwd=services.BASE_DIR
        )

    def tend(self, rng: random.Random) -> None:
        if self.child is not None:
            if self.child.poll() is None:
                return
            self.deaths += 1
            self.back_at = time.monotonic() + rng.uniform(0.3, 2.0)
            self.left, self.child = self.child, None
        if time.monotonic() >= self.back_at:
            processes.stop(self.left, group=True)  # orphans had their time to go by themselves
            self.start()

    @property
    def pid(self) -> int:
        """Of the living one; 0 while it is down."""
        return self.child.pid if self.child is not None and self.child.poll() is None else 0


@dataclass
class Box:
    root: Path
    base: int = 21000
    rng: random.Random = field(default_factory=random.Random)
    env: dict[str, str] = field(default_factory=dict)
    tempo: float = 1.0  # below one, faults are shorter

    def start(self, org: Any = None) -> None:
        """Servers, migrations, and the product. `org(folder)` fills the sandbox org before it starts."""
        self.root.mkdir(parents=True, exist_ok=True)
        self.logs = self.root / "logs"
        self.loop = Loop()
        self.members: dict[str, Running] = {}
        self.postgres, self.valkey = Postgres(self.root, durable=False), Valkey(self.root)
        self.postgres.start(self._port("postgres", 32))
        self.valkey.start(self._port("valkey", 79))
        self.place: Place = crew.find_place(self.root, self.base)
        self.mailbox = Mailbox(self.place.mail_folder)
        self.mailbox.heal()
        self.pg = Proxy(self.loop, self._port("postgres proxy", 132), self.postgres.port)
        self.bell = Proxy(self.loop, self._port("valkey proxy", 179), self.valkey.port)
        self.smtp = Proxy(self.loop, self._port("smtp proxy", 125), self.place.mailbox)
        self.env = self._environment()
        self._manage("migrate", "--noinput", "-v", "0", DATABASE_OWNER_URL=self.database(OWNER))
        if org is not None:
            org(self.root / "sandbox")
        for member in (*crew.neighbours(self.place), *crew.product(self.place)):
            self._add(member)
        beat = self.members["beat"].member
        argv = [word.replace("beat.schedule", "beat-2.schedule") for word in beat.argv]
        self._add(Member("second beat", argv, patience=5))

    def database(self, role: str = APP, *, through: int = 0) -> str:
        return f"postgresql://{role}@{ports.HOST}:{through or self.postgres.port}/{DATABASE}"

    def broker(self) -> redis.Redis:
        """A line of ours to Valkey that no fault touches."""
        return redis.Redis(port=self.valkey.port, socket_timeout=5, socket_connect_timeout=2)

    def _port(self, name: str, distance: int) -> int:
        return ports.choose(name, self.base + distance, self.root / "ports.json")

    def _environment(self) -> dict[str, str]:
        addresses = {
            "DATABASE_URL": self.database(through=self.pg.port),
            "REDIS_URL": f"redis://{ports.HOST}:{self.bell.port}/0",
        }
        told = crew.environment(self.place, addresses, None)
        foreign = {n for n, v in os.environ.items() if n.startswith(INHERITED_NOT) and told.get(n) == v}
        ours = {
            "CS_ENV": "development",
            "EMAIL_URL": f"smtp://{ports.HOST}:{self.smtp.port}",
            "CS_LOG_LEVEL": "WARNING",
        }
        return {name: value for name, value in told.items() if name not in foreign} | ours

    def _manage(self, *words: str, **more: str) -> None:
        done = subprocess.run(
            [sys.executable, "manage.py", *words], env=self.env | more, cwd=services.BASE_DIR,
            capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode != 0:
            raise RuntimeError(f"manage.py {words[0]} failed:\n{done.stdout[-1500:]}{done.stderr[-3000:]}")

    def _add(self, member: Member) -> None:
        running = Running(member, self.logs / f"{member.name.replace(' ', '-')}.log", self.env)
        running.start()
        self.members[member.name] = running
        end = time.monotonic() + 60
        while member.port and not ports.answers(member.port):
            if time.monotonic() > end or not running.pid:
                raise RuntimeError(f"{member.name} did not start: {running.log.read_text()[-3000:]}")
            time.sleep(0.05)

    # --- time and death -------------------------------------------------------------------------------------------

    def pass_time(self, seconds: float) -> None:
        """The manager looks around while time passes."""
        end = time.monotonic() + seconds
        while True:
            for running in self.members.values():
                running.tend(self.rng)
            left = end - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(0.1, left))

    def without(self, *names: str) -> None:
        """These members end and do not come back."""
        for name in names:
            running = self.members.pop(name)
            if running.child is not None:
                processes.stop(running.child, seconds=running.member.patience, group=True)

    def some_seconds(self, least: float, most: float) -> float:
        return self.rng.uniform(least, most) * self.tempo

    def pid_of(self, name: str) -> int:
        """The number of a living member; waits for one that is on its way back."""
        end = time.monotonic() + 30
        while not (pid := self.members[name].pid):
            if time.monotonic() > end:
                raise RuntimeError(f"{name} does not come back")
            self.pass_time(0.1)
        return pid

    def child_of(self, name: str) -> int:
        """One of the processes that a member started; waits until it has some."""
        end = time.monotonic() + 30
        while not (found := children(self.pid_of(name))):
            if time.monotonic() > end:
                raise RuntimeError(f"{name} has no children")
            self.pass_time(0.1)
        return self.rng.choice(found)

    def send(self, pid: int, sig: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, sig)

    def freeze(self, name: str, seconds: float) -> None:
        """Stopped with its children, as a machine does that swaps; then it goes on as if nothing had been."""
        pids = [self.pid_of(name), *descendants(self.pid_of(name))]
        for pid in pids:
            self.send(pid, signal.SIGSTOP)
        self.pass_time(seconds)
        for pid in pids:
            self.send(pid, signal.SIGCONT)

    def stop(self) -> None:
        for proxy in (getattr(self, name, None) for name in ("pg", "bell", "smtp")):
            if proxy is not None:
                proxy.set("pass")
        for running in reversed(list(getattr(self, "members", {}).values())):
            if running.child is not None:
                for pid in (running.child.pid, *descendants(running.child.pid)):
                    self.send(pid, signal.SIGCONT)
                processes.stop(running.child, seconds=running.member.patience, group=True)
        for server in (getattr(self, name, None) for name in ("valkey", "postgres")):
            if server is not None:
                server.stop()
        if hasattr(self, "loop"):
            self.loop.stop()

    def remove(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)


def children(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] not in ("Z", "X"):
            found.append(int(stat.parent.name))
    return sorted(found)


def descendants(pid: int) -> list[int]:
    found = []
    for child in children(pid):
        found += [child, *descendants(child)]
    return found
