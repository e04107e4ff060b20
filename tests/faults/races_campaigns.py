"""Mail and whoever stops it at the same moment, and each button of the campaigns clicked twice, 500 times each.

python -m tests.faults.races_campaigns --rounds 500
"""

import argparse
import os
import subprocess
import sys
import time


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.races_campaigns")
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("-k", default="", help="only the races with this word in their name")
    given = parser.parse_args(argv)
    begun = time.monotonic()
    settings = {"CS_RACE_ROUNDS": str(given.rounds), "CS_RACE_SEED": str(given.seed), "CS_LOG_LEVEL": "CRITICAL"}
    command = [sys.executable, "-m", "pytest", "tests/campaigns/test_races.py", "-v", "--show-capture=no"]
    command += ["-p", "no:randomly", "-k", given.k]
    failed = subprocess.run(command, env={**os.environ, **settings}).returncode
    words = "FAILED" if failed else "no broken invariant"
    print(f"races of campaigns: {given.rounds} rounds each in {time.monotonic() - begun:.0f} s: {words}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
