"""Bodies of instances/."""

from typing import Any

from accounts.api.fields import CleanId, CleanText
from accounts.models import Instance
from accounts.services import cleaning
from accounts.services.instances import INSTANCE
from cs_platform.people.api import serializers


class InstanceAdminOut(serializers.StrictSerializer):
    contact_id = serializers.UUIDField()
    name = serializers.CharField(source="contact.name")


class InstanceOut(serializers.StrictSerializer):
    id = serializers.UUIDField()
    account_id = serializers.UUIDField()
    name = serializers.CharField()
    url = serializers.CharField()
    kind = serializers.ChoiceField(choices=Instance.Kind.choices)
    deployment = serializers.ChoiceField(choices=Instance.Deployment.choices, allow_blank=True)
    external_id = serializers.CharField(allow_null=True)
    admins = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    version = serializers.IntegerField()

    def get_admins(self, instance: Any) -> list[dict[str, Any]]:
        """The contacts who look after it: `contact_id` and `name`."""
        return list(InstanceAdminOut(instance.mapping, many=True).data)


class InstanceIn(serializers.StrictSerializer):
    name = CleanText(INSTANCE["name"], allow_null=False)
    url = CleanText(INSTANCE["url"])
    kind = serializers.ChoiceField(choices=Instance.Kind.choices, required=False)
    deployment = serializers.ChoiceField(choices=Instance.Deployment.choices, required=False, allow_blank=True)
    external_id = CleanText(INSTANCE["external_id"])


class NewInstanceIn(InstanceIn):
    account_id = CleanId(cleaning.reference, required=True, allow_null=False)
    contact_ids = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=100)


class InstanceAdminsIn(serializers.StrictSerializer):
    contact_ids = serializers.ListField(child=serializers.UUIDField(), max_length=100)
