"""Questions about texts, series and who is in them."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Min, Q, QuerySet, Sum
from django.http import Http404

from accounts.models import Contact
from campaigns import zones
from campaigns.calendar import WEEKDAYS, Slot, days_off, upcoming
from campaigns.models import EmailTemplate, Enrolment, Message, Series, SeriesItem, SeriesRun, TemplateVersion
from cs_platform.tenancy.models import Tenant
from cs_platform.tenancy.scope import require_tenant_id


def this_tenant() -> Tenant:
    return Tenant.objects.get(pk=require_tenant_id())


def templates() -> QuerySet[EmailTemplate]:
    return EmailTemplate.objects.order_by("name", "id")


def template_for(pk: UUID | None) -> EmailTemplate:
    found = EmailTemplate.objects.filter(pk=pk).first() if pk else None
    if found is None:
        raise Http404
    return found


def version_of(template: EmailTemplate, number: int | None = None) -> TemplateVersion:
    return TemplateVersion.objects.get(template=template, number=number or template.number)


def versions_of(template: EmailTemplate) -> QuerySet[TemplateVersion]:
    return TemplateVersion.objects.filter(template=template).order_by("-number")


def texts_of(templates: list[EmailTemplate]) -> dict[UUID, TemplateVersion]:
    """The version in force of each, in one query."""
    found = TemplateVersion.objects.filter(template__in=templates).order_by("number")
    numbers = {template.pk: template.number for template in templates}
    return {v.template_id: v for v in found if numbers[v.template_id] == v.number}


def all_series() -> QuerySet[Series]:
    return Series.objects.order_by("name", "id")


def series_for(pk: UUID) -> Series:
    found = Series.objects.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def items_of(series: Series) -> list[SeriesItem]:
    return list(series.items.select_related("template").order_by("position"))


def enrolments() -> QuerySet[Enrolment]:
    return Enrolment.objects.select_related("contact", "account", "series")


def enrolment_for(pk: UUID) -> Enrolment:
    found = enrolments().filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def runs() -> QuerySet[SeriesRun]:
    return SeriesRun.objects.select_related("series")


def run_for(pk: UUID) -> SeriesRun:
    found = runs().filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def may_be_enrolled(series: Series, account_id: UUID | str) -> QuerySet[Contact]:
    """The people of an account who are not in the series yet."""
    people = Contact.objects.filter(account_id=account_id, is_active=True).exclude(email="")
    return people.exclude(enrolments__series=series).order_by("sort_name", "id")


def people_for(series: Series, account_ids: Collection[UUID]) -> list[UUID]:
    """Everybody at these accounts who has a role of the series."""
    people = Contact.objects.filter(account_id__in=account_ids, is_active=True).exclude(email="")
    people = people.filter(roles__overlap=series.audience_roles) if series.audience_roles else people
    return list(people.order_by("account_id", "id").values_list("pk", flat=True))


@dataclass(frozen=True)
class SeriesRow:
    """A line of the list of series."""

    series: Series
    items: int
    next_due: datetime | None
    enrolled: dict[str, int]
    messages: int

    @property
    def active(self) -> int:
        return self.enrolled.get(Enrolment.State.ACTIVE, 0)


def series_list(*, now: datetime, archived: bool = False) -> list[SeriesRow]:
    """Every series with what is next and how many are in it, in four queries."""
    found = list(all_series() if archived else all_series().exclude(state=Series.State.ARCHIVED))
    ids = [series.pk for series in found]
    items = dict(SeriesItem.objects.filter(series__in=ids).values_list("series").annotate(n=Count("pk")))
    people: dict[UUID, dict[str, int]] = {}
    for pk, state, n in Enrolment.objects.filter(series__in=ids).values_list("series", "state").annotate(n=Count("pk")):
        people.setdefault(pk, {})[state] = n
    planned = Q(state=SeriesRun.State.PLANNED, due_at__gt=now)
    sums: Any = SeriesRun.objects.filter(series__in=ids).values_list("series")
    sums = sums.annotate(first=Min("due_at", filter=planned), total=Sum("recipients"))
    slots = {pk: (due, total or 0) for pk, due, total in sums}
    rows = []
    for series in found:
        due, total = slots.get(series.pk, (None, 0))
        live = series.state == Series.State.ACTIVE
        rows.append(SeriesRow(series, items.get(series.pk, 0), due if live else None, people.get(series.pk, {}), total))
    return rows


def next_slots(series: Series, *, now: datetime, count: int = 6, tenant: Tenant | None = None) -> list[Slot]:
    """The next slots in the tenant's own zone and holidays (or the one zone of the series)."""
    tenant = tenant or this_tenant()
    off = days_off(tenant.holiday_country, tenant.holiday_subdivision, tenant.own_holidays)
    zone = series.fixed_zone or tenant.timezone
    made: list[Slot] = []
    for slot in upcoming(series.rule, zone, off, now):
        made.append(slot)
        if len(made) == count:
            break
    return made


def days_left_out(series: Series, *, now: datetime, days: int = 60) -> list[tuple[date, str]]:
    """The weekdays of the series in the next weeks that are days off, with the name of the day."""
    tenant = this_tenant()
    off = days_off(tenant.holiday_country, tenant.holiday_subdivision, tenant.own_holidays)
    today = zones.local_date(now, series.fixed_zone or tenant.timezone)
    dates = (today + timedelta(days=n) for n in range(days))
    return [(day, off.name_of(day)) for day in dates if WEEKDAYS[day.weekday()] in series.weekdays and day in off]


@dataclass
class ItemMetrics:
    position: int
    template_id: UUID
    template: str
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def sent(self) -> int:
        return sum(self.counts.get(state, 0) for state in ("sent", "delivered", "bounced"))


@dataclass(frozen=True)
class Metrics:
    """What a series did: messages by state, enrolments by state and reason, and each e-mail by itself."""

    messages: dict[str, int]
    enrolments: dict[str, int]
    stopped: dict[str, int]
    items: list[ItemMetrics]
    last_sent_at: datetime | None

    @property
    def sent(self) -> int:
        return sum(item.sent for item in self.items)


def metrics(series: Series) -> Metrics:
    items = [ItemMetrics(item.position, item.template_id, item.template.name) for item in items_of(series)]
    by_template = {item.template_id: item for item in items}
    total: Counter[str] = Counter()
    last: datetime | None = None
    found = Message.objects.filter(run__series=series).values_list("template", "state", "template__name")
    for pk, state, name, n, at in found.annotate(n=Count("pk"), at=Max("sent_at")):
        total[state] += n
        last = max(filter(None, (last, at)), default=None)
        if pk not in by_template:  # an e-mail that was taken out of the series
            by_template[pk] = ItemMetrics(0, pk, name)
            items.append(by_template[pk])
        by_template[pk].counts[state] = by_template[pk].counts.get(state, 0) + n
    people: Counter[str] = Counter()
    stopped: Counter[str] = Counter()
    for state, reason, n in (
        Enrolment.objects.filter(series=series).values_list("state", "reason").annotate(n=Count("pk"))
    ):
        people[state] += n
        if state == Enrolment.State.STOPPED:
            stopped[reason] += n
    return Metrics(dict(total), dict(people), dict(stopped), items, last)
