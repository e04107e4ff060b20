"""What a dispatcher must know before it knows a tenant: where work is due, and where something waits for its place.

Functions of cs_admin, which bypasses row-level security; a fixed search_path, ids and ages as answers, nothing else.
"""

from django.db import migrations

QUESTIONS = {
    "ledger_due_tenants(at timestamptz)": (
        "tenant_id bigint",
        """
        SELECT t.id FROM public.tenancy_tenant t
        WHERE t.status = 'active' AND (
            EXISTS (SELECT FROM public.ledger_outbox o
                    WHERE o.tenant_id = t.id AND o.state = 'pending' AND o.due_at <= at)
            OR EXISTS (SELECT FROM public.ledger_outbox o
                       WHERE o.tenant_id = t.id AND o.state = 'leased' AND o.lease_until < clock_timestamp()))
        ORDER BY random()""",
    ),
    "ledger_unsealed_tenants()": (
        "tenant_id bigint",
        """
        SELECT t.id FROM public.tenancy_tenant t
        WHERE EXISTS (SELECT FROM public.ledger_auditcall c WHERE c.tenant_id = t.id AND c.seq IS NULL)
           OR EXISTS (SELECT FROM public.ledger_factrow f WHERE f.tenant_id = t.id AND f.position IS NULL)""",
    ),
    "ledger_backlog(at timestamptz)": (
        "oldest timestamptz, waiting bigint, dead bigint",
        """
        SELECT (SELECT min(o.due_at) FROM public.ledger_outbox o WHERE o.state = 'pending' AND o.due_at <= at),
               (SELECT count(*) FROM public.ledger_outbox o WHERE o.state = 'pending' AND o.due_at <= at),
               (SELECT count(*) FROM public.ledger_outbox o WHERE o.state = 'dead')""",
    ),
}


def _statements() -> list[str]:
    made = [
        "GRANT SELECT ON public.ledger_outbox, public.ledger_auditcall, public.ledger_factrow TO cs_admin",
        "GRANT SELECT ON public.tenancy_tenant TO cs_admin",
        "GRANT SELECT, INSERT, UPDATE ON public.ledger_tick TO cs_app",
    ]
    for signature, (answer, query) in QUESTIONS.items():
        name, argument = signature.rstrip(")").split("(")
        exact = f"public.{name}({argument.split()[1] if argument else ''})"
        made += [
            f"CREATE FUNCTION public.{signature} RETURNS TABLE ({answer})"
            f" LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fn${query}$fn$",
            f"REVOKE ALL ON FUNCTION {exact} FROM PUBLIC",
            f"GRANT EXECUTE ON FUNCTION {exact} TO cs_app",
            f"ALTER FUNCTION {exact} OWNER TO cs_admin",
        ]
    return made


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]

    operations = [
        migrations.RunSQL(_statements(), [f"DROP FUNCTION public.{signature.split('(')[0]}" for signature in QUESTIONS])
    ]
