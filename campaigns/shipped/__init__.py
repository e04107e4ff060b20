"""What a new tenant starts with: the switch of its mail, and the onboarding series with its e-mails."""

import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

from campaigns import content, services
from campaigns.models import EmailTemplate, Series, TemplateVersion
from cs_platform import ledger
from cs_platform.tenancy import defaults
from cs_platform.tenancy.models import Tenant

FOLDER = Path(__file__).parent
RULE = ("name", "category", "success_flow", "weekdays", "local_time", "zone", "holidays", "audience_roles")


def read(key: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{key}.toml").read_text())


@defaults.seeder(order=40)
def seed(tenant: Tenant, *, actor: Any, now: datetime) -> None:
    services.set_up_sending(actor=actor, now=now)
    install("onboarding", actor=actor, now=now)


def install(key: str, *, actor: ledger.Actor, now: datetime) -> Series:
    """The series of that key with its templates, active; the tenant's own copy."""
    shipped = read(key)
    templates = [
        EmailTemplate(
            name=item["name"],
            category=shipped["category"],
            shipped_key=f"{key}.{position:02d}",
            created_at=now,
            updated_at=now,
        )
        for position, item in enumerate(shipped["items"], start=1)
    ]
    versions = [
        TemplateVersion(
            template=template,
            number=1,
            subject=item["subject"].strip(),
            body=item["body"].strip(),
            author=actor.words,
            created_at=now,
        )
        for template, item in zip(templates, shipped["items"], strict=True)
    ]
    for version in versions:
        content.compile_template(version.subject, version.body)
    with ledger.unit():
        ledger.create_many(templates, actor=actor, now=now)
        ledger.create_many(versions, actor=actor, now=now)
        series = services.create_series(
            {name: shipped[name] for name in RULE},
            template_ids=[template.pk for template in templates],
            shipped_key=key,
            actor=actor,
            now=now,
        )
        return services.activate_series(series, actor=actor, now=now)
