"""Bad input at length: ten thousand requests made from the schema as four roles, and every edge value in every place of
the API and of the forms.

    python -m tests.faults.fuzz --cases 10000 --share 8

`--share 1` puts all 150 values into every place, which takes more than an hour; 8 puts every eighth, another eighth in
each place.
"""

import argparse
import os
import re
import subprocess
import sys
import time

ROLES = 4


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.fuzz", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cases", type=int, default=10_000, help="requests made from the schema, all roles together")
    parser.add_argument("--share", type=int, default=8, help="every so-manieth edge value in each place")
    parser.add_argument("--rounds", type=int, default=6, help="walks of a browser with markup in every text")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(argv)
    begun = time.monotonic()
    asked: dict[str, int] = {}
    examples = max(1, given.cases // ROLES // 100)
    while True:
        failed = _run("schema", {"CS_FUZZ_EXAMPLES": examples, "CS_FUZZ_SEED": given.seed}, asked)
        made = sum(count for name, count in asked.items() if "schema" in name)
        if failed or made >= given.cases:
            break
        given.seed += 1
    failed = failed or _run("edge_values_in", {"CS_FUZZ_SHARE": given.share}, asked)
    failed = failed or _run("markup", {"CS_MARKUP_ROUNDS": given.rounds}, asked)
    print(f"fuzz: {sum(asked.values()):,} requests in {time.monotonic() - begun:.0f} s", *_lines(asked), sep="\n")
    print("fuzz: " + ("FAILED" if failed else "no server error, every refusal in its form"))
    return failed


def _run(wanted: str, settings: dict[str, int], asked: dict[str, int]) -> int:
    """The tests of that name with these settings; how often each asked is added."""
    environment = {**os.environ, **{name: str(value) for name, value in settings.items()}, "CS_LOG_LEVEL": "CRITICAL"}
    files = ["tests/house/test_fuzz.py", "tests/house/test_markup.py"]
    argv = [sys.executable, "-m", "pytest", *files, "-q", "-s", "-k", wanted, "--show-capture=no"]
    with subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            found = re.search(r"fuzz: (\S+) asked (\d+) times", line)
            if found:
                asked[found[1]] = asked.get(found[1], 0) + int(found[2])
            if found or not line.startswith("{"):
                print(line, end="", flush=True)
    return process.returncode


def _lines(asked: dict[str, int]) -> list[str]:
    return [f"  {name}: {count:,}" for name, count in sorted(asked.items())]


if __name__ == "__main__":
    sys.exit(main())
