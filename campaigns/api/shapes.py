"""Bodies of the resources of campaigns."""

from typing import Any

from rest_framework.exceptions import ErrorDetail

from accounts.models import ContactRole
from campaigns import content, zones
from campaigns.calendar import WEEKDAYS
from campaigns.models import Category, Message, Series, Suppression
from cs_platform.people.api import serializers
from cs_platform.people.api.serializers import StrictSerializer

MOST_CONTACTS = 5000


class NoteIn(StrictSerializer):
    note = serializers.TextField(required=False, allow_blank=True, max_length=500)


# --- templates ------------------------------------------------------------------------------------------------------


class TemplateOut(StrictSerializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    category = serializers.CharField()
    subject = serializers.SerializerMethodField()
    body = serializers.SerializerMethodField()
    number = serializers.IntegerField(help_text="The version of the text that is in force.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    version = serializers.IntegerField()

    def get_subject(self, template: Any) -> str:
        return str(self.context["texts"][template.pk].subject)

    def get_body(self, template: Any) -> str:
        return str(self.context["texts"][template.pk].body)


class TemplateVersionOut(StrictSerializer):
    number = serializers.IntegerField()
    subject = serializers.CharField()
    body = serializers.CharField()
    author = serializers.CharField()
    created_at = serializers.DateTimeField()


class TemplateIn(StrictSerializer):
    name = serializers.TextField(max_length=120)
    subject = serializers.TextField(max_length=200, help_text="Merge fields: {{contact.first_name|there}}.")
    body = serializers.TextField(lines=True, max_length=50_000)
    category = serializers.ChoiceField(choices=Category.choices, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        old_subject, old_body = self.context.get("text", ("x", "x"))
        try:
            content.compile_template(attrs.get("subject", old_subject), attrs.get("body", old_body))
        except content.BadTemplate as bad:
            raise serializers.ValidationError({bad.field: [ErrorDetail(str(bad), bad.code)]})
        return attrs


class PreviewIn(StrictSerializer):
    contact_id = serializers.UUIDField(required=False, allow_null=True)


class PreviewOut(StrictSerializer):
    subject = serializers.CharField()
    text = serializers.CharField()
    html = serializers.CharField()


# --- series ---------------------------------------------------------------------------------------------------------


class ItemOut(StrictSerializer):
    position = serializers.IntegerField()
    template_id = serializers.UUIDField()
    name = serializers.CharField(source="template.name")


class SeriesOut(StrictSerializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    success_flow = serializers.CharField()
    category = serializers.CharField()
    weekdays = serializers.ListField(child=serializers.CharField())
    local_time = serializers.TimeField(format="%H:%M")
    zone = serializers.CharField()
    holidays = serializers.CharField()
    audience_roles = serializers.ListField(child=serializers.CharField())
    items = serializers.SerializerMethodField()
    state = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    version = serializers.IntegerField()

    def get_items(self, series: Any) -> list[dict[str, Any]]:
        found = sorted(series.items.all(), key=lambda item: item.position)
        return list(ItemOut(found, many=True).data)


class ItemIn(StrictSerializer):
    position = serializers.IntegerField(min_value=1, max_value=200)
    template_id = serializers.UUIDField()


class SeriesIn(StrictSerializer):
    name = serializers.TextField(max_length=120)
    success_flow = serializers.TextField(required=False, allow_blank=True, max_length=100)
    category = serializers.ChoiceField(choices=Category.choices, required=False)
    weekdays = serializers.ListField(
        child=serializers.ChoiceField(choices=list(WEEKDAYS)), required=False, allow_empty=False, max_length=7
    )
    local_time = serializers.TimeField(required=False, input_formats=["%H:%M"])
    zone = serializers.CharField(required=False, max_length=80)
    holidays = serializers.ChoiceField(choices=Series.Holidays.choices, required=False)
    audience_roles = serializers.ListField(
        child=serializers.ChoiceField(choices=ContactRole.choices), required=False, max_length=20
    )
    items = ItemIn(many=True, required=False)

    def validate_zone(self, value: str) -> str:
        if value not in Series.ZONE_MODES and not zones.is_zone(value):
            words = "Say recipient, account, tenant, or an IANA zone like Europe/Berlin."
            raise serializers.ValidationError(words, "invalid_zone")
        return value

    def validate_items(self, value: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if sorted(item["position"] for item in value) != list(range(1, len(value) + 1)):
            raise serializers.ValidationError("Positions count from 1 without holes.", "invalid_positions")
        return sorted(value, key=lambda item: item["position"])


class EnrolIn(StrictSerializer):
    contact_ids = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=MOST_CONTACTS)
    account_ids = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        max_length=MOST_CONTACTS,
        help_text="Everybody there who has a role of the series.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if bool(attrs.get("contact_ids")) == bool(attrs.get("account_ids")):
            raise serializers.ValidationError("Name contact_ids or account_ids.", "required")
        return attrs


class EnrolledOut(StrictSerializer):
    contact_id = serializers.UUIDField()
    enrolment_id = serializers.UUIDField(allow_null=True)
    result = serializers.CharField(help_text="enrolled, restarted, already, or why not")


class EnrolOut(StrictSerializer):
    enrolled = serializers.IntegerField()
    results = EnrolledOut(many=True)


class EnrolmentOut(StrictSerializer):
    id = serializers.UUIDField()
    series_id = serializers.UUIDField()
    contact_id = serializers.UUIDField()
    account_id = serializers.UUIDField()
    state = serializers.CharField()
    reason = serializers.CharField()
    position = serializers.IntegerField()
    by_role = serializers.BooleanField()
    enrolled_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    version = serializers.IntegerField()


class ItemMetricsOut(StrictSerializer):
    position = serializers.IntegerField()
    template_id = serializers.UUIDField()
    template = serializers.CharField()
    sent = serializers.IntegerField()
    messages = serializers.DictField(source="counts", child=serializers.IntegerField())


class MetricsOut(StrictSerializer):
    sent = serializers.IntegerField()
    messages = serializers.DictField(child=serializers.IntegerField())
    enrolments = serializers.DictField(child=serializers.IntegerField())
    stopped = serializers.DictField(child=serializers.IntegerField(), help_text="By reason.")
    last_sent_at = serializers.DateTimeField(allow_null=True)
    items = ItemMetricsOut(many=True)


# --- messages -------------------------------------------------------------------------------------------------------


class EventOut(StrictSerializer):
    type = serializers.CharField()
    at = serializers.DateTimeField()


class MessageOut(StrictSerializer):
    id = serializers.UUIDField()
    contact_id = serializers.UUIDField(source="enrolment.contact_id")
    account_id = serializers.UUIDField()
    template_id = serializers.UUIDField()
    template_number = serializers.IntegerField(source="number")
    series_id = serializers.UUIDField(source="run.series_id")
    enrolment_id = serializers.UUIDField()
    position = serializers.IntegerField()
    local_date = serializers.DateField()
    zone = serializers.CharField(source="run.zone")
    due_at = serializers.DateTimeField()
    sent_at = serializers.DateTimeField(allow_null=True)
    state = serializers.CharField()
    reason = serializers.CharField()
    detail = serializers.CharField(help_text="What the mail server said.")
    message_id = serializers.CharField()
    events = serializers.SerializerMethodField()

    def get_events(self, message: Message) -> list[dict[str, Any]]:
        moments = (("planned", message.created_at), ("sending", message.sending_at), ("sent", message.sent_at))
        return list(EventOut([{"type": kind, "at": at} for kind, at in moments if at], many=True).data)


class StepOut(StrictSerializer):
    kind = serializers.CharField(help_text="What was decided: audience, role, slot, zone, holiday, late, text, …")
    at = serializers.DateTimeField(allow_null=True, help_text="Null: it is decided anew whenever it is asked.")
    words = serializers.CharField()


class MessageExplanationOut(StrictSerializer):
    state = serializers.CharField()
    verdict = serializers.CharField(help_text="For a message that waits: what would keep it back now; empty: nothing.")
    words = serializers.ListField(child=serializers.CharField())
    decisions = StepOut(many=True, source="steps")


# --- suppressions ---------------------------------------------------------------------------------------------------


class SuppressionOut(StrictSerializer):
    id = serializers.UUIDField()
    address = serializers.CharField(source="masked", help_text="The address is not kept, only a hash of it.")
    contact_id = serializers.UUIDField(allow_null=True)
    reason = serializers.CharField()
    category = serializers.CharField(help_text="Empty: no mail at all.")
    note = serializers.CharField()
    created_at = serializers.DateTimeField()
    released_at = serializers.DateTimeField(allow_null=True)
    version = serializers.IntegerField()


class SuppressionIn(StrictSerializer):
    email = serializers.EmailField()
    reason = serializers.ChoiceField(choices=Suppression.Reason.choices, required=False)
    category = serializers.ChoiceField(choices=Category.choices, required=False, allow_blank=True)
    note = serializers.TextField(required=False, allow_blank=True, max_length=500)


class CategoryIn(StrictSerializer):
    category = serializers.ChoiceField(
        choices=Category.choices, required=False, allow_blank=True, help_text="Empty: all mail."
    )


class SendingOut(StrictSerializer):
    is_on = serializers.BooleanField()
    stopped_by = serializers.CharField()
    stopped_at = serializers.DateTimeField(allow_null=True)
    why_not = serializers.CharField(help_text="Empty: mail goes out.")
    problem = serializers.CharField(help_text="What the mail server said last to all of us.")
    problem_at = serializers.DateTimeField(allow_null=True)


class StopIn(StrictSerializer):
    why = serializers.TextField(max_length=300)
