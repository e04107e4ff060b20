"""`manage.py run_due --tenant SLUG|--all-tenants`: everything that is due now, to a fixed point, in this process."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cs_platform.ledger import dispatch
from cs_platform.tenancy import clock
from cs_platform.tenancy.models import Tenant


class Command(BaseCommand):
    help = "Do the minute's work and run what is due, until nothing is, for one tenant or for all."

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--tenant", metavar="SLUG")
        which.add_argument("--all-tenants", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        only = None
        if options["tenant"]:
            found = Tenant.objects.filter(slug=options["tenant"]).first()
            if found is None:
                raise CommandError(f"There is no tenant {options['tenant']!r}.")
            only = found.pk
        now = clock.now()
        dispatch.tick(now, only=only)
        done = dispatch.drain(now, only=only)
        self.stdout.write(f"ran {done}")
