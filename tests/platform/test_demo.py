"""What the demo does with its processes, shown on a small product (small_demo.py)."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cs_platform.supervisor import processes
from cs_platform.supervisor.services import BASE_DIR
from tests.platform.test_services import ask

BASE = 21000
Start = Callable[..., "subprocess.Popen[str]"]


def environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith(("DATABASE", "REDIS", "CS_"))}


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    running: list[subprocess.Popen[str]] = []

    def start(*more: str) -> "subprocess.Popen[str]":
        argv = [sys.executable, "-m", "tests.platform.small_demo", str(tmp_path / "data"), str(BASE), *more]
        out = subprocess.PIPE
        demo = subprocess.Popen(argv, env=environment(), cwd=BASE_DIR, stdout=out, stderr=subprocess.STDOUT, text=True)
        running.append(demo)
        return demo

    yield start
    for demo in running:
        demo.kill()
        demo.wait()


def ready(folder: Path, seconds: float = 60) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(wait_for(folder / "data" / "demo-addresses.json", seconds))
    return found


def wait_for(path: Path, seconds: float) -> str:
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, f"{path} did not come"
        time.sleep(0.05)
    return path.read_text()


def page(address: str) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(address, timeout=10) as answer:
        return str(answer.read().decode())


def eventually(check: Callable[[], object], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            assert check()
            return
        except (OSError, AssertionError):
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def test_interrupting_stops_everything_and_keeps_the_data(start: Start, tmp_path: Path) -> None:
    demo = start()
    first = ready(tmp_path)
    ask(first["DATABASE_OWNER_URL"], "CREATE TABLE kept (n int)")
    demo.send_signal(signal.SIGINT)
    said, _ = demo.communicate(timeout=60)
    assert demo.returncode == 0, said
    assert "Ready after" in said and first["web"] in said
    assert not any(processes.is_running(pid) for pid in first["pids"].values())
    start()
    second = ready(tmp_path)
    assert second["web"] == first["web"]
    assert ask(second["DATABASE_OWNER_URL"], "SELECT count(*) FROM kept") == [(0,)]


def test_a_child_that_dies_is_started_again(start: Start, tmp_path: Path) -> None:
    demo = start()
    known = ready(tmp_path)
    os.kill(known["pids"]["web"], signal.SIGKILL)
    eventually(lambda: not processes.is_running(known["pids"]["web"]))
    eventually(lambda: page(known["web"]) == "development ")
    demo.send_signal(signal.SIGTERM)
    assert "web ended (exit code -9), starts again" in demo.communicate(timeout=60)[0]


def test_killing_it_leaves_nothing_behind_and_the_next_start_has_the_same_addresses(
    start: Start, tmp_path: Path
) -> None:
    demo = start()
    known = ready(tmp_path)
    demo.kill()
    (tmp_path / "data" / "demo-addresses.json").unlink()
    start()
    again = ready(tmp_path)
    assert {k: v for k, v in again.items() if k not in ("pid", "pids")} == {
        k: v for k, v in known.items() if k not in ("pid", "pids")
    }
    assert not any(processes.is_running(pid) for pid in known["pids"].values())


def test_one_demo_per_folder(start: Start, tmp_path: Path) -> None:
    start()
    ready(tmp_path)
    said, _ = (second := start()).communicate(timeout=60)
    assert second.returncode == 1 and "already runs" in said
    assert ready(tmp_path)


def test_with_a_clock_every_process_is_in_the_test_environment(start: Start, tmp_path: Path) -> None:
    start(str(tmp_path / "clock"))
    assert page(ready(tmp_path)["web"]) == f"test {tmp_path / 'clock'}"
    assert (tmp_path / "clock").read_text().strip().endswith("+00:00")
