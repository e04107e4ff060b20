"""`make guards`: switches every guard of the product off, one by one, and expects its tests to fail.

A guard is a line of code that keeps a promise. If the tests stay green without it, nothing would tell us that somebody
took it out. The guards stand in guards.toml: a file, the text of the guard, what takes its place, the tests that must
notice. Everything happens in a copy of the tree; exit code 1 if a guard could go unnoticed or its text is gone.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

from cs_platform.supervisor import services

BASE_DIR = services.BASE_DIR
LIST = Path(__file__).with_name("guards.toml")
TABLE = BASE_DIR / "docs" / "guards.md"
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".data", ".*_cache", ".hypothesis", "node_modules", "staticfiles")
LONGEST = 900
FAILED = 1  # pytest: tests ran and some failed; every other code is a broken run, which proves nothing


@dataclass(frozen=True)
class Guard:
    """A promise, where it is kept, and who notices when it is not. `off` is (text, what takes its place, file): where
    two lines keep the same promise, both are switched off together."""

    name: str
    file: str
    off: tuple[tuple[str, str, str], ...]
    tests: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    guard: Guard
    noticed_by: str
    seconds: float
    words: str = ""


def read() -> list[Guard]:
    found = []
    for given in tomllib.loads(LIST.read_text())["guard"]:
        off = tuple((text, instead, *other, given["file"])[:3] for text, instead, *other in given["off"])
        found.append(Guard(given["name"], given["file"], off, tuple(given["tests"])))
    return found


def run(chosen: list[Guard], *, write: bool) -> int:
    servers = services.up(BASE_DIR / ".data" / "test", durable=False, shift=500)
    with tempfile.TemporaryDirectory(prefix="guards-") as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(BASE_DIR, tree, ignore=LEFT_OUT)
        print(f"{len(chosen)} guards; first their tests with every guard on", flush=True)
        code, words = _tests(tree, sorted({test for guard in chosen for test in guard.tests}), servers)
        if code != 0:
            print(f"The tests must be green before a guard is switched off:\n{words}")
            return 1
        outcomes = []
        for number, guard in enumerate(chosen, 1):
            outcomes.append(_without(tree, guard, servers))
            print(f"{number:3} {_line(outcomes[-1])}", flush=True)
    unnoticed = [outcome for outcome in outcomes if not outcome.noticed_by]
    for outcome in unnoticed:
        print(f"\n{outcome.guard.name}: nobody noticed\n{outcome.words}")
    print(f"\n{len(outcomes) - len(unnoticed)} of {len(outcomes)} guards are missed when they are off")
    if write:
        TABLE.write_text(table(outcomes))
    return 1 if unnoticed else 0


def _without(tree: Path, guard: Guard, servers: dict[str, str]) -> Outcome:
    began, originals = time.monotonic(), {file: (tree / file).read_text() for *_, file in guard.off}
    changed = dict(originals)
    for text, instead, file in guard.off:
        if text not in changed[file]:
            return Outcome(guard, "", 0.0, f"its text is not in {file} any more: {text!r}")
        changed[file] = changed[file].replace(text, instead)
    try:
        _write(tree, changed)
        code, words = _tests(tree, list(guard.tests), servers)
    finally:
        _write(tree, originals)
    # A test that could not start (ERROR) says nothing about the guard.
    failed = [line[7:].split(" - ")[0] for line in words.splitlines() if line.startswith("FAILED ")]
    noticed = failed[0].partition("::")[2].partition("[")[0] if code == FAILED and failed else ""
    return Outcome(guard, noticed, time.monotonic() - began, words)


def _write(tree: Path, texts: dict[str, str]) -> None:
    for file, text in texts.items():
        path = tree / file
        path.write_text(text)
        later = time.time() + 2  # a compiled file of the same second would be believed
        os.utime(path, (later, later))


def _tests(tree: Path, tests: list[str], servers: dict[str, str]) -> tuple[int, str]:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-rf", "--no-header", "-p", "no:cacheprovider", *tests]
    env = os.environ | {"CS_TEST_SERVERS": json.dumps(servers), "DB_SUFFIX": f"guards{os.getpid()}"}
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "PYTEST_ADDOPTS"):
        env.pop(name, None)
    try:
        done = subprocess.run(command, cwd=tree, env=env, capture_output=True, text=True, timeout=LONGEST)
    except subprocess.TimeoutExpired:
        return -1, f"the tests did not end within {LONGEST} seconds"
    return done.returncode, done.stdout[-4000:] + done.stderr[-1000:]


def _line(outcome: Outcome) -> str:
    mark = "red  " if outcome.noticed_by else "GREEN"
    return f"{mark} {outcome.seconds:5.1f} s  {outcome.guard.name}: {outcome.noticed_by or 'nobody noticed'}"


def table(outcomes: list[Outcome]) -> str:
    """The page of docs."""
    red = sum(bool(outcome.noticed_by) for outcome in outcomes)
    rows = "\n".join(
        f"| {o.guard.name} | `{o.guard.file}` | {f'`{o.noticed_by}`' if o.noticed_by else '**nobody**'} |"
        for o in outcomes
    )
    return (
        "# Guards\n\n"
        "`make guards` takes each of these lines out of a copy of the product, one by one, and runs the tests that\n"
        "must notice. `make guards ARGS=--table` writes this page; the lines themselves are in\n"
        "`cs_platform/supervisor/guards.toml`.\n\n"
        f"Missed when they are off: **{red} of {len(outcomes)}**.\n\n"
        f"| guard | kept in | first test that failed without it |\n| --- | --- | --- |\n{rows}\n"
    )


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make guards", description="Each guard off once; its tests must notice.")
    parser.add_argument("-k", default="", help="only guards with this word in their name")
    parser.add_argument("--table", action="store_true", help="write docs/guards.md")
    given = parser.parse_args(argv)
    chosen = [guard for guard in read() if given.k in guard.name]
    return run(chosen, write=given.table and not given.k)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
