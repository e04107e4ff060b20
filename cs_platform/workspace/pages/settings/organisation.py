"""The organisation: its time, its days off, its name on e-mails, its colour and picture."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from campaigns.calendar import days_off
from cs_platform import ledger
from cs_platform.people import services
from cs_platform.people.doors import member_view, saved
from cs_platform.tenancy.models import Tenant
from cs_platform.workspace import composing
from cs_platform.workspace.forms import zone_names
from cs_platform.workspace.pages.account_verbs import form_door
from cs_platform.workspace.pages.settings.frame import frame, who
from cs_platform.workspace.settings_forms import LogoForm, OrganisationForm

TEMPLATE = "workspace/settings/organisation.html"
NEXT_DAYS = 5


@member_view("tenant.edit")
@form_door
def organisation(request: HttpRequest) -> HttpResponse:
    tenant: Tenant = request.tenant  # type: ignore[attr-defined]
    form = OrganisationForm(request.POST or None, initial=OrganisationForm.initial_of(tenant))
    if request.method != "POST":
        return render(request, TEMPLATE, _page(request, form, LogoForm()))
    if form.is_valid():
        try:
            with composing.unchanged(tenant, form.known_version, form.values()):
                services.edit_tenant(tenant, form.values(), **who(request))
            return saved(request, "workspace:organisation", message="Saved.")
        except ledger.Refused as refusal:
            composing.add_refusal(form, refusal)
    return composing.form_page(request, TEMPLATE, _page(request, form, LogoForm()), wrong=True)


def _page(request: HttpRequest, form: OrganisationForm, logo: LogoForm) -> dict[str, Any]:
    tenant: Tenant = request.tenant  # type: ignore[attr-defined]
    return {
        **frame(request, "organisation"),
        "form": form,
        "logo_form": logo,
        "zones": zone_names(),
        "parts": services.parts_of_country(tenant.holiday_country),
        "next_days": _next_days(tenant, request.now),  # type: ignore[attr-defined]
    }


def _next_days(tenant: Tenant, now: datetime) -> list[tuple[date, str]]:
    """The next days on which nothing is sent, with what they are called."""
    off = days_off(tenant.holiday_country, tenant.holiday_subdivision, tenant.own_holidays)
    today = now.astimezone(ZoneInfo(tenant.timezone)).date()
    coming = (today + timedelta(days=number) for number in range(400))
    found = [(day, off.name_of(day)) for day in coming if day in off]
    return found[:NEXT_DAYS]


@member_view("tenant.edit")
@require_POST
def set_logo(request: HttpRequest) -> HttpResponse:
    tenant: Tenant = request.tenant  # type: ignore[attr-defined]
    logo = LogoForm(request.POST, request.FILES)
    if logo.is_valid():
        try:
            services.set_logo(tenant, logo.cleaned_data["logo"], **who(request))
            return saved(request, "workspace:organisation", message="The picture is saved.")
        except ledger.Refused as refusal:
            composing.add_refusal(logo, refusal)
    form = OrganisationForm(initial=OrganisationForm.initial_of(tenant))
    return composing.form_page(request, TEMPLATE, _page(request, form, logo), wrong=True)


@member_view("tenant.edit")
@require_POST
def remove_logo(request: HttpRequest) -> HttpResponse:
    services.set_logo(request.tenant, b"", **who(request))  # type: ignore[attr-defined]
    return saved(request, "workspace:organisation", message="The picture is removed.")
