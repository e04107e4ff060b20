"""For pgbouncer.py, as a process of its own behind the bouncer: organisations with a canary each, and what is left."""

import json
import os
import sys
from datetime import UTC, datetime
from typing import Any

import django


def people(many: int) -> dict[str, str]:
    """canary -> key; the canary stands in the name of every row."""
    from cs_platform import ledger
    from cs_platform.people import services
    from cs_platform.tenancy.models import Tenant
    from cs_platform.tenancy.scope import tenant_scope
    from tests.faults.work import _accounts

    actor, now, keys = ledger.system("faults"), datetime.now(UTC), dict[str, str]()
    before = Tenant.objects.count()  # of an earlier round
    for number in range(before, before + many):
        canary = f"Kanarie{number:02}Q"
        tenant, _ = services.create_tenant(f"mix-{number}", canary, "UTC", f"o{number}@example.com", now=now)
        with tenant_scope(tenant):
            _accounts(canary, 30, actor, now)
            keys[canary] = services.create_api_key("mix", ["admin"], actor=actor, now=now)[1]
    return keys


def left() -> int:
    from cs_platform.ledger.models import Outbox
    from cs_platform.tenancy.models import Tenant
    from cs_platform.tenancy.scope import tenant_scope

    def open_work(tenant: Any) -> int:
        with tenant_scope(tenant):
            return Outbox.objects.exclude(state="done").filter(due_at__lte=datetime.now(UTC)).count()

    return sum(open_work(tenant) for tenant in Tenant.objects.all())


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "cs_platform.settings"
    django.setup()
    print(left() if sys.argv[1] == "left" else json.dumps(people(int(sys.argv[1]))))
