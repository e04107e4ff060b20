import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.text
import django_fsm
import pgtrigger.compiler
import pgtrigger.migrations
import uuid_utils.compat
from django.db import migrations, models

import cs_platform.tenancy.fields
from cs_platform.tenancy.operations import Isolate


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("people", "0002_looking_across_tenants"),
        ("tenancy", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Account",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=255)),
                ("external_id", models.CharField(blank=True, max_length=100, null=True)),
                ("salesforce_id", models.CharField(blank=True, db_collation="C", max_length=18, null=True)),
                ("lms_id", models.CharField(blank=True, max_length=100, null=True)),
                ("recurly_id", models.CharField(blank=True, max_length=100, null=True)),
                (
                    "domains",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=253), blank=True, default=list, size=None
                    ),
                ),
                ("industry", models.CharField(blank=True, default="", max_length=100)),
                ("country", models.CharField(blank=True, default="", max_length=100)),
                ("region", models.CharField(blank=True, default="", max_length=100)),
                ("timezone", models.CharField(blank=True, default="", max_length=80)),
                ("employees", models.PositiveIntegerField(blank=True, null=True)),
                ("developers", models.PositiveIntegerField(blank=True, null=True)),
                ("arr_minor", models.BigIntegerField(blank=True, null=True)),
                ("mrr_minor", models.BigIntegerField(blank=True, null=True)),
                ("currency", models.CharField(default="USD", max_length=3)),
                ("seats_purchased", models.PositiveIntegerField(blank=True, null=True)),
                ("seats_used", models.PositiveIntegerField(blank=True, null=True)),
                ("renewal_date", models.DateField(blank=True, null=True)),
                ("product_version", models.CharField(blank=True, default="", max_length=50)),
                ("deployment", models.CharField(blank=True, default="", max_length=50)),
                ("account_type", models.CharField(blank=True, default="", max_length=100)),
                ("segment", models.CharField(blank=True, default="", max_length=60)),
                ("service_model", models.CharField(blank=True, default="", max_length=60)),
                (
                    "state",
                    django_fsm.FSMField(
                        choices=[("managed", "Managed"), ("archived", "Archived")], default="managed", max_length=50
                    ),
                ),
                ("archived_at", models.DateTimeField(blank=True, null=True)),
                ("archive_reason", models.CharField(blank=True, default="", max_length=500)),
                ("sort_name", models.CharField(default="", editable=False, max_length=300)),
                ("search_text", models.TextField(default="", editable=False)),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                (
                    "csm",
                    cs_platform.tenancy.fields.TenantFK(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="accounts",
                        to="people.membership",
                    ),
                ),
                (
                    "parent",
                    cs_platform.tenancy.fields.TenantFK(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="children",
                        to="accounts.account",
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
            name="Opportunity",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=255)),
                ("type", models.CharField(blank=True, default="", max_length=100)),
                ("stage", models.CharField(blank=True, default="", max_length=100)),
                ("amount_minor", models.BigIntegerField(blank=True, null=True)),
                ("currency", models.CharField(default="USD", max_length=3)),
                ("close_date", models.DateField(blank=True, null=True)),
                ("is_closed", models.BooleanField(default=False)),
                ("is_won", models.BooleanField(default=False)),
                ("is_new_business", models.BooleanField(default=False)),
                ("won_at", models.DateTimeField(blank=True, null=True)),
                ("salesforce_id", models.CharField(blank=True, db_collation="C", max_length=18, null=True)),
                ("is_active", models.BooleanField(default=True)),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                (
                    "account",
                    cs_platform.tenancy.fields.TenantFK(
                        on_delete=django.db.models.deletion.CASCADE, related_name="opportunities", to="accounts.account"
                    ),
                ),
                (
                    "owner",
                    cs_platform.tenancy.fields.TenantFK(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="people.membership",
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
            name="SegmentationRules",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("label", models.CharField(blank=True, default="", max_length=200)),
                ("rules", models.JSONField(default=list)),
                (
                    "state",
                    django_fsm.FSMField(
                        choices=[("draft", "Draft"), ("published", "Published"), ("retired", "Retired")],
                        default="draft",
                        max_length=50,
                    ),
                ),
                ("published_at", models.DateTimeField(blank=True, null=True)),
                ("retired_at", models.DateTimeField(blank=True, null=True)),
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
            name="SupportLevel",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                ("position", models.PositiveIntegerField(default=0)),
                ("is_active", models.BooleanField(default=True)),
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
        migrations.AddField(
            model_name="account",
            name="support_level",
            field=cs_platform.tenancy.fields.TenantFK(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="accounts",
                to="accounts.supportlevel",
            ),
        ),
        migrations.CreateModel(
            name="AccountAlert",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("kind", models.CharField(max_length=60)),
                ("message", models.CharField(max_length=500)),
                ("raised_at", models.DateTimeField()),
                ("cleared_at", models.DateTimeField(blank=True, null=True)),
                (
                    "account",
                    cs_platform.tenancy.fields.TenantFK(
                        on_delete=django.db.models.deletion.CASCADE, related_name="alerts", to="accounts.account"
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
                        condition=models.Q(("cleared_at__isnull", True)),
                        fields=["tenant", "-raised_at", "-id"],
                        name="alert_open_newest",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("cleared_at__isnull", True)),
                        fields=("tenant", "account", "kind"),
                        name="alert_open_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Contact",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=200)),
                ("first_name", models.CharField(blank=True, default="", max_length=100)),
                ("last_name", models.CharField(blank=True, default="", max_length=100)),
                ("email", models.CharField(blank=True, default="", max_length=254)),
                ("phone", models.CharField(blank=True, default="", max_length=50)),
                ("title", models.CharField(blank=True, default="", max_length=200)),
                (
                    "roles",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("Champion", "Champion"),
                                ("Deal Contact", "Deal Contact"),
                                ("Instance Admin", "Instance Admin"),
                                ("Executive", "Executive"),
                                ("Economic Buyer", "Economic Buyer"),
                                ("End User", "End User"),
                                ("Program Contact", "Program Contact"),
                            ],
                            max_length=20,
                        ),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                ("timezone", models.CharField(blank=True, default="", max_length=80)),
                ("salesforce_id", models.CharField(blank=True, db_collation="C", max_length=18, null=True)),
                ("is_active", models.BooleanField(default=True)),
                ("sort_name", models.CharField(default="", editable=False, max_length=300)),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                (
                    "account",
                    cs_platform.tenancy.fields.TenantFK(
                        on_delete=django.db.models.deletion.CASCADE, related_name="contacts", to="accounts.account"
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
                    models.Index(fields=["tenant", "account", "sort_name", "id"], name="contact_by_account"),
                    models.Index(fields=["tenant", "sort_name", "id"], name="contact_by_name"),
                    models.Index(fields=["tenant", "email"], name="contact_by_email"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "salesforce_id"), name="contact_salesforce_id_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("salesforce_id__isnull", True),
                            ("salesforce_id__regex", "^[A-Za-z0-9]{18}$"),
                            _connector="OR",
                        ),
                        name="contact_salesforce_id_has_18",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "roles__contained_by",
                                [
                                    "Champion",
                                    "Deal Contact",
                                    "Instance Admin",
                                    "Executive",
                                    "Economic Buyer",
                                    "End User",
                                    "Program Contact",
                                ],
                            )
                        ),
                        name="contact_roles_known",
                    ),
                    models.CheckConstraint(condition=models.Q(("name", ""), _negated=True), name="contact_has_name"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Decision",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("kind", models.CharField(default="segment", max_length=30)),
                ("inputs", models.JSONField(default=dict)),
                ("rules_version", models.PositiveIntegerField()),
                ("rules_published_at", models.DateTimeField(null=True)),
                ("rule", models.CharField(default="", max_length=300)),
                ("outcome", models.JSONField(default=dict)),
                ("at", models.DateTimeField()),
                (
                    "account",
                    cs_platform.tenancy.fields.TenantFK(
                        on_delete=django.db.models.deletion.CASCADE, related_name="decisions", to="accounts.account"
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
                "indexes": [models.Index(fields=["tenant", "account", "kind", "-id"], name="decision_newest")],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="decision",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            \n            RAISE EXCEPTION 'decisions are append-only' USING ERRCODE = 'integrity_constraint_violation';\n        ",
                    hash="55064111d48a2fddcad96f652a6307e8cda6f9f2",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_5bd6c",
                    table="accounts_decision",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddIndex(
            model_name="opportunity",
            index=models.Index(fields=["tenant", "account", "-close_date", "-id"], name="opportunity_by_account"),
        ),
        migrations.AddIndex(
            model_name="opportunity",
            index=models.Index(
                models.F("tenant"),
                models.OrderBy(models.F("close_date"), descending=True, nulls_last=True),
                models.OrderBy(models.F("id"), descending=True),
                name="opportunity_by_close",
            ),
        ),
        migrations.AddConstraint(
            model_name="opportunity",
            constraint=models.UniqueConstraint(
                fields=("tenant", "salesforce_id"), name="opportunity_salesforce_id_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="opportunity",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("salesforce_id__isnull", True), ("salesforce_id__regex", "^[A-Za-z0-9]{18}$"), _connector="OR"
                ),
                name="opportunity_salesforce_id_has_18",
            ),
        ),
        migrations.AddConstraint(
            model_name="opportunity",
            constraint=models.CheckConstraint(
                condition=models.Q(("currency__regex", "^[A-Z]{3}$")), name="opportunity_currency"
            ),
        ),
        migrations.AddConstraint(
            model_name="opportunity",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("amount_minor__isnull", True),
                    ("amount_minor__range", (-100000000000000000, 100000000000000000)),
                    _connector="OR",
                ),
                name="opportunity_amount",
            ),
        ),
        migrations.AddConstraint(
            model_name="segmentationrules",
            constraint=models.UniqueConstraint(fields=("tenant", "number"), name="segmentation_number_once"),
        ),
        migrations.AddConstraint(
            model_name="segmentationrules",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "published")), fields=("tenant",), name="segmentation_one_in_force"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="segmentationrules",
            trigger=pgtrigger.compiler.Trigger(
                name="guard_state",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."state" IS DISTINCT FROM NEW."state")',
                    func="\n            IF current_setting('app.ledger', true) IS DISTINCT FROM 'on' THEN\n                RAISE EXCEPTION 'the column state of % changes through the ledger only', TG_TABLE_NAME\n                    USING ERRCODE = 'integrity_constraint_violation';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="c081d0b344ba4154974055bfe3cc1057ac3766b0",
                    operation="UPDATE",
                    pgid="pgtrigger_guard_state_4d5ad",
                    table="accounts_segmentationrules",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="supportlevel",
            constraint=models.UniqueConstraint(
                models.F("tenant"), django.db.models.functions.text.Lower("name"), name="support_level_once"
            ),
        ),
        migrations.AddIndex(
            model_name="account",
            index=models.Index(fields=["tenant", "state", "sort_name", "id"], name="account_by_name"),
        ),
        migrations.AddIndex(
            model_name="account",
            index=models.Index(
                condition=models.Q(("state", "managed")),
                fields=["tenant", "segment", "sort_name", "id"],
                name="account_by_segment",
            ),
        ),
        migrations.AddIndex(
            model_name="account",
            index=models.Index(fields=["tenant", "csm", "sort_name", "id"], name="account_by_csm"),
        ),
        migrations.AddIndex(
            model_name="account",
            index=models.Index(
                models.F("tenant"),
                models.OrderBy(models.F("arr_minor"), descending=True, nulls_last=True),
                models.OrderBy(models.F("id"), descending=True),
                name="account_by_arr",
            ),
        ),
        migrations.AddIndex(
            model_name="account",
            index=models.Index(fields=["tenant", "renewal_date", "id"], name="account_by_renewal"),
        ),
        migrations.AddIndex(
            model_name="account",
            index=models.Index(fields=["tenant", "-updated_at", "-id"], name="account_by_change"),
        ),
        migrations.AddIndex(
            model_name="account",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["tenant", "search_text"], name="account_search", opclasses=["int8_ops", "gin_trgm_ops"]
            ),
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.UniqueConstraint(fields=("tenant", "salesforce_id"), name="account_salesforce_id_once"),
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.UniqueConstraint(fields=("tenant", "external_id"), name="account_external_id_once"),
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.CheckConstraint(condition=models.Q(("name", ""), _negated=True), name="account_has_name"),
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.CheckConstraint(
                condition=models.Q(("external_id", ""), _negated=True), name="account_external_id_null_not_empty"
            ),
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("salesforce_id__isnull", True), ("salesforce_id__regex", "^[A-Za-z0-9]{18}$"), _connector="OR"
                ),
                name="account_salesforce_id_has_18",
            ),
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.CheckConstraint(
                condition=models.Q(("currency__regex", "^[A-Z]{3}$")), name="account_currency"
            ),
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("arr_minor__isnull", True),
                    ("arr_minor__range", (-100000000000000000, 100000000000000000)),
                    _connector="OR",
                ),
                name="account_arr",
            ),
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("mrr_minor__isnull", True),
                    ("mrr_minor__range", (-100000000000000000, 100000000000000000)),
                    _connector="OR",
                ),
                name="account_mrr",
            ),
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["managed", "archived"])), name="account_state"
            ),
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("archived_at__isnull", True), ("state", "managed")),
                    models.Q(("archived_at__isnull", False), ("state", "archived")),
                    _connector="OR",
                ),
                name="account_archived_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.CheckConstraint(
                condition=models.Q(("parent", models.F("id")), _negated=True), name="account_not_own_parent"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="account",
            trigger=pgtrigger.compiler.Trigger(
                name="guard_state",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."state" IS DISTINCT FROM NEW."state")',
                    func="\n            IF current_setting('app.ledger', true) IS DISTINCT FROM 'on' THEN\n                RAISE EXCEPTION 'the column state of % changes through the ledger only', TG_TABLE_NAME\n                    USING ERRCODE = 'integrity_constraint_violation';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="3fb05e1350173083c7c575924a44d7205f45adcb",
                    operation="UPDATE",
                    pgid="pgtrigger_guard_state_e23d8",
                    table="accounts_account",
                    when="BEFORE",
                ),
            ),
        ),
        Isolate(),
    ]
