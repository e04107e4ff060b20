"""The frame of every page: who, in which tenant, may he, then the view inside the tenant's scope.

    @member_view("account.archive")
    @require_POST
    def archive_account(request, account_id): ...

Reading requests run in one read-only transaction; verbs open their own. The membership is read on every request, so
a removed member is out at once.
"""

import functools
import sys
from collections.abc import Callable
from typing import Any, overload

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.template.response import SimpleTemplateResponse
from django.utils.cache import patch_vary_headers
from django_htmx.http import HttpResponseClientRedirect

from cs_platform import ledger
from cs_platform.people import entry, once, policies, selectors, services
from cs_platform.people.models import Membership
from cs_platform.people.permissions import VERBS
from cs_platform.people.second_factor import rule
from cs_platform.tenancy import clock
from cs_platform.tenancy.scope import tenant_scope

View = Callable[..., HttpResponse]
READING = ("GET", "HEAD")


@overload
def member_view(view: View) -> View: ...
@overload
def member_view(view: str) -> Callable[[View], View]: ...
def member_view(view: View | str) -> View | Callable[[View], View]:
    """`@member_view` for any member, `@member_view("account.edit")` for those who may do the verb."""
    if callable(view):
        return _framed(view, "")
    verb = view
    if verb not in VERBS:
        raise KeyError(f"{verb} is not in people/permissions.py")
    return lambda inner: _framed(inner, verb)


def _framed(view: View, verb: str) -> View:
    @functools.wraps(view)
    def framed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return _to_login(request)
        member = entry.member_of(request)
        if member is None:
            return _no_membership(request)
        with tenant_scope(member.tenant_id):
            _introduce(request, member)
            if rule.missing(member):
                return _to_second_factor(request, member)
            services.note_member_seen(member, now=request.now)  # type: ignore[attr-defined]
            if verb:
                policies.require(member, verb)
            return _answer(view, request, *args, **kwargs)

    framed.member_verb = verb  # type: ignore[attr-defined]  # read by the test that hits every address
    return framed


def _introduce(request: HttpRequest, member: Membership) -> None:
    member.door = "page"  # type: ignore[attr-defined]
    request.member = request.who = member  # type: ignore[attr-defined]
    request.tenant = member.tenant  # type: ignore[attr-defined]
    request.now = clock.now()  # type: ignore[attr-defined]


def _answer(view: View, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    if request.method in READING:
        with read_transaction():
            return _rendered(view(request, *args, **kwargs))
    try:
        return once.only_once(request, lambda: _rendered(view(request, *args, **kwargs)))
    except ledger.Refused as refusal:
        return _refusal(request, refusal)


class read_transaction(transaction.Atomic):  # noqa: N801  (used as `with read_transaction():`)
    """One transaction in which writing raises: a page that changes something by being looked at is a mistake."""

    def __init__(self) -> None:
        super().__init__(using=None, savepoint=True, durable=False)

    def __enter__(self) -> None:
        super().__enter__()
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION READ ONLY")
        except BaseException:
            # Nobody else would end what has begun, and this thread would keep its dead connection for good.
            self.__exit__(*sys.exc_info())
            raise


def _rendered(response: HttpResponse) -> HttpResponse:
    if isinstance(response, SimpleTemplateResponse) and not response.is_rendered:
        response.render()  # inside the scope: a template may walk relations
    patch_vary_headers(response, ["HX-Request"])
    return response


def _htmx(request: HttpRequest) -> bool:
    return bool(getattr(request, "htmx", False))


def _to_login(request: HttpRequest) -> HttpResponse:
    if _htmx(request):
        current = getattr(request.htmx, "current_url_abs_path", None)  # type: ignore[attr-defined]
        return HttpResponseClientRedirect(redirect_to_login(current or "/")["Location"])
    reading = request.method in READING
    return redirect_to_login(request.get_full_path() if reading else "/")


def _to_second_factor(request: HttpRequest, member: Membership) -> HttpResponse:
    """The organisation asks for a second factor; the way leads to where it is set up."""
    messages.warning(request, f"{member.tenant.name} asks for a second factor. Set one up to go on.")
    target = resolve_url("mfa_index")
    return HttpResponseClientRedirect(target) if _htmx(request) else redirect(target)


def _no_membership(request: HttpRequest) -> HttpResponse:
    entry.forget(request)  # the next page opens a tenant that the user still has
    places = selectors.places_of(request.user)  # type: ignore[arg-type]
    if not places and getattr(request.user, "is_staff", False):
        return redirect("admin:index")
    return render(request, "people/no_membership.html", {"places": places}, status=403)


def _refusal(request: HttpRequest, refusal: ledger.Refused) -> HttpResponse:
    """A verb said no and the view had no form to say it at."""
    template = "people/refused.html#fragment" if _htmx(request) else "people/refused.html"
    response = render(request, template, {"refusal": refusal, "back": _back(request)}, status=422)
    if _htmx(request):
        response["HX-Retarget"], response["HX-Reswap"] = "#toasts", "beforeend"
    return response


def _back(request: HttpRequest) -> str:
    from django.utils.http import url_has_allowed_host_and_scheme

    referrer = request.META.get("HTTP_REFERER", "")
    same = url_has_allowed_host_and_scheme(referrer, {request.get_host()}, require_https=request.is_secure())
    return referrer if same else "/"


def refused(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """What the person typed, with what is wrong about it: 422, a page or (`page.html#part`) its fragment."""
    return render(request, template, context, status=422)


def saved(
    request: HttpRequest,
    to: Any,
    *args: Any,
    message: str = "",
    fragment: str = "",
    context: dict[str, Any] | None = None,
    **kwargs: Any,
) -> HttpResponse:
    """Done: htmx gets the fragment (or is sent on), a plain form is redirected."""
    if _htmx(request) and fragment:
        return render(request, fragment, {**(context or {}), "message": message})
    if message:
        messages.success(request, message)
    target = resolve_url(to, *args, **kwargs)
    return HttpResponseClientRedirect(target) if _htmx(request) else redirect(target)
