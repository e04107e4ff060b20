"""What a new tenant starts with. Each room registers its own part; the parts run in order, inside the scope."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from cs_platform.tenancy.models import Tenant


class Seeder(Protocol):
    def __call__(self, tenant: Tenant, *, actor: Any, now: datetime) -> None: ...


_seeders: dict[str, tuple[int, Seeder]] = {}


def seeder(order: int) -> Callable[[Seeder], Seeder]:
    """`@seeder(order=10)` on `seed(tenant, *, actor, now)`. Lower rooms have lower numbers."""

    def register(function: Seeder) -> Seeder:
        _seeders[f"{getattr(function, '__module__', '')}.{getattr(function, '__qualname__', '')}"] = (order, function)
        return function

    return register


def seed(tenant: Tenant, *, actor: Any, now: datetime) -> None:
    for _, (_, function) in sorted(_seeders.items(), key=lambda item: (item[1][0], item[0])):
        function(tenant, actor=actor, now=now)
