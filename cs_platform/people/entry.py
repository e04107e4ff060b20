"""Which tenant a browser session is in: asked by pages and by the API alike, answered from the database each time."""

from django.http import HttpRequest

from cs_platform.people import selectors
from cs_platform.people.models import Membership, User

SESSION_KEY = "tenant_id"


def member_of(request: HttpRequest) -> Membership | None:
    """The membership in the session's tenant. A fresh session gets the first tenant of the user by name; a session
    whose tenant the user lost gets nothing, so that no request lands in another tenant by surprise."""
    user = request.user
    if not isinstance(user, User):
        return None
    tenant_id = request.session.get(SESSION_KEY)
    if isinstance(tenant_id, int):
        return selectors.member_in(user, tenant_id)
    places = selectors.places_of(user)
    if not places:
        return None
    member = selectors.member_in(user, places[0].tenant.pk)
    if member is not None:
        request.session[SESSION_KEY] = member.tenant_id
    return member


def enter(request: HttpRequest, tenant_id: int) -> None:
    """The session moves to another tenant and gets a new key, so that nothing cached under the old one is met."""
    request.session[SESSION_KEY] = tenant_id
    request.session.cycle_key()


def forget(request: HttpRequest) -> None:
    request.session.pop(SESSION_KEY, None)
