"""`make faults`: every part, one after the other; each prints what it found, and the report is written at the end.

make faults                                   all of it
make faults ARGS="histories --faults 50"      one part with its own options
make faults ARGS=report                       only the page, from the results that are there
"""

import ast
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from cs_platform.supervisor import services
from tests.faults import report

FIRST = ("histories", "salesforce_histories", "calendar_years", "races_campaigns")
LAST = ("pgbouncer",)


def parts() -> list[str]:
    """Modules of this package that are a part of their own: they have `main(argv)`. In the order of what they need."""
    found = {path.stem for path in Path(__file__).parent.glob("[!_]*.py") if _has_main(path)}
    between = sorted(found - set(FIRST) - set(LAST))
    return [name for name in (*FIRST, *between, *LAST) if name in found]


def _has_main(path: Path) -> bool:
    body = ast.parse(path.read_text()).body
    return any(isinstance(node, ast.FunctionDef) and node.name == "main" and node.args.args for node in body)


def run(name: str, arguments: Sequence[str] = ()) -> bool:
    """One part in a process of its own; its last line that is not indented is what the report says of it."""
    print(f"\n== {name}", flush=True)
    began, words = time.monotonic(), ""
    command = [sys.executable, "-u", "-m", f"tests.faults.{name}", *arguments]
    with subprocess.Popen(
        command, cwd=services.BASE_DIR, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as part:
        assert part.stdout is not None
        for line in part.stdout:
            print(line, end="", flush=True)
            words = line.strip() if line.strip() and not line.startswith(" ") else words
    ok, seconds = part.returncode == 0, time.monotonic() - began
    report.note_part(name, ok=ok, seconds=round(seconds), words=words.replace("|", "/")[:300])
    print(f"== {name}: {'ok' if ok else 'FAILED'} after {seconds / 60:.1f} min", flush=True)
    return ok


def main(arguments: Sequence[str]) -> int:
    known, outcomes = parts(), {}
    if arguments and arguments[0] not in (*known, "report"):
        print(f"faults: {arguments[0]!r} is none of {', '.join((*known, 'report'))}", file=sys.stderr)
        return 2
    try:
        if not arguments:
            outcomes = {name: run(name) for name in known}
        elif arguments[0] != "report":
            outcomes = {arguments[0]: run(arguments[0], arguments[1:])}
    except KeyboardInterrupt:
        print("\nfaults: interrupted; the next run goes on from here", flush=True)
        return 130
    finally:
        report.write()
    failed = [name for name, ok in outcomes.items() if not ok]
    words = f"failed: {', '.join(failed)}" if failed else "all parts hold"
    print(f"\nfaults: {words}; docs/faults.md is written", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
