"""The lead times and the texts of a tenant."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from cs_platform import ledger
from cs_platform.people.doors import member_view, refused, saved
from cs_platform.people.paging import MemberRequest
from onboarding import content, selectors, services
from onboarding.forms import LeadTimesForm, TemplateForm
from onboarding.models import HandoffTemplate

BOTH = ["GET", "HEAD", "POST"]


@member_view("handoff.configure")
@require_http_methods(BOTH)
def lead_times(request: MemberRequest) -> HttpResponse:
    context = {"templates": list(selectors.templates().order_by("kind"))}
    if request.method != "POST":
        form = LeadTimesForm(initial=LeadTimesForm.initial_of(selectors.lead_times()))
        return render(request, "onboarding/settings.html", {**context, "form": form})
    form = LeadTimesForm(request.POST)
    if form.is_valid():
        try:
            services.edit_settings(form.cleaned_data, actor=request.member.actor, now=request.now)
        except ledger.Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            words = "Saved. Every hand-off is looked at again within a minute."
            return saved(request, "onboarding:settings", message=words)
    return refused(request, "onboarding/settings.html", {**context, "form": form})


@member_view("handoff.configure")
@require_http_methods(BOTH)
def write_template(request: MemberRequest, template_id: UUID) -> HttpResponse:
    """Another version of the text of which the address names one."""
    kind = selectors.template_for(request.member, template_id).kind
    versions = list(HandoffTemplate.objects.filter(kind=kind).order_by("-number")[:20])
    newest = versions[0]
    context = {
        "kind": HandoffTemplate.Kind(kind),
        "newest": newest,
        "versions": versions,
        "fields": content.FIELDS,
        "blocks": content.blocks(content.filled(newest.body, content.FIELDS)),
    }
    if request.method != "POST":
        form = TemplateForm(initial={"body": newest.body})
        return render(request, "onboarding/template.html", {**context, "form": form})
    form = TemplateForm(request.POST)
    if form.is_valid():
        typed = form.cleaned_data
        try:
            made = services.write_template(
                kind, typed["body"], note=typed["note"], actor=request.member.actor, now=request.now
            )
        except ledger.Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            words = f"{made} counts for what is made from now on."
            return saved(request, "onboarding:template", made.pk, message=words)
    return refused(request, "onboarding/template.html", {**context, "form": form})
