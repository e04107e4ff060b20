"""What happened: the one way to change state, the audit of it, and the facts and the work that follow from it.

`change()` and its set forms lock, check the state machine, write the changed fields and an audit row in one
transaction. `publish()` tells a fact and `enqueue()` leaves work in that same transaction; after the commit a
dispatcher claims the rows with lease and fence. PostgreSQL holds the work; Celery only rings the bell. The audit is
append-only, readable without other tables, and chained by hash per tenant. Names are looked up on demand, because this
package is imported before there are models.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cs_platform.ledger.dispatch import drain, health, tick
    from cs_platform.ledger.facts import publish
    from cs_platform.ledger.outbox import enqueue
    from cs_platform.ledger.registry import Lease, every_minute, fact, job, receiver
    from cs_platform.ledger.story import TimelineEntry, timeline
    from cs_platform.ledger.verbs import change, create, create_many, note, note_many, unit
    from cs_platform.ledger.verbs_of_sets import change_many, update_many
    from cs_platform.ledger.words import (
        Actor,
        Dead,
        Gone,
        LeaseLost,
        NotAllowed,
        Refused,
        RetryLater,
        sentence,
        sentences,
        system,
    )

__all__ = [
    "Actor", "Dead", "Gone", "Lease", "LeaseLost", "NotAllowed", "Refused", "RetryLater", "TimelineEntry", "change",
    "change_many", "create", "create_many", "drain", "enqueue", "every_minute", "fact", "health", "job", "note",
    "note_many", "publish", "receiver", "sentence", "sentences", "system", "tick", "timeline", "unit", "update_many",
]  # fmt: skip
_HOMES = {
    "words": (
        "Actor", "Dead", "Gone", "LeaseLost", "NotAllowed", "Refused", "RetryLater", "sentence", "sentences", "system",
    ),
    "registry": ("Lease", "every_minute", "fact", "job", "receiver"),
    "facts": ("publish",),
    "outbox": ("enqueue",),
    "verbs": ("change", "create", "create_many", "note", "note_many", "unit"),
    "verbs_of_sets": ("change_many", "update_many"),
    "dispatch": ("drain", "health", "tick"),
    "story": ("TimelineEntry", "timeline"),
}  # fmt: skip
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
