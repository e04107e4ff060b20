"""Bodies of tasks/."""

from typing import Any

from accounts.api.fields import CleanDate, CleanId
from accounts.services import cleaning
from activities.models import Task
from cs_platform.people.api import serializers
from cs_platform.people.models import Role


class AssigneeOut(serializers.StrictSerializer):
    member = serializers.UUIDField(source="assignee_id", allow_null=True)
    role = serializers.CharField(allow_blank=True)


class SourceOut(serializers.StrictSerializer):
    kind = serializers.CharField(source="source_kind")
    id = serializers.CharField(source="source_id")
    part = serializers.CharField(source="source_part")


class TaskOut(serializers.StrictSerializer):
    id = serializers.UUIDField()
    title = serializers.CharField()
    description = serializers.CharField()
    account_id = serializers.UUIDField(allow_null=True)
    assignee = serializers.SerializerMethodField()
    due_date = serializers.DateField(allow_null=True)
    priority = serializers.ChoiceField(choices=Task.Priority.choices)
    state = serializers.ChoiceField(choices=Task.State.choices)
    position = serializers.IntegerField(help_text="The place in the checklist of what made it.")
    source = serializers.SerializerMethodField()  # type: ignore[assignment]
    outcome = serializers.CharField()
    closed_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    version = serializers.IntegerField()

    def get_assignee(self, task: Any) -> dict[str, Any]:
        """A member by id, or the role whose work it is."""
        return dict(AssigneeOut(task).data)

    def get_source(self, task: Any) -> dict[str, Any] | None:
        """What made the task; null if a person did."""
        return dict(SourceOut(task).data) if task.source_kind else None


class AssigneeIn(serializers.StrictSerializer):
    """A member by id, or a role; neither is nobody."""

    member = CleanId(cleaning.reference)
    role = serializers.ChoiceField(choices=Role.choices, required=False, allow_blank=True)


class TaskIn(serializers.StrictSerializer):
    title = serializers.TextField(max_length=200)
    description = serializers.TextField(lines=True, max_length=10_000, required=False, allow_blank=True)
    account_id = CleanId(cleaning.reference)
    assignee = AssigneeIn(required=False)
    due_date = CleanDate(cleaning.day)
    priority = serializers.ChoiceField(choices=Task.Priority.choices, required=False)


class OutcomeIn(serializers.StrictSerializer):
    outcome = serializers.TextField(max_length=500, required=False, allow_blank=True)


def values_of(typed: dict[str, Any]) -> dict[str, Any]:
    """What the services call the fields."""
    values = dict(typed)
    if "assignee" in values:
        given = values.pop("assignee")
        values |= {"assignee_id": given.get("member"), "role": given.get("role", "")}
    return values
