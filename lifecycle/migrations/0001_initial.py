import datetime

import django.db.models.deletion
import django.db.models.functions.text
import pgtrigger.compiler
import pgtrigger.migrations
import uuid_utils.compat
from django.db import migrations, models

import cs_platform.tenancy.fields
import lifecycle.models.standing
from cs_platform.tenancy.operations import Isolate


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
        ("tenancy", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Lifecycle",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("key", models.CharField(max_length=60)),
                ("name", models.CharField(max_length=100)),
                ("position", models.PositiveIntegerField(default=0)),
                ("is_default", models.BooleanField(default=False)),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                (
                    "tenant",
                    cs_platform.tenancy.fields.OwnerField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Stage",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("key", models.CharField(max_length=60)),
                ("name", models.CharField(max_length=100)),
                ("position", models.PositiveIntegerField(default=0)),
                ("is_end", models.BooleanField(default=False)),
                ("expected_days", models.PositiveIntegerField(blank=True, null=True)),
                ("description", models.CharField(blank=True, default="", max_length=500)),
                ("is_active", models.BooleanField(default=True)),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                (
                    "lifecycle",
                    cs_platform.tenancy.fields.TenantFK(
                        on_delete=django.db.models.deletion.PROTECT, related_name="stages", to="lifecycle.lifecycle"
                    ),
                ),
                (
                    "tenant",
                    cs_platform.tenancy.fields.OwnerField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="AccountLifecycle",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("stage_name", models.CharField(max_length=100)),
                ("stage_is_end", models.BooleanField(default=False)),
                ("entered_at", models.DateTimeField()),
                ("since", models.DateTimeField()),
                ("clock_from", models.DateTimeField(null=True)),
                ("clock_shown", models.DurationField(default=datetime.timedelta)),
                ("left_at", models.DateTimeField(null=True)),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                (
                    "account",
                    cs_platform.tenancy.fields.TenantFK(
                        on_delete=django.db.models.deletion.CASCADE, related_name="lifecycles", to="accounts.account"
                    ),
                ),
                (
                    "tenant",
                    cs_platform.tenancy.fields.OwnerField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+"
                    ),
                ),
                (
                    "lifecycle",
                    cs_platform.tenancy.fields.TenantFK(
                        on_delete=django.db.models.deletion.PROTECT, related_name="standings", to="lifecycle.lifecycle"
                    ),
                ),
                (
                    "stage",
                    lifecycle.models.standing.StageKeyField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="standings", to="lifecycle.stage"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="StageInterval",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("stay_from", models.DateTimeField()),
                ("entered_at", models.DateTimeField()),
                ("left_at", models.DateTimeField(null=True)),
                ("recorded_at", models.DateTimeField()),
                ("counted", models.BooleanField(default=True)),
                ("reason", models.CharField(blank=True, default="", max_length=1000)),
                ("actor", models.CharField(blank=True, default="", max_length=200)),
                ("source", models.CharField(blank=True, default="", max_length=20)),
                ("rule", models.CharField(blank=True, default="", max_length=60)),
                ("evidence", models.JSONField(default=dict)),
                (
                    "account",
                    cs_platform.tenancy.fields.TenantFK(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.account"
                    ),
                ),
                (
                    "lifecycle",
                    cs_platform.tenancy.fields.TenantFK(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="lifecycle.lifecycle"
                    ),
                ),
                (
                    "stage",
                    cs_platform.tenancy.fields.TenantFK(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="lifecycle.stage"
                    ),
                ),
                (
                    "tenant",
                    cs_platform.tenancy.fields.OwnerField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="StageMove",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("needs_reason", models.BooleanField(default=False)),
                (
                    "lifecycle",
                    cs_platform.tenancy.fields.TenantFK(
                        on_delete=django.db.models.deletion.CASCADE, related_name="moves", to="lifecycle.lifecycle"
                    ),
                ),
                (
                    "source",
                    cs_platform.tenancy.fields.TenantFK(
                        on_delete=django.db.models.deletion.CASCADE, related_name="ways_out", to="lifecycle.stage"
                    ),
                ),
                (
                    "target",
                    cs_platform.tenancy.fields.TenantFK(
                        on_delete=django.db.models.deletion.CASCADE, related_name="ways_in", to="lifecycle.stage"
                    ),
                ),
                (
                    "tenant",
                    cs_platform.tenancy.fields.OwnerField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+"
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="lifecycle",
            constraint=models.UniqueConstraint(fields=("tenant", "key"), name="lifecycle_key_once"),
        ),
        migrations.AddConstraint(
            model_name="lifecycle",
            constraint=models.UniqueConstraint(
                models.F("tenant"), django.db.models.functions.text.Lower("name"), name="lifecycle_name_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="lifecycle",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_default", True)), fields=("tenant",), name="lifecycle_one_default"
            ),
        ),
        migrations.AddConstraint(
            model_name="lifecycle",
            constraint=models.CheckConstraint(
                condition=models.Q(("key__regex", "^[a-z0-9]+(_[a-z0-9]+)*$")), name="lifecycle_key_is_slug"
            ),
        ),
        migrations.AddConstraint(
            model_name="stage",
            constraint=models.UniqueConstraint(fields=("tenant", "lifecycle", "key"), name="stage_key_once"),
        ),
        migrations.AddConstraint(
            model_name="stage",
            constraint=models.UniqueConstraint(
                models.F("tenant"),
                models.F("lifecycle"),
                django.db.models.functions.text.Lower("name"),
                name="stage_name_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="stage",
            constraint=models.CheckConstraint(condition=models.Q(("name", ""), _negated=True), name="stage_has_name"),
        ),
        migrations.AddConstraint(
            model_name="stage",
            constraint=models.CheckConstraint(
                condition=models.Q(("key__regex", "^[a-z0-9]+(_[a-z0-9]+)*$")), name="stage_key_is_slug"
            ),
        ),
        migrations.AddConstraint(
            model_name="stage",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("expected_days__isnull", True), ("expected_days__range", (1, 3650)), _connector="OR"
                ),
                name="stage_expected_days",
            ),
        ),
        migrations.AddIndex(
            model_name="accountlifecycle",
            index=models.Index(
                condition=models.Q(("left_at__isnull", True)),
                fields=["tenant", "lifecycle", "stage", "clock_from"],
                include=["account"],
                name="standing_by_clock",
            ),
        ),
        migrations.AddConstraint(
            model_name="accountlifecycle",
            constraint=models.UniqueConstraint(fields=("tenant", "account", "lifecycle"), name="standing_once"),
        ),
        migrations.AddConstraint(
            model_name="accountlifecycle",
            constraint=models.CheckConstraint(
                condition=models.Q(("since__gte", models.F("entered_at"))), name="standing_since_after_entry"
            ),
        ),
        migrations.AddConstraint(
            model_name="accountlifecycle",
            constraint=models.CheckConstraint(
                condition=models.Q(("clock_shown__gte", datetime.timedelta(0))), name="standing_clock_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="accountlifecycle",
            constraint=models.CheckConstraint(
                condition=models.Q(("left_at__isnull", True), ("left_at__gte", models.F("since")), _connector="OR"),
                name="standing_left_after_entry",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="accountlifecycle",
            trigger=pgtrigger.compiler.Trigger(
                name="guard_stage",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."stage_id" IS DISTINCT FROM NEW."stage_id")',
                    func="\n            IF current_setting('app.ledger', true) IS DISTINCT FROM 'on' THEN\n                RAISE EXCEPTION 'the column stage_id of % changes through the ledger only', TG_TABLE_NAME\n                    USING ERRCODE = 'integrity_constraint_violation';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="400baec020f541dd8998aa669f336282be53bc25",
                    operation="UPDATE",
                    pgid="pgtrigger_guard_stage_14f37",
                    table="lifecycle_accountlifecycle",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="stageinterval",
            constraint=models.UniqueConstraint(
                condition=models.Q(("left_at__isnull", True)),
                fields=("tenant", "account", "lifecycle"),
                name="interval_one_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="stageinterval",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("left_at__isnull", True), ("left_at__gte", models.F("entered_at")), _connector="OR"
                ),
                name="interval_not_backwards",
            ),
        ),
        migrations.AddConstraint(
            model_name="stageinterval",
            constraint=models.CheckConstraint(
                condition=models.Q(("entered_at__gte", models.F("stay_from"))), name="interval_within_its_stay"
            ),
        ),
        migrations.AddConstraint(
            model_name="stagemove",
            constraint=models.UniqueConstraint(fields=("tenant", "source", "target"), name="stage_move_once"),
        ),
        migrations.AddConstraint(
            model_name="stagemove",
            constraint=models.CheckConstraint(
                condition=models.Q(("source", models.F("target")), _negated=True), name="stage_move_goes_somewhere"
            ),
        ),
        Isolate(),
    ]
