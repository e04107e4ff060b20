"""What the clock and the queue ask of campaigns."""

from datetime import datetime
from typing import Any
from uuid import UUID

from campaigns import services
from campaigns.mail.batch import Lane
from cs_platform import ledger


@ledger.every_minute("campaigns.plan")
def plan(*, now: datetime) -> None:
    services.set_up_sending(actor=ledger.system("mail clock"), now=now)
    services.plan_runs(now=now)


@ledger.every_minute("campaigns.start")
def start(*, now: datetime) -> None:
    services.start_due_runs(now=now)


@ledger.every_minute("campaigns.tidy")
def tidy(*, now: datetime) -> None:
    services.end_due_pauses(now=now)
    services.tidy_runs(now=now)


# Both open transactions of their own, one for each step, so that what is done stays done when they are interrupted.
@ledger.job("campaigns.expand", outside=True)
def expand(payload: dict[str, Any], *, now: datetime, lease: ledger.Lease) -> None:
    if not services.expand_run(UUID(payload["run"]), now=now):
        raise ledger.RetryLater(0, "there are more messages to write")


@ledger.job("campaigns.send", outside=True)
def send(payload: dict[str, Any], *, now: datetime, lease: ledger.Lease) -> None:
    lane = Lane(UUID(payload["run"]), payload["lane"], payload["lanes"])
    turn = services.send_turn(lane, now=now, lease=lease)
    if turn.wait is not None:
        raise ledger.RetryLater(turn.wait, turn.problem or "there are more messages to send")
