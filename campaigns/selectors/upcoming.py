"""What the people of an account will get next, with dates, also where no run is planned yet."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject

from campaigns import rules
from campaigns.calendar import Slot, upcoming
from campaigns.models import Enrolment, MailPause, Message, Series, SeriesItem
from cs_platform.tenancy.models import Tenant


@dataclass(frozen=True, order=True)
class Upcoming:
    """One e-mail that is planned, or will be. `message_id` is None as long as there is no row for it."""

    due_at: datetime
    local_date: date
    zone: str
    contact_name: str
    contact_id: UUID
    series_name: str
    series_id: UUID
    position: int
    of: int
    template_name: str
    template_id: UUID
    state: str
    message_id: UUID | None = None


def next_messages(account_id: UUID | str, limit: int = 5, *, now: datetime) -> list[Upcoming]:
    """The next e-mails to an account, soonest first, in three queries. A paused series or enrolment has none, and while
    mail to the account or the contact is paused there is none either."""
    going = Enrolment.objects.filter(
        account_id=account_id, state=Enrolment.State.ACTIVE, series__state=Series.State.ACTIVE
    )
    enrolments = list(going.select_related("series", "contact", "tenant").annotate(pause=Subquery(_pause(now))))  # type: ignore[no-redef]
    if not enrolments:
        return []
    items: dict[UUID, dict[int, SeriesItem]] = {}
    wanted = {enrolment.series_id for enrolment in enrolments}
    for item in SeriesItem.objects.filter(series__in=wanted).select_related("template"):
        items.setdefault(item.series_id, {})[item.position] = item
    recent: dict[UUID, list[Message]] = {}
    for message in Message.objects.filter(enrolment__in=enrolments, local_date__gte=now.date() - timedelta(days=2)):
        recent.setdefault(message.enrolment_id, []).append(message)
    streams = [_of(e, items.get(e.series_id, {}), recent.get(e.pk, []), now) for e in enrolments]
    return list(islice(heapq.merge(*streams), limit))


def _pause(now: datetime) -> QuerySet[MailPause]:
    """Of the account or the contact; of two, the one that shifts."""
    live = Q(ends_at__isnull=True) | Q(ends_at__gt=now)
    mine = Q(contact__isnull=True) | Q(contact_id=OuterRef("contact_id"))
    found = MailPause.objects.filter(live, mine, account_id=OuterRef("account_id"), ended_at__isnull=True)
    return found.order_by("-policy").values(json=JSONObject(policy="policy", ends_at="ends_at"))[:1]  # type: ignore[return-value]


def _is_paused(pause: dict[str, Any] | None, due_at: datetime) -> bool:
    return pause is not None and (pause["ends_at"] is None or due_at < datetime.fromisoformat(pause["ends_at"]))


def _of(enrolment: Enrolment, items: dict[int, SeriesItem], recent: list[Message], now: datetime) -> Iterator[Upcoming]:
    zone = enrolment.zone or enrolment.tenant.timezone
    position, used = enrolment.position, {message.local_date for message in recent}
    waiting = [m for m in recent if m.state in (Message.State.PLANNED, Message.State.HELD) and m.position in items]
    for message in sorted(waiting, key=lambda m: m.due_at):
        slot = Slot(message.local_date, message.local_date, message.due_at, message.late_after)
        yield _entry(enrolment, items, message.position, slot, zone, message)
    counting = [m.position for m in recent if m.state not in (Message.State.SKIPPED, Message.State.SUPPRESSED)]
    position = max([position, *counting])  # a worker that is still at work tells the enrolment at the end of its turn
    pause: Any = enrolment.pause  # type: ignore[attr-defined]
    if position + 1 not in items:
        return
    for slot in _slots(enrolment.series, enrolment.tenant, zone, enrolment.calendar, max(now, enrolment.enrolled_at)):
        if slot.local_date in used:
            continue
        if _is_paused(pause, slot.due_at):
            if pause["ends_at"] is None:
                return
            position += pause["policy"] == MailPause.Policy.DROP
            continue
        position += 1
        if position not in items:
            return
        yield _entry(enrolment, items, position, slot, zone, None)


def _slots(series: Series, tenant: Tenant, zone: str, calendar: str, after: datetime) -> Iterator[Slot]:
    return upcoming(series.rule, zone, rules.days_off_at(tenant, calendar), after)


def _entry(
    enrolment: Enrolment, items: dict[int, SeriesItem], position: int, slot: Slot, zone: str, message: Message | None
) -> Upcoming:
    template = items[position].template
    return Upcoming(
        due_at=slot.due_at,
        local_date=slot.local_date,
        zone=zone,
        contact_name=enrolment.contact.name,
        contact_id=enrolment.contact_id,
        series_name=enrolment.series.name,
        series_id=enrolment.series_id,
        position=position,
        of=len(items),
        template_name=template.name,
        template_id=template.pk,
        state=message.state if message else Message.State.PLANNED,
        message_id=message.pk if message else None,
    )
