"""The clock's and the queue's doors: begin a sync when its time has come, do one stretch of it, pick up one that was
dropped.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from cs_platform import ledger
from integrations.salesforce import services, syncing
from integrations.salesforce.lease import LeaseHeld, LeaseLost
from integrations.salesforce.models import Connection, SyncRun

ACTOR = ledger.system("salesforce sync")


@ledger.job("salesforce.sync", outside=True)
def sync_stretch(payload: dict[str, Any], *, now: datetime, lease: Any) -> None:
    """At most twenty seconds of a run; for what is left the same row of the queue is due again at once."""
    run = SyncRun.objects.filter(pk=payload["run_id"]).first()
    if run is None or run.state != SyncRun.State.RUNNING:
        return
    _stretch(run, now=now, keep_alive=lease.renew)


def _stretch(run: SyncRun, *, now: datetime, keep_alive: Any) -> None:
    try:
        over = syncing.stretch(
            run, actor=ACTOR, now=now, holder=f"run {run.pk}", take_over_own=True, keep_alive=keep_alive
        )
    except LeaseHeld:
        raise ledger.RetryLater(60, "Somebody else reads this connection.") from None
    except LeaseLost:
        return  # whoever took the lease goes on
    except syncing.TryLater as later:
        raise ledger.RetryLater(later.seconds, later.reason) from later
    if not over:
        raise ledger.RetryLater(0, "There is more to read.")


@ledger.every_minute("salesforce.plan_syncs")
def plan_syncs(*, now: datetime) -> None:
    """Start what is due. A run that nobody carries on (its process died with the queue entry) gets a new stretch."""
    for connection in Connection.objects.filter(state=Connection.State.CONNECTED):
        run = SyncRun.objects.filter(connection=connection, state=SyncRun.State.RUNNING).first()
        if run is not None:
            if services.lease_is_free(connection) and now - run.started_at > timedelta(minutes=3):
                services.rescue(run, now=now)
        elif is_due(connection, now):
            services.start_sync(connection, actor=ACTOR, now=now)


def is_due(connection: Connection, now: datetime) -> bool:
    """Whether the interval has passed and nothing holds the connection back. One that was never tested waits for its
    test.
    """
    if connection.state_reason == services.UNTESTED or (connection.hold_until and connection.hold_until > now):
        return False
    every = timedelta(minutes=connection.settings.get("interval_minutes", 5))
    return connection.last_started_at is None or connection.last_started_at + every <= now
