"""What a new tenant starts with: the lead times and one version of each text."""

from datetime import datetime
from typing import Any

from cs_platform.tenancy import defaults
from cs_platform.tenancy.models import Tenant
from onboarding import services


@defaults.seeder(order=40)
def seed(tenant: Tenant, *, actor: Any, now: datetime) -> None:
    """Harmless to repeat: what is there stays."""
    services.ensure_defaults(actor=actor, now=now)
