"""What the tests of accounts share: a customer, and what the ledger and the facts say of it."""

from collections.abc import Callable
from typing import Any

import pytest

from cs_platform.tenancy.scope import tenant_scope
from tests.cast import NOW


@pytest.fixture(autouse=True)
def _without_other_rooms(monkeypatch: pytest.MonkeyPatch) -> None:
    """What higher rooms add to the answers is tested there."""
    from accounts.api import extensions

    monkeypatch.setattr(extensions, "_fills", {})
    monkeypatch.setattr(extensions, "_filters", {})


@pytest.fixture
def make_account(acme: Any) -> Callable[..., Any]:
    """A managed account of acme, made through the room's own verb."""

    def make(name: str = "Globex", *, tenant: Any = None, **values: Any) -> Any:
        from accounts import services
        from tests.accounts.seen import TESTER

        values = {"name": name, "support_level": "Named", **values}
        with tenant_scope(tenant or acme):
            return services.create_account(values, actor=TESTER, now=NOW)

    return make


@pytest.fixture
def globex(make_account: Callable[..., Any]) -> Any:
    return make_account("Globex", developers=1200, external_id="globex")
