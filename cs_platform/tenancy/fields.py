"""Foreign keys that carry the tenant."""

from typing import Any

from django.db import models

from cs_platform.tenancy.scope import OtherTenant, current_tenant_id, require_tenant_id


class OwnerField(models.ForeignKey):  # type: ignore[type-arg]
    """The tenant of a row: taken from the scope when the row is written, and never another's."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs["to"] = "tenancy.Tenant"
        kwargs.setdefault("on_delete", models.PROTECT)
        kwargs.setdefault("related_name", "+")
        kwargs["db_index"] = False  # every index of a tenant table starts with it
        kwargs["editable"] = False
        super().__init__(**kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {k: v for k, v in kwargs.items() if k not in ("to", "db_index", "editable")}

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        scope = require_tenant_id()
        mine = getattr(model_instance, self.attname)
        if mine is None:
            setattr(model_instance, self.attname, scope)
        elif mine != scope:
            raise OtherTenant(f"a {type(model_instance).__name__} of tenant {mine} in the scope of tenant {scope}")
        return scope


class TenantFK(models.ForeignKey):  # type: ignore[type-arg]
    """A foreign key between two rows of one tenant: in the database it is (tenant_id, x_id) → (tenant_id, id), so a row
    of another tenant can not be referred to. The migration helper `Isolate` makes the constraint and the index."""

    def __init__(self, to: Any, on_delete: Any, **kwargs: Any) -> None:
        kwargs["db_constraint"] = False
        kwargs["db_index"] = False
        super().__init__(to, on_delete, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {k: v for k, v in kwargs.items() if k not in ("db_constraint", "db_index")}

    def validate(self, value: Any, model_instance: Any) -> None:
        if current_tenant_id() is not None:
            super().validate(value, model_instance)


class TenantOneToOne(TenantFK):
    """At most one row per related row; the unique key leads with the tenant, so declare it in Meta.constraints."""
