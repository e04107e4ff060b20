"""The task."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django_fsm import FSMField, transition

from accounts.models import Account
from cs_platform.ledger.guards import state_guard
from cs_platform.people.models import Membership, Role
from cs_platform.tenancy.models import TenantFK, TenantOwned


class Task(TenantOwned):
    """Something that somebody has to do, by a day.

    Written by hand or made by another room: then `source_kind` and `source_id` say by what, `source_part` which of its
    tasks this is, and the three together are there once, however often the maker looks. `outcome` is what whoever
    closed it said about it.
    """

    class State(models.TextChoices):
        TO_DO = "to_do", "To-Do"
        IN_PROGRESS = "in_progress", "In Progress"
        UNDER_REVIEW = "under_review", "Under Review"
        COMPLETED = "completed", "Completed"
        CANCELLED = "cancelled", "Cancelled"

    class Priority(models.TextChoices):
        LOW = "low", "Low"
        NORMAL = "normal", "Normal"
        HIGH = "high", "High"

    OPEN: ClassVar[tuple[str, ...]] = ("to_do", "in_progress", "under_review")
    ledger_name = "task"

    title = models.CharField(max_length=200)
    description = models.TextField(default="", blank=True)
    account = TenantFK(Account, on_delete=models.CASCADE, null=True, blank=True, related_name="tasks")
    assignee = TenantFK(Membership, on_delete=models.SET_NULL, null=True, blank=True, related_name="tasks")
    role = models.CharField(max_length=20, choices=Role, default="", blank=True)
    due_date = models.DateField(null=True, blank=True)
    priority = models.CharField(max_length=10, choices=Priority, default=Priority.NORMAL)
    state = FSMField(default=State.TO_DO, choices=State.choices)
    source_kind = models.CharField(max_length=60, default="", blank=True)
    source_id = models.CharField(max_length=60, default="", blank=True)
    source_part = models.CharField(max_length=60, default="", blank=True)
    position = models.PositiveIntegerField(default=0)
    outcome = models.CharField(max_length=500, default="", blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["tenant", "source_kind", "source_id", "source_part"],
                condition=~Q(source_kind=""),
                name="task_of_source_once",
            ),
            models.CheckConstraint(condition=~Q(title=""), name="task_has_title"),
            models.CheckConstraint(condition=Q(role="") | Q(assignee__isnull=True), name="task_member_or_role"),
            models.CheckConstraint(
                condition=Q(state__in=["to_do", "in_progress", "under_review", "completed", "cancelled"]),
                name="task_state",
            ),
            models.CheckConstraint(condition=Q(priority__in=["low", "normal", "high"]), name="task_priority"),
            models.CheckConstraint(
                condition=Q(state__in=["completed", "cancelled"], closed_at__isnull=False)
                | Q(state__in=["to_do", "in_progress", "under_review"], closed_at__isnull=True),
                name="task_closed_has_time",
            ),
        )
        indexes = (
            models.Index("tenant", F("due_date").asc(nulls_last=True), F("id").asc(), name="task_by_due"),
            models.Index(fields=["tenant", "assignee", "state", "due_date"], name="task_by_assignee"),
            models.Index(fields=["tenant", "account", "state", "due_date"], name="task_of_account"),
        )
        triggers = (state_guard("state"),)

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @transition(field=state, source=State.TO_DO, target=State.IN_PROGRESS)
    def start(self) -> None: ...

    @transition(field=state, source=[State.TO_DO, State.IN_PROGRESS], target=State.UNDER_REVIEW)
    def send_to_review(self) -> None: ...

    @transition(field=state, source=[State.TO_DO, State.IN_PROGRESS, State.UNDER_REVIEW], target=State.COMPLETED)
    def complete(self, at: datetime, outcome: str = "") -> None:
        self.closed_at, self.outcome = at, outcome

    @transition(field=state, source=[State.TO_DO, State.IN_PROGRESS, State.UNDER_REVIEW], target=State.CANCELLED)
    def cancel(self, at: datetime, outcome: str = "") -> None:
        self.closed_at, self.outcome = at, outcome

    @transition(field=state, source=[State.COMPLETED, State.CANCELLED], target=State.TO_DO)
    def reopen(self) -> None:
        self.closed_at, self.outcome = None, ""

    # What the maker of a task does: its reason is gone, or is there again. A completed task stays completed.

    @transition(field=state, source=[State.TO_DO, State.IN_PROGRESS, State.UNDER_REVIEW], target=State.CANCELLED)
    def withdraw(self, at: datetime, outcome: str = "") -> None:
        self.closed_at, self.outcome = at, outcome

    @transition(field=state, source=State.CANCELLED, target=State.TO_DO)
    def renew(self) -> None:
        self.closed_at, self.outcome = None, ""
