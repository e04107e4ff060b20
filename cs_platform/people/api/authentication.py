"""Who asks the API: a key in `Authorization: Bearer …`, or the browser's session with its CSRF token."""

from rest_framework import authentication, exceptions
from rest_framework.request import Request

from cs_platform.people import entry, selectors, services
from cs_platform.people.models import ApiKey, Membership, User
from cs_platform.tenancy import clock
from cs_platform.tenancy.scope import tenant_scope


class KeyAuthentication(authentication.BaseAuthentication):
    """`request.user` and `request.auth` are the key. Every wrong key gets the same answer."""

    def authenticate(self, request: Request) -> tuple[ApiKey, ApiKey] | None:
        header = request.META.get("HTTP_AUTHORIZATION", "")
        if not header:
            return None
        kind, _, plain = header.partition(" ")
        if kind.lower() != "bearer":
            raise exceptions.AuthenticationFailed("Use `Authorization: Bearer <key>`.")
        now = clock.now()
        key = selectors.key_for(plain.strip(), now=now)
        if key is None:
            raise exceptions.AuthenticationFailed("This key does not work. It is unknown, expired or revoked.")
        key.door = "api"  # type: ignore[attr-defined]
        with tenant_scope(key.tenant_id):
            services.note_key_use(key, now=now)
        return key, key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class SessionAuthentication(authentication.SessionAuthentication):
    """The signed-in person; `request.auth` is the membership in the session's tenant, or None without one."""

    def authenticate(self, request: Request) -> tuple[User, Membership | None] | None:
        user = getattr(request._request, "user", None)
        if not isinstance(user, User) or not user.is_active:
            return None
        self.enforce_csrf(request)
        member = entry.member_of(request._request)
        if member is not None:
            member.door = "api"  # type: ignore[attr-defined]
        return user, member
