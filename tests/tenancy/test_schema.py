"""What the database promises about tenants, read from its catalogue."""

import pytest
from django.apps import apps
from django.db import connection

from cs_platform.tenancy.models import TenantOwned

pytestmark = pytest.mark.django_db

# Tables with rows of tenants that are allowed to lack a promise, each with its reason. It only ever shrinks.
ALLOWED: dict[str, str] = {}


def ask(sql, params=()):
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def tenant_tables():
    return sorted(
        row[0]
        for row in ask(
            "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
            " WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace"
            " AND a.attname = 'tenant_id' AND NOT a.attisdropped"
        )
    )


def test_every_tenant_model_has_its_table_and_every_such_table_its_model():
    models = {m._meta.db_table for m in apps.get_models() if issubclass(m, TenantOwned)}
    assert set(tenant_tables()) == models
    assert len(models) > 10


def test_row_level_security_is_on_and_forced():
    loose = ask(
        "SELECT relname FROM pg_class WHERE relname = ANY(%s) AND NOT (relrowsecurity AND relforcerowsecurity)",
        [tenant_tables()],
    )
    assert {row[0] for row in loose} == set(ALLOWED)


def test_one_policy_says_what_is_seen_and_what_is_written():
    rows = ask("SELECT tablename, qual, with_check, roles::text, cmd FROM pg_policies WHERE schemaname = 'public'")
    assert {row[0] for row in rows} == set(tenant_tables())
    for table, qual, check, roles, command in rows:
        assert "app.tenant_id" in qual and qual == check, table
        assert (roles, command) == ("{public}", "ALL"), table


def test_the_tenant_is_never_empty_and_refers_to_a_tenant():
    nullable = ask(
        "SELECT attrelid::regclass::text FROM pg_attribute WHERE attname = 'tenant_id' AND NOT attnotnull"
        " AND attrelid::regclass::text = ANY(%s)",
        [tenant_tables()],
    )
    assert nullable == []
    with_key = ask(
        "SELECT DISTINCT conrelid::regclass::text FROM pg_constraint WHERE contype = 'f'"
        " AND confrelid = 'tenancy_tenant'::regclass"
    )
    assert {row[0] for row in with_key} == set(tenant_tables())


def test_a_reference_between_tenant_tables_carries_the_tenant():
    rows = ask(
        "SELECT conrelid::regclass::text, conname, array_length(conkey, 1),"
        " (SELECT attname FROM pg_attribute WHERE attrelid = conrelid AND attnum = conkey[1])"
        " FROM pg_constraint WHERE contype = 'f' AND confrelid::regclass::text = ANY(%s)",
        [tenant_tables()],
    )
    assert len(rows) > 10
    for table, name, columns, first in rows:
        assert (columns, first) == (2, "tenant_id"), f"{table}.{name}"


def test_every_reference_in_a_model_is_a_reference_in_the_database():
    missing = []
    for model in apps.get_models():
        if not issubclass(model, TenantOwned):
            continue
        for field in model._meta.local_fields:
            target = field.remote_field.model if field.many_to_one else None
            if target is None or not issubclass(target, TenantOwned):
                continue
            found = ask(
                "SELECT 1 FROM pg_constraint WHERE contype = 'f' AND conrelid = %s::regclass"
                " AND confrelid = %s::regclass AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = conrelid"
                " AND attnum = ANY(conkey) AND attname = %s)",
                [model._meta.db_table, target._meta.db_table, field.column],
            )
            if not found:
                missing.append(f"{model.__name__}.{field.name}")
    assert missing == []


def test_unique_keys_and_indexes_lead_with_the_tenant():
    rows = ask(
        "SELECT i.indrelid::regclass::text, i.indexrelid::regclass::text,"
        " (SELECT attname FROM pg_attribute WHERE attrelid = i.indrelid AND attnum = i.indkey[0])"
        " FROM pg_index i WHERE i.indrelid::regclass::text = ANY(%s) AND NOT i.indisprimary",
        [tenant_tables()],
    )
    loose = sorted(index for _, index, first in rows if first != "tenant_id")
    # What is looked up before the tenant is known, by functions that take an exact value and answer with ids.
    known = {"people_apikey_prefix", "people_invitation_digest", "people_membership_user"}
    assert [index for index in loose if not any(index.startswith(name) for name in known)] == []


def test_the_app_role_owns_nothing_and_bypasses_nothing():
    (role,) = ask(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user"
    )
    assert role == (False, False, False, False)
    owned = ask("SELECT count(*) FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE r.rolname = current_user")
    assert owned == [(0,)]


def test_there_is_no_view_that_looks_past_the_policies():
    rows = ask(
        "SELECT relname FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace"
        " AND NOT coalesce('security_invoker=true' = ANY(reloptions), false) AND relname NOT LIKE 'pg_stat%%'"
    )
    assert rows == []


def test_functions_that_look_across_tenants_are_few_and_closed():
    rows = ask(
        "SELECT p.proname, p.proconfig::text, r.rolname,"
        " has_function_privilege('public', p.oid, 'EXECUTE') FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner"
        " WHERE p.prosecdef AND p.pronamespace = 'public'::regnamespace"
    )
    assert {name for name, *_ in rows} == {
        "people_places_of_user",
        "people_key_with_prefix",
        "people_invitation_with_digest",
        "ledger_due_tenants",
        "ledger_unsealed_tenants",
        "ledger_backlog",
        "platform_numbers",
        "platform_pulse",
        "platform_sending",
        "tenancy_keys_by_master",
        "tenancy_keys_not_under",
        "salesforce_refresh_statistics",
    }
    for name, config, owner, is_open in rows:
        assert "search_path=pg_catalog, pg_temp" in config, name
        only_an_owner_may = name == "salesforce_refresh_statistics"
        assert (owner, is_open) == ("cs_owner" if only_an_owner_may else "cs_admin", False), name
