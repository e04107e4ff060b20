"""The rows that hold the work: left with the change, claimed by lease and fence, finished or tried again."""

import json
import logging
import random
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from cs_platform.ledger.models import Outbox
from cs_platform.ledger.words import LeaseLost
from cs_platform.tenancy import clock
from cs_platform.tenancy.scope import require_tenant_id

log = logging.getLogger(__name__)
LEASE_SECONDS = 60
MAX_ATTEMPTS = 8
MAX_DEPTH = 12


@dataclass(frozen=True)
class Chain:
    """Which first cause a row follows from, and over how many steps; a loop of automations ends at MAX_DEPTH."""

    id: UUID
    depth: int


_chain: ContextVar[Chain | None] = ContextVar("ledger_chain", default=None)


def current_chain() -> Chain:
    return _chain.get() or Chain(uuid7(), 0)


@contextmanager
def following(chain: Chain) -> Iterator[None]:
    token = _chain.set(chain)
    try:
        yield
    finally:
        _chain.reset(token)


def enqueue(kind: str, payload: dict[str, Any], *, due_at: datetime, dedupe_key: str = "", order_key: str = "") -> bool:
    """Leave work in this transaction; False if the same (kind, dedupe_key) was left before, at any time."""
    return enqueue_many(kind, [(dedupe_key, payload)], due_at=due_at, order_key=order_key) == 1


def enqueue_many(kind: str, items: list[tuple[str, dict[str, Any]]], *, due_at: datetime, order_key: str = "") -> int:
    """The set form: (dedupe_key, payload) each. Returns how many were new."""
    if not items:
        return 0
    chain = current_chain()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_outbox (tenant_id, kind, dedupe_key, order_key, payload, due_at, state, fence,"
            " attempts, last_error, chain_id, depth, created_at)"
            " SELECT %s, %s, item.key, %s, item.payload::jsonb, %s, 'pending', 0, 0, '', %s::uuid, %s, %s"
            " FROM unnest(%s::text[], %s::text[]) AS item (key, payload)"
            " ON CONFLICT (tenant_id, kind, dedupe_key) DO NOTHING",
            [
                require_tenant_id(),
                kind,
                order_key,
                due_at,
                str(chain.id),
                chain.depth,
                clock.now(),
                [key or str(uuid7()) for key, _ in items],
                [json.dumps(payload) for _, payload in items],
            ],
        )
        new: int = cursor.rowcount
    if new:
        ring_after_commit()
    return new


def ring_after_commit() -> None:
    """Once per transaction. A bell that does not ring costs a second, never the work."""
    from cs_platform.ledger.bell import ring

    if not any(function is ring for _, function, *_ in connection.run_on_commit):
        transaction.on_commit(ring, robust=True)


def claim(now: datetime, limit: int) -> list[Outbox]:
    """Lease up to `limit` due rows of the scope's tenant. Due by the product's clock, leased by the database's. A row
    whose order word has an older open row waits for it. Attempts count here, so that a row that kills its worker
    dies in the end."""
    tenant = require_tenant_id()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            # Materialized: as a plain sub-query the planner may run it again and lease more than the limit.
            "WITH due AS MATERIALIZED (SELECT o.id FROM ledger_outbox o WHERE o.tenant_id = %s"
            " AND ((o.state = 'pending' AND o.due_at <= %s)"
            " OR (o.state = 'leased' AND o.lease_until < clock_timestamp()))"
            " AND (o.order_key = '' OR NOT EXISTS (SELECT FROM ledger_outbox e WHERE e.tenant_id = %s"
            # Said again as the index outbox_in_order says it, or it is not used: hundreds of rows in order would each
            # walk through all that was ever done.
            " AND e.order_key = o.order_key AND NOT (e.order_key = '') AND e.id < o.id"
            " AND e.state IN ('pending', 'leased')))"
            " ORDER BY o.due_at, o.id LIMIT %s FOR UPDATE SKIP LOCKED)"
            " UPDATE ledger_outbox SET state = 'leased', lease_until = clock_timestamp() + %s * interval '1 second',"
            " fence = fence + 1, attempts = attempts + 1 FROM due WHERE tenant_id = %s AND ledger_outbox.id = due.id"
            " RETURNING ledger_outbox.id",
            [tenant, now, tenant, limit, LEASE_SECONDS, tenant],
        )
        ids = [row[0] for row in cursor.fetchall()]
        return list(Outbox.objects.filter(pk__in=ids).order_by("due_at", "id")) if ids else []


class RowLease:
    """The lease on one claimed row."""

    def __init__(self, row: Outbox) -> None:
        self.row_id, self.fence = row.pk, row.fence

    def _mine(self) -> Any:
        return Outbox.objects.filter(pk=self.row_id, fence=self.fence, state=Outbox.State.LEASED)

    def renew(self) -> None:
        if not self._mine().update(lease_until=Now() + timedelta(seconds=LEASE_SECONDS)):
            raise LeaseLost

    def finish(self, now: datetime) -> None:
        done = {"state": Outbox.State.DONE, "lease_until": None, "finished_at": now, "last_error": ""}
        if not self._mine().update(**done):
            raise LeaseLost

    def put_back(self, *, due_at: datetime, reason: str, attempts: int | None = None) -> None:
        again: dict[str, Any] = {"state": Outbox.State.PENDING, "lease_until": None, "due_at": due_at}
        if attempts is not None:
            again["attempts"] = attempts
        self._mine().update(**again, last_error=reason[:2000])

    def give_up(self, now: datetime, reason: str) -> None:
        dead = {"state": Outbox.State.DEAD, "lease_until": None, "finished_at": now}
        self._mine().update(**dead, last_error=reason[:2000])


def pause_before(attempt: int) -> timedelta:
    """5 s, 10 s, 20 s … at most 15 min, with a third of jitter."""
    return timedelta(seconds=min(5 * 2 ** (attempt - 1), 900) * random.uniform(1, 1.33))  # noqa: S311


def replay(row: Outbox, *, now: datetime) -> bool:
    """Dead work becomes due again; False if it is not dead."""
    with transaction.atomic():
        found = Outbox.objects.filter(pk=row.pk, state=Outbox.State.DEAD)
        again = found.update(state=Outbox.State.PENDING, due_at=now, attempts=0, finished_at=None)
        if again:
            ring_after_commit()
    return bool(again)
