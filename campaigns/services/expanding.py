"""Writing the messages of a run: one per contact, all of them before the first is sent, so that the audience is what
it was at that moment. Who is paused gets none, or, if what falls due is dropped, one that is left out at once."""

import datetime as dt
import time
from typing import Any
from uuid import UUID

from django.db import connection

from campaigns.calendar import LATE_LIMIT
from campaigns.models import Message, Series, SeriesRun
from campaigns.selectors.sending import why_nothing_is_sent
from campaigns.services import planning, sending
from campaigns.services.words import CLOCK
from cs_platform import ledger
from cs_platform.tenancy.models import Tenant
from cs_platform.tenancy.scope import require_tenant_id

CHUNK = 10_000
SECONDS = 10.0
NOBODY = UUID(int=0)

# The id: the time of the run in milliseconds, then a hash of run and enrolment; doing it again gives the same id.
STATEMENT = """
WITH paused AS MATERIALIZED (
  SELECT p.account_id, p.contact_id, p.policy FROM campaigns_mailpause p
  WHERE p.tenant_id = %(tenant)s AND p.ended_at IS NULL AND (p.ends_at IS NULL OR p.ends_at > %(now)s)
), chunk AS MATERIALIZED (
  SELECT e.id, e.account_id, e.name, e.position, e.address_key,
    e.account_id IN (SELECT account_id FROM paused WHERE contact_id IS NULL AND policy = 'shift')
      OR e.contact_id IN (SELECT contact_id FROM paused WHERE contact_id IS NOT NULL AND policy = 'shift') AS waits,
    e.account_id IN (SELECT account_id FROM paused WHERE contact_id IS NULL AND policy = 'drop')
      OR e.contact_id IN (SELECT contact_id FROM paused WHERE contact_id IS NOT NULL AND policy = 'drop') AS dropped
  FROM campaigns_enrolment e
  WHERE e.tenant_id = %(tenant)s AND e.series_id = %(series)s AND e.state = 'active'
    AND e.zone = ANY(%(zones)s) AND e.calendar = %(calendar)s AND e.enrolled_at <= %(due_at)s
    AND e.id > %(cursor)s
  ORDER BY e.id LIMIT %(limit)s
), made AS (
  INSERT INTO campaigns_message (
    id, tenant_id, run_id, enrolment_id, account_id, template_id, name, number, position, local_date, due_at,
    late_after, address_key, state, reason, detail, attempts, by_hand, message_id, created_at, is_noted)
  SELECT (%(prefix)s || substr(h.hash, 1, 3) || '8' || substr(h.hash, 4, 15))::uuid, %(tenant)s, %(run)s, k.id,
    k.account_id, i.template_id, left(t.name || ' to ' || k.name, 330), t.number, i.position, %(local_date)s,
    %(send_at)s, %(late_after)s, k.address_key, CASE WHEN k.dropped THEN 'skipped' ELSE 'planned' END,
    CASE WHEN k.dropped THEN 'pause_dropped' ELSE '' END, '', 0, false, '', %(now)s, false
  FROM chunk k
  JOIN campaigns_seriesitem i ON i.tenant_id = %(tenant)s AND i.series_id = %(series)s AND i.position = k.position + 1
  JOIN campaigns_emailtemplate t ON t.tenant_id = %(tenant)s AND t.id = i.template_id
  CROSS JOIN LATERAL (SELECT md5(%(run)s::text || k.id::text) AS hash) h
  WHERE NOT k.waits
  ORDER BY k.id
  ON CONFLICT DO NOTHING
  RETURNING 1
)
SELECT (SELECT count(*) FROM made), (SELECT count(*) FROM chunk), (SELECT id FROM chunk ORDER BY id DESC LIMIT 1)
"""


def expand_run(run_id: UUID, *, now: dt.datetime) -> bool:
    """The messages of a run whose time has come, in chunks; False if there is more to do. A run that must not go out
    now is left out instead."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        if _chunk(run_id, now):
            return True
    return False


def _chunk(run_id: UUID, now: dt.datetime) -> bool:
    with ledger.unit():
        run = (
            SeriesRun.objects.select_for_update(of=("self",), no_key=True)
            .select_related("series")
            .filter(pk=run_id)
            .first()
        )
        if run is None or not _begin(run, now):
            return True
        run.refresh_from_db()
        made, seen, last = _write(run, now)
        run.recipients += made
        run.cursor = last or run.cursor
        SeriesRun.objects.filter(pk=run.pk).update(recipients=run.recipients, cursor=run.cursor)
        if seen == CHUNK:
            return False
        _go_on(run, now)
        return True


def _begin(run: SeriesRun, now: dt.datetime) -> bool:
    """Whether there are messages to write. The question is asked again here: time may have passed in the queue."""
    if run.state == SeriesRun.State.PLANNED:
        if run.due_at > now:
            return False  # it was moved meanwhile; the clock hands it out again
        reason = planning.why_not_now(run, silent=bool(why_nothing_is_sent()), now=now)
        if reason:
            planning.leave_out_run(run, reason, now=now)
            return False
        with ledger.change(run, "expand", actor=CLOCK, now=now):
            pass
        return True
    return bool(run.state == SeriesRun.State.EXPANDING)


def _write(run: SeriesRun, now: dt.datetime) -> tuple[int, int, UUID | None]:
    tenant = Tenant.objects.get(pk=require_tenant_id())
    milliseconds = int(run.due_at.timestamp() * 1000)
    values: dict[str, Any] = {
        "tenant": tenant.pk,
        "run": run.pk,
        "series": run.series_id,
        "zones": [run.zone, ""] if run.zone == tenant.timezone else [run.zone],
        "calendar": run.calendar,
        "due_at": run.due_at,
        "send_at": now if run.by_hand else run.due_at,
        "late_after": run.late_after,
        "local_date": run.local_date,
        "prefix": f"{milliseconds:012x}7",
        "cursor": run.cursor or NOBODY,
        "limit": CHUNK,
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(STATEMENT, values)
        made, seen, last = cursor.fetchone()
    return made, seen, last


def _go_on(run: SeriesRun, now: dt.datetime) -> None:
    if not Message.objects.filter(run=run).exists():
        with ledger.change(run, "finish", args=(now,), actor=CLOCK, now=now):
            pass
        sending.complete_enrolments(run.series, now=now)
        return
    sending.advance(run.pk)  # what a pause drops is had
    with ledger.change(run, "send", actor=CLOCK, now=now) as run:
        pass
    sending.hand_out(run, now=now)


def send_late(run: SeriesRun, *, actor: ledger.Actor, now: dt.datetime, note: str = "") -> SeriesRun:
    """A run that was left out goes out now, because a person says so; what its contacts got since stays out. Refused
    if it was not left out, or if its series is not active."""
    with ledger.change(run, "send_late", args=(now + LATE_LIMIT,), actor=actor, now=now, note=note) as run:
        if run.series.state != Series.State.ACTIVE:
            raise ledger.Refused(f"The series {run.series} is not active.", code="series_not_active")
        ledger.enqueue("campaigns.expand", {"run": str(run.pk)}, due_at=now, dedupe_key=f"{run.pk}:late")
    planning.clear_late(run, now=now)
    return run
