"""The frame of the REST API: every room's endpoints answer the same way because they stand on the classes here.

A request is authenticated by key or session, enters the tenant's scope, is checked against the table of rights, and
leaves as JSON or as a problem (RFC 9457). The frame also knows idempotency keys, ETags, keyset pages and the strict
reading of bodies, so that a viewset is nothing but load, check, parse, one call, answer. Names are looked up on
demand, because the settings of the REST framework name modules of this package.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cs_platform.people.api import serializers
    from cs_platform.people.api.frame import TenantAPIView
    from cs_platform.people.api.serializers import StrictSerializer
    from cs_platform.people.api.viewsets import Lists, Retrieves, TenantViewSet

__all__ = ["Lists", "Retrieves", "StrictSerializer", "TenantAPIView", "TenantViewSet", "serializers"]
_HOMES = {
    "TenantAPIView": "frame",
    "TenantViewSet": "viewsets",
    "Lists": "viewsets",
    "Retrieves": "viewsets",
    "StrictSerializer": "serializers",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    if name in __all__:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(name)
