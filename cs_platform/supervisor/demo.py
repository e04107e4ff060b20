"""`make demo`: everything on one machine, in the foreground, until Ctrl-C."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from cs_platform.supervisor import crew, ports, processes, services
from cs_platform.supervisor.crew import Member, Place
from cs_platform.supervisor.problem import Problem
from cs_platform.supervisor.servers import Lock, Servers, write_atomically

ADDRESSES = "demo-addresses.json"  # for tests and scripts: written when the demo is ready, gone when it is not
DEMO_PARTS = (
    "postgres",
    "valkey",
    "mailbox",
    "sandbox",
    "logs",
    "beat.schedule",
    "demo.json",
    "staticfiles",
    "demo-pids.json",
    ADDRESSES,
)


class Stopped(Exception):
    """Somebody pressed Ctrl-C or sent SIGTERM."""


class Watched:
    """A running member: starts again when it dies, waiting longer each time that it dies young."""

    def __init__(self, member: Member, log: Path, env: dict[str, str]) -> None:
        self.member, self.log, self.env = member, log, env
        self.pause, self.not_before, self.started = 1.0, 0.0, 0.0
        self.child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.started = time.monotonic()
        env = self.env | self.member.env
        self.child = processes.spawn(self.member.argv, log=self.log, env=env, cwd=services.BASE_DIR)

    def watch(self) -> bool:
        """True when it has started again."""
        if self.child is not None:
            code = self.child.poll()
            if code is None:
                return False
            lived = time.monotonic() - self.started
            self.pause = 1.0 if lived > 60 else min(self.pause * 2, 30.0)
            self.not_before = time.monotonic() + self.pause
            processes.stop(self.child, group=True)
            say(f"{self.member.name} ended (exit code {code}), starts again in {self.pause:.0f} s; its log: {self.log}")
            self.child = None
        if time.monotonic() < self.not_before:
            return False
        self.start()
        return True

    def stop(self) -> None:
        if self.child is not None:
            processes.stop(self.child, seconds=self.member.patience, group=True)
            self.child = None


class Demo:
    def __init__(self, root: Path, base: int = crew.BASE_PORT, clock: Path | None = None) -> None:
        self.root, self.base, self.clock = root.resolve(), base, clock.resolve() if clock else None
        self.running: list[Watched] = []
        self.servers: Servers | None = None
        self.lock = Lock(self.root, "demo.lock")
        self.pid_file = self.root / "demo-pids.json"

    def run(self) -> int:
        for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(sig, _stop)
        try:
            if not self._may_start():
                raise Problem(f"a demo already runs in {self.root}; stop it, or choose another --dir and --port-base")
            self._start()
            while True:
                time.sleep(0.5)
                if self.servers is not None:
                    self.servers.revive()
                if [member for member in self.running if member.watch()]:
                    self._note_pids()
        except Stopped:
            return 0
        finally:
            for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(sig, signal.SIG_IGN)
            self._stop()

    # ------------------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        began = time.monotonic()
        self._end_predecessors()
        if self.clock and not self.clock.exists():
            write_atomically(self.clock, time.strftime("%Y-%m-%dT%H:%M:%S+00:00\n", time.gmtime()))
        addresses = self._start_servers()
        self.place = place = crew.find_place(self.root, self.base)
        self.env = crew.environment(place, addresses, self.clock)
        self._manage("migrate", "--noinput", "-v", "0", owner=addresses["DATABASE_OWNER_URL"])
        for member in crew.neighbours(place):
            self._start_member(member)
        if _has_command("load_demo"):
            self._manage("load_demo")
        for member in crew.product(place):
            self._start_member(member)
        self._wait_for_login_page(place)
        logins = _read_json(self.root / "demo.json").get("logins", [])
        self._remember(place, addresses)
        self._greet(place, logins, time.monotonic() - began)

    def _may_start(self) -> bool:
        try:
            return self.lock.take(seconds=1)
        except PermissionError:
            raise Problem(f"{self.root} belongs to another user. Run as that user, or remove the folder.") from None

    def _end_predecessors(self) -> None:
        """After a kill -9 the children of the last run may still be closing down, and hold the ports."""
        left = [(int(pid), mark) for pid, mark in _read_json(self.pid_file).items()]
        left = [(pid, mark) for pid, mark in left if processes.is_running(pid) and processes.identity(pid) == mark]
        for sig, patience in ((signal.SIGTERM, 8.0), (signal.SIGKILL, 3.0)):
            for pid, mark in left:
                if processes.identity(pid) == mark:
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(pid, sig)
            end = time.monotonic() + patience
            left = [(p, m) for p, m in left if not processes.wait_for_end(p, max(0.0, end - time.monotonic()))]
        self.pid_file.unlink(missing_ok=True)

    def _note_pids(self) -> None:
        running = [w.child.pid for w in self.running if w.child is not None]
        write_atomically(self.pid_file, json.dumps({pid: processes.identity(pid) for pid in running}))

    def _start_servers(self) -> dict[str, str]:
        given = services.given_addresses()
        if given:
            say("servers: those of DATABASE_URL and REDIS_URL")
            return given
        began = time.monotonic()
        servers = Servers(self.root, shift=self.base - crew.BASE_PORT)
        if servers.lock.take():
            self.servers = servers  # ours from here on, even half started: stop() ends what there is
            addresses = servers.start(keeper="demo")
            say(f"PostgreSQL and Valkey answer ({time.monotonic() - began:.1f} s)")
            return addresses
        say("servers: those that `services up` started; they stay when the demo stops")
        return services.up(self.root)

    def _start_member(self, member: Member) -> None:
        log = self.root / "logs" / f"{member.name}.log"
        watched = Watched(member, log, self.env)
        watched.start()
        self.running.append(watched)
        self._note_pids()
        end = time.monotonic() + 60
        while member.port and not ports.answers(member.port):
            if watched.child is None or watched.child.poll() is not None:
                raise Problem(f"{member.name} did not start; the end of {log}:\n{_tail(log)}")
            if time.monotonic() > end:
                raise Problem(f"{member.name} does not answer on port {member.port}; see {log}")
            time.sleep(0.05)
        say(f"{member.name} started" + (f" on port {member.port}" if member.port else ""))

    def _manage(self, *words: str, owner: str = "") -> None:
        """A command of the product, in the foreground, with its own output."""
        began = time.monotonic()
        env = self.env | ({"DATABASE_OWNER_URL": owner} if owner else {})
        child = subprocess.Popen(
            [sys.executable, "manage.py", *words],
            env=env,
            cwd=services.BASE_DIR,
            stdin=subprocess.DEVNULL,
            preexec_fn=processes.die_with_parent(signal.SIGTERM),
            start_new_session=True,
        )
        try:
            code = child.wait()
        except Stopped:
            processes.stop(child, group=True)
            raise
        if code != 0:
            raise Problem(f"`manage.py {words[0]}` failed; the reason stands above")
        say(f"{words[0]} done ({time.monotonic() - began:.1f} s)")

    def _wait_for_login_page(self, place: Place, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        reason = ""
        while time.monotonic() < end:
            try:
                with opener.open(place.base_url + crew.LOGIN_PAGE, timeout=10) as answer:
                    if answer.status == 200:
                        return
            except urllib.error.HTTPError as error:
                reason = f"it answers {error.code}"
            except OSError as error:
                reason = str(error)
            time.sleep(0.2)
        raise Problem(
            f"the login page does not come ({reason}); the end of the log:\n{_tail(self.root / 'logs' / 'web.log')}"
        )

    def _remember(self, place: Place, addresses: dict[str, str]) -> None:
        known = {
            "pid": os.getpid(),
            "web": place.base_url,
            "sandbox": place.sandbox_url,
            "mailbox": str(place.mail_folder),
            "smtp": self.env["EMAIL_URL"],
            "pids": {w.member.name: w.child.pid for w in self.running if w.child},
            **addresses,
        }
        write_atomically(self.root / ADDRESSES, json.dumps(known, indent=1) + "\n")

    def _greet(self, place: Place, logins: list[dict[str, str]], seconds: float) -> None:
        lines = ["", f"Ready after {seconds:.1f} s:  {place.base_url}", ""]
        if logins:
            width = max(len(login["email"]) for login in logins)
            lines += [
                "  Sign in as",
                *(f"    {x['email']:<{width}}  {x['password']}  {x.get('words', '')}" for x in logins),
                "",
            ]
        lines += [
            f"  Salesforce sandbox org  {place.sandbox_url}",
            f"  Local mailbox           {place.mail_folder}",
            f"  Logs                    {self.root / 'logs'}",
        ]
        if self.clock:
            lines.append(f"  Clock                   {self.clock} ({self.clock.read_text().strip()})")
        print("\n".join([*lines, "", "Ctrl-C stops everything that was started here.", ""]), flush=True)

    def _stop(self) -> None:
        if not self.lock.is_mine:
            return
        (self.root / ADDRESSES).unlink(missing_ok=True)
        if self.running or self.servers:
            print(flush=True)
        for watched in reversed(self.running):
            watched.stop()
            say(f"{watched.member.name} stopped")
        if self.servers is not None:
            self.servers.stop()
            say("PostgreSQL and Valkey stopped; the data stays in " + str(self.root))
        self.pid_file.unlink(missing_ok=True)
        self.lock.release()


def reset(root: Path) -> list[str]:
    """Drops what the demo made in `root`. Test servers and the virtual environment stay."""
    root = root.resolve()
    lock = Lock(root, "demo.lock")
    if root.exists() and not lock.take():
        raise Problem(f"a demo runs in {root}; stop it first (Ctrl-C)")
    services.down(root)
    dropped = []
    for name in DEMO_PARTS:
        path = root / name
        if path.is_dir():
            shutil.rmtree(path)
        elif path.exists():
            path.unlink()
        else:
            continue
        dropped.append(name)
    lock.release()
    return dropped


def say(words: str) -> None:
    print(f"demo: {words}", flush=True)


def _stop(number: int, frame: Any) -> None:
    raise Stopped


def _has_command(name: str) -> bool:
    return any(services.BASE_DIR.glob(f"*/management/commands/{name}.py")) or any(
        services.BASE_DIR.glob(f"*/*/management/commands/{name}.py")
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _tail(log: Path, size: int = 2000) -> str:
    try:
        return log.read_bytes()[-size:].decode(errors="replace")
    except OSError:
        return ""
