"""Series: their rule, their items, and whether they send."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection

from accounts.models import ContactRole
from campaigns import zones
from campaigns.calendar import WEEKDAYS
from campaigns.models import EmailTemplate, Enrolment, Message, Series, SeriesItem
from campaigns.services import refreshing, waiting
from campaigns.services.templates import NameTaken, clean_category, clean_name
from cs_platform import ledger
from cs_platform.tenancy.scope import require_tenant_id

FIELDS = ("name", "category", "success_flow", "weekdays", "local_time", "zone", "holidays", "audience_roles")
MOST_ITEMS = 200


class NothingToSend(ledger.Refused):
    def __init__(self) -> None:
        super().__init__("A series needs at least one e-mail before it is activated.", code="no_items", field="items")


class SeriesClosed(ledger.Refused):
    def __init__(self, series: Series) -> None:
        super().__init__(f"The series {series} is archived.", code="series_archived")


def _refuse(field: str, message: str, code: str) -> ledger.Refused:
    return ledger.Refused(message, code=code, field=field)


def clean_rule(values: Mapping[str, Any]) -> dict[str, Any]:
    """The given fields in the form they are stored in. Refused (with the field) if one can not be."""
    made: dict[str, Any] = {}
    for name, value in values.items():
        if name not in FIELDS:
            raise KeyError(name)
        made[name] = _CLEANERS[name](value)
    return made


def _weekdays(value: Any) -> list[str]:
    wanted = {str(day).lower() for day in value} if isinstance(value, list | tuple | set) else set()
    if not wanted or not wanted <= set(WEEKDAYS):
        raise _refuse("weekdays", f"Name at least one of {', '.join(WEEKDAYS)}.", "invalid_weekdays")
    return [day for day in WEEKDAYS if day in wanted]


def _local_time(value: Any) -> time:
    try:
        made = value if isinstance(value, time) else time.fromisoformat(str(value))
    except ValueError:
        made = None
    if made is None or made.tzinfo is not None:
        raise _refuse("local_time", "Give the time as hours and minutes, for example 09:00.", "invalid_time")
    return made.replace(second=0, microsecond=0)


def _zone(value: Any) -> str:
    if value in Series.ZONE_MODES or zones.is_zone(str(value)):
        return str(value)
    words = "recipient, account, tenant, or an IANA zone like Europe/Berlin"
    raise _refuse("zone", f"{str(value)[:60]!r} is none of: {words}.", "invalid_zone")


def _holidays(value: Any) -> str:
    if value not in Series.Holidays.values:
        raise _refuse("holidays", f"Say one of {', '.join(Series.Holidays.values)}.", "invalid_holidays")
    return str(value)


def _roles(value: Any) -> list[str]:
    wanted = set(value)
    unknown = sorted(str(role) for role in wanted - set(ContactRole.values))
    if unknown:
        raise _refuse("audience_roles", f"{unknown[0][:60]!r} is not a role of a contact.", "unknown_role")
    return [role for role in ContactRole.values if role in wanted]


_CLEANERS: dict[str, Any] = {
    "name": clean_name,
    "category": clean_category,
    "success_flow": lambda value: " ".join(str(value).split())[:100],
    "weekdays": _weekdays,
    "local_time": _local_time,
    "zone": _zone,
    "holidays": _holidays,
    "audience_roles": _roles,
}


def create_series(
    values: Mapping[str, Any],
    *,
    template_ids: Sequence[UUID] = (),
    shipped_key: str | None = None,
    actor: ledger.Actor,
    now: datetime,
) -> Series:
    """A series in draft. Refused if the name is taken, a value is none, or a template is not there or comes twice."""
    clean = clean_rule(values)
    if "name" not in clean:
        raise _refuse("name", "A series needs a name.", "required")
    series = Series(**clean, shipped_key=shipped_key, created_at=now, updated_at=now)
    with ledger.unit():
        try:
            with ledger.unit():
                ledger.create(series, actor=actor, now=now)
        except IntegrityError as error:
            raise _taken(error, clean["name"]) from None
        _write_items(series, template_ids, actor=actor, now=now)
    return series


def edit_series(series: Series, values: Mapping[str, Any], *, actor: ledger.Actor, now: datetime) -> Series:
    """Another rule counts for every slot that has not begun. Refused like creation, or if the series is archived."""
    clean = clean_rule(values)
    try:
        with ledger.change(series, "edit", actor=actor, now=now) as series:
            if series.state == Series.State.ARCHIVED:
                raise SeriesClosed(series)
            for name, value in clean.items():
                setattr(series, name, value)
    except IntegrityError as error:
        raise _taken(error, str(clean.get("name"))) from None
    if "zone" in clean:
        refreshing.refresh_series(series, actor=actor, now=now)
    return series


def set_items(series: Series, template_ids: Sequence[UUID], *, actor: ledger.Actor, now: datetime) -> Series:
    """The e-mails of the series in this order. Whoever is in the middle goes on after the last one he has had, so that
    nobody gets one twice; messages that wait for an e-mail that was taken out are left out. Refused if a template is
    not there or comes twice, an active series would be empty, or the series is archived."""
    with ledger.change(series, "set_items", actor=actor, now=now) as series:
        if series.state == Series.State.ARCHIVED:
            raise SeriesClosed(series)
        if not template_ids and series.state != Series.State.DRAFT:
            raise NothingToSend
        old = list(series.items.order_by("position").values_list("template_id", flat=True))
        if old != list(template_ids):
            series.items.all().delete()
            _write_items(series, template_ids, actor=actor, now=now)
            _move_positions(series, now)
            series.updated_at = now
    return series


def activate_series(series: Series, *, actor: ledger.Actor, now: datetime) -> Series:
    """It sends from its next slot on. Refused if it is not a draft or has no e-mails."""
    with ledger.change(series, "activate", actor=actor, now=now) as series:
        if not series.items.exists():
            raise NothingToSend
    return series


def pause_series(series: Series, *, actor: ledger.Actor, now: datetime, note: str = "") -> Series:
    """Nothing of it goes out, from the next message on; what waits is held. Refused if it is not active."""
    with ledger.change(series, "pause", actor=actor, now=now, note=note) as series:
        waiting.hold(Message.objects.filter(run__series=series), "series_paused")
    return series


def resume_series(series: Series, *, actor: ledger.Actor, now: datetime, note: str = "") -> Series:
    """It goes on with the next slot, each contact where it was: what fell due meanwhile is not made up for. Messages
    that were held go out if their time has not passed. Refused if it is not paused."""
    with ledger.change(series, "resume", actor=actor, now=now, note=note) as series:
        waiting.release(Message.objects.filter(run__series=series), "series_paused", now=now)
        waiting.skip_missed_runs(series, now=now)
    return series


def archive_series(series: Series, *, actor: ledger.Actor, now: datetime, note: str = "") -> Series:
    """It never sends again. Messages that wait are left out, enrolments end. Refused if it is archived."""
    with ledger.change(series, "archive", actor=actor, now=now, note=note) as series:
        waiting.leave_out(Message.objects.filter(run__series=series), "series_archived")
        waiting.forget_planned_runs(series.runs.filter(state="planned"))
        going = Enrolment.objects.filter(series=series, state__in=["active", "paused"])
        ended = {"reason": Enrolment.Reason.BY_HAND, "ended_at": now}
        ledger.change_many(going, "stop", set=ended, actor=actor, now=now, note=note or "the series was archived")
    return series


def _write_items(series: Series, template_ids: Sequence[UUID], *, actor: ledger.Actor, now: datetime) -> None:
    if len(set(template_ids)) != len(template_ids):
        raise _refuse("items", "A series has an e-mail template once. Copy it to send the text again.", "repeated")
    if len(template_ids) > MOST_ITEMS:
        raise _refuse("items", f"A series has at most {MOST_ITEMS} e-mails.", "too_many")
    there = set(EmailTemplate.objects.filter(pk__in=template_ids).values_list("pk", flat=True))
    missing = [pk for pk in template_ids if pk not in there]
    if missing:
        raise _refuse("items", f"There is no template {missing[0]}.", "unknown_template")
    items = [SeriesItem(series=series, position=n, template_id=pk) for n, pk in enumerate(template_ids, start=1)]
    ledger.create_many(items, actor=actor, now=now)


def _move_positions(series: Series, now: datetime) -> None:
    """Positions follow the e-mails: of a message that waits, its template's; of an enrolment, the last one it had."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE campaigns_message m SET position = i.position FROM campaigns_seriesitem i, campaigns_seriesrun r"
            " WHERE m.tenant_id = %(tenant)s AND r.tenant_id = %(tenant)s AND r.series_id = %(series)s"
            " AND m.run_id = r.id AND m.state IN ('planned', 'held', 'sending') AND i.tenant_id = %(tenant)s"
            " AND i.series_id = %(series)s AND i.template_id = m.template_id AND i.position <> m.position",
            {"tenant": require_tenant_id(), "series": series.pk},
        )
        cursor.execute(
            "UPDATE campaigns_enrolment e SET position = coalesce((SELECT max(i.position) FROM campaigns_message m"
            " JOIN campaigns_seriesitem i ON i.tenant_id = %(tenant)s AND i.series_id = %(series)s"
            " AND i.template_id = m.template_id WHERE m.tenant_id = %(tenant)s AND m.enrolment_id = e.id"
            " AND m.state NOT IN ('planned', 'held', 'skipped', 'suppressed')), 0)"
            " WHERE e.tenant_id = %(tenant)s AND e.series_id = %(series)s AND e.state IN ('active', 'paused')",
            {"tenant": require_tenant_id(), "series": series.pk},
        )
    gone = Message.objects.filter(run__series=series).exclude(
        template_id__in=series.items.values("template_id"),
    )
    waiting.leave_out(gone, "item_removed")


def _taken(error: IntegrityError, name: str) -> Exception:
    return NameTaken(name, "a series") if "series_name_once" in str(error) else error
