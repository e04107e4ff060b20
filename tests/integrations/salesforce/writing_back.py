"""Two sides of one org: what is decided here, what is changed there, and the queue in between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from accounts import services as accounts
from accounts.models import Account
from cs_platform import ledger
from cs_platform.ledger.models import AuditRow, FactRow
from cs_platform.tenancy.scope import tenant_scope
from integrations.salesforce.models import Conflict, Write
from tests.integrations.salesforce.driving import connect
from tests.integrations.salesforce.played import Played, played
from tests.integrations.salesforce.small_org import LEVEL

ANA = ledger.Actor("member", "1", "Ana")
WRITES = ("composite", "update", "create", "upsert")


class Back:
    """A tenant at an org. Everything runs in the tenant's scope by itself; `settle()` is the queue at work."""

    def __init__(self, tenant: Any, play: Played, connection: Any = None) -> None:
        self.tenant, self.play, self.org = tenant, play, play.org
        self.connection = connection or play.connection

    def now(self) -> Any:
        return self.play.now()

    def later(self, **delta: float) -> None:
        self.play.later(**delta)

    def sync(self, **options: Any) -> Any:
        """A sync of this tenant's connection, and what follows from it."""
        self.later(seconds=5)
        with tenant_scope(self.tenant):
            mine, self.play.connection = self.play.connection, self.connection
            try:
                self.play.connection.refresh_from_db()
                run = self.play.sync(**options)
            finally:
                self.play.connection = mine
        self.settle()
        return run

    def settle(self, rounds: int = 1) -> None:
        """The queue until nothing is due; with more rounds the pauses pass too."""
        for number in range(rounds):
            if number:
                self.later(seconds=400)
            ledger.drain(self.now())

    def set_level(self, name: str, level: str, *, settle: bool = True) -> None:
        self.later(seconds=2)
        with tenant_scope(self.tenant):
            accounts.set_support_level(Account.objects.get(name=name), level, actor=ANA, now=self.now())
        if settle:
            self.settle()

    def there(self, sf_id: str, field: str = LEVEL) -> Any:
        return (self.org.get(sf_id) or {})[field]

    def change(self, sf_id: str, **values: Any) -> None:
        """Somebody changes it in Salesforce."""
        self.later(seconds=2)
        self.org.set(sf_id, values)

    def level(self, name: str) -> str:
        with tenant_scope(self.tenant):
            account = Account.objects.select_related("support_level").get(name=name)
            return account.support_level.name if account.support_level else ""

    def row(self, key: str = "support_level", **more: Any) -> Write:
        with tenant_scope(self.tenant):
            return Write.objects.get(connection=self.connection, key=key, **more)

    def rows(self, **conditions: Any) -> list[Write]:
        with tenant_scope(self.tenant):
            return list(Write.objects.filter(connection=self.connection, **conditions).order_by("key", "id"))

    def conflicts(self) -> list[Conflict]:
        with tenant_scope(self.tenant):
            return list(Conflict.objects.order_by("created_at", "id"))

    def told(self) -> tuple[int, int]:
        """How many facts there are, and how many audit rows that are not of a sync."""
        with tenant_scope(self.tenant):
            return FactRow.objects.count(), AuditRow.objects.exclude(object_type="sync_run").count()

    def written(self) -> int:
        """Calls that change something there."""
        return sum(self.org.calls[kind] for kind in WRITES)

    def setting(self, **settings: Any) -> None:
        from integrations.salesforce import services

        with tenant_scope(self.tenant):
            given = services.ConnectionInput(settings=settings)
            services.edit_connection(self.connection, given, actor=ANA, now=self.now())
            self.connection.refresh_from_db()


@contextmanager
def one_org(tenant: Any, folder: Path, settings: Any) -> Iterator[Back]:
    with ExitStack() as stack:
        with tenant_scope(tenant):
            play = stack.enter_context(played(folder, settings))
        yield Back(tenant, play)


def join(back: Back, tenant: Any) -> Back:
    """Another tenant at the same org."""
    with tenant_scope(tenant):
        connection = connect(back.play.server.url, secrets=back.play.server.credentials["client_credentials"])
    return Back(tenant, back.play, connection)


MINUTE = timedelta(minutes=1)
