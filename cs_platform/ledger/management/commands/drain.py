"""`manage.py drain`: runs outbox rows until none is due."""

from typing import Any

from django.core.management.base import BaseCommand

from cs_platform.ledger import dispatch
from cs_platform.tenancy import clock


class Command(BaseCommand):
    help = "Run due outbox rows of all tenants until none is left."

    def handle(self, *args: Any, **options: Any) -> None:
        done = dispatch.drain(clock.now())
        state = dispatch.health(clock.now())
        self.stdout.write(f"ran {done}, given up {state['dead']}")
