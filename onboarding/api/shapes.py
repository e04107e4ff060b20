"""Bodies of handoffs/, handoff-settings/ and handoff-templates/."""

from typing import Any

from accounts.api.fields import CleanId
from accounts.services import cleaning
from activities.models import Task
from cs_platform.people.api import serializers
from onboarding.models import Handoff, HandoffDocument, HandoffMeeting, HandoffTemplate
from onboarding.models.configuration import LONGEST_LEAD


class HandoffItemOut(serializers.StrictSerializer):
    item = serializers.CharField(source="part")
    title = serializers.CharField(source="task.title")
    task_id = serializers.UUIDField(source="task.pk")
    state = serializers.ChoiceField(choices=Task.State.choices, source="task.state")
    due_date = serializers.DateField(source="task.due_date", allow_null=True)
    outcome = serializers.CharField(source="task.outcome")
    is_required = serializers.BooleanField()
    is_not_needed = serializers.BooleanField()
    is_late = serializers.BooleanField()


class HandoffDocumentStateOut(serializers.StrictSerializer):
    state = serializers.ChoiceField(choices=HandoffDocument.State.choices)
    finished_at = serializers.DateTimeField(allow_null=True)


class HandoffMeetingOut(serializers.StrictSerializer):
    state = serializers.ChoiceField(choices=HandoffMeeting.State.choices)
    starts_at = serializers.DateTimeField()
    minutes = serializers.IntegerField()
    place = serializers.CharField()
    agenda = serializers.CharField()
    customer_engineer_id = serializers.UUIDField(allow_null=True)
    technical_advisor_id = serializers.UUIDField(allow_null=True)
    account_executive_id = serializers.UUIDField(allow_null=True)
    implementation_engineer_id = serializers.UUIDField(allow_null=True)
    held_at = serializers.DateTimeField(allow_null=True)


class MissingOut(serializers.StrictSerializer):
    words = serializers.CharField()
    is_late = serializers.BooleanField()


class HandoffOut(serializers.StrictSerializer):
    id = serializers.UUIDField(source="handoff.pk")
    account_id = serializers.UUIDField(source="handoff.account_id")
    opportunity_id = serializers.UUIDField(source="handoff.opportunity_id", allow_null=True)
    state = serializers.ChoiceField(choices=Handoff.State.choices, source="handoff.state")
    close_date = serializers.DateField(allow_null=True)
    days_to_close = serializers.IntegerField(source="days", allow_null=True)
    customer_engineer_id = serializers.UUIDField(source="handoff.customer_engineer_id", allow_null=True)
    technical_advisor_id = serializers.UUIDField(source="handoff.account.csm_id", allow_null=True)
    cloud_instance = serializers.ChoiceField(choices=Handoff.Cloud.choices, source="handoff.cloud_instance")
    items = serializers.SerializerMethodField()
    missing = serializers.SerializerMethodField()
    document = serializers.SerializerMethodField()
    meeting = serializers.SerializerMethodField()
    won_at = serializers.DateTimeField(source="handoff.won_at", allow_null=True)
    handed_over_at = serializers.DateTimeField(source="handoff.handed_over_at", allow_null=True)
    roles_flagged_at = serializers.DateTimeField(source="handoff.roles_flagged_at", allow_null=True)
    why_cancelled = serializers.CharField(source="handoff.why_cancelled")
    created_at = serializers.DateTimeField(source="handoff.created_at")
    updated_at = serializers.DateTimeField(source="handoff.updated_at")
    version = serializers.IntegerField(source="handoff.version")

    def get_items(self, look: Any) -> list[dict[str, Any]]:
        """The checklist: `item`, `title`, `task_id`, `state`, `due_date`, `outcome` and what it means."""
        return list(HandoffItemOut(look.items, many=True).data)

    def get_missing(self, look: Any) -> list[dict[str, Any]]:
        """What is still lacking: `words`, and whether it `is_late`."""
        return list(MissingOut(look.missing, many=True).data)

    def get_document(self, look: Any) -> dict[str, Any] | None:
        """Its `state` and `finished_at`; the text is at `document`."""
        return dict(HandoffDocumentStateOut(look.document).data) if look.document else None

    def get_meeting(self, look: Any) -> dict[str, Any] | None:
        """The knowledge transfer: `state`, `starts_at`, `minutes`, `place`, `agenda` and who comes."""
        return dict(HandoffMeetingOut(look.meeting).data) if look.meeting else None


class DocumentOut(serializers.StrictSerializer):
    body = serializers.CharField()
    state = serializers.ChoiceField(choices=HandoffDocument.State.choices)
    template_version = serializers.IntegerField(source="template.number")
    finished_at = serializers.DateTimeField(allow_null=True)
    updated_at = serializers.DateTimeField()
    version = serializers.IntegerField()


class DocumentIn(serializers.StrictSerializer):
    body = serializers.TextField(lines=True, max_length=50_000)


class HandoffTextsOut(serializers.StrictSerializer):
    kick_off = serializers.CharField()
    introduction = serializers.CharField()


class EngineerIn(serializers.StrictSerializer):
    customer_engineer_id = CleanId(cleaning.reference, required=True)


class CloudIn(serializers.StrictSerializer):
    is_needed = serializers.BooleanField()


class SkipItemIn(serializers.StrictSerializer):
    item = serializers.TextField(max_length=60)
    reason = serializers.TextField(max_length=400)


class MeetingIn(serializers.StrictSerializer):
    starts_at = serializers.DateTimeField()
    minutes = serializers.IntegerField(required=False, min_value=5, max_value=480)
    place = serializers.TextField(max_length=300, required=False, allow_blank=True)
    agenda = serializers.TextField(lines=True, max_length=50_000, required=False, allow_blank=True)
    customer_engineer_id = CleanId(cleaning.reference)
    technical_advisor_id = CleanId(cleaning.reference)
    account_executive_id = CleanId(cleaning.reference)
    implementation_engineer_id = CleanId(cleaning.reference)


class HandoffSettingsOut(serializers.StrictSerializer):
    support_level_days = serializers.IntegerField()
    ta_named_days = serializers.IntegerField()
    document_days = serializers.IntegerField()
    checklist_days = serializers.IntegerField()
    contact_roles_days = serializers.IntegerField()
    version = serializers.IntegerField()


def _days(words: str) -> Any:
    return serializers.IntegerField(required=False, min_value=0, max_value=LONGEST_LEAD, help_text=words)


class HandoffSettingsIn(serializers.StrictSerializer):
    support_level_days = _days("A deal is watched so many days before its close.")
    ta_named_days = _days("The technical advisor is named so many days before the close.")
    document_days = _days("The document is begun so many days before the close.")
    checklist_days = _days("The items of the engineer are due so many days after the deal is won.")
    contact_roles_days = _days("Contacts without a role are flagged so many days after the deal is won.")


class HandoffTemplateOut(serializers.StrictSerializer):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=HandoffTemplate.Kind.choices)
    number = serializers.IntegerField()
    body = serializers.CharField()
    note = serializers.CharField()
    created_at = serializers.DateTimeField()


class HandoffTemplateIn(serializers.StrictSerializer):
    kind = serializers.ChoiceField(choices=HandoffTemplate.Kind.choices)
    body = serializers.TextField(lines=True, max_length=50_000)
    note = serializers.TextField(max_length=300, required=False, allow_blank=True)
