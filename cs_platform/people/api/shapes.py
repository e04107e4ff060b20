"""Bodies of the resources of people."""

from typing import Any

from cs_platform.people.api import serializers
from cs_platform.people.models import Role
from cs_platform.people.permissions import SCOPES


class MemberOut(serializers.StrictSerializer):
    id = serializers.UUIDField()
    name = serializers.CharField(source="user.name")
    email = serializers.CharField(source="user.email")
    roles = serializers.ListField(child=serializers.CharField())
    teams = serializers.SerializerMethodField()
    active = serializers.BooleanField(source="is_active")
    created_at = serializers.DateTimeField()
    version = serializers.IntegerField()

    def get_teams(self, member: Any) -> list[str]:
        return []


class MemberIn(serializers.StrictSerializer):
    roles = serializers.ListField(child=serializers.ChoiceField(choices=Role.choices), allow_empty=False, max_length=12)


class InvitationOut(serializers.StrictSerializer):
    id = serializers.UUIDField()
    email = serializers.CharField()
    roles = serializers.ListField(child=serializers.CharField())
    expires_at = serializers.DateTimeField()
    accepted_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class InvitationIn(serializers.StrictSerializer):
    email = serializers.EmailField()
    roles = serializers.ListField(child=serializers.ChoiceField(choices=Role.choices), allow_empty=False, max_length=12)


class KeyOut(serializers.StrictSerializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    prefix = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    created_by_id = serializers.UUIDField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class NewKeyOut(KeyOut):
    key = serializers.CharField(allow_null=True, help_text="The key itself: shown in this answer and never again.")


class KeyIn(serializers.StrictSerializer):
    name = serializers.TextField(max_length=100)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=list(SCOPES.items())), allow_empty=False, max_length=40
    )
    expires_at = serializers.DateTimeField(required=False, allow_null=True)


class NothingIn(serializers.StrictSerializer):
    """A verb without arguments; a body with fields is refused."""


class AuditActorOut(serializers.StrictSerializer):
    kind = serializers.CharField(source="actor_kind")
    id = serializers.CharField(source="actor_id")
    name = serializers.CharField(source="actor_words")


class AuditOut(serializers.StrictSerializer):
    id = serializers.CharField()
    at = serializers.DateTimeField(source="call.at")
    actor = AuditActorOut(source="call")
    verb = serializers.CharField()
    object_type = serializers.CharField()
    object_id = serializers.CharField()
    object_name = serializers.CharField(source="object_words")
    account_id = serializers.UUIDField(allow_null=True)
    changes = serializers.JSONField()
    note = serializers.CharField(source="call.note")
    door = serializers.CharField(source="call.door")
    hash = serializers.SerializerMethodField()

    def get_hash(self, row: Any) -> str:
        value = row.call.hash
        return value if isinstance(value, str) else bytes(value or b"").hex()


class ChangeOut(serializers.StrictSerializer):
    cursor = serializers.CharField(source="position")
    type = serializers.CharField(source="name")
    at = serializers.DateTimeField()
    data = serializers.JSONField(source="payload")  # type: ignore[assignment]
