"""What the two stories share: a step that is told, time that passes, and who has been told already."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from campaigns import services as campaigns
from cs_platform import ledger
from cs_platform.ledger.models import AuditCall
from cs_platform.tenancy.models import Tenant
from cs_platform.tenancy.scope import tenant_scope
from cs_platform.workspace import services  # noqa: F401  (registers the sentence of load_demo)
from cs_platform.workspace.demo.cast import LOADER

Say = Callable[[str], Any]
SINCE = timedelta(days=125)
SLOTS = (time(0, 10), time(8, 5), time(15, 5))  # in UTC: plan the day, then after 09:00 in Berlin and in New York


@dataclass(frozen=True)
class Story:
    """A tenant, the present moment, and where progress is told."""

    tenant: Tenant
    now: datetime
    say: Say

    def ago(self, days: float) -> datetime:
        return self.now - timedelta(days=days)

    def settle(self, at: datetime) -> None:
        """What follows from what was done until then. Outside of any scope."""
        ledger.drain(at, only=self.tenant.pk)

    def let_mails_go(self, since: datetime) -> None:
        """The e-mails of the days that have passed since then, each at its time."""
        day = since.date()
        while day <= self.now.date():
            for slot in SLOTS:
                at = datetime.combine(day, slot, self.now.tzinfo)
                if since <= at < self.now:
                    self._minute(at)
            day += timedelta(days=1)

    def _minute(self, at: datetime) -> None:
        with tenant_scope(self.tenant):
            campaigns.plan_runs(now=at)
            campaigns.start_due_runs(now=at)
        self.settle(at)
        with tenant_scope(self.tenant):
            campaigns.tidy_runs(now=at)
        self.settle(at)


def was_told(tenant: Tenant) -> bool:
    with tenant_scope(tenant):
        return AuditCall.objects.filter(verb="tenant.load_demo").exists()


def is_told(tenant: Tenant, now: datetime) -> None:
    """From now on the data is whoever's tries the demo: nothing is loaded into it again."""
    with tenant_scope(tenant):
        ledger.note(tenant, "load_demo", actor=LOADER, now=now)
