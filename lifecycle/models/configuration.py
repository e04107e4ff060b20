"""What a tenant configures: lifecycles, their stages, and which moves are allowed."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from cs_platform.tenancy.models import TenantFK, TenantOwned

SLUG = "^[a-z0-9]+(_[a-z0-9]+)*$"


class Lifecycle(TenantOwned):
    """A way that accounts go, told as stages. `key` is its name for programs and never changes. Every managed account
    is in the default one."""

    ledger_name = "lifecycle"

    key = models.CharField(max_length=60)
    name = models.CharField(max_length=100)
    position = models.PositiveIntegerField(default=0)
    is_default = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["tenant", "key"], name="lifecycle_key_once"),
            models.UniqueConstraint("tenant", Lower("name"), name="lifecycle_name_once"),
            models.UniqueConstraint(fields=["tenant"], condition=Q(is_default=True), name="lifecycle_one_default"),
            models.CheckConstraint(condition=Q(key__regex=SLUG), name="lifecycle_key_is_slug"),
        )

    def __str__(self) -> str:
        return self.name


class Stage(TenantOwned):
    """A stage of a lifecycle. `key` comes from its first name and stays when it is renamed: rules mean the key.

    Reaching an end stage stops the day count, leaving it starts the count again; whether a stage is an end is decided
    when it is made. A stage that is switched off keeps the accounts that are in it and takes no others.
    """

    ledger_name = "lifecycle_stage"

    key = models.CharField(max_length=60)
    name = models.CharField(max_length=100)
    position = models.PositiveIntegerField(default=0)
    is_end = models.BooleanField(default=False)
    expected_days = models.PositiveIntegerField(null=True, blank=True)
    description = models.CharField(max_length=500, default="", blank=True)
    is_active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    lifecycle = TenantFK(Lifecycle, on_delete=models.PROTECT, related_name="stages")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["tenant", "lifecycle", "key"], name="stage_key_once"),
            models.UniqueConstraint("tenant", "lifecycle", Lower("name"), name="stage_name_once"),
            models.CheckConstraint(condition=~Q(name=""), name="stage_has_name"),
            models.CheckConstraint(condition=Q(key__regex=SLUG), name="stage_key_is_slug"),
            models.CheckConstraint(
                condition=Q(expected_days__isnull=True) | Q(expected_days__range=(1, 3650)), name="stage_expected_days"
            ),
        )

    def __str__(self) -> str:
        return self.name


class StageMove(TenantOwned):
    """An allowed move. A lifecycle without any allows them all; once there is one, what is not here is refused."""

    ledger_name = "stage_move"

    id = models.BigAutoField(primary_key=True)
    source = TenantFK(Stage, on_delete=models.CASCADE, related_name="ways_out")
    target = TenantFK(Stage, on_delete=models.CASCADE, related_name="ways_in")
    lifecycle = TenantFK(Lifecycle, on_delete=models.CASCADE, related_name="moves")
    needs_reason = models.BooleanField(default=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["tenant", "source", "target"], name="stage_move_once"),
            models.CheckConstraint(condition=~Q(source=F("target")), name="stage_move_goes_somewhere"),
        )

    def __str__(self) -> str:
        return f"{self.source} → {self.target}"
