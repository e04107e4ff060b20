"""Messages that wait: held while something is paused, let go, or left out. Sets, one statement each; the ledger has
the verb that brought it about."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from accounts import services as accounts
from campaigns.mail.journal import recall
from campaigns.models import Message, Series, SeriesRun
from campaigns.services.words import CLOCK
from cs_platform import ledger
from cs_platform.tenancy.scope import require_tenant_id

LATE = "campaigns.late"
PLANNED, HELD, SKIPPED = Message.State.PLANNED, Message.State.HELD, Message.State.SKIPPED


def hold(messages: QuerySet[Message], reason: str, *, also_by_hand: bool = False) -> int:
    waits = _now_in(messages, PLANNED)
    held = (waits if also_by_hand else waits.filter(by_hand=False)).update(state=HELD, reason=reason)
    recall()
    return held


def release(messages: QuerySet[Message], reason: str, *, now: datetime) -> int:
    """Those whose time has passed stay where they are; the clock's minute leaves them out."""
    return _now_in(messages, HELD).filter(reason=reason, late_after__gte=now).update(state=PLANNED, reason="")


def leave_out(messages: QuerySet[Message], reason: str) -> int:
    left = _now_in(messages, PLANNED, HELD).update(state=SKIPPED, reason=reason)
    if reason != SeriesRun.Reason.LATE:  # which the sender sees by itself
        recall()
    return left


def suppress(messages: QuerySet[Message]) -> int:
    left = _now_in(messages, PLANNED, HELD).update(state=Message.State.SUPPRESSED, reason="suppressed")
    recall()
    return left


def _now_in(messages: QuerySet[Message], *states: str) -> QuerySet[Message]:
    """The state is asked of the row itself and not only of the query that finds it: a sender may take a message in
    between, and what is on its way must not be called back."""
    return Message.objects.filter(pk__in=messages.order_by().values("pk"), state__in=states)


def forget_planned_runs(runs: QuerySet[SeriesRun]) -> None:
    """Slots that will not be. One that begins at this moment stays."""
    pks = list(runs.values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM campaigns_seriesrun WHERE tenant_id = %s AND id = ANY(%s) AND state = 'planned'",
            [require_tenant_id(), pks],
        )


def alert_late(account_ids: Iterable[UUID], run: SeriesRun, *, now: datetime) -> None:
    """What these accounts should have got of a run did not go out in time."""
    day = f"{run.local_date:%a %d %b %Y}"
    words = f"The e-mail of the series “{run.series}” for {day} was not sent: its time had passed."
    accounts.raise_alert(account_ids, LATE, words, actor=CLOCK, now=now)


def skip_missed_runs(series: Series, *, now: datetime) -> None:
    """What fell due while the series was paused and nobody looked."""
    for run in SeriesRun.objects.filter(series=series, state=SeriesRun.State.PLANNED, due_at__lte=now):
        skip_run(run, SeriesRun.Reason.PAUSED, now=now)


def skip_run(run: SeriesRun, reason: str, *, now: datetime) -> None:
    with ledger.change(run, "skip", args=(reason,), actor=CLOCK, now=now):
        pass
