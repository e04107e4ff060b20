"""The clock's minute: which runs there will be, which are due, and what can not go out any more.

Any number of tickers may do it at the same time: rows are planned under a unique key, started under a deduplication
key, and changed only from the state they are expected in.
"""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from uuid_utils.compat import uuid7

from accounts import services as accounts
from campaigns import rules, zones
from campaigns.calendar import DAY, Slot
from campaigns.models import Enrolment, Message, Series, SeriesRun
from campaigns.selectors.sending import why_nothing_is_sent
from campaigns.services import sending, waiting
from campaigns.services.words import CLOCK
from cs_platform import ledger
from cs_platform.ledger.models import Outbox
from cs_platform.tenancy.models import Tenant
from cs_platform.tenancy.scope import require_tenant_id

HORIZON = 8
PLANNED = SeriesRun.State.PLANNED
Key = tuple[dt.date, str, str]


@dataclass(frozen=True)
class Here:
    """Whose calendar counts where a contact says nothing."""

    tenant: Tenant
    now: dt.datetime
    known_places: dict[UUID, list[tuple[str, str]]] = field(default_factory=dict)

    def places(self, series: Series) -> list[tuple[str, str]]:
        """Every zone and calendar in which somebody waits, asked once."""
        if series.pk not in self.known_places:
            rows = Enrolment.objects.filter(series=series, state=Enrolment.State.ACTIVE).values_list("zone", "calendar")
            found = {(zone or self.tenant.timezone, calendar) for zone, calendar in rows.distinct()}
            self.known_places[series.pk] = sorted(found)
        return self.known_places[series.pk]


def plan_runs(*, now: dt.datetime) -> None:
    """A run for every slot of the next eight days, in every zone and calendar in which a contact waits. A run that is
    still only planned follows the rule, the zone, the holidays and the time-zone data as they are now."""
    here = Here(Tenant.objects.get(pk=require_tenant_id()), now)
    for series in Series.objects.filter(state=Series.State.ACTIVE).order_by("id"):
        _plan(series, here)


def _plan(series: Series, here: Here) -> None:
    wanted = _wanted(series, here)
    runs = SeriesRun.objects.filter(series=series)
    known = {
        (run.local_date, run.zone, run.calendar): run
        for run in runs.filter(local_date__gte=here.now.date() - 2 * DAY).defer("series")
    }
    stale = [r.pk for key, r in known.items() if r.state == PLANNED and r.due_at > here.now and key not in wanted]
    if stale:
        waiting.forget_planned_runs(runs.filter(pk__in=stale))
    for key, run in known.items():
        slot = wanted.get(key)
        if slot is not None and run.state == PLANNED and _values(run) != _values_of(slot):
            _follow(run, slot, here.now)
    fresh = [_run(series, key, slot, here.now) for key, slot in wanted.items() if key not in known]
    fresh += [run for run in _missed(series, here, known) if _waits_for(run, here.tenant).exists()]
    if fresh:
        SeriesRun.objects.bulk_create(fresh, ignore_conflicts=True)


def _wanted(series: Series, here: Here) -> dict[Key, Slot]:
    """By key, in every zone and calendar in which somebody waits."""
    tenant, wanted = here.tenant, dict[Key, Slot]()
    for zone, calendar in here.places(series):
        off, last = rules.days_off_at(tenant, calendar), rules.horizon(here.now, zone, HORIZON)
        for slot in rules.slots_ahead(series, zone, off, now=here.now, last=last):
            wanted[(slot.local_date, zone, calendar)] = slot
    return wanted


def _missed(series: Series, here: Here, known: Collection[Key]) -> list[SeriesRun]:
    """Slots that nobody planned before it was too late, because the zone or the rule changed while nobody looked. They
    are planned all the same, so that they are left out with an alert and not in silence."""
    made = []
    for zone, calendar in here.places(series):
        off = rules.days_off_at(here.tenant, calendar)
        for slot in rules.slots_behind(series, zone, off, now=here.now):
            key = (slot.local_date, zone, calendar)
            if key not in known:
                made.append(_run(series, key, slot, here.now))
    return made


def _run(series: Series, key: Key, slot: Slot, now: dt.datetime) -> SeriesRun:
    day, zone, calendar = key
    return SeriesRun(
        id=uuid7(),
        series=series,
        local_date=day,
        nominal_date=slot.nominal_date,
        zone=zone,
        calendar=calendar,
        due_at=slot.due_at,
        late_after=slot.late_after,
        tzdata=zones.VERSION,
        created_at=now,
        updated_at=now,
    )


def _values(run: SeriesRun) -> tuple[object, ...]:
    return run.due_at, run.late_after, run.nominal_date, run.tzdata


def _values_of(slot: Slot) -> tuple[object, ...]:
    return slot.due_at, slot.late_after, slot.nominal_date, zones.VERSION


