"""A change of many accounts: asked, looked at, confirmed."""

from accounts.api.fields import CleanId, CleanText, RuleField
from accounts.api.shapes.accounts import AccountIn
from accounts.services import cleaning
from accounts.services.bulk import MAX_ROWS
from cs_platform.people.api import serializers


class BulkChoiceIn(serializers.StrictSerializer):
    """Which accounts, and whether it is only looked at. Confirming needs the fingerprint that looking answered."""

    account_ids = serializers.ListField(child=serializers.UUIDField(), max_length=MAX_ROWS, required=False)
    filter = RuleField(required=False, help_text="A rule; the managed accounts that it selects.")
    dry_run = serializers.BooleanField(default=True)
    fingerprint = serializers.UUIDField(required=False, help_text="Of the preview that is confirmed.")
    note = CleanText(cleaning.optional(500))


class BulkSupportLevelIn(BulkChoiceIn):
    salesforce_ids = serializers.ListField(
        child=serializers.CharField(max_length=18),
        max_length=MAX_ROWS,
        required=False,
        help_text="Accounts that only Salesforce knows: they come here with their level.",
    )
    support_level = CleanText(cleaning.ACCOUNT["support_level"], help_text="A name, or null to clear.")


class BulkValuesIn(AccountIn):
    """What every account gets. Names and ids are each account's own."""

    name = serializers.CharField(read_only=True)  # type: ignore[assignment]
    external_id = serializers.CharField(read_only=True)  # type: ignore[assignment]
    salesforce_id = serializers.CharField(read_only=True)  # type: ignore[assignment]
    lms_id = serializers.CharField(read_only=True)  # type: ignore[assignment]
    recurly_id = serializers.CharField(read_only=True)  # type: ignore[assignment]
    domains = serializers.ListField(child=serializers.CharField(), read_only=True)  # type: ignore[assignment]
    support_level = CleanText(cleaning.ACCOUNT["support_level"])  # type: ignore[assignment]
    csm_id = CleanId(cleaning.reference)  # type: ignore[assignment]


class BulkUpdateIn(BulkChoiceIn):
    change = BulkValuesIn(required=False)


class BulkStepOut(serializers.StrictSerializer):
    what = serializers.CharField(help_text="level, segment, service_model, stage, mail, owner, state, effect, …")
    before = serializers.CharField()
    after = serializers.CharField()
    accounts = serializers.IntegerField()
    number = serializers.IntegerField(help_text="Of mail: people; of effects: how often.")


class BulkChangeRowOut(serializers.StrictSerializer):
    account_id = serializers.UUIDField(allow_null=True)
    salesforce_id = serializers.CharField()
    name = serializers.CharField()
    result = serializers.ChoiceField(choices=["changed", "unchanged", "stale", "refused", "gone"])
    reason = serializers.CharField()
    before = serializers.JSONField()
    after = serializers.JSONField(help_text="What differs afterwards.")
    effects = serializers.JSONField(help_text="What else is written about the account, by verb.")


class BulkChangeOut(serializers.StrictSerializer):
    fingerprint = serializers.UUIDField()
    applied_at = serializers.DateTimeField(allow_null=True)
    changed = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    stale = serializers.IntegerField()
    refused = serializers.IntegerField()
    gone = serializers.IntegerField()
    summary = BulkStepOut(many=True)
    results = BulkChangeRowOut(many=True)
