"""Doing a verb with everything that follows from it, looking at what came of it, and undoing all of it.

A preview that is computed a second time, by other code, differs from what happens sooner or later. This one is what
happens: the verb runs, then the receivers of the facts that it told, and of the facts that those told, each as the
queue would run it; then the database is asked how things stand, and the transaction is rolled back. Work for the
outside world is only left in the outbox, so it is undone with the rest and nothing leaves.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from django.db import OperationalError, connection, transaction
from uuid_utils.compat import uuid7

from cs_platform.ledger import facts, registry
from cs_platform.ledger.models import FactRow, Outbox
from cs_platform.ledger.outbox import MAX_DEPTH, Chain, following
from cs_platform.ledger.words import Refused, system

log = logging.getLogger(__name__)
T = TypeVar("T")
# Shorter than the database waits before it looks for a deadlock: whoever really works is never the one that loses.
PATIENCE = "800ms"
MAX_STEPS = 500
LOCK_NOT_AVAILABLE = "55P03"


class Busy(Refused):
    def __init__(self) -> None:
        super().__init__("Somebody is working on these accounts just now. Try again in a moment.", code="busy")


def rehearse(do: Callable[[], Any], look: Callable[[], T], *, now: datetime) -> T:
    """What `look` sees after `do` and all that follows from it; nothing of it stays.

    Refused as `do` is refused, or (Busy) while somebody else has the rows.
    """
    chain = Chain(uuid7(), 0)
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
            with following(chain):
                do()
            _follow(chain, now)
            seen = look()
            transaction.set_rollback(True)
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", "") != LOCK_NOT_AVAILABLE:
            raise
        raise Busy from None
    return seen


def _follow(chain: Chain, now: datetime) -> None:
    """Run what the facts of this chain left for receivers, the oldest first, until nothing new comes."""
    last = 0
    for _ in range(MAX_STEPS):
        waiting = Outbox.objects.filter(chain_id=chain.id, kind__startswith="receive:", pk__gt=last)
        row = waiting.order_by("pk").first()
        if row is None:
            return
        last = row.pk
        if row.depth <= MAX_DEPTH:
            _receive(row, now)


def _receive(row: Outbox, now: datetime) -> None:
    receiver = registry.receivers().get(row.kind.removeprefix("receive:"))
    fact = FactRow.objects.filter(pk=row.payload.get("fact")).first()
    if receiver is None or fact is None:
        return
    try:
        with transaction.atomic(), following(Chain(row.chain_id, row.depth + 1)):
            receiver.run(facts.read(fact), actor=system(receiver.actor), now=now)
    except OperationalError:
        raise
    except Exception:  # the queue would try it again later; the rest of the rehearsal still says what happens
        log.exception("%s could not be rehearsed", receiver.name)
