"""Support levels and segmentation rules."""

from accounts.api.fields import CleanDate, CleanId, CleanText, RulesField
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
    effective_on = serializers.DateField(allow_null=True, help_text="From which day it counts, if that was chosen.")
    restores = serializers.IntegerField(allow_null=True, help_text="The version whose rules it brought back.")
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


class CellOut(serializers.StrictSerializer):
    from_segment = serializers.CharField()
    to_segment = serializers.CharField()
    accounts = serializers.IntegerField()


class SimulationOut(serializers.StrictSerializer):
    accounts = serializers.IntegerField()
    moving = serializers.IntegerField()
    undecided = serializers.IntegerField()
    overridden = serializers.IntegerField(help_text="Accounts about which a person has decided.")
    matrix = CellOut(many=True)
    moves = MoveOut(many=True)
    sample = MoverOut(many=True)


class PublishIn(serializers.StrictSerializer):
    effective_on = CleanDate(cleaning.day, help_text="From which day it counts; null, or none: at once.")


class DifferenceOut(serializers.StrictSerializer):
    kind = serializers.ChoiceField(choices=["added", "removed", "changed", "moved"])
    words = serializers.CharField()


class DifferencesOut(serializers.StrictSerializer):
    before = serializers.IntegerField(allow_null=True, help_text="The version it is compared with.")
    differences = DifferenceOut(many=True)


class OverrideIn(serializers.StrictSerializer):
    segment = CleanText(cleaning.optional(60), help_text="One that the rules in force know; empty: as the rules say.")
    service_model = CleanText(cleaning.optional(60))
    reason = CleanText(cleaning.needed(500), required=True, allow_null=False)
    owner_id = CleanId(cleaning.reference, required=True, allow_null=False, help_text="The member who answers for it.")
    expires_on = CleanDate(cleaning.day, required=True, allow_null=False, help_text="The last day that it holds.")


class OverrideOut(serializers.StrictSerializer):
    id = serializers.UUIDField()
    account_id = serializers.UUIDField()
    segment = serializers.CharField()
    service_model = serializers.CharField()
    reason = serializers.CharField()
    owner_id = serializers.UUIDField()
    expires_on = serializers.DateField()
    ended_at = serializers.DateTimeField(allow_null=True)
    ended_because = serializers.CharField(help_text="expired, by_hand, replaced; empty while it holds.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    version = serializers.IntegerField()
