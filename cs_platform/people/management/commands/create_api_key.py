"""`manage.py create_api_key --tenant SLUG --name N --scopes a,b`"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cs_platform import ledger
from cs_platform.people import services
from cs_platform.people.permissions import SCOPES
from cs_platform.tenancy import clock
from cs_platform.tenancy.models import Tenant
from cs_platform.tenancy.scope import tenant_scope


class Command(BaseCommand):
    help = "Create an API key and print it once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tenant", required=True, help="slug")
        parser.add_argument("--name", required=True)
        parser.add_argument("--scopes", required=True, help=f"comma-separated: {', '.join(SCOPES)}")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = Tenant.objects.filter(slug=options["tenant"]).first()
        if tenant is None:
            raise CommandError(f"there is no tenant {options['tenant']!r}")
        scopes = [scope.strip() for scope in options["scopes"].split(",") if scope.strip()]
        try:
            with tenant_scope(tenant):
                _, plain = services.create_api_key(
                    options["name"], scopes, actor=ledger.system("create_api_key command"), now=clock.now()
                )
        except ledger.Refused as refusal:
            raise CommandError(str(refusal)) from None
        self.stderr.write("This is the only time that the key is shown:")
        self.stdout.write(plain)
