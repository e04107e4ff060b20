"""What pages with lists share, in every room."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest

from cs_platform.people import keyset
from cs_platform.people.models import Membership
from cs_platform.tenancy.models import Tenant

ROWS = 50


class MemberRequest(HttpRequest):
    """What `member_view` makes of a request."""

    member: Membership
    tenant: Tenant
    now: datetime


def page_of(request: MemberRequest, rows: Any, sort: str, allowed: dict[str, str], limit: int = ROWS) -> dict[str, Any]:
    """One page of a list, with the address of the next. A cursor that is not of this list begins it anew."""
    try:
        page = keyset.paginate(rows, sort=sort, allowed=allowed, cursor=request.GET.get("cursor"), limit=limit)
    except keyset.BadCursor:
        page = keyset.paginate(rows, sort=sort, allowed=allowed, limit=limit)
    query = request.GET.copy()
    query.pop("cursor", None)
    first = f"{request.path}?{query.urlencode()}" if "cursor" in request.GET else ""
    if page.next:
        query["cursor"] = page.next
    return {"rows": page.rows, "next": f"{request.path}?{query.urlencode()}" if page.next else "", "first": first}


def uuid_or_none(text: object) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None
