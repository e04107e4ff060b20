"""Where an account stands now, and the unbroken line of where it stood."""

from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django_fsm import RETURN_VALUE, FSMKeyField, transition

from accounts.models import Account
from cs_platform.ledger.guards import state_guard
from cs_platform.tenancy.models import TenantFK, TenantOwned
from lifecycle.models.configuration import Lifecycle, Stage
from lifecycle.models.ways import MoveRefused, Way


class StageKeyField(FSMKeyField, TenantFK):  # type: ignore[misc]
    """The state of a machine whose states are rows of the tenant. On an object `stage` is the key of the row, as
    django-fsm has it; the row is asked for by that key."""


def status_of(stage_is_end: bool, clock_from: datetime | None) -> str:
    """Of an account that has not left."""
    if stage_is_end:
        return AccountLifecycle.Status.COMPLETED
    return AccountLifecycle.Status.RUNNING if clock_from is not None else AccountLifecycle.Status.PAUSED


def clock_of(clock_from: datetime | None, clock_shown: timedelta, now: datetime) -> timedelta:
    return clock_shown if clock_from is None else max(now - clock_from, timedelta())


class AccountLifecycle(TenantOwned):
    """An account in a lifecycle: the stage it is in, since when, and what its clock shows.

    Comes when the account enters the lifecycle and stays for good; `left_at` says that it is over. The clock counts the
    days of the present stay: it runs from `clock_from`, which pauses push forward; while it stands (in an end stage, or
    because the account is archived) `clock_from` is empty and `clock_shown` is what it shows. `since` is when the open
    interval began. `stage_name` and `stage_is_end` are the stage's, kept here so that lists and the ledger need no
    other table.
    """

    class Status(models.TextChoices):
        RUNNING = "running", "Running"
        COMPLETED = "completed", "Completed"
        PAUSED = "paused", "Paused"
        LEFT = "left", "Left"

    ledger_name = "stage"
    ledger_quiet: ClassVar[set[str]] = {"since", "clock_from", "clock_shown", "stage_is_end"}

    account = TenantFK(Account, on_delete=models.CASCADE, related_name="lifecycles")
    lifecycle = TenantFK(Lifecycle, on_delete=models.PROTECT, related_name="standings")
    stage = StageKeyField(Stage, on_delete=models.PROTECT, related_name="standings")
    stage_name = models.CharField(max_length=100)
    stage_is_end = models.BooleanField(default=False)
    entered_at = models.DateTimeField()
    since = models.DateTimeField()
    clock_from = models.DateTimeField(null=True)
    clock_shown = models.DurationField(default=timedelta)
    left_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["tenant", "account", "lifecycle"], name="standing_once"),
            models.CheckConstraint(condition=Q(since__gte=F("entered_at")), name="standing_since_after_entry"),
            models.CheckConstraint(condition=Q(clock_shown__gte=timedelta()), name="standing_clock_not_negative"),
            models.CheckConstraint(
                condition=Q(left_at__isnull=True) | Q(left_at__gte=F("since")), name="standing_left_after_entry"
            ),
        )
        indexes = (
            models.Index(
                fields=["tenant", "lifecycle", "stage", "clock_from"],
                condition=Q(left_at__isnull=True),
                include=["account"],
                name="standing_by_clock",
            ),
        )
        triggers = (state_guard("stage", column="stage_id"),)

    def __str__(self) -> str:
        return self.stage_name

    @property
    def status(self) -> str:
        return self.Status.LEFT if self.left_at is not None else status_of(self.stage_is_end, self.clock_from)

    def counted(self, now: datetime) -> timedelta:
        """What the clock of the present stay shows."""
        return clock_of(self.clock_from, self.clock_shown, now)

    def days_in(self, now: datetime) -> int:
        return self.counted(now).days

    @transition(field=stage, source="*", target=RETURN_VALUE())
    def move(self, way: Way) -> UUID:
        """To another stage. Which way is open, the tenant's own graph says; `Way` knows it."""
        if self.left_at is not None:
            raise MoveRefused(f"The account has left {way.lifecycle}.", "left", "lifecycle")
        way = way.not_before(self.since)
        refusal = way.why_not(self.stage, self.since)
        if refusal is not None:
            raise refusal
        return self._arrive(way)

    @transition(field=stage, source="*", target=RETURN_VALUE())
    def enter(self, way: Way) -> UUID:
        """Into the lifecycle again after leaving it, at any stage."""
        if self.left_at is None:
            raise MoveRefused(f"The account is in {way.lifecycle} already.", "already_there", "lifecycle")
        way = way.not_before(self.since)
        if self.since > way.at:
            raise MoveRefused(
                f"The account was in {way.lifecycle} until later than that.", "before_entry", "effective_at"
            )
        self.left_at = None
        return self._arrive(way)

    def _arrive(self, way: Way) -> UUID:
        for name, value in arrival(way).items():
            setattr(self, name, value)
        return way.stage_id


def arrival(way: Way) -> dict[str, Any]:
    """What a row holds, beside its stage, when the account has just come this way."""
    return {
        "stage_name": way.stage,
        "stage_is_end": way.is_end,
        "entered_at": way.at,
        "since": way.at,
        "clock_from": None if way.is_end else way.at,
        "clock_shown": timedelta(),
    }


class StageInterval(TenantOwned):
    """A stretch of time in which an account stood in one stage and its clock either ran (`counted`) or did not.

    Intervals of an account in a lifecycle follow each other without gap: one is open (`left_at` empty), and the next
    begins where it ends. A stay in a stage is the intervals with the same `stay_from`; archiving splits a stay in two.
    `entered_at` is when it was so, `recorded_at` when we were told. `rule` names the rule that decided, empty for a
    person, and `evidence` is what it decided on.
    """

    id = models.BigAutoField(primary_key=True)
    account = TenantFK(Account, on_delete=models.CASCADE, related_name="+")
    lifecycle = TenantFK(Lifecycle, on_delete=models.PROTECT, related_name="+")
    stage = TenantFK(Stage, on_delete=models.PROTECT, related_name="+")
    stay_from = models.DateTimeField()
    entered_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField()
    counted = models.BooleanField(default=True)
    reason = models.CharField(max_length=1000, default="", blank=True)
    actor = models.CharField(max_length=200, default="", blank=True)
    source = models.CharField(max_length=20, default="", blank=True)
    rule = models.CharField(max_length=60, default="", blank=True)
    evidence = models.JSONField(default=dict)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["tenant", "account", "lifecycle"], condition=Q(left_at__isnull=True), name="interval_one_open"
            ),
            models.CheckConstraint(
                condition=Q(left_at__isnull=True) | Q(left_at__gte=F("entered_at")), name="interval_not_backwards"
            ),
            models.CheckConstraint(condition=Q(entered_at__gte=F("stay_from")), name="interval_within_its_stay"),
        )

    def __str__(self) -> str:
        return f"{self.stage} from {self.entered_at:%Y-%m-%d}"
