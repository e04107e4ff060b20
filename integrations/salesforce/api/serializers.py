"""Shapes of connections and sync runs as the API says them. Credentials go in and never come out."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field

from cs_platform.people.api import StrictSerializer, serializers
from integrations.salesforce import connecting
from integrations.salesforce.models import Connection, SyncRun


class SettingsOut(StrictSerializer):
    field_map = serializers.DictField(child=serializers.CharField(allow_blank=True))
    interval_minutes = serializers.IntegerField()
    budget_share = serializers.FloatField()
    new_business_types = serializers.ListField(child=serializers.CharField(allow_blank=True))


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
        return dict(connection.settings)

    def get_api_calls_today(self, connection: Connection) -> int:
        return connecting.calls_today(connection, self.context["view"].now)


class SettingsIn(StrictSerializer):
    field_map = serializers.DictField(child=serializers.CharField(allow_blank=True, max_length=80), required=False)
    interval_minutes = serializers.IntegerField(min_value=1, max_value=1440, required=False)
    budget_share = serializers.FloatField(min_value=0.01, max_value=1, required=False)
    new_business_types = serializers.ListField(
        child=serializers.CharField(allow_blank=True, max_length=100), max_length=50, required=False
    )


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


class SyncRunOut(StrictSerializer):
    id = serializers.UUIDField()
    connection_id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=SyncRun.State.choices)
    full = serializers.BooleanField()
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
