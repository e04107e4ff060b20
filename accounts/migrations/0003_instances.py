import django.db.models.deletion
import django.db.models.functions.text
import uuid_utils.compat
from django.db import migrations, models

import cs_platform.tenancy.fields
from cs_platform.tenancy.operations import Isolate


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_overrides_and_bulk_changes"),
        ("tenancy", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Instance",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                ("url", models.CharField(blank=True, default="", max_length=500)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("production", "Production"),
                            ("staging", "Staging"),
                            ("trial", "Trial"),
                            ("other", "Other"),
                        ],
                        default="production",
                        max_length=20,
                    ),
                ),
                (
                    "deployment",
                    models.CharField(
                        blank=True,
                        choices=[("cloud", "Cloud"), ("self_hosted", "Self-hosted")],
                        default="",
                        max_length=20,
                    ),
                ),
                ("external_id", models.CharField(blank=True, max_length=100, null=True)),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                (
                    "account",
                    cs_platform.tenancy.fields.TenantFK(
                        on_delete=django.db.models.deletion.CASCADE, related_name="instances", to="accounts.account"
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
            name="InstanceAdmin",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField()),
                (
                    "contact",
                    cs_platform.tenancy.fields.TenantFK(
                        on_delete=django.db.models.deletion.CASCADE, related_name="administers", to="accounts.contact"
                    ),
                ),
                (
                    "instance",
                    cs_platform.tenancy.fields.TenantFK(
                        on_delete=django.db.models.deletion.DO_NOTHING, related_name="admins", to="accounts.instance"
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
        migrations.AddIndex(
            model_name="instance",
            index=models.Index(fields=["tenant", "account", "name", "id"], name="instance_by_account"),
        ),
        migrations.AddConstraint(
            model_name="instance",
            constraint=models.UniqueConstraint(
                models.F("tenant"),
                models.F("account"),
                django.db.models.functions.text.Lower("name"),
                name="instance_name_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="instance",
            constraint=models.UniqueConstraint(fields=("tenant", "external_id"), name="instance_external_id_once"),
        ),
        migrations.AddConstraint(
            model_name="instance",
            constraint=models.CheckConstraint(
                condition=models.Q(("name", ""), _negated=True), name="instance_has_name"
            ),
        ),
        migrations.AddConstraint(
            model_name="instance",
            constraint=models.CheckConstraint(
                condition=models.Q(("external_id", ""), _negated=True), name="instance_external_id_null_not_empty"
            ),
        ),
        migrations.AddConstraint(
            model_name="instance",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["production", "staging", "trial", "other"])), name="instance_kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="instance",
            constraint=models.CheckConstraint(
                condition=models.Q(("deployment__in", ["", "cloud", "self_hosted"])), name="instance_deployment"
            ),
        ),
        migrations.AddConstraint(
            model_name="instanceadmin",
            constraint=models.UniqueConstraint(fields=("tenant", "instance", "contact"), name="instance_admin_once"),
        ),
        Isolate(),
    ]
