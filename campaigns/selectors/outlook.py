"""How many will get what at the slots that lie ahead. The slots are those that will be planned (campaigns.rules), the
people those for whom messages will be written; everything is asked in sets, whatever the number of accounts."""

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection

from campaigns import rules
from campaigns.calendar import LATE_LIMIT, DaysOff, Slot
from campaigns.models import Series, SeriesRun
from cs_platform.tenancy.models import Tenant

# Who waits: active, at an account that is one, with the last e-mail that he has had or that is on its way, and until
# when mail to him is paused. Who came in a moment ago (`since`) has missed the slots before.
WAITING = """
WITH paused AS MATERIALIZED (
  SELECT p.account_id, p.contact_id, max(p.policy) AS policy, max(coalesce(p.ends_at, '9999-01-01Z')) AS ends
  FROM campaigns_mailpause p
  WHERE p.tenant_id = %(tenant)s AND p.ended_at IS NULL AND (p.ends_at IS NULL OR p.ends_at > %(now)s)
  GROUP BY p.account_id, p.contact_id
), under_way AS MATERIALIZED (
  SELECT m.enrolment_id, max(m.position) AS position FROM campaigns_seriesrun r
  JOIN campaigns_message m ON m.tenant_id = %(tenant)s AND m.run_id = r.id AND m.state NOT IN ('skipped', 'suppressed')
  WHERE r.tenant_id = %(tenant)s AND r.state IN ('expanding', 'sending') GROUP BY m.enrolment_id
), waiting AS (
  SELECT e.id, e.series_id, e.contact_id, coalesce(nullif(e.zone, ''), %(zone)s) AS zone, e.calendar,
    greatest(e.position, coalesce(u.position, 0)) AS position,
    CASE WHEN greatest(a.policy, c.policy) = 'drop' THEN 'drop' WHEN coalesce(a.policy, c.policy) IS NOT NULL
      THEN 'shift' ELSE '' END AS policy,
    coalesce(greatest(a.ends, c.ends), '0001-01-02Z') AS ends,
    CASE WHEN e.enrolled_at > %(late)s THEN e.enrolled_at ELSE '0001-01-02Z' END AS since
  FROM campaigns_enrolment e
  LEFT JOIN paused a ON a.account_id = e.account_id AND a.contact_id IS NULL
  LEFT JOIN paused c ON c.contact_id = e.contact_id
  LEFT JOIN under_way u ON u.enrolment_id = e.id
  WHERE e.tenant_id = %(tenant)s AND e.state = 'active' AND e.series_id = ANY(%(series)s::uuid[])
)
"""
GROUPS = f"""{WAITING}
SELECT series_id, zone, calendar, position, policy, ends, since, count(*) FROM waiting
GROUP BY series_id, zone, calendar, position, policy, ends, since
"""
# Those for whom the slot of a day has an e-mail: its number is the position plus how many slots there are until then
# (of a pause that shifts, only those after it; of one that drops, all).
PEOPLE = f"""{WAITING}, days AS (
  SELECT * FROM jsonb_to_recordset(%(days)s) AS d (zone text, calendar text, due timestamptz, dues timestamptz[])
)
SELECT w.id, w.zone, d.due, w.position + n.slots AS number FROM waiting w
JOIN days d ON d.zone = w.zone AND d.calendar = w.calendar
CROSS JOIN LATERAL (
  SELECT count(*)::int AS slots FROM unnest(d.dues) AS x (due)
  WHERE x.due >= w.since AND (w.policy = 'drop' OR x.due >= w.ends)) n
WHERE d.due >= w.ends AND d.due >= w.since AND w.position + n.slots <= %(items)s AND w.id > %(after)s
ORDER BY w.id LIMIT %(limit)s
"""
BEFORE_ALL = UUID(int=0)


@dataclass(frozen=True)
class Group:
    """So many people who are at one point of a series in one place."""

    series_id: UUID
    zone: str
    calendar: str
    position: int
    policy: str
    ends: dt.datetime
    since: dt.datetime
    people: int


Key = tuple[UUID, str, str]


@dataclass
class Outlook:
    """`slots` ahead of each series and place, and the people at each (by series, place and day)."""

    slots: dict[Key, list[Slot]] = field(default_factory=dict)
    off: dict[str, DaysOff] = field(default_factory=dict)
    people: dict[tuple[Key, dt.date], int] = field(default_factory=lambda: defaultdict(int))
    waiting: dict[Key, int] = field(default_factory=lambda: defaultdict(int))


def groups_of(tenant: Tenant, series: Collection[Series], *, now: dt.datetime) -> list[Group]:
    with connection.cursor() as cursor:
        cursor.execute(GROUPS, _values(tenant, series, now))
        return [Group(*row) for row in cursor.fetchall()]


def _values(tenant: Tenant, series: Collection[Series], now: dt.datetime) -> dict[str, Any]:
    values = {"tenant": tenant.pk, "zone": tenant.timezone, "now": now, "late": now - LATE_LIMIT}
    return {**values, "series": [str(s.pk) for s in series]}


def outlook(
    tenant: Tenant, series: Sequence[Series], begun: Collection[SeriesRun], items: Mapping[UUID, int], *,
    last: dt.date, now: dt.datetime,
) -> Outlook:  # fmt: skip
    """Until `last`. `begun` are the runs that are no longer planned: their day is used up."""
    used = {(run.series_id, run.zone, run.calendar, run.local_date) for run in begun}
    by_id, made = {s.pk: s for s in series}, Outlook()
    for group in groups_of(tenant, series, now=now):
        key = (group.series_id, group.zone, group.calendar)
        if key not in made.slots:
            off = made.off.setdefault(group.calendar, rules.days_off_at(tenant, group.calendar))
            ahead = rules.slots_ahead(by_id[group.series_id], group.zone, off, now=now, last=last)
            made.slots[key] = [slot for slot in ahead if (*key, slot.local_date) not in used]
        many = items.get(group.series_id, 0)
        if group.position < many:
            made.waiting[key] += group.people
        for slot in _gets(group, made.slots[key], many):
            made.people[(key, slot.local_date)] += group.people
    return made


def _gets(group: Group, slots: Sequence[Slot], items: int) -> list[Slot]:
    """The slots at which these people get an e-mail."""
    position, made = group.position, list[Slot]()
    for slot in (slot for slot in slots if slot.due_at >= group.since):
        is_paused = slot.due_at < group.ends
        if is_paused and group.policy != "drop":
            continue
        position += 1
        if position > items:
            break
        if not is_paused:
            made.append(slot)
    return made


def people_at(
    tenant: Tenant, series: Series, begun: Collection[SeriesRun], day: dt.date, *, items: int, now: dt.datetime,
    after: UUID | None = None, limit: int = 50,
) -> list[tuple[UUID, str, dt.datetime, int]]:  # fmt: skip
    """Enrolment, zone, moment and number of the e-mail of those who will get one on this day, by id."""
    seen = outlook(tenant, [series], begun, {series.pk: items}, last=day, now=now)
    days = []
    for (_, zone, calendar), slots in seen.slots.items():
        due = next((slot.due_at for slot in slots if slot.local_date == day), None)
        if due is not None:
            dues = [slot.due_at.isoformat() for slot in slots if slot.due_at <= due]
            days.append({"zone": zone, "calendar": calendar, "due": due.isoformat(), "dues": dues})
    values = {**_values(tenant, [series], now), "days": json.dumps(days), "items": items}
    with connection.cursor() as cursor:
        cursor.execute(PEOPLE, {**values, "after": after or BEFORE_ALL, "limit": limit})
        return list(cursor.fetchall())
