"""Telling a fact: one row in the feed, and one row of work for each receiver, in the transaction of the change."""

import dataclasses
from typing import Any

from django.db import connection

from cs_platform.ledger import registry
from cs_platform.ledger.models import FactRow
from cs_platform.ledger.outbox import current_chain, enqueue
from cs_platform.tenancy import clock

MAX_IDS = 5000


def publish(fact: Any) -> None:
    """Facts are batches; a list of more than 5,000 is told as several facts. A fact about nobody is not told."""
    name = registry.name_of(type(fact))
    now = connection.moment or clock.now()  # type: ignore[attr-defined]  # the moment of the verb that tells it
    chain = current_chain()
    for payload in _pieces(fact):
        row = FactRow.objects.create(name=name, payload=payload, at=now, chain_id=chain.id, depth=chain.depth)
        for receiver in registry.receivers_of(name):
            enqueue(
                f"receive:{receiver.name}",
                {"fact": row.pk},
                due_at=now,
                dedupe_key=str(row.pk),
                order_key=receiver.order,
            )


def read(row: FactRow) -> Any:
    """The dataclass again; fields that a later version dropped are left out."""
    kind = registry.fact_named(row.name)
    known = {field.name for field in dataclasses.fields(kind)}
    return kind(**{key: value for key, value in row.payload.items() if key in known})


def _pieces(fact: Any) -> list[dict[str, Any]]:
    payload = dataclasses.asdict(fact)
    lists = {key: [str(item) for item in value] for key, value in payload.items() if key.endswith("_ids")}
    if lists and not any(lists.values()):
        return []
    payload.update(lists)
    longest = max((len(value) for value in lists.values()), default=0)
    if longest <= MAX_IDS:
        return [payload]
    return [
        {**payload, **{key: value[start : start + MAX_IDS] for key, value in lists.items()}}
        for start in range(0, longest, MAX_IDS)
    ]
