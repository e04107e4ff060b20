"""`python -m cs_platform.supervisor up|down|status`: the same as `manage.py services`, without Django."""

import argparse
import sys

from cs_platform.supervisor import services
from cs_platform.supervisor.problem import Problem


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="services", description="The embedded PostgreSQL and Valkey.")
    add_arguments(parser)
    return run(parser.parse_args(argv))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=["up", "down", "status", "keep"])
    parser.add_argument("--dir", help="data folder (default: .data)")
    parser.add_argument("--fast", action="store_true", help="without fsync: for tests")
    parser.add_argument("--shift", type=int, default=0, help="add this to the usual ports")


def run(options: argparse.Namespace) -> int:
    root = services.data_dir(options.dir)
    try:
        if options.action == "keep":
            return services.keep(root, durable=not options.fast, shift=options.shift)
        if options.action == "up":
            addresses = services.up(root, durable=not options.fast, shift=options.shift)
            print("\n".join(f"{name}={value}" for name, value in addresses.items()))
            return 0
        if options.action == "down":
            print("services: stopped" if services.down(root) else "services: nothing was running", file=sys.stderr)
            return 0
        alive, words = services.status(root)
        print(words)
        return 0 if alive else 3
    except Problem as problem:
        print(f"services: {problem}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
