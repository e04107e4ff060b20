import django.db.models.deletion
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
        ("accounts", "0003_instances"),
        ("people", "0001_initial"),
        ("tenancy", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Handoff",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "state",
                    django_fsm.FSMField(
                        choices=[
                            ("watching", "Watching"),
                            ("preparing", "Preparing"),
                            ("closing", "Closing"),
                            ("handed_over", "Handed over"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="watching",
                        max_length=50,
                    ),
                ),
                (
                    "cloud_instance",
                    models.CharField(
                        choices=[("unknown", "Not known"), ("needed", "Needed"), ("not_needed", "Not needed")],
                        default="unknown",
                        max_length=20,
                    ),
                ),
                ("won_at", models.DateTimeField(blank=True, null=True)),
                ("handed_over_at", models.DateTimeField(blank=True, null=True)),
                ("roles_flagged_at", models.DateTimeField(blank=True, null=True)),
                ("why_cancelled", models.CharField(blank=True, default="", max_length=300)),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                (
                    "account",
                    cs_platform.tenancy.fields.TenantFK(
                        on_delete=django.db.models.deletion.CASCADE, related_name="handoffs", to="accounts.account"
                    ),
                ),
                (
                    "customer_engineer",
                    cs_platform.tenancy.fields.TenantFK(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="people.membership",
                    ),
                ),
                (
                    "opportunity",
                    cs_platform.tenancy.fields.TenantFK(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="accounts.opportunity",
                    ),
                ),
                (
                    "tenant",
                    cs_platform.tenancy.fields.OwnerField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+"
                    ),
                ),
                (
                    "told_advisor",
                    cs_platform.tenancy.fields.TenantFK(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="people.membership",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="HandoffMeeting",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("starts_at", models.DateTimeField()),
                ("minutes", models.PositiveSmallIntegerField(default=45)),
                ("place", models.CharField(blank=True, default="", max_length=300)),
                ("agenda", models.TextField(blank=True, default="")),
                (
                    "state",
                    django_fsm.FSMField(
                        choices=[("planned", "Planned"), ("held", "Held"), ("called_off", "Called off")],
                        default="planned",
                        max_length=50,
                    ),
                ),
                ("held_at", models.DateTimeField(blank=True, null=True)),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                (
                    "account_executive",
                    cs_platform.tenancy.fields.TenantFK(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="people.membership",
                    ),
                ),
                (
                    "customer_engineer",
                    cs_platform.tenancy.fields.TenantFK(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="people.membership",
                    ),
                ),
                (
                    "handoff",
                    cs_platform.tenancy.fields.TenantOneToOne(
                        on_delete=django.db.models.deletion.CASCADE, related_name="meetings", to="onboarding.handoff"
                    ),
                ),
                (
                    "implementation_engineer",
                    cs_platform.tenancy.fields.TenantFK(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="people.membership",
                    ),
                ),
                (
                    "technical_advisor",
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
            name="HandoffSettings",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("support_level_days", models.PositiveSmallIntegerField(default=45)),
                ("ta_named_days", models.PositiveSmallIntegerField(default=35)),
                ("document_days", models.PositiveSmallIntegerField(default=30)),
                ("checklist_days", models.PositiveSmallIntegerField(default=5)),
                ("contact_roles_days", models.PositiveSmallIntegerField(default=7)),
                ("looked_on", models.DateField(blank=True, null=True)),
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
            name="HandoffTemplate",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("document", "Hand-off document"),
                            ("meeting", "Agenda of the knowledge transfer"),
                            ("kick_off", "Agenda of the kick-off"),
                            ("introduction", "Introduction of the advisor"),
                        ],
                        max_length=20,
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("body", models.TextField()),
                ("note", models.CharField(blank=True, default="", max_length=300)),
                ("created_at", models.DateTimeField()),
                (
                    "tenant",
                    cs_platform.tenancy.fields.OwnerField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="HandoffDocument",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("body", models.TextField()),
                (
                    "state",
                    django_fsm.FSMField(
                        choices=[("draft", "Draft"), ("finished", "Finished")], default="draft", max_length=50
                    ),
                ),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                (
                    "handoff",
                    cs_platform.tenancy.fields.TenantOneToOne(
                        on_delete=django.db.models.deletion.CASCADE, related_name="documents", to="onboarding.handoff"
                    ),
                ),
                (
                    "tenant",
                    cs_platform.tenancy.fields.OwnerField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+"
                    ),
                ),
                (
                    "template",
                    cs_platform.tenancy.fields.TenantFK(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="onboarding.handofftemplate"
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="handoff",
            index=models.Index(fields=["tenant", "state", "id"], name="handoff_by_state"),
        ),
        migrations.AddConstraint(
            model_name="handoff",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["watching", "preparing", "closing"])),
                fields=("tenant", "account"),
                name="handoff_open_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="handoff",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "cancelled"), _negated=True),
                fields=("tenant", "opportunity"),
                name="handoff_of_deal_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="handoff",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["watching", "preparing", "closing", "handed_over", "cancelled"])),
                name="handoff_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="handoff",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["closing", "handed_over"]), _negated=True),
                    ("won_at__isnull", False),
                    _connector="OR",
                ),
                name="handoff_won_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="handoff",
            constraint=models.CheckConstraint(
                condition=models.Q(("cloud_instance__in", ["unknown", "needed", "not_needed"])), name="handoff_cloud"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="handoff",
            trigger=pgtrigger.compiler.Trigger(
                name="guard_state",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."state" IS DISTINCT FROM NEW."state")',
                    func="\n            IF current_setting('app.ledger', true) IS DISTINCT FROM 'on' THEN\n                RAISE EXCEPTION 'the column state of % changes through the ledger only', TG_TABLE_NAME\n                    USING ERRCODE = 'integrity_constraint_violation';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="62e3f7343ab888886051878236619bd561f83b86",
                    operation="UPDATE",
                    pgid="pgtrigger_guard_state_ca7d0",
                    table="onboarding_handoff",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="handoffmeeting",
            constraint=models.UniqueConstraint(fields=("tenant", "handoff"), name="handoff_meeting_once"),
        ),
        migrations.AddConstraint(
            model_name="handoffmeeting",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["planned", "held", "called_off"])), name="handoff_meeting_state"
            ),
        ),
        migrations.AddConstraint(
            model_name="handoffmeeting",
            constraint=models.CheckConstraint(
                condition=models.Q(("minutes__range", (5, 480))), name="handoff_meeting_minutes"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="handoffmeeting",
            trigger=pgtrigger.compiler.Trigger(
                name="guard_state",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."state" IS DISTINCT FROM NEW."state")',
                    func="\n            IF current_setting('app.ledger', true) IS DISTINCT FROM 'on' THEN\n                RAISE EXCEPTION 'the column state of % changes through the ledger only', TG_TABLE_NAME\n                    USING ERRCODE = 'integrity_constraint_violation';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="35ff53aeccae94305cc1b94d7f9acee6f7b64557",
                    operation="UPDATE",
                    pgid="pgtrigger_guard_state_9edff",
                    table="onboarding_handoffmeeting",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="handoffsettings",
            constraint=models.UniqueConstraint(fields=("tenant",), name="handoff_settings_once"),
        ),
        migrations.AddConstraint(
            model_name="handoffsettings",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("support_level_days__range", (0, 365)),
                    ("ta_named_days__range", (0, 365)),
                    ("document_days__range", (0, 365)),
                    ("checklist_days__range", (0, 365)),
                    ("contact_roles_days__range", (0, 365)),
                ),
                name="handoff_settings_days",
            ),
        ),
        migrations.AddConstraint(
            model_name="handofftemplate",
            constraint=models.UniqueConstraint(
                fields=("tenant", "kind", "number"), name="handoff_template_number_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="handofftemplate",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["document", "meeting", "kick_off", "introduction"])),
                name="handoff_template_kind",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="handofftemplate",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            \n            RAISE EXCEPTION 'versions of templates are append-only' USING ERRCODE = 'integrity_constraint_violation';\n        ",
                    hash="a2c1d20f974c7337d3883d1fa17fb53982f66518",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_fa06c",
                    table="onboarding_handofftemplate",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="handoffdocument",
            constraint=models.UniqueConstraint(fields=("tenant", "handoff"), name="handoff_document_once"),
        ),
        migrations.AddConstraint(
            model_name="handoffdocument",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["draft", "finished"])), name="handoff_document_state"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="handoffdocument",
            trigger=pgtrigger.compiler.Trigger(
                name="guard_state",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."state" IS DISTINCT FROM NEW."state")',
                    func="\n            IF current_setting('app.ledger', true) IS DISTINCT FROM 'on' THEN\n                RAISE EXCEPTION 'the column state of % changes through the ledger only', TG_TABLE_NAME\n                    USING ERRCODE = 'integrity_constraint_violation';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="ef7233da478189116d72d21fb478813be7983f5b",
                    operation="UPDATE",
                    pgid="pgtrigger_guard_state_37f04",
                    table="onboarding_handoffdocument",
                    when="BEFORE",
                ),
            ),
        ),
        Isolate(),
    ]