def _follow(run: SeriesRun, slot: Slot, now: dt.datetime) -> None:
    SeriesRun.objects.filter(pk=run.pk, state=PLANNED).update(
        due_at=slot.due_at,
        late_after=slot.late_after,
        nominal_date=slot.nominal_date,
        tzdata=zones.VERSION,
        updated_at=now,
    )


# --- what is due ----------------------------------------------------------------------------------------------------


def start_due_runs(*, now: dt.datetime) -> None:
    """Runs whose time has come are handed to the queue; those whose time has passed, or that fall into a pause, are
    left out."""
    silent = bool(why_nothing_is_sent())
    for run in SeriesRun.objects.filter(state=PLANNED, due_at__lte=now).select_related("series"):
        reason = why_not_now(run, silent=silent, now=now)
        if reason:
            leave_out_run(run, reason, now=now)
        else:
            once = f"{run.pk}:{run.due_at.timestamp():.0f}"  # a run that was moved after it was handed out comes again
            ledger.enqueue("campaigns.expand", {"run": str(run.pk)}, due_at=now, dedupe_key=once)


def why_not_now(run: SeriesRun, *, silent: bool, now: dt.datetime) -> str:
    if run.series.state != Series.State.ACTIVE:
        return SeriesRun.Reason.PAUSED
    if silent:
        return SeriesRun.Reason.OFF
    return SeriesRun.Reason.LATE if now > run.late_after else ""


def leave_out_run(run: SeriesRun, reason: str, *, now: dt.datetime) -> None:
    """The run is skipped, everything moves on to the next slot. A late one is an alert on the accounts concerned."""
    try:
        with ledger.unit():
            waiting.skip_run(run, reason, now=now)
            if reason == SeriesRun.Reason.LATE:
                waiting.alert_late(_accounts_waiting_for(run), run, now=now)
    except ledger.NotAllowed:
        return  # another ticker was first


def waiting_for(run: SeriesRun, tenant: Tenant) -> Q:
    """The enrolments whose slot this run is."""
    zone = Q(zone__in=["", run.zone]) if run.zone == tenant.timezone else Q(zone=run.zone)
    ready = Q(series_id=run.series_id, state=Enrolment.State.ACTIVE, calendar=run.calendar)
    return ready & zone & Q(enrolled_at__lte=run.due_at)


def _waits_for(run: SeriesRun, tenant: Tenant) -> QuerySet[Enrolment]:
    """Those who have had nothing on that day."""
    return Enrolment.objects.filter(waiting_for(run, tenant)).exclude(messages__local_date=run.local_date)


def _accounts_waiting_for(run: SeriesRun) -> set[UUID]:
    tenant = Tenant.objects.get(pk=require_tenant_id())
    return set(_waits_for(run, tenant).values_list("account_id", flat=True))


def clear_late(run: SeriesRun, *, now: dt.datetime) -> None:
    """A person has sent it after all."""
    accounts.clear_alert(_accounts_waiting_for(run), waiting.LATE, actor=CLOCK, now=now)


# --- what is left ---------------------------------------------------------------------------------------------------


def tidy_runs(*, now: dt.datetime) -> None:
    """Runs at work: messages whose time has passed are left out, work that nobody does is handed out again, and a run
    in which nothing is open is finished."""
    for run in SeriesRun.objects.filter(state__in=["expanding", "sending"]).select_related("series"):
        _leave_out_late_messages(run, now)
        if run.state == SeriesRun.State.SENDING and sending.finish_if_done(run, now=now):
            continue
        if not _is_at_work(run):
            _hand_out_again(run, now)


def _leave_out_late_messages(run: SeriesRun, now: dt.datetime) -> None:
    late = Message.objects.filter(run=run, state__in=["planned", "held"], late_after__lt=now)
    account_ids = set(late.filter(by_hand=False, state="planned").values_list("account_id", flat=True))
    if waiting.leave_out(late, SeriesRun.Reason.LATE) and account_ids:
        waiting.alert_late(account_ids, run, now=now)


def _is_at_work(run: SeriesRun) -> bool:
    open_rows = Outbox.objects.filter(state__in=[Outbox.State.PENDING, Outbox.State.LEASED])
    return open_rows.filter(kind__in=["campaigns.expand", "campaigns.send"], payload__run=str(run.pk)).exists()


def _hand_out_again(run: SeriesRun, now: dt.datetime) -> None:
    if run.state == SeriesRun.State.EXPANDING:
        ledger.enqueue("campaigns.expand", {"run": str(run.pk)}, due_at=now)
        return
    left = Message.objects.filter(run=run).aggregate(
        due=Count("pk", filter=Q(state="planned", due_at__lte=now)), sending=Count("pk", filter=Q(state="sending"))
    )
    if left["due"] or left["sending"]:
        sending.hand_out(run, now=now)
