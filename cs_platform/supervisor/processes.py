"""Starting and stopping child processes so that none outlives its supervisor."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(sig: signal.Signals) -> Callable[[], None]:
    """Runs in the child between fork and exec: the kernel will send `sig` when the parent is gone, however it went."""
    parent = os.getpid()

    def before_exec() -> None:
        if _libc is not None:
            _libc.prctl(PR_SET_PDEATHSIG, int(sig))
            if os.getppid() != parent:
                os._exit(1)

    return before_exec


def spawn(
    argv: Sequence[str | Path],
    *,
    log: Path | None = None,
    on_parent_death: signal.Signals = signal.SIGTERM,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    as_user: Mapping[str, Any] | None = None,
) -> "subprocess.Popen[bytes]":
    """A child in a session of its own: Ctrl-C reaches only the supervisor, which then stops its children in order.

    Call it from the main thread only: the death signal belongs to the thread that forked.
    """
    out: IO[bytes] | int = subprocess.DEVNULL
    if log is not None:
        log.parent.mkdir(parents=True, exist_ok=True)
        _shorten(log)
        out = open(log, "ab")
    try:
        return subprocess.Popen(
            [str(a) for a in argv],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT if log is not None else subprocess.DEVNULL,
            preexec_fn=die_with_parent(on_parent_death),
            start_new_session=True,
            env=dict(env) if env is not None else None,
            cwd=cwd,
            **(as_user or {}),
        )
    finally:
        if not isinstance(out, int):
            out.close()


def _shorten(log: Path, limit: int = 20 * 1024 * 1024) -> None:
    """Logs of a development server grow for ever otherwise; one old file is kept."""
    if log.exists() and log.stat().st_size > limit:
        log.replace(log.with_suffix(log.suffix + ".1"))


def stop(
    child: "subprocess.Popen[bytes]", *, sig: signal.Signals = signal.SIGTERM, seconds: float = 15, group: bool = False
) -> int:
    """Asks the child to end, insists after `seconds`, and returns its exit code. `group` clears up grandchildren."""
    if child.poll() is None:
        child.send_signal(sig)
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait(10)
    if group:
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
    return child.returncode


def is_running(pid: int) -> bool:
    """True for a live process; a zombie that nobody reaped (containers without an init) is dead."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in ("Z", "X")


def identity(pid: int) -> str:
    """Tells a process from a later one that got the same number: when it started, in clock ticks since boot."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def command_line(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
    except OSError:
        return []


def end_stranger(pid: int, mark: str, *patience: tuple[signal.Signals, float]) -> None:
    """Ends a process that is not our child, if it still is the one with this identity: signal, wait, next signal."""
    for sig, seconds in patience:
        if not is_running(pid) or identity(pid) != mark:
            return
        try:
            os.kill(pid, sig)
        except ProcessLookupError:
            return
        if wait_for_end(pid, seconds):
            return


def wait_for_end(pid: int, seconds: float) -> bool:
    """Waits for a process that is not our child. True when it is gone."""
    end = time.monotonic() + seconds
    while is_running(pid):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
