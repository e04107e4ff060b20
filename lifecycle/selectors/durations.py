"""How long things take: per stage over all accounts, and per stage of one account. Counted in the database, from the
intervals alone, so that a corrected history corrects every figure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import DurationField, ExpressionWrapper, F, Max, QuerySet, Sum, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Greatest, Least

from cs_platform.tenancy.scope import require_tenant_id
from lifecycle.models import Lifecycle, StageInterval

DAY = 86_400


@dataclass(frozen=True)
class StageDuration:
    """Finished stays in a stage: how many, and the counted days of the middle one and of the ninetieth of a hundred.
    `in_stage` are there now. `cohort` is the month in which the stays began, empty for all of them.

    Left out are stays that were over at once (a stage that was only passed through) and those whose beginning we did
    not see because the account was there before the first sync.
    """

    stage_id: UUID
    stage: str
    cohort: str
    finished: int
    median_days: float | None
    p90_days: float | None
    in_stage: int
    expected_days: int | None


_STAYS = """
    WITH stays AS (
        SELECT i.stage_id, i.account_id, i.stay_from,
               coalesce(extract(epoch FROM sum(i.left_at - i.entered_at) FILTER (WHERE i.counted)), 0) AS seconds,
               bool_and(i.left_at IS NOT NULL) AS is_over,
               bool_or(i.rule = 'baseline' AND i.entered_at = i.stay_from) AS began_unseen
        FROM lifecycle_stageinterval i
        WHERE i.tenant_id = %(tenant)s AND i.lifecycle_id = %(lifecycle)s
        GROUP BY i.stage_id, i.account_id, i.stay_from
    ), told AS (
        SELECT stage_id, is_over, seconds, is_over AND seconds > 0 AND NOT began_unseen AS counts,
               CASE WHEN %(by_month)s THEN to_char(stay_from AT TIME ZONE %(zone)s, 'YYYY-MM') ELSE '' END AS cohort
        FROM stays
    )
    SELECT s.id, s.name, coalesce(told.cohort, ''), s.expected_days,
           count(*) FILTER (WHERE told.counts),
           percentile_cont(0.5) WITHIN GROUP (ORDER BY told.seconds) FILTER (WHERE told.counts),
           percentile_cont(0.9) WITHIN GROUP (ORDER BY told.seconds) FILTER (WHERE told.counts),
           count(*) FILTER (WHERE NOT told.is_over)
    FROM lifecycle_stage s LEFT JOIN told ON told.stage_id = s.id
    WHERE s.tenant_id = %(tenant)s AND s.lifecycle_id = %(lifecycle)s
    GROUP BY s.id, s.name, s.position, s.expected_days, told.cohort
    ORDER BY s.position, s.id, told.cohort
"""


def durations(lifecycle: Lifecycle, *, by_month: bool = False, zone: str = "UTC") -> list[StageDuration]:
    """Every stage in order, or every stage and month in which stays began (in this zone)."""
    params: dict[str, Any] = {
        "tenant": require_tenant_id(),
        "lifecycle": lifecycle.pk,
        "by_month": by_month,
        "zone": zone,
    }
    with connection.cursor() as cursor:
        cursor.execute(_STAYS, params)
        rows = cursor.fetchall()
    return [
        StageDuration(pk, name, cohort, finished, _days(median), _days(p90), in_stage, expected)
        for pk, name, cohort, expected, finished, median, p90, in_stage in rows
        if not by_month or cohort
    ]


def _days(seconds: float | None) -> float | None:
    return None if seconds is None else round(float(seconds) / DAY, 2)


@dataclass(frozen=True)
class StageTime:
    """The time of one account in a stage: of the latest stay, of all stays together, and how often it came."""

    lifecycle: str
    stage: str
    stays: int
    latest: timedelta
    cumulative: timedelta


def stage_times(account_id: UUID, *, now: datetime) -> list[StageTime]:
    """Counted time per stage, in the order in which the account first came there."""
    found: dict[tuple[str, str], dict[datetime, timedelta]] = {}
    rows: Any = StageInterval.objects.filter(account_id=account_id).order_by("entered_at", "id")
    for row in rows.values("lifecycle__key", "stage__name", "stay_from", "entered_at", "left_at", "counted"):
        stays = found.setdefault((row["lifecycle__key"], row["stage__name"]), {})
        lasted = max((row["left_at"] or now) - row["entered_at"], timedelta()) if row["counted"] else timedelta()
        stays[row["stay_from"]] = stays.get(row["stay_from"], timedelta()) + lasted
    return [
        StageTime(lifecycle, stage, len(stays), stays[max(stays)], sum(stays.values(), timedelta()))
        for (lifecycle, stage), stays in found.items()
    ]


def accounts_that_held(
    lifecycle_key: str, stage_name: str, *, days: int, within_days: int, all_time: bool = False, now: datetime
) -> QuerySet[StageInterval, Any]:
    """The ids of the accounts that were in a stage for at least `days` counted days, consecutive or not, within the
    last `within_days`; with `all_time` in their whole life, and at least once within the last `within_days`."""
    horizon = now - timedelta(days=within_days)
    end = Least(Coalesce("left_at", Value(now)), Value(now))
    begin: Combinable = F("entered_at")
    held = StageInterval.objects.filter(lifecycle__key=lifecycle_key, stage__name=stage_name, counted=True)
    held = held.filter(entered_at__lte=now).annotate(until=end)
    if not all_time:
        held, begin = held.filter(until__gt=horizon), Greatest("entered_at", Value(horizon))
    lasted = ExpressionWrapper(end - begin, output_field=DurationField())
    summed = held.values("account_id").annotate(held=Sum(lasted), last=Max("until"))
    return summed.filter(held__gte=timedelta(days=days), last__gte=horizon).values("account_id")
