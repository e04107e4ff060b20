"""Contacts, deals and alerts."""

from typing import Any

from accounts.api.fields import CleanId, CleanList, CleanText
from accounts.models import ContactRole
from accounts.services import cleaning
from cs_platform.people.api import serializers


class ContactIn(serializers.StrictSerializer):
    name = CleanText(cleaning.CONTACT["name"])
    first_name = CleanText(cleaning.CONTACT["first_name"])
    last_name = CleanText(cleaning.CONTACT["last_name"])
    email = CleanText(cleaning.email)
    phone = CleanText(cleaning.CONTACT["phone"])
    title = CleanText(cleaning.CONTACT["title"])
    timezone = CleanText(cleaning.zone)
    salesforce_id = CleanText(cleaning.salesforce_id)
    is_active = serializers.BooleanField(required=False)
    account_id = serializers.UUIDField(read_only=True)
    roles = serializers.ListField(child=serializers.CharField(), read_only=True)


class NewContactIn(ContactIn):
    account_id = CleanId(cleaning.reference, required=True, allow_null=False)  # type: ignore[assignment]
    roles = CleanList(cleaning.roles)  # type: ignore[assignment]


class RolesIn(serializers.StrictSerializer):
    roles = CleanList(cleaning.roles, required=True, allow_null=False, help_text=", ".join(ContactRole.values))


class ContactOut(serializers.StrictSerializer):
    id = serializers.UUIDField()
    account_id = serializers.UUIDField()
    name = serializers.CharField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    email = serializers.CharField()
    phone = serializers.CharField()
    title = serializers.CharField()
    roles = serializers.ListField(child=serializers.ChoiceField(choices=ContactRole.choices))
    is_instance_admin = serializers.BooleanField(help_text="Whether the roles name Instance Admin.")
    timezone = serializers.CharField()
    salesforce_id = serializers.CharField(allow_null=True)
    is_active = serializers.BooleanField()
    subscribed = serializers.SerializerMethodField(help_text="Category: true or false.")
    suppressed = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    version = serializers.IntegerField()

    def get_subscribed(self, contact: Any) -> dict[str, bool]:
        return dict(self.context["extras"]["subscribed"](contact.pk)) if "extras" in self.context else {}

    def get_suppressed(self, contact: Any) -> bool:
        return bool(self.context["extras"]["suppressed"](contact.pk)) if "extras" in self.context else False


class OpportunityOut(serializers.StrictSerializer):
    id = serializers.UUIDField()
    account_id = serializers.UUIDField()
    name = serializers.CharField()
    type = serializers.CharField()
    stage = serializers.CharField()
    amount = serializers.MoneyField(source="amount_minor", allow_null=True)
    currency = serializers.CharField()
    close_date = serializers.DateField(allow_null=True)
    is_closed = serializers.BooleanField()
    is_won = serializers.BooleanField()
    is_new_business = serializers.BooleanField()
    won_at = serializers.DateTimeField(allow_null=True)
    owner_id = serializers.UUIDField(allow_null=True)
    salesforce_id = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    version = serializers.IntegerField()


class AlertOut(serializers.StrictSerializer):
    id = serializers.UUIDField()
    account_id = serializers.UUIDField()
    kind = serializers.CharField()
    message = serializers.CharField()
    raised_at = serializers.DateTimeField()
    cleared_at = serializers.DateTimeField(allow_null=True)
