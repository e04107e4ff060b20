"""docs/faults.md: what was tried, on which commit, and what came of it. Written from the results of the parts."""

import json
import os
import platform
import subprocess
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cs_platform.supervisor import services

FOLDER = services.BASE_DIR / ".data" / "faults"
HISTORIES, PARTS, BOUNCER = FOLDER / "histories.jsonl", FOLDER / "parts.json", FOLDER / "pgbouncer.json"
PAGE = services.BASE_DIR / "docs" / "faults.md"
HEAD = """# Faults

`make faults` starts the whole product as real processes (PostgreSQL, Valkey, web, worker, dispatcher, two beats, a
Salesforce org, a mail server), gives organisations work to do, breaks things in an order that a seed decides, and
counts at the outside what came of it: the mail server's envelopes, the org's records, the ledger. This page is what it
wrote. `tests/faults/__init__.py` says how it works; one history can be repeated with its seed:
`.venv/bin/python -m tests.faults.histories --seed N --faults M`.

What must hold: nothing **lost**, nothing **doubled**; a mail that was on its way when something broke may be
**unknown**, at most as many as lines to the mail server were cut, and each is on the product's list of unknown
messages; everything is done at most 90 s after the last fault; the web answers with an error of its own only while
PostgreSQL can not be reached, and never takes longer than 10 s.
"""


def commit() -> str:
    """Short, with a plus if files differ from it; empty outside of a checkout."""
    asked = [["git", "rev-parse", "--short", "HEAD"], ["git", "status", "--porcelain", "-uno"]]
    said = [subprocess.run(a, cwd=services.BASE_DIR, capture_output=True, text=True) for a in asked]
    return said[0].stdout.strip() + ("+" if said[1].stdout.strip() else "")


def machine() -> str:
    kinds = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    name = kinds[0].partition(":")[2].strip() if kinds else platform.machine()
    return f"{os.cpu_count()} processors ({name}), {memory:.0f} GiB, Python {platform.python_version()}"


def histories() -> list[dict[str, Any]]:
    """The newest result of each history."""
    try:
        rows = [json.loads(line) for line in HISTORIES.read_text().splitlines()]
    except OSError:
        return []
    return list({(row["seed"], row["faults"]): row for row in rows}.values())


def parts() -> dict[str, dict[str, Any]]:
    try:
        found: dict[str, dict[str, Any]] = json.loads(PARTS.read_text())
    except (OSError, ValueError):
        return {}
    return found


def note_part(name: str, **result: Any) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC).isoformat(timespec="minutes")
    PARTS.write_text(json.dumps(parts() | {name: {"at": now, "commit": commit(), **result}}, indent=1) + "\n")


def write() -> None:
    PAGE.write_text(page(histories(), parts(), _bouncer(), machine()))


def _bouncer() -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = json.loads(BOUNCER.read_text())
    except (OSError, ValueError):
        return []
    return found


def page(
    rows: Sequence[dict[str, Any]], tried: dict[str, dict[str, Any]], bouncer: Sequence[dict[str, Any]], where: str
) -> str:
    pieces = [HEAD, f"Machine: {where}.\n"]
    if tried:
        lines = [
            f"| `{name}` | {_mark(part['ok'])} | {part['words']} | {part['seconds'] / 60:.1f} min | {part['at'][:10]} "
            f"| {part['commit']} |"
            for name, part in tried.items()
        ]
        pieces.append(_table("## Parts", "part | | what it says | took | day | commit", lines))
    if rows:
        pieces += _of_histories(rows)
    if bouncer:
        lines = [f"| {b['what']} | {b['pool']} | {_mark(b['ok'])} | {b['words']} |" for b in bouncer]
        pieces.append(_table("## PgBouncer in transaction mode", "what | pool | | what it says", lines))
    return "\n".join(pieces)


def _of_histories(rows: Sequence[dict[str, Any]]) -> list[str]:
    kinds: Counter[str] = Counter()
    for row in rows:
        kinds.update(row["by_kind"])
    sums = {name: sum(row[name] for row in rows) for name in ("faults", "units", "lost", "doubled", "unknown")}
    allowed = sum(row["unknown_allowed"] for row in rows)
    words = (
        f"## Histories\n\n{sums['faults']} faults of {len(kinds)} kinds during {sums['units']:,} pieces of work: "
        f"lost **{sums['lost']}**, doubled **{sums['doubled']}**, unknown {sums['unknown']} of at most {allowed}; "
        f"quiet after {max(row['drained'] for row in rows):.0f} s at most; slowest answer of the web "
        f"{max(row['slowest'] for row in rows):.1f} s.\n"
    )
    lines = [_line(row) for row in sorted(rows, key=lambda row: row["seed"])]
    title = "seed | faults | work | orders | lost | doubled | unknown | quiet after | slowest | problems | day | commit"
    by_kind = [f"| {kind} | {many} |" for kind, many in sorted(kinds.items())]
    problems = [f"- seed {row['seed']}: {problem}" for row in rows for problem in row["problems"]]
    return [
        words,
        _table("### Each history", title, lines),
        _table("### Faults by kind", "kind | times", by_kind),
        *(["### Problems\n\n" + "\n".join(problems[:60]) + "\n"] if problems else []),
    ]


def _line(row: dict[str, Any]) -> str:
    cells = [row["seed"], row["faults"], f"{row['units']:,}", row["orders"], row["lost"], row["doubled"]]
    cells += [f"{row['unknown']} of {row['unknown_allowed']}", f"{row['drained']:.0f} s", f"{row['slowest']} s"]
    cells += [len(row["problems"]), row["at"][:10], row["commit"]]
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def _table(heading: str, columns: str, lines: Sequence[str]) -> str:
    rule = " | ".join("---" for _ in columns.split("|"))
    return f"{heading}\n\n| {columns} |\n| {rule} |\n" + "\n".join(lines) + "\n"


def _mark(ok: bool) -> str:
    return "ok" if ok else "**failed**"
