"""An account, its verbs and what they answer."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from accounts.api.fields import CleanCount, CleanDate, CleanId, CleanList, CleanMoney, CleanText, RuleField
from accounts.models import Account
from accounts.services import cleaning
from cs_platform.people.api import serializers

Extras = Mapping[str, Callable[[UUID], Any]]


class AccountIn(serializers.StrictSerializer):
    """What PATCH changes. The support level and the owner have verbs of their own."""

    name = CleanText(cleaning.ACCOUNT["name"], allow_null=False)
    external_id = CleanText(cleaning.ACCOUNT["external_id"])
    salesforce_id = CleanText(cleaning.salesforce_id)
    lms_id = CleanText(cleaning.ACCOUNT["lms_id"])
    recurly_id = CleanText(cleaning.ACCOUNT["recurly_id"])
    parent_id = CleanId(cleaning.reference)
    domains = CleanList(cleaning.domains)
    industry = CleanText(cleaning.ACCOUNT["industry"])
    country = CleanText(cleaning.country)
    region = CleanText(cleaning.ACCOUNT["region"])
    timezone = CleanText(cleaning.zone)
    employees = CleanCount(cleaning.count)
    developers = CleanCount(cleaning.count)
    arr = CleanMoney(cleaning.major, source="arr_minor")
    mrr = CleanMoney(cleaning.major, source="mrr_minor")
    currency = CleanText(cleaning.currency, allow_null=False)
    seats_purchased = CleanCount(cleaning.count)
    seats_used = CleanCount(cleaning.count)
    renewal_date = CleanDate(cleaning.day)
    product_version = CleanText(cleaning.ACCOUNT["product_version"])
    deployment = CleanText(cleaning.ACCOUNT["deployment"])
    account_type = CleanText(cleaning.ACCOUNT["account_type"])
    support_level = serializers.CharField(read_only=True)
    csm_id = serializers.UUIDField(read_only=True)


class NewAccountIn(AccountIn):
    name = CleanText(cleaning.ACCOUNT["name"], allow_null=False, required=True)
    support_level = CleanText(cleaning.ACCOUNT["support_level"])  # type: ignore[assignment]
    csm_id = CleanId(cleaning.reference)  # type: ignore[assignment]


class AccountOut(serializers.StrictSerializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    external_id = serializers.CharField(allow_null=True)
    salesforce_id = serializers.CharField(allow_null=True)
    lms_id = serializers.CharField(allow_null=True)
    recurly_id = serializers.CharField(allow_null=True)
    parent_id = serializers.UUIDField(allow_null=True)
    domains = serializers.ListField(child=serializers.CharField())
    industry = serializers.CharField()
    country = serializers.CharField()
    region = serializers.CharField()
    timezone = serializers.CharField()
    employees = serializers.IntegerField(allow_null=True)
    developers = serializers.IntegerField(allow_null=True)
    arr = serializers.MoneyField(allow_null=True)
    mrr = serializers.MoneyField(allow_null=True)
    currency = serializers.CharField()
    seats_purchased = serializers.IntegerField(allow_null=True)
    seats_used = serializers.IntegerField(allow_null=True)
    renewal_date = serializers.DateField(allow_null=True)
    product_version = serializers.CharField()
    deployment = serializers.CharField()
    account_type = serializers.CharField()
    support_level = serializers.CharField(allow_null=True)
    segment = serializers.CharField(allow_null=True)
    service_model = serializers.CharField(allow_null=True)
    csm_id = serializers.UUIDField(allow_null=True)
    owners = serializers.DictField(child=serializers.UUIDField())
    stages = serializers.DictField(help_text="Lifecycle key: stage, entered_at, days_in, status.")
    health = serializers.DictField(allow_null=True, help_text="score, colour")
    attributes = serializers.DictField()
    metrics = serializers.DictField()
    state = serializers.ChoiceField(choices=Account.State.choices)
    archived_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    version = serializers.IntegerField()


_AS_THEY_ARE = (
    "id", "name", "external_id", "salesforce_id", "lms_id", "recurly_id", "parent_id", "domains", "industry", "country",
    "region", "timezone", "employees", "developers", "currency", "seats_purchased", "seats_used", "renewal_date",
    "product_version", "deployment", "account_type", "csm_id", "state", "archived_at", "created_at", "updated_at",
    "version",
)  # fmt: skip


def account_body(row: Mapping[str, Any], extras: Extras) -> dict[str, Any]:
    """An account as the API answers it, from a row of `selectors.account_rows`. Plain Python: a list of 200 costs what
    its query costs."""
    body = {name: row[name] for name in _AS_THEY_ARE}
    body["arr"], body["mrr"] = money(row["arr_minor"]), money(row["mrr_minor"])
    body["support_level"] = row["support_level_name"]
    body["segment"], body["service_model"] = row["segment"] or None, row["service_model"] or None
    body["owners"] = {"csm": row["csm_id"]} if row["csm_id"] else {}
    for name, value in extras.items():
        body[name] = value(row["id"])
    return body


def row_of(account: Account) -> dict[str, Any]:
    """The same row from an object."""
    row = {name: getattr(account, name) for name in (*_AS_THEY_ARE, "arr_minor", "mrr_minor", "segment")}
    row["service_model"] = account.service_model
    row["support_level_name"] = account.support_level.name if account.support_level else None
    return row


def money(minor: int | None) -> str | None:
    return None if minor is None else f"{Decimal(minor) / 100:.2f}"


class SupportLevelOfAccountIn(serializers.StrictSerializer):
    support_level = CleanText(cleaning.ACCOUNT["support_level"], required=True, help_text="A name, or null to clear.")
    note = CleanText(cleaning.optional(500))


class OwnerIn(serializers.StrictSerializer):
    csm_id = CleanId(cleaning.reference, required=True, help_text="A member, or null for nobody.")
    note = CleanText(cleaning.optional(500))


class ReasonIn(serializers.StrictSerializer):
    reason = CleanText(cleaning.needed(500), required=True, allow_null=False)


class BulkIn(serializers.StrictSerializer):
    rows = serializers.ListField(child=serializers.JSONField(), allow_empty=False, max_length=5000)


class BulkRowErrorOut(serializers.StrictSerializer):
    field = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()


class BulkRowResultOut(serializers.StrictSerializer):
    row = serializers.IntegerField()
    id = serializers.UUIDField(allow_null=True)
    result = serializers.ChoiceField(choices=["created", "updated", "unchanged", "rejected"])
    errors = BulkRowErrorOut(many=True)  # type: ignore[assignment]


class BulkOut(serializers.StrictSerializer):
    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    rejected = serializers.IntegerField()
    results = BulkRowResultOut(many=True)


class TimelineActorOut(serializers.StrictSerializer):
    kind = serializers.CharField(source="actor_kind")
    name = serializers.CharField(source="actor")


class TimelineOut(serializers.StrictSerializer):
    id = serializers.CharField()
    at = serializers.DateTimeField()
    actor = TimelineActorOut(source="*")
    verb = serializers.CharField()
    sentence = serializers.CharField()
    object_type = serializers.CharField()
    object_id = serializers.CharField()
    changes = serializers.JSONField()
    note = serializers.CharField()
    door = serializers.CharField()


class SegmentExplanationOut(serializers.StrictSerializer):
    segment = serializers.CharField()
    service_model = serializers.CharField()
    words = serializers.CharField()
    service_model_words = serializers.CharField()
    inputs = serializers.JSONField()
    rule = serializers.CharField()
    version = serializers.IntegerField(allow_null=True)
    published_at = serializers.DateTimeField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    override = serializers.JSONField(
        allow_null=True, help_text="What a person has set instead, and what the rules say."
    )


class SegmentPreviewIn(serializers.StrictSerializer):
    rule = RuleField()


class SegmentPreviewOut(serializers.StrictSerializer):
    count = serializers.IntegerField()
    sample = AccountOut(many=True)
    explained = serializers.CharField()
