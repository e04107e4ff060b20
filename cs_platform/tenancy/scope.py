"""Whose data: the one setter of the tenant that everything else reads.

The value lives in a ContextVar and is reset by token, so that neither a request nor a queued job leaves it behind;
the database backend (tenancy.pg) carries it into each transaction for row-level security.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_current: ContextVar[int | None] = ContextVar("tenant", default=None)


class NoTenant(RuntimeError):
    """A query on tenant data without a tenant scope."""


class OtherTenant(RuntimeError):
    """A scope inside another tenant's scope, or a row of another tenant."""


def current_tenant_id() -> int | None:
    return _current.get()


def require_tenant_id() -> int:
    tenant_id = _current.get()
    if tenant_id is None:
        raise NoTenant("tenant data was asked for outside of tenant_scope()")
    return tenant_id


@contextmanager
def tenant_scope(tenant: Any) -> Iterator[int]:
    """Everything inside sees this tenant's rows and no others. `tenant` is a Tenant or its id; None raises."""
    tenant_id = getattr(tenant, "pk", tenant)
    if not isinstance(tenant_id, int) or isinstance(tenant_id, bool):
        raise NoTenant(f"tenant_scope() needs a tenant, got {tenant!r}")
    already = _current.get()
    if already is not None and already != tenant_id:
        raise OtherTenant(f"scope of tenant {tenant_id} inside the scope of tenant {already}")
    token = _current.set(tenant_id)
    try:
        yield tenant_id
    finally:
        _current.reset(token)


def assert_empty() -> None:
    """Raises if a scope was left open; called between requests and between jobs."""
    leftover = _current.get()
    if leftover is not None:
        _current.set(None)
        raise OtherTenant(f"the scope of tenant {leftover} was left open")
