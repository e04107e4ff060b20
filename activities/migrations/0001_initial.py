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
            name="Task",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("title", models.CharField(max_length=200)),
                ("description", models.TextField(blank=True, default="")),
                (
                    "role",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("owner", "Owner"),
                            ("admin", "Admin"),
                            ("cs_ops", "CS operations"),
                            ("ta_leader", "TA leadership"),
                            ("team_lead", "Team lead"),
                            ("csm", "Customer success manager"),
                            ("support", "Support"),
                            ("sales", "Sales"),
                            ("presales_ce", "Pre-sales CE"),
                            ("marketing", "Marketing"),
                            ("finance", "Finance"),
                            ("viewer", "Viewer"),
                        ],
                        default="",
                        max_length=20,
                    ),
                ),
                ("due_date", models.DateField(blank=True, null=True)),
                (
                    "priority",
                    models.CharField(
                        choices=[("low", "Low"), ("normal", "Normal"), ("high", "High")],
                        default="normal",
                        max_length=10,
                    ),
                ),
                (
                    "state",
                    django_fsm.FSMField(
                        choices=[
                            ("to_do", "To-Do"),
                            ("in_progress", "In Progress"),
                            ("under_review", "Under Review"),
                            ("completed", "Completed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="to_do",
                        max_length=50,
                    ),
                ),
                ("source_kind", models.CharField(blank=True, default="", max_length=60)),
                ("source_id", models.CharField(blank=True, default="", max_length=60)),
                ("source_part", models.CharField(blank=True, default="", max_length=60)),
                ("position", models.PositiveIntegerField(default=0)),
                ("outcome", models.CharField(blank=True, default="", max_length=500)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                (
                    "account",
                    cs_platform.tenancy.fields.TenantFK(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tasks",
                        to="accounts.account",
                    ),
                ),
                (
                    "assignee",
                    cs_platform.tenancy.fields.TenantFK(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="tasks",
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
            options={
                "indexes": [
                    models.Index(
                        models.F("tenant"),
                        models.OrderBy(models.F("due_date"), nulls_last=True),
                        models.OrderBy(models.F("id")),
                        name="task_by_due",
                    ),
                    models.Index(fields=["tenant", "assignee", "state", "due_date"], name="task_by_assignee"),
                    models.Index(fields=["tenant", "account", "state", "due_date"], name="task_of_account"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("source_kind", ""), _negated=True),
                        fields=("tenant", "source_kind", "source_id", "source_part"),
                        name="task_of_source_once",
                    ),
                    models.CheckConstraint(condition=models.Q(("title", ""), _negated=True), name="task_has_title"),
                    models.CheckConstraint(
                        condition=models.Q(("role", ""), ("assignee__isnull", True), _connector="OR"),
                        name="task_member_or_role",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["to_do", "in_progress", "under_review", "completed", "cancelled"])
                        ),
                        name="task_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("priority__in", ["low", "normal", "high"])), name="task_priority"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("closed_at__isnull", False), ("state__in", ["completed", "cancelled"])),
                            models.Q(
                                ("closed_at__isnull", True), ("state__in", ["to_do", "in_progress", "under_review"])
                            ),
                            _connector="OR",
                        ),
                        name="task_closed_has_time",
                    ),
                ],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="task",
            trigger=pgtrigger.compiler.Trigger(
                name="guard_state",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."state" IS DISTINCT FROM NEW."state")',
                    func="\n            IF current_setting('app.ledger', true) IS DISTINCT FROM 'on' THEN\n                RAISE EXCEPTION 'the column state of % changes through the ledger only', TG_TABLE_NAME\n                    USING ERRCODE = 'integrity_constraint_violation';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="ae8cd66bd32174daa4cdfc51d9d389bef48445a2",
                    operation="UPDATE",
                    pgid="pgtrigger_guard_state_ca4a7",
                    table="activities_task",
                    when="BEFORE",
                ),
            ),
        ),
        Isolate(),
    ]
