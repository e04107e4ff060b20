"""Keys of programs. The key itself is on one page, once."""

from datetime import datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from cs_platform import ledger
from cs_platform.people import services
from cs_platform.people.doors import member_view, saved
from cs_platform.people.models import ApiKey
from cs_platform.workspace import composing
from cs_platform.workspace.pages.account_verbs import form_door
from cs_platform.workspace.pages.settings.frame import frame, may, who
from cs_platform.workspace.settings_forms import KeyForm

PAGE = "workspace:api-keys"


@member_view("api_key.view")
def api_keys(request: HttpRequest) -> HttpResponse:
    keys = list(ApiKey.objects.select_related("created_by__user").order_by("-created_at", "-pk")[:200])
    for key in keys:
        key.works = key.works_at(request.now)  # type: ignore[attr-defined]
    context = {
        **frame(request, "api-keys"),
        "keys": keys,
        "may_create": may(request, "api_key.create"),
        "may_revoke": may(request, "api_key.revoke"),
    }
    return render(request, "workspace/settings/api_keys.html", context)


@member_view("api_key.create")
@never_cache
@form_door
def create_api_key(request: HttpRequest) -> HttpResponse:
    form = KeyForm(request.POST or None)
    context: dict[str, Any] = {**frame(request, "api-keys"), "form": form}
    template = "workspace/settings/create_api_key.html"
    if request.method != "POST":
        return composing.form_page(request, template, context)
    if form.is_valid():
        data = form.cleaned_data
        try:
            with composing.once(form.token, request.now):  # type: ignore[attr-defined]
                key, plain = services.create_api_key(
                    data["name"],
                    data["scopes"],
                    by=request.member,  # type: ignore[attr-defined]
                    expires_at=_end_of(data["expires_on"], request.tenant.timezone),  # type: ignore[attr-defined]
                    **who(request),
                )
            return render(request, "workspace/settings/new_api_key.html", {**context, "key": key, "plain": plain})
        except composing.SentBefore:
            message = "The key was made already and shown once. If you have not kept it, revoke it and make another."
            return saved(request, PAGE, message=message)
        except ledger.Refused as refusal:
            field = "expires_on" if refusal.field == "expires_at" else refusal.field
            composing.add_refusal(form, ledger.Refused(str(refusal), refusal.code, field))
    return composing.form_page(request, template, context, wrong=True)


def _end_of(day: Any, zone: str) -> datetime | None:
    return datetime.combine(day, time(23, 59, 59), ZoneInfo(zone)) if day else None


@member_view("api_key.revoke")
@require_POST
def revoke_api_key(request: HttpRequest, key_id: UUID) -> HttpResponse:
    key = ApiKey.objects.filter(pk=key_id).first()
    if key is None:
        raise Http404
    if key.revoked_at is None:
        services.revoke_api_key(key, **who(request))
    return saved(request, PAGE, message=f"The key {key.name} works no more.")
