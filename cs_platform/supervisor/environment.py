"""`make setup`: the virtual environment with the locked dependencies. Runs with a bare Python 3.11 and nothing else.

Quick when nothing changed: a stamp holds the hash of the lock file and the version of Python. An installation that
was interrupted leaves a mark, and the next run starts from nothing instead of trusting half of it.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from cs_platform.supervisor.problem import Problem

BASE_DIR = Path(__file__).resolve().parents[2]
VENV = BASE_DIR / ".venv"
LOCK = BASE_DIR / "requirements.lock"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / ".stamp"
UNFINISHED = VENV / ".unfinished"


def wanted_stamp() -> str:
    version = "{}.{}".format(*sys.version_info[:2])
    return f"{hashlib.sha256(LOCK.read_bytes()).hexdigest()} python{version}\n"


def is_current() -> bool:
    try:
        return STAMP.read_text() == wanted_stamp() and not UNFINISHED.exists() and _runs()
    except OSError:
        return False


def setup() -> str:
    if sys.version_info < (3, 11):  # noqa: UP036  (somebody may call us with an older one)
        raise Problem(
            f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}. Try: make PYTHON=python3.11 …"
        )
    if is_current():
        return "nothing changed"
    began = time.monotonic()
    with _only_one():
        if is_current():
            return "done by another run"
        if VENV.exists() and (UNFINISHED.exists() or not _runs()):
            say("the environment in .venv is incomplete; it is made anew")
            shutil.rmtree(VENV)
        if not VENV.exists():
            _make()
        UNFINISHED.touch()
        _install()
        STAMP.write_text(wanted_stamp())
        UNFINISHED.unlink()
    return f"ready ({time.monotonic() - began:.0f} s)"


def _runs() -> bool:
    """The interpreter starts and has its pip: a copied or half-removed environment does not."""
    if not PYTHON.exists():
        return False
    asked = "import sys, pip; print('{}.{}'.format(*sys.version_info[:2]))"
    answer = subprocess.run([PYTHON, "-c", asked], capture_output=True, text=True)
    pip = VENV / "bin" / "pip"
    if not pip.exists() or str(VENV) not in pip.read_text()[:400]:
        return False  # the folder was moved or copied: its scripts name another place
    return answer.returncode == 0 and answer.stdout.strip() == "{}.{}".format(*sys.version_info[:2])


def _make() -> None:
    say("creating .venv")
    VENV.mkdir()
    UNFINISHED.touch()
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True)
    if made.returncode != 0:
        shutil.rmtree(VENV, ignore_errors=True)
        raise Problem(
            f"a virtual environment can not be made: {(made.stdout + made.stderr).strip()[-600:]}\n"
            "On Debian and Ubuntu this one command mends it:  apt-get install python3-venv"
        )


def _install() -> None:
    total = len(re.findall(r"^[A-Za-z0-9._-]+==", LOCK.read_text(), re.MULTILINE))
    log = BASE_DIR / ".data" / "logs" / "setup.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    argv: list[str | Path] = [
        PYTHON,
        "-m",
        "pip",
        "install",
        "--require-hashes",
        "-r",
        LOCK,
        "--disable-pip-version-check",
    ]
    say(f"installing {total} locked packages")
    seen = 0
    with (
        open(log, "w") as out,
        subprocess.Popen(
            [*argv, "--progress-bar", "off", "--no-input"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as pip,
    ):
        assert pip.stdout is not None
        for line in pip.stdout:
            out.write(line)
            if line.startswith(("Collecting ", "Requirement already satisfied: ")):
                seen += 1
                if seen % 20 == 0 and not line.startswith("Requirement"):
                    say(f"{seen} of {total} fetched")
            elif line.startswith("Installing collected packages"):
                say("unpacking")
    if pip.returncode != 0:
        tail = "".join(log.read_text().splitlines(keepends=True)[-12:])
        raise Problem(
            f"installing the packages failed (all of it is in {log}):\n{tail}\nWhen the network is back: make setup"
        )


class _only_one:
    """`make demo` and `make test` may be started together on a fresh machine; one installs, the other waits."""

    def __enter__(self) -> None:
        folder = BASE_DIR / ".data"
        try:
            folder.mkdir(exist_ok=True)
            self.fd = os.open(folder / "setup.lock", os.O_RDWR | os.O_CREAT, 0o644)
        except PermissionError:
            raise Problem(f"{folder} belongs to another user. Run as that user, or remove .data and .venv.") from None
        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another setup is running; waiting for it")
            fcntl.flock(self.fd, fcntl.LOCK_EX)

    def __exit__(self, *problem: object) -> None:
        os.close(self.fd)


def say(words: str) -> None:
    print(f"setup: {words}", flush=True)


if __name__ == "__main__":
    try:
        say(setup())
    except Problem as problem:
        print(f"setup: {problem}", file=sys.stderr)
        sys.exit(1)
    except PermissionError as refused:
        print(f"setup: {refused.filename} belongs to another user. Run as that user, or remove .venv.", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
