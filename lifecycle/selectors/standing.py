"""Where accounts stand, in sets: one question for a page of accounts."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from cs_platform.tenancy.scope import require_tenant_id
from lifecycle.models import AccountLifecycle, Lifecycle, Stage, StageInterval
from lifecycle.models.standing import clock_of, status_of

ON_TRACK, BEHIND, STUCK = "on_track", "behind", "stuck"


@dataclass(frozen=True)
class StageNow:
    """The stage of an account in one lifecycle. `days_in` are the counted days of the present stay, `pace` compares
    them with the expected ones: on_track, behind, stuck (twice as long), or empty where nothing is expected."""

    stage: str
    stage_id: UUID
    stage_key: str
    lifecycle: str
    lifecycle_name: str
    entered_at: datetime
    days_in: int
    expected_days: int | None
    status: str
    version: int

    @property
    def pace(self) -> str:
        return pace_of(self.days_in, self.expected_days) if self.status == AccountLifecycle.Status.RUNNING else ""


def pace_of(days_in: int, expected_days: int | None) -> str:
    if not expected_days:
        return ""
    if days_in <= expected_days:
        return ON_TRACK
    return BEHIND if days_in <= 2 * expected_days else STUCK


def standings() -> QuerySet[AccountLifecycle]:
    """Rows of accounts that are in a lifecycle, with what is needed to tell them. `stage` of a row is a key."""
    return AccountLifecycle.objects.filter(left_at__isnull=True).annotate(
        lifecycle_key=F("lifecycle__key"),
        lifecycle_name=F("lifecycle__name"),
        stage_key=F("stage__key"),
        expected_days=F("stage__expected_days"),
    )


def stage_now(row: Any, now: datetime) -> StageNow:
    """A row of standings() as what it means at this moment."""
    return StageNow(
        stage=row.stage_name,
        stage_id=row.stage,
        stage_key=row.stage_key,
        lifecycle=row.lifecycle_key,
        lifecycle_name=row.lifecycle_name,
        entered_at=row.entered_at,
        days_in=row.days_in(now),
        expected_days=row.expected_days,
        status=row.status,
        version=row.version,
    )


def current_stages(account_ids: Collection[UUID], *, now: datetime) -> dict[UUID, dict[str, StageNow]]:
    """`{account: {lifecycle key: stage}}` in one question. An account that is in no lifecycle is not in it.

    As SQL, because every list asks it: the rows are found by their accounts first; joined in one step, the planner
    would rather walk through all standings of the tenant, stage by stage.
    """
    found: dict[UUID, dict[str, StageNow]] = {}
    if not account_ids:
        return found
    with connection.cursor() as cursor:
        cursor.execute(CURRENT, {"tenant": require_tenant_id(), "ids": [str(pk) for pk in account_ids]})
        for row in cursor.fetchall():
            account, is_end, clock_from, clock_shown, *names, expected_days, version = row
            days, status = clock_of(clock_from, clock_shown, now).days, status_of(is_end, clock_from)
            at = StageNow(*(*names, days, expected_days, status, version))
            found.setdefault(account, {})[at.lifecycle] = at
    return found


CURRENT = """
WITH here AS MATERIALIZED (
    SELECT account_id, lifecycle_id, stage_id, stage_name, stage_is_end, entered_at, clock_from, clock_shown, version
    FROM lifecycle_accountlifecycle
    WHERE tenant_id = %(tenant)s AND account_id = ANY(%(ids)s::uuid[]) AND left_at IS NULL
)
SELECT here.account_id, here.stage_is_end, here.clock_from, here.clock_shown, here.stage_name, here.stage_id, stage.key,
    lifecycle.key, lifecycle.name, here.entered_at, stage.expected_days, here.version
FROM here
JOIN lifecycle_lifecycle lifecycle ON lifecycle.tenant_id = %(tenant)s AND lifecycle.id = here.lifecycle_id
JOIN lifecycle_stage stage ON stage.tenant_id = %(tenant)s AND stage.id = here.stage_id
ORDER BY lifecycle.position, lifecycle.name
"""


def standing_of(account_id: UUID, lifecycle_key: str) -> AccountLifecycle | None:
    return AccountLifecycle.objects.filter(account_id=account_id, lifecycle__key=lifecycle_key).first()


def history(account_id: UUID, lifecycle_key: str = "") -> QuerySet[StageInterval]:
    """The intervals of an account, newest first; of all its lifecycles or of one."""
    found = StageInterval.objects.filter(account_id=account_id).select_related("lifecycle", "stage")
    if lifecycle_key:
        found = found.filter(lifecycle__key=lifecycle_key)
    return found.order_by("-entered_at", "-id")


def accounts_in_stage(lifecycle_key: str, *stage_names: str) -> QuerySet[AccountLifecycle, Any]:
    """The ids of the accounts in these stages, for `.filter(pk__in=accounts_in_stage("customer", "1. Onboarding"))`.
    Without a key: of the default lifecycle."""
    of = {"lifecycle__key": lifecycle_key} if lifecycle_key else {"lifecycle__is_default": True}
    here = AccountLifecycle.objects.filter(**of, stage__name__in=stage_names, left_at__isnull=True)
    return here.values("account_id")


def days_in_stage(lifecycle_key: str, *, now: datetime, at_least: int = 0, at_most: int | None = None) -> Exists:
    """A condition on accounts: the clock of the present stay shows at least, and at most, so many whole days."""
    clock = Q(clock_from__lte=now - timedelta(days=at_least)) | Q(
        clock_from__isnull=True, clock_shown__gte=timedelta(days=at_least)
    )
    if at_most is not None:
        end = timedelta(days=at_most + 1)
        clock &= Q(clock_from__gt=now - end) | Q(clock_from__isnull=True, clock_shown__lt=end)
    here = AccountLifecycle.objects.filter(clock, lifecycle__key=lifecycle_key, left_at__isnull=True)
    return Exists(here.filter(account_id=OuterRef("pk")))


def stage_counts(lifecycle: Lifecycle, *, managed_only: bool = True) -> list[tuple[Stage, int]]:
    """How many accounts are in each stage, in the order of the stages; of switched-off ones those that hold any."""
    here = Q(standings__left_at__isnull=True)
    if managed_only:
        here &= Q(standings__account__state="managed")
    counted = lifecycle.stages.annotate(accounts=Count("standings", filter=here)).order_by("position", "id")
    return [(stage, stage.accounts) for stage in counted if stage.is_active or stage.accounts]
