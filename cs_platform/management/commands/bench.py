"""`manage.py bench NAME…`: how fast the product is, in a database of its own. One line of JSON for each figure."""

import logging
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from cs_platform import bench
from cs_platform.bench import scratch
from cs_platform.bench.measure import Options


class Command(BaseCommand):
    help = "Measure the product against the floor of the machine: 5 rounds, floor and product in turn."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("names", nargs="+", metavar="NAME", help=f"{', '.join(bench.names())}, or all")
        parser.add_argument("--scale", type=float, default=1.0, help="1.0 is 100,000 accounts")
        parser.add_argument("--rounds", type=int, default=5)

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.CS_ENV == "production":
            raise CommandError("Not in production: it would slow down everybody who works there.")
        names = bench.names() if "all" in options["names"] else options["names"]
        unknown = sorted(set(names) - set(bench.names()))
        if unknown or options["scale"] <= 0 or options["rounds"] < 1:
            raise CommandError(
                f"There is no benchmark {unknown[0]!r}." if unknown else "Scale and rounds are positive."
            )
        logging.disable(logging.WARNING)
        settings.ALLOWED_HOSTS = ["127.0.0.1"]
        settings.CS_API_PER_MINUTE = settings.CS_API_BURST = 10_000_000  # the meter counts, and refuses nobody
        try:
            for name in names:
                with scratch.database():
                    bench.load(name).run(Options(options["scale"], options["rounds"], self._say))
        finally:
            logging.disable(logging.NOTSET)

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
