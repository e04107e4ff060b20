"""What `/readyz` and `/metrics` ask about all tenants at once.

Functions of cs_admin, which bypasses row-level security, with a fixed search_path. They answer with counts and ages;
tenant ids only where `each` asks for them, and nothing else of a row. Every branch goes through an index that leads with
the tenant, so that a scrape costs the open work and not the history.
"""

from django.db import migrations

PULSE = """
SELECT min(w.since), coalesce(sum(w.rows), 0)::bigint, coalesce(sum(w.dead), 0)::bigint, max(w.finished)
FROM public.tenancy_tenant t CROSS JOIN LATERAL (
  SELECT least(
      (SELECT min(o.due_at) FROM public.ledger_outbox o
       WHERE o.tenant_id = t.id AND o.state = 'pending' AND o.due_at <= at),
      (SELECT min(o.due_at) FROM public.ledger_outbox o
       WHERE o.tenant_id = t.id AND o.state = 'leased' AND o.lease_until < clock_timestamp() - interval '10 seconds'
       AND o.due_at <= at)) AS since,
    (SELECT count(*) FROM public.ledger_outbox o
     WHERE o.tenant_id = t.id AND o.state = 'pending' AND o.due_at <= at) AS rows,
    (SELECT count(*) FROM public.ledger_outbox o WHERE o.tenant_id = t.id AND o.state = 'dead') AS dead,
    (SELECT max(o.finished_at) FROM public.ledger_outbox o WHERE o.tenant_id = t.id AND o.state = 'done') AS finished
) w WHERE t.status = 'active'
"""

BOUND = """
SELECT count(*) FILTER (WHERE NOT k.is_on),
       count(*) FILTER (WHERE k.is_on AND here <> '' AND k.installation_id <> here),
       count(*) FILTER (WHERE k.problem <> '')
FROM public.campaigns_sendingcontrol k JOIN public.tenancy_tenant t ON t.id = k.tenant_id AND t.status = 'active'
"""

# (name, word, tenant, value). `CASE WHEN each …` is the only place where a tenant's id gets out.
NUMBERS = """
WITH t AS (SELECT id, CASE WHEN each THEN id END AS shown FROM public.tenancy_tenant WHERE status = 'active')
SELECT 'outbox', s.word, t.shown, sum(s.rows)::float8 FROM t CROSS JOIN LATERAL (
    SELECT 'due' AS word, count(*) AS rows FROM public.ledger_outbox o
    WHERE o.tenant_id = t.id AND o.state = 'pending' AND o.due_at <= at
    UNION ALL SELECT 'later', count(*) FROM public.ledger_outbox o
    WHERE o.tenant_id = t.id AND o.state = 'pending' AND o.due_at > at
    UNION ALL SELECT 'leased', count(*) FROM public.ledger_outbox o WHERE o.tenant_id = t.id AND o.state = 'leased'
    UNION ALL SELECT 'dead', count(*) FROM public.ledger_outbox o WHERE o.tenant_id = t.id AND o.state = 'dead'
  ) s GROUP BY s.word, t.shown
UNION ALL
SELECT 'oldest_due', '', t.shown, coalesce(max(extract(epoch FROM at - w.since)), 0)::float8
  FROM t CROSS JOIN LATERAL (SELECT min(o.due_at) AS since FROM public.ledger_outbox o
    WHERE o.tenant_id = t.id AND o.state = 'pending' AND o.due_at <= at) w GROUP BY t.shown
UNION ALL
SELECT 'effects', 'unknown', t.shown, sum(w.rows)::float8
  FROM t CROSS JOIN LATERAL (SELECT count(*) AS rows FROM public.ledger_effect e
    WHERE e.tenant_id = t.id AND e.state = 'unknown') w GROUP BY t.shown
UNION ALL
SELECT 'messages', m.state, t.shown, count(*)::float8
  FROM t JOIN public.campaigns_seriesrun r
    ON r.tenant_id = t.id AND r.due_at > at - interval '1 day' AND r.due_at <= at + interval '1 day'
  JOIN public.campaigns_message m ON m.tenant_id = r.tenant_id AND m.run_id = r.id GROUP BY m.state, t.shown
UNION ALL
SELECT 'message_trouble', m.state, t.shown, count(*)::float8
  FROM t JOIN public.campaigns_message m ON m.tenant_id = t.id AND m.state IN ('unknown', 'failed')
  GROUP BY m.state, t.shown
UNION ALL
SELECT 'connections', c.state, t.shown, count(*)::float8
  FROM t JOIN public.salesforce_connection c ON c.tenant_id = t.id GROUP BY c.state, t.shown
UNION ALL
SELECT 'sync_age', c.state, t.shown, max(extract(epoch FROM at - coalesce(c.last_done_at, c.created_at)))::float8
  FROM t JOIN public.salesforce_connection c ON c.tenant_id = t.id GROUP BY c.state, t.shown
"""

QUESTIONS = {
    "platform_pulse(at timestamptz)": ("oldest timestamptz, waiting bigint, dead bigint, finished timestamptz", PULSE),
    "platform_sending(here text)": ("off bigint, elsewhere bigint, refused bigint", BOUND),
    "platform_numbers(at timestamptz, each boolean)": (
        "number text, word text, tenant_id bigint, value double precision",
        NUMBERS,
    ),
}
READ = (
    "ledger_outbox", "ledger_effect", "campaigns_seriesrun", "campaigns_message", "campaigns_sendingcontrol",
    "salesforce_connection", "tenancy_tenant",
)  # fmt: skip


def _statements() -> list[str]:
    made = [f"GRANT SELECT ON {', '.join(f'public.{table}' for table in READ)} TO cs_admin"]
    for signature, (answer, query) in QUESTIONS.items():
        name, arguments = signature.rstrip(")").split("(")
        types = ", ".join(part.split()[1] for part in arguments.split(", "))
        exact = f"public.{name}({types})"
        made += [
            f"CREATE FUNCTION public.{signature} RETURNS TABLE ({answer})"
            f" LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fn${query}$fn$",
            f"REVOKE ALL ON FUNCTION {exact} FROM PUBLIC",
            f"GRANT EXECUTE ON FUNCTION {exact} TO cs_app",
            f"ALTER FUNCTION {exact} OWNER TO cs_admin",
        ]
    return made


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("campaigns", "0002_sending"),
        ("ledger", "0002_looking_across_tenants"),
        ("salesforce", "0001_initial"),
        ("tenancy", "0003_keys"),
    ]

    operations = [
        migrations.RunSQL(_statements(), [f"DROP FUNCTION public.{signature.split('(')[0]}" for signature in QUESTIONS])
    ]
