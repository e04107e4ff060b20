"""The cast: two organisations and the same five people in every test.

acme and umbra are tenants with their shipped defaults. ana owns acme, ben is a csm there, tess leads the technical
advisors, rhea only reads; otto owns umbra and is the outsider. A member, a key and a moment are all a test needs.
"""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # a Monday
PASSWORD = "correct horse battery"


@pytest.fixture
def now() -> datetime:
    """The moment that tests hand to services."""
    return NOW


def make_tenant(slug: str, name: str, timezone: str) -> Any:
    """A tenant as `create_tenant` makes it; its owner's invitation stays open."""
    from cs_platform.people import services

    tenant, _ = services.create_tenant(slug, name, timezone, f"owner-of-{slug}@example.com", now=NOW)
    return tenant


def make_member(tenant: Any, name: str, *roles: str, email: str = "") -> Any:
    """A user who is a member; with the address of somebody else in the cast it is the same user."""
    from allauth.account.models import EmailAddress

    from cs_platform import ledger
    from cs_platform.people.models import Membership, User
    from cs_platform.tenancy.scope import tenant_scope

    email = email or f"{name.lower()}@{tenant.slug}.example.com"
    user = User.objects.filter(email=email).first()
    if user is None:
        user = User.objects.create_user(email, PASSWORD, name=name)
        EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    with tenant_scope(tenant):
        member = Membership(user=user, roles=list(roles), created_at=NOW, updated_at=NOW)
        return ledger.create(member, actor=ledger.system("test"), now=NOW)


@pytest.fixture
def acme(db: None) -> Any:
    return make_tenant("acme", "Acme", "Europe/Berlin")


@pytest.fixture
def umbra(db: None) -> Any:
    return make_tenant("umbra", "Umbra", "America/New_York")


@pytest.fixture
def ana(acme: Any) -> Any:
    return make_member(acme, "Ana", "owner")


@pytest.fixture
def ben(acme: Any) -> Any:
    return make_member(acme, "Ben", "csm")


@pytest.fixture
def tess(acme: Any) -> Any:
    return make_member(acme, "Tess", "ta_leader")


@pytest.fixture
def rhea(acme: Any) -> Any:
    return make_member(acme, "Rhea", "viewer")


@pytest.fixture
def otto(umbra: Any) -> Any:
    return make_member(umbra, "Otto", "owner")


@pytest.fixture
def in_acme(acme: Any) -> Iterator[Any]:
    """The whole test runs in acme's scope. Not together with requests: a request must start without a scope."""
    from cs_platform.tenancy.scope import tenant_scope

    with tenant_scope(acme):
        yield acme


@pytest.fixture
def in_umbra(umbra: Any) -> Iterator[Any]:
    from cs_platform.tenancy.scope import tenant_scope

    with tenant_scope(umbra):
        yield umbra


def sign_in(client: Client, member: Any) -> Client:
    """The browser of this member, in this member's tenant."""
    client.force_login(member.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    session = client.session
    session["tenant_id"] = member.tenant_id
    session.save()
    return client


def make_key(tenant: Any, *scopes: str, **fields: Any) -> str:
    """The plain text of a new key."""
    from cs_platform import ledger
    from cs_platform.people import services
    from cs_platform.tenancy.scope import tenant_scope

    with tenant_scope(tenant):
        _, plain = services.create_api_key("test", scopes, actor=ledger.system("test"), now=NOW, **fields)
    return plain


class Api:
    """Speaks JSON to /api/v1/ with a key, or as a signed-in client without one."""

    def __init__(self, key: str = "", client: Client | None = None) -> None:
        self.client = client or Client()
        self.key = key

    def _call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        if self.key:
            headers.setdefault("Authorization", f"Bearer {self.key}")
        extra: dict[str, Any] = {"headers": {k.replace("_", "-"): v for k, v in headers.items()}}
        if body is not None:
            extra["data"] = body if isinstance(body, bytes | str) else json.dumps(body)
            extra["content_type"] = "application/json"
        url = path if path.startswith(("/", "http")) else f"/api/v1/{path}"
        return self.client.generic(method, url, **extra)

    def get(self, path: str, **headers: str) -> Any:
        return self._call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self._call("POST", path, {} if body is None else body, **headers)

    def patch(self, path: str, body: Any, **headers: str) -> Any:
        return self._call("PATCH", path, body, **headers)

    def delete(self, path: str, **headers: str) -> Any:
        return self._call("DELETE", path, **headers)


def api(key: str = "", *, tenant: Any = None, scopes: tuple[str, ...] = ("admin",), member: Any = None) -> Api:
    """`api("cs_…")` with a key, `api(tenant=acme, scopes=("accounts:read",))` with a new one, `api(member=ana)` with
    the member's session."""
    if member is not None:
        return Api(client=sign_in(Client(), member))
    return Api(key or make_key(tenant, *scopes))


@pytest.fixture
def acme_api(acme: Any) -> Api:
    return api(tenant=acme)


@pytest.fixture
def umbra_api(umbra: Any) -> Api:
    return api(tenant=umbra)


@pytest.fixture
def clock_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """What doors read as now, for the rest of this test."""
    from cs_platform.tenancy import clock

    def set_to(moment: datetime) -> None:
        monkeypatch.setattr(clock, "now", lambda: moment)

    return set_to
