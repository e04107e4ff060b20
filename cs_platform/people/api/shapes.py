"""Bodies of the resources of people."""

from typing import Any

from cs_platform.people.api import serializers
from cs_platform.people.models import Role
from cs_platform.people.permissions import SCOPES
from cs_platform.tenancy.models import Tenant


class TeamOfMemberOut(serializers.StrictSerializer):
    id = serializers.UUIDField(source="team_id")
    name = serializers.CharField(source="team.name")
    lead = serializers.BooleanField(source="is_lead")


class MemberOut(serializers.StrictSerializer):
    id = serializers.UUIDField()
    name = serializers.CharField(source="user.name")
    email = serializers.CharField(source="user.email")
    roles = serializers.ListField(child=serializers.CharField())
    teams = TeamOfMemberOut(source="places", many=True)
    active = serializers.BooleanField(source="is_active")
    last_seen_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    version = serializers.IntegerField()


class MemberIn(serializers.StrictSerializer):
    roles = serializers.ListField(child=serializers.ChoiceField(choices=Role.choices), allow_empty=False, max_length=12)


class DeactivateIn(serializers.StrictSerializer):
    plan = serializers.DictField(
        child=serializers.TextField(max_length=40),
        required=False,
        help_text="For each kind of thing that the member owns: the id of the member who takes over, or `unassign`.",
    )


class BelongingOut(serializers.StrictSerializer):
    kind = serializers.CharField(source="belonging.kind")
    label = serializers.CharField(source="belonging.label")  # type: ignore[assignment]
    count = serializers.IntegerField()
    can_be_unassigned = serializers.BooleanField(source="belonging.without")


class BelongingsOut(serializers.StrictSerializer):
    belongings = BelongingOut(many=True)


class TeamMemberOut(serializers.StrictSerializer):
    member_id = serializers.UUIDField()
    name = serializers.CharField(source="member.user.name")
    lead = serializers.BooleanField(source="is_lead")


class TeamOut(serializers.StrictSerializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    description = serializers.CharField()
    members = TeamMemberOut(source="places", many=True)
    archived_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    version = serializers.IntegerField()


class TeamIn(serializers.StrictSerializer):
    name = serializers.TextField(max_length=100)
    description = serializers.TextField(max_length=500, lines=True, required=False, allow_blank=True)


class TeamPlaceIn(serializers.StrictSerializer):
    member_id = serializers.UUIDField()
    lead = serializers.BooleanField(default=False)


class TeamMembersIn(serializers.StrictSerializer):
    members = TeamPlaceIn(many=True, max_length=500)  # type: ignore[call-arg]


class OrganisationOut(serializers.StrictSerializer):
    slug = serializers.CharField()
    name = serializers.CharField()
    timezone = serializers.CharField()
    holiday_country = serializers.CharField()
    holiday_subdivision = serializers.CharField()
    own_holidays = serializers.ListField(child=serializers.DateField())
    sender_name = serializers.CharField()
    sender_email = serializers.CharField()
    reply_to = serializers.CharField()
    postal_address = serializers.CharField()
    brand_colour = serializers.CharField()
    second_factor = serializers.CharField()
    has_logo = serializers.BooleanField(source="logo_type")
    version = serializers.IntegerField()


class OrganisationIn(serializers.StrictSerializer):
    name = serializers.TextField(max_length=100)
    timezone = serializers.TextField(max_length=80)
    holiday_country = serializers.TextField(max_length=2, allow_blank=True, help_text="A code like DE, or empty.")
    holiday_subdivision = serializers.TextField(max_length=10, allow_blank=True)
    own_holidays = serializers.ListField(child=serializers.DateField(), max_length=200)
    sender_name = serializers.TextField(max_length=100, allow_blank=True)
    sender_email = serializers.TextField(max_length=254, allow_blank=True)
    reply_to = serializers.TextField(max_length=254, allow_blank=True)
    postal_address = serializers.TextField(max_length=300, lines=True, allow_blank=True)
    brand_colour = serializers.TextField(max_length=7, allow_blank=True, help_text="Like #2457c5.")
    second_factor = serializers.ChoiceField(choices=Tenant.SecondFactor.choices)


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
