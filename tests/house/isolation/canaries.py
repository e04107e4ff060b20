"""A word of each organisation in every text that it stores. Whoever reads another's text reads the word.

Written by the owner of the tables with the triggers off: append-only rows get it as well.
"""

import os
from collections.abc import Iterator
from typing import Any

import psycopg2
from django.contrib.postgres.fields import ArrayField
from django.db import models
from psycopg2 import sql

from tests.house.isolation.world import Organisation, tenant_models

# Texts that are words of the code or have a form of their own: a canary there would break what it is meant to watch.
NO_CANARY = {
    "a word of the code": (
        "kind verb object_type object_id actor_kind actor_id door state reason category lifecycle.Lifecycle.key "
        "campaigns.SeriesRun.tzdata shipped_key auth source rule provider roles scopes weekdays audience_roles sobject "
        "ledger.FactRow.name salesforce.SyncRun.done_objects salesforce.SyncRun.reread holiday_country account_type "
        "deployment ledger.AuditCall.request_id success_flow holidays status segment service_model actor calendar "
        "accounts.SegmentationRules.rules lifecycle.AccountLifecycle.stage_name accounts.Decision.rule "
        "lifecycle.Stage.key lifecycle.Stage.name accounts.SupportLevel.name salesforce.Connection.login_attempts "
        "activities.Task.source_kind activities.Task.source_id activities.Task.source_part "
        "salesforce.Write.written salesforce.Write.over_value salesforce.Conflict.base "
        "accounts.BulkChange.change accounts.BulkChange.rows accounts.BulkChange.summary "
        "lifecycle.StageInterval.source salesforce.SyncRun.remains salesforce.SyncRun.row_errors order_key"
    ),
    "a hash, a secret or a signature": (
        "digest prefix body_digest fingerprint sealed_secret secrets master wrapped address_key installation_id "
        "dedupe_key lease_holder message_id"
    ),
    "it has a form": (
        "timezone zone currency brand_colour logo_type login_url local_time country at_id salesforce_id sf_id "
        "account_ref org_id job_id job_locator salesforce.SyncRun.drift sender_email reply_to domains slug "
        "holiday_subdivision people.IdempotencyRecord.key "
        "people.IdempotencyRecord.route people.IdempotencyRecord.answer people.Invitation.email"
    ),
}
EXEMPT = {name for names in NO_CANARY.values() for name in names.split()}
TEXTS = (models.CharField, models.TextField, models.JSONField, ArrayField)


def word(made: Organisation) -> str:
    return f"canary{made.tenant.slug}"


def texts(model: Any) -> Iterator[Any]:
    """The fields of a model that hold what people or other systems write."""
    for field in model._meta.local_fields:
        named = {field.name, f"{model._meta.label}.{field.name}"}
        of_text = not isinstance(field, ArrayField) or isinstance(field.base_field, models.CharField)
        if isinstance(field, TEXTS) and of_text and not field.choices and not named & EXEMPT:
            yield field


def connect() -> Any:
    """As the owner of the tables, whom row-level security binds as well."""
    return psycopg2.connect(os.environ["DATABASE_OWNER_URL"])


def put(made: Organisation) -> None:
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.tenant_id', %s, false)", [str(made.tenant.pk)])
        for model in tenant_models():
            _put_into(cursor, model, word(made), sql.SQL("true"))
        from cs_platform.people.models import User
        from cs_platform.tenancy.models import Tenant

        _put_into(cursor, Tenant, word(made), sql.SQL("id = {}").format(sql.Literal(made.tenant.pk)))
        mine = sql.SQL("id IN (SELECT user_id FROM people_membership) AND email NOT LIKE {}")
        _put_into(cursor, User, word(made), mine.format(sql.Literal(word(made) + "%")))
    connection.close()


def _put_into(cursor: Any, model: Any, canary: str, which: sql.Composable) -> None:
    table = sql.Identifier(model._meta.db_table)
    changes = [_change(field, canary) for field in texts(model) if field.name not in ("password", "last_login")]
    if not changes:
        return
    cursor.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(table))
    cursor.execute(sql.SQL("UPDATE {} SET {} WHERE {}").format(table, sql.SQL(", ").join(changes), which))
    cursor.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(table))


def _change(field: Any, canary: str) -> sql.Composable:
    column = sql.Identifier(field.column)
    if isinstance(field, models.JSONField):
        value = sql.SQL(
            "CASE jsonb_typeof({0}) WHEN 'object' THEN"
            " {0} || jsonb_build_object({1}::text, jsonb_build_array('', {1}::text))"
            " WHEN 'array' THEN {0} || to_jsonb({1}::text) WHEN 'string' THEN to_jsonb({1}::text) ELSE {0} END"
        ).format(column, sql.Literal(canary))
    elif isinstance(field, ArrayField):
        value = sql.SQL("{} || {}::varchar").format(column, sql.Literal(canary))
    elif field.max_length and field.max_length < len(canary) + 2:
        value = sql.SQL("left({}, {})").format(sql.Literal(canary), sql.Literal(field.max_length))
    else:
        value = sql.SQL("left({} || '-' || coalesce({}, ''), {})").format(
            sql.Literal(canary), column, sql.Literal(field.max_length or 100_000)
        )
    return sql.SQL("{} = {}").format(column, value)


def without(made: Organisation) -> list[str]:
    """Fields of which no row holds the word; and tables without a row, in which nothing could be seen."""
    missing = []
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.tenant_id', %s, false)", [str(made.tenant.pk)])
        for model in tenant_models():
            table = sql.Identifier(model._meta.db_table)
            cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(table))
            if not cursor.fetchone()[0]:
                missing.append(model._meta.label)
            for field in texts(model):
                short = word(made)[: min(field.max_length or 100, len(word(made)))]
                statement = sql.SQL("SELECT count(*) FROM {} WHERE {}::text LIKE {}")
                cursor.execute(statement.format(table, sql.Identifier(field.column), sql.Literal(f"%{short}%")))
                if not cursor.fetchone()[0]:
                    missing.append(f"{model._meta.label}.{field.name}")
    connection.close()
    return missing
