"""A tenant's connection to an empty sandbox org whose clock the test moves; ours is the org's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from integrations.salesforce import syncing
from integrations.salesforce.models import SyncRun
from integrations.salesforce.sandbox.org import SandboxOrg
from integrations.salesforce.sandbox.server import SandboxServer
from tests.cast import NOW
from tests.integrations.salesforce.driving import Sync, connect
from tests.integrations.salesforce.small_org import LEVEL


class Played:
    """`org` is what Salesforce users do, `sync()` and `compare()` what we do."""

    def __init__(self, server: SandboxServer) -> None:
        self.server, self.org = server, server.org
        self.org.clock.set(NOW - timedelta(hours=2))
        self.connection = connect(server.url, secrets=server.credentials["client_credentials"])
        self.by_hand = Sync(self.connection, self.now)

    def now(self) -> datetime:
        return self.org.clock.now()

    def later(self, **delta: float) -> datetime:
        self.org.clock.advance(timedelta(**delta).total_seconds())
        return self.now()

    def account(self, name: str, level: str | None = None, **values: Any) -> str:
        return self.org.create("Account", {"Name": name, LEVEL: level, **values})

    def contact(self, account: str, last_name: str, **values: Any) -> str:
        return self.org.create("Contact", {"AccountId": account, "LastName": last_name, **values})

    def deal(self, account: str, name: str, **values: Any) -> str:
        fields = {"StageName": "Prospecting", "CloseDate": "2026-12-31", **values}
        return self.org.create("Opportunity", {"AccountId": account, "Name": name, **fields})

    def sync(self, **options: Any) -> SyncRun:
        """A run with the pauses that the queue would make."""
        return self.run(self.start(**{name: options.pop(name) for name in _OF_RUN if name in options}), **options)

    def compare(self, **options: Any) -> SyncRun:
        return self.sync(compare=True, **options)

    def start(self, **options: Any) -> SyncRun:
        from cs_platform import ledger
        from integrations.salesforce import services

        actor = ledger.system("test")
        return services.start_sync(self.connection, actor=actor, now=self.now(), in_background=False, **options)

    def run(self, run: SyncRun, **options: Any) -> SyncRun:
        for _ in range(60):
            try:
                if self.by_hand.stretch(run, **options):
                    break
            except syncing.TryLater:
                continue
        run.refresh_from_db()
        self.connection.refresh_from_db()
        return run


_OF_RUN = ("full", "compare", "takes_missing")


@contextmanager
def played(folder: Path, settings: Any) -> Iterator[Played]:
    org = SandboxOrg(folder, "empty")
    try:
        with SandboxServer(org) as server:
            settings.CS_SALESFORCE_EXTRA_HOSTS = [server.url]
            yield Played(server)
    finally:
        org.close()
