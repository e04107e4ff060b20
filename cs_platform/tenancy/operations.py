"""The one migration helper: `Isolate()` at the end of a room's migration locks its tables to their tenants."""

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from cs_platform.tenancy.fields import OwnerField

EXPRESSION = "tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint"


def _is_owned(model: Any) -> bool:
    return any(isinstance(field, OwnerField) for field in model._meta.local_fields)


def _is_served(model: Any, field: Any) -> bool:
    """Another index or unique key begins with the tenant and this column: one for the foreign key alone would only
    make each write dearer."""
    whole = [rule for rule in (*model._meta.indexes, *model._meta.constraints) if not getattr(rule, "condition", None)]
    return any(list(getattr(rule, "fields", ()))[:2] == ["tenant", field.name] for rule in whole)


class Isolate(Operation):
    """Row-level security with FORCE, the grants of the app role, and the tenant in every foreign key, for all tenant
    tables of the app as they are at this point. Repeating it is harmless, so every migration that adds a table or a
    TenantFK ends with it."""

    reversible = True
    reduces_to_sql = True

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        return

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        models = [model for model in to_state.apps.get_app_config(app_label).get_models() if _is_owned(model)]
        for model in models:
            self._lock(schema_editor, model)
        for model in models:
            for field in model._meta.local_fields:
                target: Any = field.remote_field.model if field.many_to_one and field.remote_field else None
                if target is not None and not isinstance(field, OwnerField) and _is_owned(target):
                    self._carry_tenant(schema_editor, model, field)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """The locks go with the tables."""

    def _lock(self, editor: BaseDatabaseSchemaEditor, model: Any) -> None:
        table = model._meta.db_table
        name = editor.quote_name
        editor.execute(f"ALTER TABLE {name(table)} ENABLE ROW LEVEL SECURITY")
        editor.execute(f"ALTER TABLE {name(table)} FORCE ROW LEVEL SECURITY")
        editor.execute(f"DROP POLICY IF EXISTS tenant_isolation ON {name(table)}")
        editor.execute(
            f"CREATE POLICY tenant_isolation ON {name(table)} USING ({EXPRESSION}) WITH CHECK ({EXPRESSION})"
        )
        editor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {name(table)} TO cs_app")
        editor.execute("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO cs_app")
        # What a composite foreign key refers to.
        self._once(editor, table, f"{table}_of_tenant"[:63], f"UNIQUE (tenant_id, {name(model._meta.pk.column)})")

    def _carry_tenant(self, editor: BaseDatabaseSchemaEditor, model: Any, field: Any) -> None:
        table, column = model._meta.db_table, field.column
        target = field.remote_field.model._meta
        name = editor.quote_name
        self._once(
            editor,
            table,
            f"{table}_{column}_same_tenant"[:63],
            f"FOREIGN KEY (tenant_id, {name(column)}) REFERENCES {name(target.db_table)}"
            f" (tenant_id, {name(target.pk.column)}) DEFERRABLE INITIALLY DEFERRED",
        )
        if not _is_served(model, field):
            editor.execute(
                f"CREATE INDEX IF NOT EXISTS {name(f'{table}_{column}_fk'[:63])} ON {name(table)}"
                f" (tenant_id, {name(column)})"
            )

    def _once(self, editor: BaseDatabaseSchemaEditor, table: str, constraint: str, clause: str) -> None:
        name = editor.quote_name
        editor.execute(
            f"""DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_constraint WHERE conname = '{constraint}' AND conrelid = '{table}'::regclass) THEN
    ALTER TABLE {name(table)} ADD CONSTRAINT {name(constraint)} {clause};
  END IF;
END $$"""
        )

    def describe(self) -> str:
        return "Lock the tenant tables of the room to their tenants"
