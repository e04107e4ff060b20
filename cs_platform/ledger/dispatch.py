"""Doing the work: claims due rows tenant by tenant, runs each in its scope, and looks at the clock's work."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from cs_platform import logs
from cs_platform.ledger import facts, registry, sealing
from cs_platform.ledger.models import FactRow, Outbox, Tick
from cs_platform.ledger.outbox import MAX_ATTEMPTS, MAX_DEPTH, Chain, RowLease, claim, following, pause_before
from cs_platform.ledger.words import Dead, LeaseLost, RetryLater, system
from cs_platform.tenancy.models import Tenant
from cs_platform.tenancy.scope import assert_empty, tenant_scope

log = logging.getLogger(__name__)
ROWS_A_TURN = 8
TURN_SECONDS = 2.0
KEPT_DONE = timedelta(days=30)


def run_due(clock: Callable[[], datetime], *, seconds: float = 20.0, only: int | None = None) -> int:
    """Run what is due until nothing is, or the time is up. Tenants take turns of a few rows each, so that one with a
    hundred thousand rows does not hold up another's single one."""
    done, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        ran = 0
        for tenant_id in _due_tenants(clock()):
            if only is not None and tenant_id != only:
                continue
            if time.monotonic() >= until:
                break
            ran += _turn(tenant_id, clock, until)
        done += ran
        if not ran:
            break
    seal_all()
    return done


def drain(now: datetime, *, only: int | None = None) -> int:
    """Everything that is due at `now`, for one tenant or for all, to a fixed point, in this process."""
    done = 0
    while ran := run_due(lambda: now, seconds=3600, only=only):
        done += ran
    return done


def tick(now: datetime, *, only: int | None = None) -> None:
    """The minute's work of one or every active tenant. Any number of tickers may do it; each function is idempotent."""
    assert_empty()
    active = Tenant.objects.filter(status=Tenant.Status.ACTIVE).order_by("pk")
    for tenant in active if only is None else active.filter(pk=only):
        with tenant_scope(tenant):
            for name, function in registry.tickers().items():
                try:
                    with logs.during_work(kind=name, actor="system"):
                        function(now=now)
                except Exception:  # one tenant's or one room's trouble is not the others'
                    log.exception("%s failed", name)
                    if connection.in_atomic_block:
                        raise
    if only is None:
        Tick.objects.update_or_create(name="minute", defaults={"at": now, "real_at": _real_now()})


def seal_all() -> None:
    """Give places in the feed and in the audit chain to what was committed since."""
    for tenant_id in _ask("ledger_unsealed_tenants()", []):
        with tenant_scope(tenant_id):
            sealing.seal()


@registry.every_minute("ledger.forget_done_work")
def forget_done_work(*, now: datetime) -> None:
    Outbox.objects.filter(state=Outbox.State.DONE, finished_at__lt=now - KEPT_DONE).delete()


def health(now: datetime) -> dict[str, Any]:
    """What `/readyz` and `doctor` say: seconds since the last tick, age of the oldest due row, dead rows, failures."""
    last = Tick.objects.filter(name="minute").first()
    with connection.cursor() as cursor:
        cursor.execute("SELECT oldest, waiting, dead FROM public.ledger_backlog(%s)", [now])
        oldest, waiting, dead = cursor.fetchone() or (None, 0, 0)
    return {
        "last_tick_age": (_real_now() - last.real_at).total_seconds() if last else None,
        "backlog_age": max(0.0, (now - oldest).total_seconds()) if oldest else 0.0,
        "waiting": waiting,
        "dead": dead,
    }


# --- one row --------------------------------------------------------------------------------------------------------


def _turn(tenant_id: int, clock: Callable[[], datetime], until: float) -> int:
    """A few rows of one tenant, at least one. When that takes long, the rest goes back at once: what was claimed along
    with a slow row would wait for it, and everything that is in order behind it, until its lease ends."""
    assert_empty()
    with tenant_scope(tenant_id):
        rows, end = claim(clock(), ROWS_A_TURN), min(until, time.monotonic() + TURN_SECONDS)
        for number, row in enumerate(rows):
            if number and time.monotonic() >= end:
                for later in rows[number:]:
                    RowLease(later).put_back(due_at=later.due_at, reason=later.last_error, attempts=later.attempts - 1)
                return number
            with logs.during_work(kind=row.kind, outbox=row.pk, actor="system"):
                _run(row, clock())
        return len(rows)


def _run(row: Outbox, now: datetime) -> None:
    lease = RowLease(row)
    try:
        if row.attempts > MAX_ATTEMPTS and not row.last_error.startswith("waits:"):
            raise Dead(row.last_error or "its worker died again and again")
        if row.depth > MAX_DEPTH:
            raise Dead(f"follows from an automation over more than {MAX_DEPTH} steps; that is a loop")
        with following(Chain(row.chain_id, row.depth + 1)):
            _work(row, lease, now)
    except RetryLater as later:
        lease.put_back(due_at=now + timedelta(seconds=later.seconds), reason=f"waits: {later.reason}")
    except LeaseLost:
        log.warning("lost the lease on %s %s; whoever has it goes on", row.kind, row.pk)
    except Dead as dead:
        lease.give_up(now, str(dead))
        log.error("gave up %s %s: %s", row.kind, row.pk, dead)
    except Exception as error:  # unforeseen: tried again with growing pauses, then dead and visible
        log.exception("%s %s failed", row.kind, row.pk)
        reason = f"{type(error).__name__}: {error}"
        if row.attempts >= MAX_ATTEMPTS:
            lease.give_up(now, reason)
        else:
            lease.put_back(due_at=now + pause_before(row.attempts), reason=reason)


def _work(row: Outbox, lease: RowLease, now: datetime) -> None:
    if row.kind.startswith("receive:"):
        _receive(row, lease, now)
        return
    job = registry.job_named(row.kind)
    if job is None:
        raise Dead(f"nothing in this version does {row.kind!r}")
    if job.outside:
        lease.renew()  # the rows before it may have taken longer than its lease: then it is somebody else's by now
        job.run(row.payload, now=now, lease=lease)
        lease.finish(now)
        return
    with transaction.atomic():
        job.run(row.payload, now=now, lease=lease)
        lease.finish(now)


def _receive(row: Outbox, lease: RowLease, now: datetime) -> None:
    receiver = registry.receivers().get(row.kind.removeprefix("receive:"))
    if receiver is None:
        raise Dead(f"nothing in this version does {row.kind!r}")
    with transaction.atomic():
        fact = FactRow.objects.filter(pk=row.payload.get("fact")).first()
        if fact is None:
            raise Dead("the fact is not there")
        receiver.run(facts.read(fact), actor=system(receiver.actor), now=now)
        lease.finish(now)


def _due_tenants(now: datetime) -> list[int]:
    return _ask("ledger_due_tenants(%s)", [now])


def _ask(function: str, params: list[Any]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT tenant_id FROM public.{function}", params)
        return [int(row[0]) for row in cursor.fetchall()]


def _real_now() -> datetime:
    """The machine's time, for ages of heartbeats: a clock that tests move says nothing about them."""
    return datetime.now(UTC)
