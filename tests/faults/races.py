"""Five hundred rounds of each pair that must not meet badly: two moves, sync and edit, a member or a right that goes
while it is used, and every button clicked twice.

    python -m tests.faults.races --rounds 500
"""

import argparse
import os
import subprocess
import sys
import time


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.races", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("-k", default="", help="only the pairs with this word in their name")
    given = parser.parse_args(argv)
    begun = time.monotonic()
    settings = {"CS_RACE_ROUNDS": str(given.rounds), "CS_RACE_SEED": str(given.seed), "CS_LOG_LEVEL": "CRITICAL"}
    argv = [sys.executable, "-m", "pytest", "tests/house/test_races.py", "-v", "--show-capture=no", "-k", given.k]
    failed = subprocess.run(argv, env={**os.environ, **settings}).returncode
    words = "FAILED" if failed else "no broken invariant"
    print(f"races: {given.rounds} rounds each in {time.monotonic() - begun:.0f} s: {words}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
