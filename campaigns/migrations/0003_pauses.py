import django.db.models.deletion
import uuid_utils.compat
from django.db import migrations, models

import cs_platform.tenancy.fields
from cs_platform.tenancy.operations import Isolate


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("campaigns", "0002_sending"),
        ("tenancy", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="sendingcontrol",
            name="stopped_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="sendingcontrol",
            name="stopped_by",
            field=models.CharField(blank=True, default="", max_length=200),
        ),
        migrations.CreateModel(
            name="MailPause",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("why", models.CharField(max_length=300)),
                (
                    "policy",
                    models.CharField(
                        choices=[("shift", "Everything moves on"), ("drop", "What falls due is left out")],
                        default="shift",
                        max_length=10,
                    ),
                ),
                ("until", models.DateField(blank=True, null=True)),
                ("ends_at", models.DateTimeField(blank=True, null=True)),
                ("started_by", models.CharField(blank=True, default="", max_length=200)),
                ("ended_by", models.CharField(blank=True, default="", max_length=200)),
                ("created_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("version", models.PositiveIntegerField(default=1)),
                ("updated_at", models.DateTimeField()),
                (
                    "account",
                    cs_platform.tenancy.fields.TenantFK(
                        on_delete=django.db.models.deletion.PROTECT, related_name="mail_pauses", to="accounts.account"
                    ),
                ),
                (
                    "contact",
                    cs_platform.tenancy.fields.TenantFK(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mail_pauses",
                        to="accounts.contact",
                    ),
                ),
                (
                    "tenant",
                    cs_platform.tenancy.fields.OwnerField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=["tenant", "account", "contact"],
                        name="mail_pause_open",
                    ),
                    models.Index(fields=["tenant", "-created_at", "-id"], name="mail_pause_newest"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("contact__isnull", True), ("ended_at__isnull", True)),
                        fields=("tenant", "account"),
                        name="mail_pause_account_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("tenant", "contact"),
                        name="mail_pause_contact_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("policy__in", ["shift", "drop"])), name="mail_pause_policy"
                    ),
                    models.CheckConstraint(condition=models.Q(("why", ""), _negated=True), name="mail_pause_has_why"),
                ],
            },
        ),
        migrations.CreateModel(
            name="SendingLane",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("lanes", models.PositiveSmallIntegerField()),
                ("number", models.PositiveSmallIntegerField()),
                ("fence", models.PositiveIntegerField(default=0)),
                ("recalls", models.PositiveIntegerField(default=0)),
                ("current", models.UUIDField(null=True)),
                ("done", models.JSONField(default=list)),
                (
                    "run",
                    cs_platform.tenancy.fields.TenantFK(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="campaigns.seriesrun"
                    ),
                ),
                (
                    "tenant",
                    cs_platform.tenancy.fields.OwnerField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "run", "lanes", "number"), name="sending_lane_once")
                ],
            },
        ),
        Isolate(),
    ]
