"""Doing a run: take the lease, walk, and turn whatever goes wrong into a state that a person can read."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime
from time import monotonic
from typing import Any

from django.db.models import F

from cs_platform import ledger
from integrations.salesforce import bulk_reading, comparing, connecting, lease, reading, remains
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import SalesforceError
from integrations.salesforce.models import Connection, SyncRun

log = logging.getLogger(__name__)
CHUNK_SECONDS = 20.0
FOREGROUND_SECONDS = 4 * 3600.0
MAX_ATTEMPTS = 6
PAUSE_AFTER = {"auth": 5, "lock": 5, "transient": 15, "limit_concurrent": 30, "nonsense": 20}


class TryLater(Exception):
    """The stretch ended early for a reason that may pass."""

    def __init__(self, seconds: int, reason: str) -> None:
        super().__init__(reason)
        self.seconds, self.reason = seconds, reason


def stretch(
    run: SyncRun,
    *,
    actor: ledger.Actor,
    now: datetime,
    holder: str,
    take_over_own: bool,
    seconds: float = CHUNK_SECONDS,
    tell: Callable[[SyncRun], None] = lambda run: None,
    keep_alive: Callable[[], None] = lambda: None,
    page_size: int = reading.PAGE_SIZE,
) -> bool:
    """One stretch of a run. True: the run is over (done, failed or cancelled); False: more to do.

    Raises lease.LeaseHeld if another process reads this connection, TryLater if it is worth to try again soon.
    """
    connection = Connection.objects.get(pk=run.connection_id)
    if run.state != SyncRun.State.RUNNING:
        _drop_jobs(connection, now=now)
        return True
    if connection.state != Connection.State.CONNECTED:
        end(run, "cancel", connection.state_reason or "The connection is not connected.", actor=actor, now=now)
        return True
    fence = lease.acquire(connection.pk, holder, take_over_own=take_over_own)
    SyncRun.objects.filter(pk=run.pk).update(chunks=F("chunks") + 1, attempts=F("attempts") + 1)
    run.refresh_from_db()
    over = True
    try:
        if run.attempts > MAX_ATTEMPTS:
            end(run, "fail", f"Gave up after {MAX_ATTEMPTS} attempts without progress.", actor=actor, now=now)
            return True
        over = _walk(run, connection, fence, actor, now, seconds, tell, keep_alive, page_size)
    except (TryLater, lease.LeaseLost):
        over = False
        raise
    finally:
        # Between two stretches of the same run the lease stays with the run, so that nobody squeezes in.
        if over:
            lease.release(connection.pk, fence)
    return over


def _walk(
    run: SyncRun,
    connection: Connection,
    fence: int,
    actor: ledger.Actor,
    now: datetime,
    seconds: float,
    tell: Callable[[SyncRun], None],
    keep_alive: Callable[[], None],
    page_size: int,
) -> bool:
    client: SalesforceClient | None = None
    try:
        client = connecting.client_for(connection, now=now)
        walk = reading.Walk(
            run, connection, client, fence, actor, now, monotonic() + seconds, page_size, tell, keep_alive
        )
        try:
            is_complete = walk.go()
        finally:
            walk.save_calls()
    except reading.Stopped:
        _stopped(run, actor=actor, now=now)
        bulk_reading.drop_jobs(connection, client)
        return True
    except SalesforceError as error:
        with ledger.unit():
            if not _is_still_ours(run, connection, fence):
                return True
        is_over = _failed(run, connection, error, actor=actor, now=now)
        bulk_reading.drop_jobs(connection, client if error.kind in ("nonsense", "transient") else None)
        return is_over
    finally:
        if client is not None:
            client.close()
    if is_complete:
        with ledger.unit():
            if _is_still_ours(run, connection, fence):
                end(walk.run, "finish", "", actor=actor, now=now)
    return is_complete


def _is_still_ours(run: SyncRun, connection: Connection, fence: int) -> bool:
    """Whether the run is at work, in the transaction that ends it. Who lost the lease does not decide (LeaseLost)."""
    lease.renew(connection.pk, fence)
    return bool(SyncRun.objects.select_for_update().get(pk=run.pk).state == SyncRun.State.RUNNING)


def _drop_jobs(connection: Connection, *, now: datetime) -> None:
    """The run was cancelled between two stretches, while a job was being made."""
    if not bulk_reading.has_jobs(connection) or not lease.is_free(connection.pk):
        return
    client: SalesforceClient | None = None
    try:
        if connection.state == Connection.State.CONNECTED:
            client = connecting.client_for(connection, now=now)
        bulk_reading.drop_jobs(connection, client)
        if client is not None:
            connecting.note_usage(connection, client, calls=client.usage.calls, now=now)
    except SalesforceError:
        bulk_reading.drop_jobs(connection, None)
    finally:
        if client is not None:
            client.close()


def _stopped(run: SyncRun, *, actor: ledger.Actor, now: datetime) -> None:
    """A person cancelled the run, or paused the connection under it."""
    live = SyncRun.objects.get(pk=run.pk)
    if live.state == SyncRun.State.RUNNING:
        connection = Connection.objects.get(pk=run.connection_id)
        end(live, "cancel", connection.state_reason or "Stopped by hand.", actor=actor, now=now)


def _failed(
    run: SyncRun, connection: Connection, error: SalesforceError, *, actor: ledger.Actor, now: datetime
) -> bool:
    """What each kind of error means for the run and the connection."""
    run.refresh_from_db()
    if error.kind == "limit_daily":
        until = connecting.next_reset(now)
        Connection.objects.filter(pk=connection.pk).update(hold_until=until, hold_reason=error.message)
        end(run, "fail", f"{error.message} Goes on after {until:%Y-%m-%d %H:%M} UTC.", actor=actor, now=now)
        return True
    if error.kind == "auth" and error.permanent:
        with ledger.unit():
            break_down(connection, error.message, actor=actor, now=now)
            end(run, "fail", error.message, actor=actor, now=now)
        return True
    # A page of HTML or half an answer is tried again too, but not as long: it is shown as what it is.
    patience = 3 if error.kind == "nonsense" else MAX_ATTEMPTS
    if error.permanent or run.attempts >= patience:
        end(run, "fail", error.message, actor=actor, now=now)
        return True
    SyncRun.objects.filter(pk=run.pk).update(note=f"Waiting: {error.message}"[:500])
    raise TryLater(PAUSE_AFTER.get(error.kind, 15) * run.attempts, error.message)


def break_down(connection: Connection, reason: str, *, actor: ledger.Actor, now: datetime) -> None:
    """The login is refused: nothing is tried until somebody looks at it. A paused connection stays paused."""
    live = Connection.objects.select_for_update().get(pk=connection.pk)
    if live.state != Connection.State.PAUSED:
        with ledger.change(live, "break_down", actor=actor, now=now, note=reason, args=(reason,)):
            pass


def end(run: SyncRun, verb: str, reason: str, *, actor: ledger.Actor, now: datetime) -> None:
    """The run's last state, with its reason; the connection remembers when it was last complete."""
    args = () if verb == "finish" else (reason,)
    with ledger.change(run, verb, actor=actor, now=now, note=reason, args=args) as live:
        live.finished_at = now
        live.note = ""
        if verb == "finish":
            live.remains = _remains(live)
            changes = {"last_done_at": now, "hold_until": None, "hold_reason": ""}
            Connection.objects.filter(pk=run.connection_id).update(**changes)
            if comparing.is_alarming(live):
                _alarm(live, actor=actor, now=now)


