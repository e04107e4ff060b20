"""Who must have a second factor here, and who has none yet."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from cs_platform import ledger
from cs_platform.people import selectors as people
from cs_platform.people import services
from cs_platform.people.doors import member_view, saved
from cs_platform.people.second_factor import rule
from cs_platform.tenancy.models import Tenant
from cs_platform.workspace import composing
from cs_platform.workspace.pages.account_verbs import form_door
from cs_platform.workspace.pages.settings.frame import frame, who
from cs_platform.workspace.settings_forms import SecurityForm

TEMPLATE = "workspace/settings/security.html"


@member_view("tenant.edit")
@form_door
def security(request: HttpRequest) -> HttpResponse:
    tenant: Tenant = request.tenant  # type: ignore[attr-defined]
    initial = {"second_factor": tenant.second_factor, "version": tenant.version}
    form = SecurityForm(request.POST or None, initial=initial)
    if request.method != "POST":
        return render(request, TEMPLATE, _page(request, form))
    if form.is_valid():
        values = {"second_factor": form.cleaned_data["second_factor"]}
        try:
            with composing.unchanged(tenant, form.known_version, values):
                services.edit_tenant(tenant, values, **who(request))
            return saved(request, "workspace:security", message="Saved. It counts from the next click on.")
        except ledger.Refused as refusal:
            composing.add_refusal(form, refusal)
    return composing.form_page(request, TEMPLATE, _page(request, form), wrong=True)


def _page(request: HttpRequest, form: SecurityForm) -> dict[str, Any]:
    active = list(people.members().filter(is_active=True).order_by("user__name", "pk"))
    having = rule.users_with_factor([one.user_id for one in active])
    return {
        **frame(request, "security"),
        "form": form,
        "without": [one for one in active if one.user_id not in having],
        "having": len(having),
        "all": len(active),
    }
