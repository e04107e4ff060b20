"""The data key of the installation, and two questions about the keys of all tenants: how many hang on which master key,
and whose must be wrapped anew. Functions of cs_admin with a fixed search_path; key ids, counts and tenant ids as
answers, never a key."""

from django.db import migrations, models

QUESTIONS = {
    "tenancy_keys_by_master()": (
        "master text, keys bigint",
        "SELECT k.master, count(*) FROM public.tenancy_tenantkey k GROUP BY k.master",
    ),
    "tenancy_keys_not_under(wanted text, after bigint, most integer)": (
        "tenant_id bigint",
        "SELECT k.tenant_id FROM public.tenancy_tenantkey k WHERE k.master <> wanted AND k.tenant_id > after"
        " ORDER BY k.tenant_id LIMIT most",
    ),
}


def _statements() -> list[str]:
    made = ["GRANT SELECT ON public.tenancy_tenantkey TO cs_admin"]
    for signature, (answer, query) in QUESTIONS.items():
        name, arguments = signature.rstrip(")").split("(")
        types = ", ".join(part.split()[1] for part in arguments.split(", ") if part)
        exact = f"public.{name}({types})"
        made += [
            f"CREATE FUNCTION public.{signature} RETURNS TABLE ({answer})"
            f" LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fn${query}$fn$",
            f"REVOKE ALL ON FUNCTION {exact} FROM PUBLIC",
            f"GRANT EXECUTE ON FUNCTION {exact} TO cs_app",
            f"ALTER FUNCTION {exact} OWNER TO cs_admin",
        ]
    return made


class Migration(migrations.Migration):
    dependencies = [("tenancy", "0002_second_factor")]

    operations = [
        migrations.CreateModel(
            name="InstallationKey",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("master", models.CharField(max_length=40)),
                ("wrapped", models.CharField(max_length=200)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="installation_key_once")]
            },
        ),
        migrations.RunSQL(_statements(), [f"DROP FUNCTION public.{name.split('(')[0]}" for name in QUESTIONS]),
    ]
