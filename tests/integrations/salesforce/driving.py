"""A connection and the sync at its door, stretch by stretch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.cast import NOW


@dataclass
class Sync:
    """`sync()` is one run to its end; `sync.connection` what it goes through."""

    connection: Any
    clock: Callable[[], datetime]

    def __call__(self, *, full: bool = False, page_size: int = 2000, seconds: float = 60.0) -> Any:
        run = self.start(full=full)
        for _ in range(100):
            if self.stretch(run, page_size=page_size, seconds=seconds):
                break
        run.refresh_from_db()
        self.connection.refresh_from_db()
        return run

    def start(self, *, full: bool = False) -> Any:
        from cs_platform import ledger
        from integrations.salesforce import services

        now = self.clock()
        actor = ledger.system("test")
        return services.start_sync(self.connection, full=full, actor=actor, now=now, in_background=False)

    def stretch(self, run: Any, *, page_size: int = 2000, seconds: float = 60.0, **more: Any) -> bool:
        from cs_platform import ledger
        from integrations.salesforce import syncing

        run.refresh_from_db()
        return syncing.stretch(
            run,
            actor=ledger.system("salesforce sync"),
            now=self.clock(),
            holder="test",
            take_over_own=True,
            page_size=page_size,
            seconds=seconds,
            **more,
        )


SECRETS = {"client_id": "the-consumer-key", "client_secret": "the-consumer-secret"}


def connect(origin: str, *, name: str = "Salesforce", secrets: Any = None, **settings: Any) -> Any:
    """A connection of the scope's tenant that was tested."""
    from cs_platform import ledger
    from integrations.salesforce import services
    from integrations.salesforce.models import Connection

    given = services.ConnectionInput(
        name=name,
        auth="client_credentials",
        login_url=origin,
        secrets=secrets or SECRETS,
        settings=settings or None,
    )
    made = services.create_connection(given, actor=ledger.system("test"), now=NOW)
    Connection.objects.filter(pk=made.pk).update(state_reason="")
    return Connection.objects.get(pk=made.pk)
