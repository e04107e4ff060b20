"""What the audit and the facts say, in the scope of a tenant."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cs_platform import ledger
from cs_platform.ledger.models import AuditRow, FactRow
from cs_platform.tenancy.scope import current_tenant_id, tenant_scope

TESTER = ledger.system("test")


def verbs(object_id: Any) -> list[str]:
    """The verbs that the audit has of an object, oldest first."""
    return list(AuditRow.objects.filter(object_id=str(object_id)).order_by("pk").values_list("verb", flat=True))


def facts(name: str) -> list[dict[str, Any]]:
    """The payloads of the facts of this name, oldest first."""
    return list(FactRow.objects.filter(name=name).order_by("pk").values_list("payload", flat=True))


@contextmanager
def nothing_happens(tenant: Any = None) -> Iterator[None]:
    """Neither an audit row nor a fact is written within it."""
    with tenant_scope(tenant or current_tenant_id()):
        before = AuditRow.objects.count(), FactRow.objects.count()
    yield
    with tenant_scope(tenant or current_tenant_id()):
        assert (AuditRow.objects.count(), FactRow.objects.count()) == before
