"""The rules that say which segment an account is in, and what they decided."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django_fsm import FSMField, transition

from accounts.models.customers import Account
from cs_platform.ledger.guards import append_only, state_guard
from cs_platform.tenancy.models import TenantFK, TenantOwned


class SegmentationRules(TenantOwned):
    """One version of the tenant's segmentation: an ordered list, the first rule that matches decides.

    A draft may be edited; a published version never changes and is retired when the next one is published. Each rule
    is `{when, segment, service_model, label}` and may carry `alert`, words that are shown on the account.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        PUBLISHED = "published", "Published"
        RETIRED = "retired", "Retired"

    ledger_name = "segmentation_rules"

    number = models.PositiveIntegerField()
    label = models.CharField(max_length=200, default="", blank=True)
    rules = models.JSONField(default=list)
    state = FSMField(default=State.DRAFT, choices=State.choices)
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
        )
        triggers = (state_guard("state"),)

    def __str__(self) -> str:
        return f"segmentation rules v{self.number}"

    @transition(field=state, source=State.DRAFT, target=State.PUBLISHED)
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
