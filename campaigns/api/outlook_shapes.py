"""Bodies of what lies ahead and of why: the calendar, runs, pauses, the mail of one contact."""

from campaigns.models import MailPause
from cs_platform.people.api import serializers
from cs_platform.people.api.serializers import StrictSerializer

MOST_ACCOUNTS = 5000


class AudienceIn(StrictSerializer):
    account_ids = serializers.ListField(
        child=serializers.UUIDField(), allow_empty=False, max_length=MOST_ACCOUNTS, help_text="At most 5,000."
    )


class AudienceOut(StrictSerializer):
    enrolled = serializers.IntegerField()


class RunOut(StrictSerializer):
    id = serializers.UUIDField()
    series_id = serializers.UUIDField()
    local_date = serializers.DateField()
    nominal_date = serializers.DateField(help_text="The weekday it stands for, when a day off moved it.")
    zone = serializers.CharField()
    calendar = serializers.CharField(help_text="The country of the customer whose days off count; may be empty.")
    due_at = serializers.DateTimeField()
    late_after = serializers.DateTimeField()
    state = serializers.CharField()
    reason = serializers.CharField(help_text="Why it was skipped: late, paused, sending_off.")
    by_hand = serializers.BooleanField()
    recipients = serializers.IntegerField()
    finished_at = serializers.DateTimeField(allow_null=True)
    version = serializers.IntegerField()


class MailPauseOut(StrictSerializer):
    id = serializers.UUIDField()
    account_id = serializers.UUIDField()
    contact_id = serializers.UUIDField(allow_null=True, help_text="Null: the whole account.")
    why = serializers.CharField()
    policy = serializers.CharField()
    until = serializers.DateField(allow_null=True)
    started_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    ended_by = serializers.CharField()
    version = serializers.IntegerField()


class MailPauseIn(StrictSerializer):
    account_id = serializers.UUIDField()
    contact_id = serializers.UUIDField(required=False, allow_null=True, help_text="Only this contact of the account.")
    why = serializers.TextField(max_length=300)
    until = serializers.DateField(required=False, allow_null=True, help_text="The day on which mail goes again.")
    policy = serializers.ChoiceField(
        choices=MailPause.Policy.choices,
        required=False,
        help_text="shift: everything moves on. drop: what falls due meanwhile is left out for good.",
    )


# --- the calendar ---------------------------------------------------------------------------------------------------


class ZoneLineOut(StrictSerializer):
    zone = serializers.CharField()
    calendar = serializers.CharField()
    due_at = serializers.DateTimeField()
    expected = serializers.IntegerField()
    messages = serializers.DictField(source="counts", child=serializers.IntegerField(), help_text="By state.")
    state = serializers.CharField(help_text="expected, or the state of the run.")
    reason = serializers.CharField()


class OffLineOut(StrictSerializer):
    name = serializers.CharField()
    calendar = serializers.CharField()
    people = serializers.IntegerField()
    moved_to = serializers.DateField(allow_null=True, help_text="Null: the slot is left out.")


class EntryOut(StrictSerializer):
    series_id = serializers.UUIDField(source="series.pk")
    series = serializers.CharField(source="series.name")
    expected = serializers.IntegerField()
    messages = serializers.DictField(source="counts", child=serializers.IntegerField(), help_text="By state.")
    slots = ZoneLineOut(many=True, source="lines")
    days_off = OffLineOut(many=True, source="off")


class CalendarDayOut(StrictSerializer):
    date = serializers.DateField()
    entries = EntryOut(many=True)


class SendingCalendarOut(StrictSerializer):
    first = serializers.DateField()
    last = serializers.DateField()
    why_not = serializers.CharField(source="silence", help_text="Why nothing goes out at all; empty: it does.")
    days = CalendarDayOut(many=True)


class RecipientOut(StrictSerializer):
    contact_id = serializers.UUIDField()
    contact = serializers.CharField()
    account_id = serializers.UUIDField()
    account = serializers.CharField()
    due_at = serializers.DateTimeField()
    zone = serializers.CharField()
    position = serializers.IntegerField()
    template = serializers.CharField()
    state = serializers.CharField(help_text="expected, or the state of the message.")
    reason = serializers.CharField()
    message_id = serializers.UUIDField(allow_null=True)


class RecipientsOut(StrictSerializer):
    results = RecipientOut(many=True)
    next = serializers.CharField(allow_null=True, help_text="Send it as `after` for the following ones.")
    count = serializers.IntegerField(allow_null=True)


# --- the mail of one contact ----------------------------------------------------------------------------------------


class LineOut(StrictSerializer):
    date = serializers.DateField(source="day")
    due_at = serializers.DateTimeField(allow_null=True)
    zone = serializers.CharField()
    outcome = serializers.CharField(help_text="went, will_go, waits, did_not_go or will_not_go.")
    reason = serializers.CharField()
    words = serializers.CharField()
    template = serializers.CharField()
    template_id = serializers.UUIDField(allow_null=True)
    message_id = serializers.UUIDField(allow_null=True)


class SeriesMailOut(StrictSerializer):
    series_id = serializers.UUIDField(source="series.pk")
    series = serializers.CharField(source="series.name")
    enrolment_id = serializers.UUIDField(source="enrolment.pk", allow_null=True, default=None)
    standing = serializers.CharField()
    dates = LineOut(many=True, source="lines")


class ContactMailOut(StrictSerializer):
    contact_id = serializers.UUIDField(source="contact.pk")
    first = serializers.DateField()
    last = serializers.DateField()
    why_not = serializers.CharField(source="silence")
    suppressed = serializers.ListField(child=serializers.CharField())
    series = SeriesMailOut(many=True)
