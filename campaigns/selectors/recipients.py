"""Who is behind a number of the calendar."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from campaigns import zones
from campaigns.calendar import DAY
from campaigns.models import Enrolment, Message, Series, SeriesItem
from campaigns.selectors.outlook import people_at
from campaigns.selectors.sending_calendar import begun_runs
from campaigns.selectors.series import this_tenant


@dataclass(frozen=True)
class Recipient:
    """One who got, or will get, an e-mail of a series on a day."""

    id: UUID
    contact_id: UUID
    contact: str
    account_id: UUID
    account: str
    due_at: dt.datetime
    zone: str
    position: int
    template: str
    state: str
    reason: str = ""
    message_id: UUID | None = None


@dataclass(frozen=True)
class Recipients:
    rows: list[Recipient]
    next: UUID | None


def recipients(
    series: Series, day: dt.date, *, now: dt.datetime, ahead: bool, after: UUID | None = None, limit: int = 50
) -> Recipients:
    """One page of those whose message is written (`ahead` false) or of those who wait for one."""
    rows = _ahead(series, day, now, after, limit + 1) if ahead else _written(series, day, after, limit + 1)
    return Recipients(rows[:limit], rows[limit - 1].id if len(rows) > limit else None)


def _written(series: Series, day: dt.date, after: UUID | None, limit: int) -> list[Recipient]:
    found = Message.objects.filter(run__series=series, local_date=day)
    found = found.filter(pk__gt=after) if after else found
    related = found.select_related("enrolment__contact", "enrolment__account", "template", "run")
    return [
        Recipient(
            m.pk, m.enrolment.contact_id, m.enrolment.contact.name, m.account_id, m.enrolment.account.name, m.due_at,
            m.run.zone, m.position, m.template.name, m.state, m.reason, m.pk,
        )
        for m in related.order_by("pk")[:limit]
    ]  # fmt: skip


def _ahead(series: Series, day: dt.date, now: dt.datetime, after: UUID | None, limit: int) -> list[Recipient]:
    tenant = this_tenant()
    if series.state != Series.State.ACTIVE:
        return []
    names = dict(SeriesItem.objects.filter(series=series).values_list("position", "template__name"))
    begun = begun_runs(zones.local_date(now, tenant.timezone) - DAY, day)
    found = people_at(tenant, series, begun, day, items=len(names), now=now, after=after, limit=limit)
    people = Enrolment.objects.select_related("contact", "account").in_bulk([row[0] for row in found])
    return [
        Recipient(
            pk, people[pk].contact_id, people[pk].contact.name, people[pk].account_id, people[pk].account.name, due,
            zone, number, names.get(number, ""), "expected",
        )
        for pk, zone, due, number in found
    ]  # fmt: skip
