"""The hand-off."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django_fsm import FSMField, transition

from accounts.models import Account, Opportunity
from cs_platform.ledger.guards import state_guard
from cs_platform.people.models import Membership
from cs_platform.tenancy.models import TenantFK, TenantOwned


class Handoff(TenantOwned):
    """The way of one customer from the people who sold to the people who look after it, along one deal.

    An account has at most one that is open; with several deals it follows the one that was won, else the one that
    closes next. It goes with its deal: `closing` when that is won, back to `preparing` when it is open again,
    `cancelled` when it is lost or the account is archived, on again when that is undone. What was handed over stays so.
    """

    class State(models.TextChoices):
        WATCHING = "watching", "Watching"
        PREPARING = "preparing", "Preparing"
        CLOSING = "closing", "Closing"
        HANDED_OVER = "handed_over", "Handed over"
        CANCELLED = "cancelled", "Cancelled"

    class Cloud(models.TextChoices):
        UNKNOWN = "unknown", "Not known"
        NEEDED = "needed", "Needed"
        NOT_NEEDED = "not_needed", "Not needed"

    OPEN: ClassVar[tuple[str, ...]] = ("watching", "preparing", "closing")
    ledger_name = "handoff"

    account = TenantFK(Account, on_delete=models.CASCADE, related_name="handoffs")
    opportunity = TenantFK(Opportunity, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    state = FSMField(default=State.WATCHING, choices=State.choices)
    customer_engineer = TenantFK(Membership, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    told_advisor = TenantFK(Membership, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    cloud_instance = models.CharField(max_length=20, choices=Cloud, default=Cloud.UNKNOWN)
    won_at = models.DateTimeField(null=True, blank=True)
    handed_over_at = models.DateTimeField(null=True, blank=True)
    roles_flagged_at = models.DateTimeField(null=True, blank=True)
    why_cancelled = models.CharField(max_length=300, default="", blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["tenant", "account"],
                condition=Q(state__in=["watching", "preparing", "closing"]),
                name="handoff_open_once",
            ),
            models.UniqueConstraint(
                fields=["tenant", "opportunity"], condition=~Q(state="cancelled"), name="handoff_of_deal_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["watching", "preparing", "closing", "handed_over", "cancelled"]),
                name="handoff_state",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["closing", "handed_over"]) | Q(won_at__isnull=False),
                name="handoff_won_has_time",
            ),
            models.CheckConstraint(
                condition=Q(cloud_instance__in=["unknown", "needed", "not_needed"]), name="handoff_cloud"
            ),
        )
        indexes = (models.Index(fields=["tenant", "state", "id"], name="handoff_by_state"),)
        triggers = (state_guard("state"),)

    def __str__(self) -> str:
        return "hand-off"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @transition(field=state, source=State.WATCHING, target=State.PREPARING)
    def prepare(self) -> None: ...

    @transition(field=state, source=[State.WATCHING, State.PREPARING, State.CANCELLED], target=State.CLOSING)
    def close(self, at: datetime) -> None:
        self.won_at, self.why_cancelled = at, ""

    @transition(field=state, source=State.CLOSING, target=State.PREPARING)
    def reopen(self) -> None:
        self.won_at = None

    @transition(field=state, source=State.CLOSING, target=State.HANDED_OVER)
    def hand_over(self, at: datetime) -> None:
        self.handed_over_at = at

    @transition(field=state, source=[State.WATCHING, State.PREPARING, State.CLOSING], target=State.CANCELLED)
    def cancel(self, why: str) -> None:
        self.won_at, self.why_cancelled = None, why

    @transition(field=state, source=State.CANCELLED, target=State.WATCHING)
    def revive(self) -> None:
        self.why_cancelled = ""
