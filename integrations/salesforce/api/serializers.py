"""Shapes of connections and sync runs as the API says them. Credentials go in and never come out."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field

from cs_platform.people.api import StrictSerializer, serializers
from integrations.salesforce import comparing, connecting, mapping
from integrations.salesforce.models import Connection, SyncRun, default_settings


class SettingsOut(StrictSerializer):
    field_map = serializers.DictField(child=serializers.CharField(allow_blank=True))
    interval_minutes = serializers.IntegerField()
    budget_share = serializers.FloatField()
    new_business_types = serializers.ListField(child=serializers.CharField(allow_blank=True))
    compare_nightly = serializers.BooleanField()
    directions = serializers.DictField(child=serializers.CharField())
    master = serializers.DictField(child=serializers.CharField())
    write_map = serializers.DictField(child=serializers.CharField(allow_blank=True))


class CredentialOut(StrictSerializer):
    last4 = serializers.CharField(allow_blank=True)
    set_at = serializers.DateTimeField()


class ConnectionOut(StrictSerializer):
    id = serializers.UUIDField()
    kind = serializers.CharField()
    name = serializers.CharField()
    state = serializers.CharField()
    state_reason = serializers.CharField()
    auth = serializers.CharField()
    login_url = serializers.CharField()
    credentials = serializers.SerializerMethodField()
    settings = serializers.SerializerMethodField()
    last_synced_at = serializers.DateTimeField(source="last_done_at", allow_null=True)
    on_hold_until = serializers.DateTimeField(source="hold_until", allow_null=True)
    api_calls_today = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    version = serializers.IntegerField()

    @extend_schema_field(serializers.DictField(child=CredentialOut()))
    def get_credentials(self, connection: Connection) -> dict[str, Any]:
        return dict(connection.hints)

    @extend_schema_field(SettingsOut)
    def get_settings(self, connection: Connection) -> dict[str, Any]:
        return {**default_settings(), **connection.settings}

    def get_api_calls_today(self, connection: Connection) -> int:
        return connecting.calls_today(connection, self.context["view"].now)


class SettingsIn(StrictSerializer):
    field_map = serializers.DictField(child=serializers.CharField(allow_blank=True, max_length=80), required=False)
    interval_minutes = serializers.IntegerField(min_value=1, max_value=1440, required=False)
    budget_share = serializers.FloatField(min_value=0.01, max_value=1, required=False)
    new_business_types = serializers.ListField(
        child=serializers.CharField(allow_blank=True, max_length=100), max_length=50, required=False
    )
    compare_nightly = serializers.BooleanField(required=False)
    directions = serializers.DictField(child=serializers.CharField(max_length=10), required=False)
    master = serializers.DictField(child=serializers.CharField(max_length=10), required=False)
    write_map = serializers.DictField(child=serializers.CharField(allow_blank=True, max_length=80), required=False)


class ConnectionIn(StrictSerializer):
    kind = serializers.ChoiceField(choices=["salesforce"], required=False)
    name = serializers.TextField(max_length=100, required=False)
    auth = serializers.ChoiceField(choices=Connection.Auth.choices)
    login_url = serializers.TextField(max_length=255)
    settings = SettingsIn(required=False)
    client_id = serializers.CharField(max_length=1000, required=False, write_only=True)
    client_secret = serializers.CharField(max_length=1000, required=False, write_only=True)
    username = serializers.CharField(max_length=255, required=False, write_only=True)
    password = serializers.CharField(max_length=1000, required=False, write_only=True, trim_whitespace=False)
    security_token = serializers.CharField(max_length=255, required=False, write_only=True)
    private_key = serializers.CharField(max_length=20000, required=False, write_only=True)
    refresh_token = serializers.CharField(max_length=4000, required=False, write_only=True)


class SyncIn(StrictSerializer):
    full = serializers.BooleanField(required=False, default=False)
    compare = serializers.BooleanField(required=False, default=False)
    takes_missing = serializers.BooleanField(required=False, default=False)


class MappingPreviewIn(StrictSerializer):
    sobject = serializers.ChoiceField(choices=list(mapping.SOBJECTS))
    field_map = serializers.DictField(child=serializers.CharField(allow_blank=True, max_length=80), required=False)


class PreviewColumnOut(StrictSerializer):
    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    source = serializers.CharField()  # type: ignore[assignment]


class PreviewCellOut(StrictSerializer):
    raw = serializers.CharField(allow_blank=True)
    ours = serializers.CharField(allow_blank=True)
    problem = serializers.CharField(allow_blank=True)


class PreviewRowOut(StrictSerializer):
    salesforce_id = serializers.CharField()
    cells = PreviewCellOut(many=True)


class MappingPreviewOut(StrictSerializer):
    ok = serializers.BooleanField()
    message = serializers.CharField(allow_blank=True)
    columns = PreviewColumnOut(many=True)
    rows = PreviewRowOut(many=True)


class TestOut(StrictSerializer):
    ok = serializers.BooleanField()
    message = serializers.CharField()
    warnings = serializers.ListField(child=serializers.CharField())


class RowErrorOut(StrictSerializer):
    sobject = serializers.CharField()
    row = serializers.CharField()
    field = serializers.CharField()
    message = serializers.CharField()


class RemainsOut(StrictSerializer):
    sobject = serializers.CharField()
    reason = serializers.CharField()
    count = serializers.IntegerField()
    who = serializers.CharField(allow_blank=True)


class DriftOut(StrictSerializer):
    compared = serializers.IntegerField()
    missed = serializers.IntegerField()
    unstamped = serializers.IntegerField()
    returned = serializers.IntegerField()
    gone = serializers.IntegerField()
    share = serializers.FloatField()


class SyncRunOut(StrictSerializer):
    id = serializers.UUIDField()
    connection_id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=SyncRun.State.choices)
    kind = serializers.ChoiceField(choices=SyncRun.Kind.choices)
    full = serializers.BooleanField()
    drift = serializers.SerializerMethodField()
    expected = serializers.IntegerField(allow_null=True)
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    read = serializers.IntegerField()
    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    archived = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    waiting = serializers.IntegerField()
    rejected = serializers.IntegerField()
    api_calls = serializers.IntegerField()
    error = serializers.CharField()
    warnings = serializers.ListField(child=serializers.CharField())
    row_errors = RowErrorOut(many=True)
    remains = RemainsOut(many=True)

    @extend_schema_field(DriftOut(allow_null=True))
    def get_drift(self, run: SyncRun) -> dict[str, Any] | None:
        if run.kind != SyncRun.Kind.NIGHTLY:
            return None
        return {**comparing.total(run), "share": comparing.share(run)}
