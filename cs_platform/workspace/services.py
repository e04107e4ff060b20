"""The few verbs that no room below has."""

from datetime import datetime

from cs_platform import ledger
from cs_platform.ledger import outbox
from cs_platform.ledger.models import Outbox

ledger.sentences(
    {
        "outbox.replay": "ran work again that was given up: {object}",
        "tenant.load_demo": "loaded the demo data of {object}",
    }
)


class NotDead(ledger.Refused):
    def __init__(self) -> None:
        super().__init__("This work is not given up any more.", code="not_dead")


def replay_work(row: Outbox, *, actor: ledger.Actor, now: datetime) -> None:
    """Work that was given up is due again. Refused (NotDead) if it is not."""
    with ledger.unit():
        if not outbox.replay(row, now=now):
            raise NotDead
        ledger.note(row, "replay", actor=actor, now=now)
