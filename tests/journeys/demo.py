"""The whole product as `make demo` starts it, in a folder and on ports of its own, with a clock that the test moves."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from cs_platform.supervisor.services import BASE_DIR


class RunningDemo:
    """`addresses` names web, sandbox and the servers; `at()` moves the clock of every process."""

    def __init__(self, folder: Path, base: int, moment: datetime) -> None:
        self.folder, self.clock = folder / "data", folder / "clock"
        self.at(moment)
        self.said = folder / "demo.log"
        env = {k: v for k, v in os.environ.items() if not k.startswith(("DATABASE", "REDIS", "CS_", "DJANGO"))}
        argv = [sys.executable, "manage.py", "demo", "--dir", str(self.folder), "--port-base", str(base)]
        with self.said.open("wb") as log:
            self.process = subprocess.Popen(
                [*argv, "--clock", str(self.clock)], env=env, cwd=BASE_DIR, stdout=log, stderr=subprocess.STDOUT
            )
        self.addresses = self._wait_until_ready(180)

    def _wait_until_ready(self, seconds: float) -> dict[str, Any]:
        ready = self.folder / "demo-addresses.json"
        end = time.monotonic() + seconds
        while not ready.exists():
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"the demo did not start:\n{self.said.read_text()[-3000:]}")
            time.sleep(0.2)
        found: dict[str, Any] = json.loads(ready.read_text())
        return found

    def at(self, moment: datetime) -> None:
        self.moment = moment
        draft = self.clock.with_suffix(".new")
        draft.write_text(moment.astimezone(UTC).isoformat())
        draft.replace(self.clock)

    @property
    def logins(self) -> list[dict[str, str]]:
        found: list[dict[str, str]] = json.loads((self.folder / "demo.json").read_text())["logins"]
        return found

    def mails(self) -> list[EmailMessage]:
        """Everything the mail server got, in order, whole."""
        index = self.folder / "mailbox" / "index.jsonl"
        lines = [json.loads(line) for line in index.read_text().splitlines()] if index.exists() else []
        read = [(self.folder / "mailbox" / line["file"]).read_bytes() for line in lines]
        return [message_from_bytes(raw, policy=policy.default) for raw in read]  # type: ignore[misc]

    def manage(self, *words: str) -> str:
        """A command of the product in this demo's surroundings."""
        env = {k: v for k, v in os.environ.items() if not k.startswith(("DATABASE", "REDIS", "CS_", "DJANGO"))}
        env |= {
            "CS_ENV": "test",
            "CS_CLOCK_FILE": str(self.clock),
            "CS_DATA_DIR": str(self.folder),
            "DATABASE_URL": self.addresses["DATABASE_URL"],
            "REDIS_URL": self.addresses["REDIS_URL"],
            "CS_SALESFORCE_EXTRA_HOSTS": self.addresses["sandbox"],
            "EMAIL_URL": self.addresses["smtp"],
        }
        done = subprocess.run(
            [sys.executable, "manage.py", *words], env=env, cwd=BASE_DIR, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-3000:]
        return done.stdout

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def eventually(check: Any, seconds: float = 60, pause: float = 0.25) -> Any:
    """The first true answer of `check`; what it said last when the time is up."""
    end = time.monotonic() + seconds
    while True:
        answer = check()
        if answer:
            return answer
        assert time.monotonic() < end, f"not within {seconds:.0f} s; last answer: {answer!r}"
        time.sleep(pause)
