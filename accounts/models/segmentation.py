"""The rules that say which segment an account is in, and what they decided."""

from datetime import date, datetime

from django.db import models
from django.db.models import Q
from django_fsm import FSMField, transition

from accounts.models.customers import Account
from cs_platform.ledger.guards import append_only, state_guard
from cs_platform.people.models import Membership
from cs_platform.tenancy.models import TenantFK, TenantOwned


class SegmentationRules(TenantOwned):
    """One version of the tenant's segmentation: an ordered list, the first rule that matches decides.

    A draft may be edited; a scheduled version waits for the day `effective_on` (of the tenant's calendar) and is
    published by itself; a published version never changes and is retired when the next one is published. Each rule is
    `{when, segment, service_model, label}` and may carry `alert`, words that are shown on the account. `restores` is
    the number of the earlier version whose rules this one brings back.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        SCHEDULED = "scheduled", "Scheduled"
        PUBLISHED = "published", "Published"
        RETIRED = "retired", "Retired"

    ledger_name = "segmentation_rules"

    number = models.PositiveIntegerField()
    label = models.CharField(max_length=200, default="", blank=True)
    rules = models.JSONField(default=list)
    state = FSMField(default=State.DRAFT, choices=State.choices)
    effective_on = models.DateField(null=True, blank=True)
    restores = models.PositiveIntegerField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["tenant", "number"], name="segmentation_number_once"),
            models.UniqueConstraint(
                fields=["tenant"], condition=Q(state="published"), name="segmentation_one_in_force"
            ),
            models.UniqueConstraint(
                fields=["tenant", "effective_on"], condition=Q(state="scheduled"), name="segmentation_one_a_day"
            ),
            models.CheckConstraint(
                condition=~Q(state="scheduled") | Q(effective_on__isnull=False), name="segmentation_scheduled_has_day"
            ),
        )
        triggers = (state_guard("state"),)

    def __str__(self) -> str:
        return f"segmentation rules v{self.number}"

    @transition(field=state, source=State.DRAFT, target=State.SCHEDULED)
    def schedule(self, on: date) -> None:
        self.effective_on = on

    @transition(field=state, source=State.SCHEDULED, target=State.DRAFT)
    def unschedule(self) -> None:
        self.effective_on = None

    @transition(field=state, source=[State.DRAFT, State.SCHEDULED], target=State.PUBLISHED)
    def publish(self, at: datetime) -> None:
        self.published_at = at

    @transition(field=state, source=State.PUBLISHED, target=State.RETIRED)
    def retire(self, at: datetime) -> None:
        self.retired_at = at


class Decision(TenantOwned):
    """Why an account got what it has: the outcome, the inputs as they were, the version of the rules and the rule that
    matched. Written when any of these is not what the newest one says; the newest one holds. Never edited."""

    id = models.BigAutoField(primary_key=True)
    account = TenantFK(Account, on_delete=models.CASCADE, related_name="decisions")
    kind = models.CharField(max_length=30, default="segment")
    inputs = models.JSONField(default=dict)
    rules_version = models.PositiveIntegerField()
    rules_published_at = models.DateTimeField(null=True)
    rule = models.CharField(max_length=300, default="")
    outcome = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["tenant", "account", "kind", "-id"], name="decision_newest"),)
        triggers = (append_only("decisions"),)

    def __str__(self) -> str:
        return f"{self.kind} by {self.rule}"


class SegmentOverride(TenantOwned):
    """A person's word against the rules, for one account and for a time: why, who answers for it, until when.

    An empty `segment` or `service_model` leaves that one to the rules. `expires_on` is the last day that it holds;
    after it the rules decide again, by themselves. One at a time for an account; one that has ended stays readable.
    """

    class Ended(models.TextChoices):
        EXPIRED = "expired", "Its time was over"
        BY_HAND = "by_hand", "Somebody ended it"
        REPLACED = "replaced", "Another one took its place"

    ledger_name = "segment_override"

    account = TenantFK(Account, on_delete=models.CASCADE, related_name="segment_overrides")
    segment = models.CharField(max_length=60, default="", blank=True)
    service_model = models.CharField(max_length=60, default="", blank=True)
    reason = models.CharField(max_length=500)
    owner = TenantFK(Membership, on_delete=models.PROTECT, related_name="+")
    expires_on = models.DateField()
    reminded_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_because = models.CharField(max_length=10, choices=Ended, default="", blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["tenant", "account"], condition=Q(ended_at__isnull=True), name="segment_override_open_once"
            ),
            models.CheckConstraint(condition=~Q(segment="", service_model=""), name="segment_override_says_something"),
            models.CheckConstraint(condition=~Q(reason=""), name="segment_override_has_reason"),
        )
        indexes = (
            models.Index(
                fields=["tenant", "expires_on", "id"],
                condition=Q(ended_at__isnull=True),
                name="segment_override_by_end",
            ),
        )

    def __str__(self) -> str:
        return " / ".join(filter(None, (self.segment, self.service_model)))

    def ledger_words(self) -> str:
        return f"override: {self}"
