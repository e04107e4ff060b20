"""Querysets that stand in a tenant's scope, or raise."""

from typing import Any, Generic, TypeVar

from django.db import models

from cs_platform.tenancy.scope import require_tenant_id

M = TypeVar("M", bound=models.Model)


class ScopedManager(models.Manager[M], Generic[M]):
    """`objects` of every TenantOwned model. Raises NoTenant outside of a scope; what it gives is the tenant's.

    There is no way around it here. What must look across tenants is a function in the database that answers with ids
    and nothing else (see people/migrations and ledger/migrations).
    """

    use_in_migrations = False

    def get_queryset(self) -> models.QuerySet[M]:
        return super().get_queryset().filter(tenant_id=require_tenant_id())

    def get_or_create(self, *args: Any, **kwargs: Any) -> Any:
        kwargs["defaults"] = {**(kwargs.get("defaults") or {}), "tenant_id": require_tenant_id()}
        return super().get_or_create(*args, **kwargs)
