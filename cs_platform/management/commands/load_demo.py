"""`manage.py load_demo`: two organisations with people, customers and a past. Called by `make demo` at each start."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from cs_platform import ledger
from cs_platform.supervisor.servers import write_atomically
from cs_platform.tenancy import clock
from cs_platform.tenancy.models import Tenant
from cs_platform.workspace.demo import acme, cast, story, umbra
from cs_platform.workspace.demo.org import NotThere, Org


class Command(BaseCommand):
    help = "Load the demo data, once: what is there stays. The sandbox org of CS_SANDBOX_URL must answer."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.CS_ENV == "production":
            raise CommandError("The demo is not for production: its passwords are public.")
        now = clock.now()
        try:
            for organisation, tell in ((cast.ACME, self._acme), (cast.UMBRA, umbra.tell)):
                self._load(organisation, tell, now)
        except (NotThere, RuntimeError, ledger.Refused) as problem:
            raise CommandError(str(problem)) from None
        where = Path(settings.CS_DATA_DIR) / "demo.json"
        write_atomically(where, json.dumps({"logins": cast.logins()}, indent=1, ensure_ascii=False) + "\n")

    def _load(self, organisation: cast.Organisation, tell: Any, now: Any) -> None:
        known = Tenant.objects.filter(slug=organisation.slug).first()
        if known is not None and story.was_told(known):
            self.stdout.write(f"load_demo: {organisation.name} is there")
            return
        self.stdout.write(f"load_demo: {organisation.name}")
        tenant = cast.set_up(organisation, now=now - story.SINCE)
        one = story.Story(tenant, now, self._say)
        tell(one)
        story.is_told(tenant, now)

    def _acme(self, one: story.Story) -> None:
        if not settings.CS_SANDBOX_URL:
            raise NotThere("CS_SANDBOX_URL is not set: the demo needs the sandbox org (make demo starts it)")
        acme.tell(one, Org(settings.CS_SANDBOX_URL))

    def _say(self, words: str) -> None:
        self.stdout.write(f"load_demo:   {words}")
