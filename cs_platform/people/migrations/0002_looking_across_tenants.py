"""The three questions that row-level security forbids and that must be asked before a tenant is known.

Each is a function of cs_admin, which bypasses row-level security; it has a fixed search_path, takes one exact value and
answers with ids and nothing else. Only cs_app may call it.
"""

from django.db import migrations

QUESTIONS = {
    "people_places_of_user(person bigint)": """
        SELECT m.tenant_id, m.id FROM public.people_membership m
        JOIN public.tenancy_tenant t ON t.id = m.tenant_id AND t.status = 'active'
        WHERE m.user_id = person AND m.is_active""",
    "people_key_with_prefix(wanted text)": """
        SELECT k.tenant_id, k.id FROM public.people_apikey k
        JOIN public.tenancy_tenant t ON t.id = k.tenant_id AND t.status = 'active'
        WHERE k.prefix = wanted AND k.revoked_at IS NULL""",
    "people_invitation_with_digest(wanted text)": """
        SELECT i.tenant_id, i.id FROM public.people_invitation i
        JOIN public.tenancy_tenant t ON t.id = i.tenant_id AND t.status = 'active'
        WHERE i.digest = wanted AND i.accepted_at IS NULL""",
}


def _statements() -> list[str]:
    made = [
        "GRANT SELECT ON public.people_membership, public.people_apikey, public.people_invitation,"
        " public.tenancy_tenant TO cs_admin"
    ]
    for signature, query in QUESTIONS.items():
        name, argument = signature.rstrip(")").split("(")
        exact = f"public.{name}({argument.split()[1]})"
        made += [
            f"CREATE FUNCTION public.{signature} RETURNS TABLE (tenant_id bigint, row_id uuid)"
            f" LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fn${query}$fn$",
            f"REVOKE ALL ON FUNCTION {exact} FROM PUBLIC",
            f"GRANT EXECUTE ON FUNCTION {exact} TO cs_app",
            f"ALTER FUNCTION {exact} OWNER TO cs_admin",
        ]
    return made


class Migration(migrations.Migration):
    dependencies = [("people", "0001_initial")]

    operations = [
        migrations.RunSQL(
            _statements(),
            [f"DROP FUNCTION public.{signature.split('(')[0]}" for signature in QUESTIONS],
        )
    ]
