"""`make test`: servers, browser, linters, contracts, tests. Every step has a heading and its seconds."""

import base64
import json
import os
import secrets
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cs_platform.supervisor import chromium, services
from cs_platform.supervisor.problem import Problem
from cs_platform.supervisor.servers import Servers

BASE_DIR = services.BASE_DIR
BIN = Path(sys.executable).parent
ROOMS = [
    room
    for room in ("cs_platform", "accounts", "activities", "lifecycle", "campaigns", "onboarding", "integrations")
    if (BASE_DIR / room).is_dir()
]


def steps() -> list[tuple[str, list[str], dict[str, str]]]:
    """Heading, command, extra environment. pytest is not here: it comes last, so that its closing line does."""
    manage = [sys.executable, "manage.py"]
    return [
        ("ruff check", [tool("ruff"), "check", "."], {}),
        ("ruff format", [tool("ruff"), "format", "--check", "."], {}),
        ("templates", [tool("djlint"), "templates", *_room_templates(), "--lint", "--quiet"], {}),
        ("floors", [tool("lint-imports")], {}),
        ("types", [tool("mypy")], {}),
        ("migrations", [*manage, "makemigrations", "--check", "--dry-run"], {}),
        ("deployment check", [*manage, "check", "--deploy", "--fail-level", "WARNING"], production()),
    ]


def production() -> dict[str, str]:
    """A complete production environment with throw-away values: what is missing here would be missing there."""
    return {
        "CS_ENV": "production",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "CS_ENCRYPTION_KEYS": "check:" + base64.b64encode(secrets.token_bytes(32)).decode(),
        "CS_BASE_URL": "https://cs.example.com",
        "CS_ALLOWED_HOSTS": "cs.example.com",
        "EMAIL_URL": "smtp://127.0.0.1:25",
    }


def run(extra: list[str]) -> int:
    signal.signal(signal.SIGTERM, _interrupt)
    servers: Servers | None = None
    failed: list[str] = []
    try:
        began = _heading("servers")
        addresses, servers = start_servers()
        _seconds(began)
        env = os.environ | addresses | {"CS_ENV": "test"}
        env.pop("CS_CLOCK_FILE", None)
        began = _heading("browser")
        has_browser = find_browser()
        _seconds(began)
        if not has_browser and os.environ.get("CI", "").lower() in ("1", "true", "yes"):
            failed.append("browser")
        for name, command, more in steps():
            _step(name, lambda command=command, more=more: _call(command, env | more), failed)  # type: ignore[misc]
        _step("tests", lambda: _call(pytest_command(extra), os.environ | _for_pytest(addresses)), failed)
        if failed:
            print(f"\nmake test: failed: {', '.join(failed)}", flush=True)
        return 1 if failed else 0
    except Problem as problem:
        print(f"make test: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nmake test: interrupted", flush=True)
        return 130
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if servers is not None:
            servers.stop()


def start_servers() -> tuple[dict[str, str], Servers | None]:
    """The given ones; those that already run for the tests; else our own children, which end with us."""
    given = services.given_addresses()
    if given:
        print("those of DATABASE_URL and REDIS_URL")
        return given, None
    root = BASE_DIR / ".data" / "test"
    try:
        servers = Servers(root, durable=False, shift=500)
        mine = servers.lock.take()
    except PermissionError:
        raise Problem(f"{root} belongs to another user. Run as that user, or remove .data.") from None
    if mine:
        try:
            return servers.start(keeper="make test"), servers
        except BaseException:
            servers.stop()
            raise
    return services.up(root, durable=False, shift=500), None


def find_browser() -> bool:
    found = chromium.find()
    if found is None and chromium.can_install() and not os.environ.get("CHROMIUM_PATH"):
        print("no Chromium; installing Debian's package (about 20 s)", flush=True)
        found = chromium.install()
    print(found or chromium.how_to_get_it(), flush=True)
    return found is not None


def pytest_command(extra: list[str]) -> list[str]:
    workers = os.environ.get("CS_TEST_WORKERS") or str(max(2, min(os.cpu_count() or 2, 8)))
    return [sys.executable, "-m", "pytest", "-n", workers, "--dist", "loadscope", "--durations", "10", *extra]


def tool(name: str) -> str:
    return str(BIN / name)


def _for_pytest(addresses: dict[str, str]) -> dict[str, str]:
    return {"CS_TEST_SERVERS": json.dumps(addresses)}


def _room_templates() -> list[str]:
    return [
        str(path.relative_to(BASE_DIR))
        for room in ROOMS
        for path in (BASE_DIR / room).rglob("templates")
        if path.is_dir()
    ]


def _step(name: str, work: Callable[[], int], failed: list[str]) -> None:
    began = _heading(name)
    if work() != 0:
        failed.append(name)
    if name != "tests":
        _seconds(began)


def _call(command: list[str], env: dict[str, str]) -> int:
    child = subprocess.Popen(command, env=env, cwd=BASE_DIR, stdin=subprocess.DEVNULL)
    try:
        return child.wait()
    except KeyboardInterrupt:
        # The terminal told it as well; pytest closes its databases now.
        try:
            child.send_signal(signal.SIGINT)
            child.wait(20)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            child.kill()
            child.wait()
        raise


def _heading(name: str) -> float:
    print(f"\n== {name}", flush=True)
    return time.monotonic()


def _seconds(began: float) -> None:
    print(f"   {time.monotonic() - began:.1f} s", flush=True)


def _interrupt(number: int, frame: Any) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(run(shlex.split(os.environ.get("ARGS", ""))))
