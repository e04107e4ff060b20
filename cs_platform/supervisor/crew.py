"""Who runs in the demo: one readable list of processes, in the order in which they start.

They stop in the opposite order, so that nobody misses a server that is already gone.
"""

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from cs_platform.supervisor import ports
from cs_platform.supervisor.problem import Problem

BASE_PORT = 18000
LOGIN_PAGE = "/auth/login/"


@dataclass(frozen=True)
class Member:
    name: str
    argv: list[str]
    port: int | None = None  # where it must answer before the next step
    patience: float = 10  # seconds that it gets to end by itself
    env: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """The addresses and folders of one demo."""

    root: Path
    web: int
    sandbox: int
    mailbox: int

    @property
    def base_url(self) -> str:
        return f"http://{ports.HOST}:{self.web}"

    @property
    def sandbox_url(self) -> str:
        return f"http://{ports.HOST}:{self.sandbox}"

    @property
    def mail_folder(self) -> Path:
        return self.root / "mailbox"


def find_place(root: Path, base: int) -> Place:
    if not 1024 <= base <= 32000:
        raise Problem(f"--port-base {base}: choose a number between 1024 and 32000")
    memory = root / "ports.json"
    wanted = {"web": base, "sandbox": base + 10, "mailbox": base + 25}
    found: dict[str, int] = {}
    for name, port in wanted.items():
        found[name] = ports.choose(
            name, port, memory, avoid=frozenset((set(wanted.values()) - {port}) | {*found.values()})
        )
    return Place(root, **found)


def environment(place: Place, addresses: dict[str, str], clock: Path | None) -> dict[str, str]:
    """What every process of the demo is told. The owner's address is not: only `migrate` gets that."""
    inherited = {k: v for k, v in os.environ.items() if k not in ("CS_CLOCK_FILE", "DATABASE_OWNER_URL")}
    return inherited | {
        "CS_ENV": "test" if clock else "development",
        **({"CS_CLOCK_FILE": str(clock)} if clock else {}),
        "DATABASE_URL": addresses["DATABASE_URL"],
        "REDIS_URL": addresses["REDIS_URL"],
        "EMAIL_URL": f"smtp://{ports.HOST}:{place.mailbox}",
        "CS_BASE_URL": place.base_url,
        "CS_DATA_DIR": str(place.root),
        "CS_MAILBOX_DIR": str(place.mail_folder),
        "CS_SALESFORCE_EXTRA_HOSTS": place.sandbox_url,
        "CS_SANDBOX_URL": place.sandbox_url,
        "PYTHONUNBUFFERED": "1",
        "NO_PROXY": "127.0.0.1,localhost",  # a proxy of the house must not see loopback
        "no_proxy": "127.0.0.1,localhost",
    }


def neighbours(place: Place) -> list[Member]:
    """The outside world in small: they must answer before the demo's data is loaded."""
    python = sys.executable
    sandbox = [
        "-m",
        "integrations.salesforce.sandbox",
        "--port",
        str(place.sandbox),
        "--data",
        str(place.root / "sandbox"),
    ]
    mailbox = ["-m", "cs_platform.supervisor.mailbox", "--port", str(place.mailbox), "--dir", str(place.mail_folder)]
    return [
        Member("mailbox", [python, *mailbox], port=place.mailbox),
        Member("sandbox", [python, *sandbox], port=place.sandbox),
    ]


def product(place: Place) -> list[Member]:
    """The four processes of the product (docs/operations.md)."""
    python = sys.executable
    gunicorn = ["-m", "gunicorn", "cs_platform.wsgi:application", "--bind", f"{ports.HOST}:{place.web}"]
    gunicorn += ["--worker-class", "gthread", "--workers", "2", "--threads", "4"]
    gunicorn += ["--graceful-timeout", "5", "--no-control-socket"]
    if Path("/dev/shm").is_dir():
        gunicorn += ["--worker-tmp-dir", "/dev/shm"]
    celery = ["-m", "celery", "-A", "cs_platform"]
    return [
        Member("web", [python, *gunicorn], port=place.web),
        Member("worker", [python, *celery, "worker", "--concurrency", "2", "--loglevel", "INFO", "--without-gossip"]),
        Member("dispatcher", [python, "manage.py", "dispatcher"]),
        Member(
            "beat",
            [
                python,
                *celery,
                "beat",
                "--schedule",
                str(place.root / "beat.schedule"),
                "--pidfile=",
                "--loglevel",
                "INFO",
            ],
            patience=5,
        ),
    ]
