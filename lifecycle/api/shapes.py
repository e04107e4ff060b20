"""Shape of the bodies: what may be sent, and what an answer holds."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rest_framework.exceptions import ErrorDetail, ValidationError

from cs_platform import ledger
from cs_platform.people.api import serializers
from lifecycle.services.words import MAX_REASON

#: Refusals that are about the request and not about the state of things.
MALFORMED = frozenset(
    {"control_characters", "invalid", "invalid_key", "malformed", "required", "too_long", "unknown_lifecycle",
     "unknown_stage"}
)  # fmt: skip


@contextmanager
def told() -> Iterator[None]:
    """A refusal that is about the request becomes a 400 that names its field; the others stay 409."""
    try:
        yield
    except ledger.Refused as refusal:
        if refusal.code not in MALFORMED or not refusal.field:
            raise
        raise ValidationError({refusal.field: [ErrorDetail(str(refusal), refusal.code)]}) from None


class MoveRuleOut(serializers.StrictSerializer):
    from_id = serializers.UUIDField(source="source_id")
    to_id = serializers.UUIDField(source="target_id")
    needs_reason = serializers.BooleanField()


class StageOut(serializers.StrictSerializer):
    id = serializers.UUIDField()
    lifecycle = serializers.CharField(source="lifecycle.key")
    key = serializers.CharField()
    name = serializers.CharField()
    position = serializers.IntegerField()
    is_end = serializers.BooleanField()
    expected_days = serializers.IntegerField(allow_null=True)
    description = serializers.CharField()
    is_active = serializers.BooleanField()
    version = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class LifecycleOut(serializers.StrictSerializer):
    id = serializers.UUIDField()
    key = serializers.CharField()
    name = serializers.CharField()
    is_default = serializers.BooleanField()
    stages = serializers.SerializerMethodField()
    moves = serializers.SerializerMethodField(help_text="The allowed moves; an empty list allows all.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    def get_stages(self, lifecycle: Any) -> list[dict[str, Any]]:
        ordered = sorted(lifecycle.stages.all(), key=lambda stage: (stage.position, stage.pk))
        return list(StageOut(ordered, many=True).data)

    def get_moves(self, lifecycle: Any) -> list[dict[str, Any]]:
        return list(MoveRuleOut(lifecycle.moves.all(), many=True).data)


class NewStageIn(serializers.StrictSerializer):
    name = serializers.TextField(max_length=100)
    expected_days = serializers.IntegerField(min_value=1, max_value=3650, required=False, allow_null=True)
    description = serializers.TextField(max_length=500, required=False, allow_blank=True)
    is_end = serializers.BooleanField(required=False)


class StageToAddIn(NewStageIn):
    lifecycle = serializers.TextField(max_length=60, help_text="The key of the lifecycle.")
    position = serializers.IntegerField(min_value=0, max_value=1000, required=False)


class StageIn(serializers.StrictSerializer):
    name = serializers.TextField(max_length=100, required=False)
    expected_days = serializers.IntegerField(min_value=1, max_value=3650, required=False, allow_null=True)
    description = serializers.TextField(max_length=500, required=False, allow_blank=True)
    position = serializers.IntegerField(min_value=0, max_value=1000, required=False)
    is_end = serializers.BooleanField(required=False, help_text="Decided when the stage is made; another value is 409.")


class DisableIn(serializers.StrictSerializer):
    confirmed = serializers.BooleanField(required=False, help_text="Do it although something depends on the stage.")


class UsesOut(serializers.StrictSerializer):
    uses = serializers.ListField(child=serializers.CharField(), help_text="What depends on the stage, in words.")


class NewLifecycleIn(serializers.StrictSerializer):
    key = serializers.TextField(max_length=60)
    name = serializers.TextField(max_length=100)
    stages = NewStageIn(many=True, allow_empty=False)


class MoveRuleIn(serializers.StrictSerializer):
    from_id = serializers.UUIDField()
    to_id = serializers.UUIDField()
    needs_reason = serializers.BooleanField(required=False)


class LifecycleIn(serializers.StrictSerializer):
    name = serializers.TextField(max_length=100, required=False)
    moves = MoveRuleIn(many=True, required=False, help_text="Replaces the allowed moves; an empty list allows all.")
    stages = serializers.ListField(
        child=serializers.UUIDField(), required=False, max_length=200, help_text="The ids of the stages, in order."
    )


class DurationOut(serializers.StrictSerializer):
    stage_id = serializers.UUIDField()
    stage = serializers.CharField()
    cohort = serializers.CharField(help_text="The month in which the stays began, or empty.")
    finished = serializers.IntegerField(help_text="Stays that are over.")
    median_days = serializers.FloatField(allow_null=True)
    p90_days = serializers.FloatField(allow_null=True)
    in_stage = serializers.IntegerField(help_text="Accounts that are there now.")
    expected_days = serializers.IntegerField(allow_null=True)


class StageNowOut(serializers.StrictSerializer):
    lifecycle = serializers.CharField()
    lifecycle_name = serializers.CharField()
    stage = serializers.CharField()
    stage_id = serializers.UUIDField()
    stage_key = serializers.CharField()
    entered_at = serializers.DateTimeField()
    days_in = serializers.IntegerField(help_text="Counted days of the present stay.")
    expected_days = serializers.IntegerField(allow_null=True)
    status = serializers.ChoiceField(choices=["running", "completed", "paused", "left"])
    pace = serializers.ChoiceField(choices=["on_track", "behind", "stuck", ""])
    version = serializers.IntegerField()


class StageTimeOut(serializers.StrictSerializer):
    lifecycle = serializers.CharField()
    stage = serializers.CharField()
    stays = serializers.IntegerField()
    latest_seconds = serializers.SerializerMethodField(help_text="Counted time of the latest stay.")
    cumulative_seconds = serializers.SerializerMethodField(help_text="Counted time of all stays together.")

    def get_latest_seconds(self, row: Any) -> int:
        return int(row.latest.total_seconds())

    def get_cumulative_seconds(self, row: Any) -> int:
        return int(row.cumulative.total_seconds())


class IntervalOut(serializers.StrictSerializer):
    lifecycle = serializers.CharField(source="lifecycle.key")
    stage = serializers.CharField(source="stage.name")
    entered_at = serializers.DateTimeField()
    left_at = serializers.DateTimeField(allow_null=True)
    seconds = serializers.SerializerMethodField()
    counted = serializers.BooleanField()
    reason = serializers.CharField()
    actor = serializers.CharField()
    rule = serializers.CharField()
    evidence = serializers.JSONField()
    recorded_at = serializers.DateTimeField(help_text="When we were told of it.")

    def get_seconds(self, row: Any) -> int:
        end = row.left_at or self.context["view"].now
        return max(0, int((end - row.entered_at).total_seconds()))


class MoveIn(serializers.StrictSerializer):
    lifecycle = serializers.TextField(max_length=60, required=False, help_text="A key; the default one if left out.")
    stage = serializers.TextField(max_length=100, help_text="The exact name of the stage.")
    reason = serializers.TextField(max_length=MAX_REASON, required=False, allow_blank=True)
    effective_at = serializers.DateTimeField(required=False, allow_null=True)


class MoveAccountsIn(serializers.StrictSerializer):
    account_ids = serializers.ListField(child=serializers.UUIDField(), allow_empty=False, max_length=5000)
    stage = serializers.TextField(max_length=100)
    reason = serializers.TextField(max_length=MAX_REASON, required=False, allow_blank=True)
    effective_at = serializers.DateTimeField(required=False, allow_null=True)
    only_from = serializers.ListField(child=serializers.TextField(max_length=100), required=False, max_length=50)


class MovedOut(serializers.StrictSerializer):
    moved = serializers.ListField(child=serializers.UUIDField())
    not_moved = serializers.ListField(child=serializers.UUIDField())


class LeaveIn(serializers.StrictSerializer):
    lifecycle = serializers.TextField(max_length=60)
    reason = serializers.TextField(max_length=MAX_REASON, required=False, allow_blank=True)


class StageExplanationOut(serializers.StrictSerializer):
    stage = serializers.CharField()
    words = serializers.CharField()
    rule = serializers.CharField(help_text="Empty when a person decided.")
    inputs = serializers.JSONField()
    version = serializers.IntegerField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    decided_by = serializers.CharField()
