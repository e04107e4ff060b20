"""The product behind PgBouncer in transaction mode: the isolation tests, and fifty clients of twenty organisations at
once over two connections to PostgreSQL.

    python -m tests.faults.pgbouncer                      both, with pools of one and of two
    python -m tests.faults.pgbouncer --only hammer --requests 20000
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cs_platform.supervisor import crew, ports, processes, services
from cs_platform.supervisor.postgres import APP, DATABASE, OWNER, Postgres
from cs_platform.supervisor.valkey import Valkey
from tests.faults.bouncer import Bouncer, NotToBeHad

TESTS = ("tests/house/test_isolation.py", "tests/house/test_isolation_locks.py")
TENANTS, CLIENTS, REQUESTS = 20, 50, 6000
ALONE = "tests.faults.rls_alone"
RESULTS = services.BASE_DIR / ".data" / "faults" / "pgbouncer.json"


@dataclass
class Servers:
    """PostgreSQL and Valkey of our own, and the addresses to them."""

    folder: Path
    base: int
    more: dict[str, str] = field(default_factory=dict)

    def __enter__(self) -> "Servers":
        self.postgres, self.valkey = Postgres(self.folder, durable=False), Valkey(self.folder)
        self.postgres.start(ports.choose("postgres", self.base, self.folder / "ports.json"))
        self.valkey.start(ports.choose("valkey", self.base + 50, self.folder / "ports.json"))
        return self

    def __exit__(self, *_: object) -> None:
        self.valkey.stop()
        self.postgres.stop()

    def addresses(self, through: int = 0) -> dict[str, str]:
        return {
            "DATABASE_URL": f"postgresql://{APP}@{ports.HOST}:{through or self.postgres.port}/{DATABASE}",
            "DATABASE_OWNER_URL": f"postgresql://{OWNER}@{ports.HOST}:{self.postgres.port}/{DATABASE}",
            "REDIS_URL": f"redis://{ports.HOST}:{self.valkey.port}/0",
        }


def environment(**more: str) -> dict[str, str]:
    foreign = ("DATABASE", "REDIS", "CS_", "DJANGO", "EMAIL", "PYTEST", "DB_SUFFIX")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)} | more


def isolation(servers: Servers, bouncer: Bouncer) -> dict[str, Any]:
    """The house's own isolation tests; only making and dropping their databases goes past PgBouncer."""
    env = environment(CS_TEST_SERVERS=json.dumps(servers.addresses(bouncer.port)), DB_SUFFIX=f"bouncer{bouncer.pool}")
    command = [sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider", "-p", "no:randomly"]
    done = subprocess.run([*command, *TESTS], cwd=services.BASE_DIR, env=env, capture_output=True, text=True)
    last = done.stdout.strip().splitlines()[-1] if done.stdout.strip() else done.stderr[-300:]
    if done.returncode != 0:
        print(done.stdout[-6000:] + done.stderr[-2000:])
    return {"what": "isolation tests", "pool": bouncer.pool, "ok": done.returncode == 0, "words": last}


@dataclass
class Hammer:
    """Each thread is a client that changes its organisation with every request."""

    web: str
    keys: dict[str, str]  # canary of an organisation -> key
    requests: int
    answers: Counter[str] = field(default_factory=Counter)
    foreign: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def run(self) -> None:
        self.lock, self.left = threading.Lock(), self.requests
        threads = [threading.Thread(target=self._client, args=(n,), daemon=True) for n in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(1800)

    def _client(self, number: int) -> None:
        rng = random.Random(number)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        canaries = list(self.keys)
        while True:
            with self.lock:
                if self.left <= 0:
                    return
                self.left -= 1
                turn = self.left
            canary = rng.choice(canaries)
            path, body = self._what(rng, canary, f"{number}-{turn}")
            request = urllib.request.Request(
                f"{self.web}/api/v1/{path}", body, {"Authorization": f"Bearer {self.keys[canary]}"}
            )
            if body is not None:
                request.add_header("Content-Type", "application/json")
            try:
                with opener.open(request, timeout=60) as answer:
                    status, text = answer.status, answer.read().decode()
            except urllib.error.HTTPError as error:
                status, text = error.code, error.read().decode()
            except OSError as error:
                status, text = 0, repr(error)
            self._note(path, canary, status, text)

    def _what(self, rng: random.Random, canary: str, name: str) -> tuple[str, bytes | None]:
        word = rng.random()
        if word < 0.15:
            return "accounts/", json.dumps({"name": f"{canary} {name}", "support_level": "Named"}).encode()
        if word < 0.3:
            return "contacts/?limit=50", None
        if word < 0.4:
            return "audit/?limit=20", None
        return "accounts/?limit=50", None

    def _note(self, path: str, canary: str, status: int, text: str) -> None:
        with self.lock:
            self.answers[f"{status // 100}xx" if status else "none"] += 1
            shown = [other for other in self.keys if other != canary and other in text]
            if shown:
                self.foreign.append(f"{path} of {canary} shows {', '.join(shown)}")
            if status == 0 or status >= 500:
                self.errors.append(f"{path}: {status} {text[:200]}")
            elif path.startswith("accounts/?") and (status != 200 or canary not in text):
                self.errors.append(f"{path} of {canary} does not show its own rows: {status} {text[:200]}")


def hammer(
    servers: Servers, bouncer: Bouncer, folder: Path, requests: int, application: str = "cs_platform.wsgi"
) -> dict[str, Any]:
    """gunicorn, a dispatcher and fifty clients through the bouncer."""
    port = ports.choose(f"web {bouncer.pool}", servers.base + 100, servers.folder / "ports.json")
    through = servers.addresses(bouncer.port)
    del through["DATABASE_OWNER_URL"]
    env = environment(
        CS_ENV="development", CS_DATA_DIR=str(folder), CS_BASE_URL=f"http://{ports.HOST}:{port}",
        CS_LOG_LEVEL="WARNING", NO_PROXY="127.0.0.1", **through,
    )  # fmt: skip
    _manage(env | {"DATABASE_OWNER_URL": servers.addresses()["DATABASE_OWNER_URL"]}, "migrate", "--noinput", "-v", "0")
    made = subprocess.run(
        [sys.executable, "-m", "tests.faults.pgbouncer_people", str(TENANTS)], env=env, cwd=services.BASE_DIR,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    keys = json.loads(made.stdout)
    (web,) = [m for m in crew.product(crew.Place(folder, port, port + 10, port + 25)) if m.name == "web"]
    argv = [{"4": "25"}.get(word, word) if web.argv[n - 1] == "--threads" else word for n, word in enumerate(web.argv)]
    argv = [word.replace("cs_platform.wsgi", application) for word in argv]
    children = [
        processes.spawn(argv, log=folder / "web.log", env=env, cwd=services.BASE_DIR),
        processes.spawn(
            [sys.executable, "manage.py", "dispatcher"], log=folder / "dispatcher.log", env=env, cwd=services.BASE_DIR
        ),
    ]
    try:
        _until(lambda: ports.answers(port), "the web did not start")
        pool = Hammer(f"http://{ports.HOST}:{port}", keys, requests)
        began = time.monotonic()
        pool.run()
        seconds = time.monotonic() - began
        left = _drained(env)
    finally:
        for child in children:
            processes.stop(child, group=True)
    words = (
        f"{sum(pool.answers.values())} requests of {CLIENTS} clients of {TENANTS} organisations in {seconds:.0f} s, "
        f"{len(pool.foreign)} foreign rows shown, {len(pool.errors)} errors, {left} pieces of work left"
    )
    for problem in (*pool.foreign[:10], *pool.errors[:10]):
        print(f"  {problem}")
    return {
        "what": "hammer, row-level security alone" if application == ALONE else "hammer",
        "pool": bouncer.pool,
        "ok": not pool.foreign and not pool.errors and left == 0 and sum(pool.answers.values()) == requests,
        "words": words,
    }


def _drained(env: dict[str, str], patience: float = 120) -> int:
    """The dispatcher alone, through the bouncer, does all the work that the requests left; given up when it does not
    get less for so many seconds."""
    least, end = 10**9, time.monotonic() + patience
    while True:
        done = subprocess.run(
            [sys.executable, "-m", "tests.faults.pgbouncer_people", "left"],
            env=env,
            cwd=services.BASE_DIR,
            capture_output=True,
            text=True,
            check=True,
        )
        left = int(done.stdout)
        if left < least:
            least, end = left, time.monotonic() + patience
        if left == 0 or time.monotonic() > end:
            return left
        time.sleep(1)


def _manage(env: dict[str, str], *words: str) -> bool:
    done = subprocess.run(
        [sys.executable, "manage.py", *words], env=env, cwd=services.BASE_DIR, capture_output=True, text=True
    )
    if done.returncode != 0:
        raise RuntimeError(f"manage.py {words[0]} failed:\n{done.stdout[-1500:]}{done.stderr[-3000:]}")
    return True


def _until(check: Any, words: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not check():
        if time.monotonic() > end:
            raise RuntimeError(words)
        time.sleep(0.1)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="pgbouncer", description="The product behind PgBouncer in transaction mode.")
    parser.add_argument("--only", choices=("isolation", "hammer"), default="")
    parser.add_argument("--pool", type=int, action="append", help="connections to PostgreSQL; 1 and 2 if left out")
    parser.add_argument("--requests", type=int, default=REQUESTS)
    parser.add_argument("--port-base", type=int, default=22200)
    parser.add_argument("--results", type=Path, default=RESULTS)
    given = parser.parse_args(argv)
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="bouncer-") as name:
        folder = Path(name)
        os.chmod(folder, 0o755)
        try:
            with Servers(folder, given.port_base) as servers:
                for pool in given.pool or (1, 2):
                    port = ports.choose("bouncer", given.port_base + 75, folder / "ports.json")
                    with Bouncer(folder, port, servers.postgres.port, pool) as bouncer:
                        if given.only != "hammer":
                            results.append(_told(isolation(servers, bouncer)))
                        if given.only != "isolation" and pool == 2:
                            results.append(_told(hammer(servers, bouncer, folder, given.requests)))
                            results.append(_told(hammer(servers, bouncer, folder, given.requests, ALONE)))
        except NotToBeHad as why:
            results.append(_told({"what": "PgBouncer", "pool": 0, "ok": False, "words": f"not tried: {why}"}))
    given.results.parent.mkdir(parents=True, exist_ok=True)
    given.results.write_text(json.dumps(results, indent=1) + "\n")
    return 0 if all(result["ok"] for result in results) else 1


def _told(result: dict[str, Any]) -> dict[str, Any]:
    mark = "ok " if result["ok"] else "RED"
    print(f"{mark} {result['what']} with a pool of {result['pool']}: {result['words']}", flush=True)
    return result


if __name__ == "__main__":
    sys.exit(main())
