"""`services up | down | status`: the servers of a data folder, kept by a detached process."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from cs_platform.supervisor import ports
from cs_platform.supervisor.problem import Problem
from cs_platform.supervisor.servers import Lock, Servers
from cs_platform.supervisor.valkey import ping

BASE_DIR = Path(__file__).resolve().parents[2]
NAMES = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL")


def data_dir(given: str | None = None) -> Path:
    return Path(given or os.environ.get("CS_DATA_DIR") or BASE_DIR / ".data").resolve()


def given_addresses() -> dict[str, str] | None:
    """The servers of the environment, when there are any: then nothing embedded is started."""
    if not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
        return None
    owner = os.environ.get("DATABASE_OWNER_URL") or os.environ["DATABASE_URL"]
    return {
        "DATABASE_URL": os.environ["DATABASE_URL"],
        "DATABASE_OWNER_URL": owner,
        "REDIS_URL": os.environ["REDIS_URL"],
    }


def up(root: Path, *, durable: bool = True, shift: int = 0, seconds: float = 120) -> dict[str, str]:
    """Idempotent: starts a keeper unless one is there, and returns when both servers answer."""
    given = given_addresses()
    if given:
        return given
    end = time.monotonic() + seconds
    keeper: subprocess.Popen[bytes] | None = None
    while time.monotonic() < end:
        addresses = running(root)
        if addresses:
            return addresses
        if keeper is not None and keeper.poll() not in (None, 0, 3):
            raise Problem(
                _state(root).get("problem") or f"the servers did not start; see {root / 'logs' / 'services.log'}"
            )
        if not Lock(root).is_taken() and (keeper is None or keeper.poll() is not None):
            keeper = _start_keeper(root, durable=durable, shift=shift)
        time.sleep(0.05)
    raise Problem(f"the servers did not answer within {seconds:.0f} seconds; see {root / 'logs'}")


def down(root: Path, *, seconds: float = 45) -> bool:
    """Stops the keeper and with it both servers. False: none was running."""
    lock = Lock(root)
    if not lock.is_taken():
        return False
    pid = int(_state(root).get("pid") or 0)
    if pid:
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
    end = time.monotonic() + seconds
    while lock.is_taken():
        if time.monotonic() > end:
            if pid:
                os.kill(pid, signal.SIGKILL)  # its children get the kernel's death signal and end cleanly
            break
        time.sleep(0.05)
    return True


def running(root: Path) -> dict[str, str] | None:
    """The addresses, if a keeper holds the lock and both servers answer."""
    if _state(root).get("state") != "up" or not Lock(root).is_taken():
        return None
    try:
        addresses = json.loads((root / "services.json").read_text())
    except (OSError, ValueError):
        return None
    known = ports.recall(root / "ports.json")
    alive = ports.answers(known.get("postgres", 0)) and ping(known.get("valkey", 0))
    return {name: str(addresses[name]) for name in NAMES} if alive else None


def status(root: Path) -> tuple[bool, str]:
    given = given_addresses()
    if given:
        return True, "given by DATABASE_URL and REDIS_URL; nothing embedded is started"
    addresses = running(root)
    state = _state(root)
    if addresses:
        lines = [f"up, kept by {state.get('keeper')} (process {state.get('pid')}) in {root}"]
        return True, "\n".join(lines + [f"{name}={value}" for name, value in addresses.items()])
    if Lock(root).is_taken():
        return False, f"{state.get('state', 'starting')}, process {state.get('pid')}, in {root}"
    return False, f"down ({root})" + (f"; last problem: {state['problem']}" if state.get("problem") else "")


def keep(root: Path, *, durable: bool, shift: int) -> int:
    """The detached process: holds the lock, starts both servers, starts again what dies, stops on SIGTERM."""
    stopping: list[int] = []
    for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(sig, lambda number, frame: stopping.append(number))
    servers = Servers(root, durable=durable, shift=shift)
    if not servers.lock.take(seconds=1):
        return 3
    try:
        servers.start(keeper="services")
    except (Problem, OSError) as problem:
        print(f"services: {problem}", flush=True)
        return 1
    print(f"services: up, process {os.getpid()}", flush=True)
    while not stopping:
        time.sleep(0.2)
        servers.revive()
    servers.stop()
    print("services: down", flush=True)
    return 0


def _start_keeper(root: Path, *, durable: bool, shift: int) -> "subprocess.Popen[bytes]":
    try:
        (root / "logs").mkdir(parents=True, exist_ok=True)
        log = open(root / "logs" / "services.log", "ab")
    except PermissionError as refused:
        raise Problem(f"{refused.filename} belongs to another user. Run as that user, or remove {root}.") from None
    argv = [sys.executable, "-m", "cs_platform.supervisor", "keep", "--dir", str(root), "--shift", str(shift)]
    with log:
        return subprocess.Popen(
            argv + ([] if durable else ["--fast"]),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=BASE_DIR,
        )


def _state(root: Path) -> dict[str, Any]:
    try:
        state = json.loads((root / "keeper.json").read_text())
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}
