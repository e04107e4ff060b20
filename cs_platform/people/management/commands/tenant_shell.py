"""`manage.py tenant_shell SLUG`: a shell in which queries see one tenant."""

import code
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cs_platform.tenancy import clock
from cs_platform.tenancy.models import Tenant
from cs_platform.tenancy.scope import tenant_scope


class Command(BaseCommand):
    help = "A Python shell in the scope of one tenant; with -c it runs one command and ends."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("-c", "--command", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = Tenant.objects.filter(slug=options["slug"]).first()
        if tenant is None:
            raise CommandError(f"there is no tenant {options['slug']!r}")
        names = {"tenant": tenant, "now": clock.now}
        with tenant_scope(tenant):
            if options["command"]:
                exec(options["command"], names)  # the operator typed it, as in `manage.py shell -c`
            else:
                code.interact(banner=f"Everything here sees {tenant.name} ({tenant.slug}) only.", local=names)
