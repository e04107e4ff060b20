"""Looking into one organisation: chosen with a reason, in its scope for one request, and written into its audit log."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import SimpleTemplateResponse
from django.urls import reverse

from cs_platform import ledger
from cs_platform.ledger import Actor
from cs_platform.people.doors import read_transaction
from cs_platform.people.platform import gate
from cs_platform.tenancy import clock
from cs_platform.tenancy.models import Tenant
from cs_platform.tenancy.scope import tenant_scope

LOOK_KEY = "platform.look"

ledger.sentences({"tenant.look_into": "looked into {object}"})


@dataclass(frozen=True)
class Look:
    tenant: Tenant
    reason: str


def chosen(request: HttpRequest) -> Look | None:
    """The organisation that this session looks into, until the reason is half an hour old."""
    kept = request.session.get(LOOK_KEY)
    words = gate.still(kept)
    tenant = Tenant.objects.defer("logo").filter(pk=kept["tenant_id"]).first() if kept and words else None
    return Look(tenant, words) if tenant else None


def choose(request: HttpRequest, tenant: Tenant, words: str) -> None:
    until = (clock.now() + gate.KEPT).isoformat()
    request.session[LOOK_KEY] = {"tenant_id": tenant.pk, "words": words, "until": until}


def leave(request: HttpRequest) -> None:
    request.session.pop(LOOK_KEY, None)


def within(request: HttpRequest, page: str, view: Callable[[], HttpResponse]) -> HttpResponse:
    """The page with rows of the chosen organisation. What is looked at is written down before it is shown; the page
    itself can write nothing."""
    look = chosen(request)
    if look is None:
        return redirect(f"{reverse('admin:organisation')}?{urlencode({'next': request.get_full_path()})}")
    with tenant_scope(look.tenant):
        changes: dict[str, list[Any]] = {"page": [None, page]}
        ledger.note(look.tenant, "look_into", actor=_actor(request), now=clock.now(), note=look.reason, changes=changes)
        with read_transaction():
            response = view()
            if isinstance(response, SimpleTemplateResponse) and not response.is_rendered:
                response.render()
    return response


def _actor(request: HttpRequest) -> Actor:
    return Actor("system", f"staff-{request.user.pk}", f"platform staff {request.user}", "platform")
