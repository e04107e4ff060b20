"""`manage.py dispatcher`: claims and runs due work by itself; with Redis off it alone keeps everything correct."""

import logging
import signal
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import InterfaceError, OperationalError, connections

from cs_platform import starting
from cs_platform.ledger import dispatch
from cs_platform.ledger.models import Tick
from cs_platform.tenancy import clock

log = logging.getLogger(__name__)
PAUSE = 1.0


class Command(BaseCommand):
    help = "Run due work and the minute's work, for ever. Any number of dispatchers may run."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="one round, then stop")

    def handle(self, *args: Any, **options: Any) -> None:
        self.stopping = False
        starting.refuse_missing_keys()
        for sig in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sig, self._stop)
        while not self.stopping:
            try:
                if self._minute_has_passed():
                    dispatch.tick(clock.now())
                ran = dispatch.run_due(clock.now, seconds=20)
            except (OperationalError, InterfaceError) as error:
                log.warning("the database does not answer (%s); trying again", type(error).__name__)
                connections.close_all()
                ran = 0
            if options["once"]:
                return
            if not ran:
                self._sleep(PAUSE)

    def _minute_has_passed(self) -> bool:
        """A second source of ticks beside beat: by the product's clock, so that a moved clock is seen at once."""
        last = Tick.objects.filter(name="minute").values_list("at", flat=True).first()
        return last is None or abs((clock.now() - last).total_seconds()) >= 60

    def _stop(self, number: int, frame: Any) -> None:
        self.stopping = True

    def _sleep(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self.stopping and time.monotonic() < end:
            time.sleep(0.1)
