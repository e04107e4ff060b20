"""`manage.py create_tenant SLUG --name N --timezone IANA --owner-email E`"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cs_platform import ledger
from cs_platform.people import services
from cs_platform.people.jobs import invitation_link
from cs_platform.tenancy import clock


class Command(BaseCommand):
    help = "Create a tenant with its shipped defaults and print the owner's invitation link."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--name", required=True)
        parser.add_argument("--timezone", required=True, help="IANA name, for example Europe/Berlin")
        parser.add_argument("--owner-email", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            tenant, token = services.create_tenant(
                options["slug"],
                options["name"],
                options["timezone"],
                options["owner_email"],
                now=clock.now(),
                actor=ledger.system("create_tenant command"),
            )
        except ledger.Refused as refusal:
            raise CommandError(str(refusal)) from None
        self.stderr.write(f"Created {tenant.name}. {options['owner_email']} becomes its owner with this link:")
        self.stdout.write(invitation_link(token))
