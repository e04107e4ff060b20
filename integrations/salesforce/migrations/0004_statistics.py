"""PostgreSQL learns how large the tables of a first sync are when the sync says so, not when autovacuum comes by.

A function of the tables' owner, because only an owner may analyse; it takes nothing, names the tables itself and
answers nothing.
"""

from django.db import migrations

TABLES = (
    "accounts_account", "accounts_contact", "accounts_opportunity", "accounts_decision", "lifecycle_accountlifecycle",
    "lifecycle_stageinterval", "ledger_auditcall", "ledger_auditrow", "ledger_factrow", "ledger_outbox",
    "salesforce_mirrorrecord", "salesforce_salesforceuser", "salesforce_seenrecord",
)  # fmt: skip
NAME = "public.salesforce_refresh_statistics()"


def _statements() -> list[str]:
    tables = ", ".join(f"public.{table}" for table in TABLES)
    return [
        f"CREATE FUNCTION {NAME} RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER"
        f" SET search_path = pg_catalog, pg_temp AS $fn$BEGIN ANALYZE (SKIP_LOCKED) {tables}; END$fn$",
        f"REVOKE ALL ON FUNCTION {NAME} FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION {NAME} TO cs_app",
    ]


class Migration(migrations.Migration):
    dependencies = [
        ("salesforce", "0003_writing"),
        ("accounts", "0001_initial"),
        ("lifecycle", "0001_initial"),
        ("ledger", "0001_initial"),
    ]

    operations = [migrations.RunSQL(_statements(), [f"DROP FUNCTION {NAME}"])]