def _alarm(run: SyncRun, *, actor: ledger.Actor, now: datetime) -> None:
    """A comparison found more than syncs may miss: it is mended already, but somebody should know why."""
    connection = Connection.objects.get(pk=run.connection_id)
    log.error("%s has drifted: %s", connection.ledger_words(), comparing.words(run))
    ledger.note(connection, "drift", actor=actor, now=now, note=comparing.words(run))


def _remains(run: SyncRun) -> list[dict[str, Any]]:
    """What is left for people to look at. A run that found nothing new leaves what the one before it left."""
    before = SyncRun.objects.filter(connection_id=run.connection_id, state=SyncRun.State.DONE).exclude(pk=run.pk)
    last = before.order_by("-started_at", "-id").first()
    if last is not None and not (run.created or run.updated or run.archived or run.waiting or run.rejected):
        return list(last.remains)
    return remains.of(Connection.objects.get(pk=run.connection_id))


def in_foreground(
    run: SyncRun,
    *,
    actor: ledger.Actor,
    clock: Callable[[], datetime],
    tell: Callable[[SyncRun], None],
    patience: float = 1.0,
) -> SyncRun:
    """The whole run in this process. Raises lease.LeaseHeld if somebody else is at it."""
    until = monotonic() + FOREGROUND_SECONDS
    while True:
        try:
            over = stretch(
                run,
                actor=actor,
                now=clock(),
                holder=f"foreground {run.pk}",
                take_over_own=True,
                seconds=60.0,
                tell=tell,
            )
        except TryLater as later:
            time.sleep(min(later.seconds, 30) * patience)
            over = False
        run = SyncRun.objects.get(pk=run.pk)
        if over:
            return run
        if monotonic() > until:
            end(run, "fail", "Took longer than four hours; the next run goes on from here.", actor=actor, now=clock())
            return SyncRun.objects.get(pk=run.pk)
