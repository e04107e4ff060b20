"""Support levels and segmentation rules."""

from accounts.api.fields import CleanText, RulesField
from accounts.services import cleaning
from cs_platform.people.api import serializers


class SupportLevelOut(serializers.StrictSerializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    position = serializers.IntegerField()
    is_active = serializers.BooleanField()
    account_count = serializers.IntegerField(help_text="Managed accounts that have it.")
    version = serializers.IntegerField()


class SupportLevelIn(serializers.StrictSerializer):
    name = CleanText(cleaning.needed(100), allow_null=False)
    position = serializers.IntegerField(min_value=0, max_value=10_000, required=False)
    is_active = serializers.BooleanField(required=False)


class NewSupportLevelIn(serializers.StrictSerializer):
    name = CleanText(cleaning.needed(100), required=True, allow_null=False)


class SegmentationOut(serializers.StrictSerializer):
    id = serializers.UUIDField()
    number = serializers.IntegerField()
    label = serializers.CharField()  # type: ignore[assignment]
    rules = serializers.JSONField()
    state = serializers.CharField()
    published_at = serializers.DateTimeField(allow_null=True)
    retired_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    version = serializers.IntegerField()


class SegmentationIn(serializers.StrictSerializer):
    label = CleanText(cleaning.optional(200))  # type: ignore[assignment]
    rules = RulesField(required=False)


class NewSegmentationIn(SegmentationIn):
    rules = RulesField()


class RulesIn(serializers.StrictSerializer):
    rules = RulesField()


class MoveOut(serializers.StrictSerializer):
    from_segment = serializers.CharField()
    from_service_model = serializers.CharField()
    to_segment = serializers.CharField()
    to_service_model = serializers.CharField()
    rule = serializers.CharField()
    accounts = serializers.IntegerField()


class MoverOut(serializers.StrictSerializer):
    account_id = serializers.UUIDField()
    name = serializers.CharField()
    from_segment = serializers.CharField()
    from_service_model = serializers.CharField()
    to_segment = serializers.CharField()
    to_service_model = serializers.CharField()
    rule = serializers.CharField()


class SimulationOut(serializers.StrictSerializer):
    accounts = serializers.IntegerField()
    moving = serializers.IntegerField()
    undecided = serializers.IntegerField()
    moves = MoveOut(many=True)
    sample = MoverOut(many=True)
