"""Texts: the list, and one of them with its preview and its versions."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts.models import Contact
from campaigns import previewing, selectors, services
from campaigns.content import FIELDS, BadTemplate
from campaigns.forms import TemplateForm
from campaigns.models import EmailTemplate
from cs_platform import ledger
from cs_platform.people import policies
from cs_platform.people.doors import member_view, refused, saved
from cs_platform.people.paging import MemberRequest

READING = ["GET", "HEAD", "POST"]
PEOPLE_SHOWN = 50


@member_view("template.view")
def template_list(request: MemberRequest) -> HttpResponse:
    found = list(selectors.templates().prefetch_related("series_items__series"))
    texts = selectors.texts_of(found)
    rows = [{"template": t, "text": texts[t.pk], "series": [i.series for i in t.series_items.all()]} for t in found]
    return render(request, "campaigns/template_list.html", {"rows": rows})


@member_view("template.edit")
@require_http_methods(READING)
def new_template(request: MemberRequest) -> HttpResponse:
    if request.method != "POST":
        return render(request, "campaigns/template.html", _context(request, TemplateForm(), None))
    return _write(request, None)


@member_view("template.view")
@require_http_methods(READING)
def template(request: MemberRequest, template_id: UUID) -> HttpResponse:
    found = selectors.template_for(template_id)
    if request.method == "POST":
        policies.require(request.member, "template.edit")
        return _write(request, found)
    asked = request.GET.get("version", "")
    versions = list(selectors.versions_of(found))
    shown = next((v for v in versions if asked == str(v.number)), versions[0])
    values = {"name": found.name, "category": found.category, "subject": shown.subject, "body": shown.body}
    context = _context(request, TemplateForm(initial=values), found, shown.subject, shown.body)
    return render(request, "campaigns/template.html", {**context, "shown": shown})


def _write(request: MemberRequest, found: EmailTemplate | None) -> HttpResponse:
    """Save, or only look: the button says which."""
    form = TemplateForm(request.POST)
    subject, body = request.POST.get("subject", ""), request.POST.get("body", "")
    if not form.is_valid():
        return refused(request, "campaigns/template.html", _context(request, form, found))
    if "preview" in request.POST:
        return render(request, "campaigns/template.html", _context(request, form, found, subject, body))
    typed = form.cleaned_data
    try:
        if found is None:
            made = services.create_template(**typed, actor=request.member.actor, now=request.now)
        else:
            made = services.edit_template(found, **typed, actor=request.member.actor, now=request.now)
    except ledger.Refused as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        return refused(request, "campaigns/template.html", _context(request, form, found))
    words = f"Saved {made}. Version {made.number} is in force."
    return saved(request, "campaigns:template", made.pk, message=words)


def _context(
    request: MemberRequest, form: TemplateForm, found: EmailTemplate | None, subject: str = "", body: str = ""
) -> dict[str, Any]:
    people = _people()
    chosen = request.POST.get("preview_for") or request.GET.get("preview_for") or ""
    contact = next((person for person in people if str(person.pk) == chosen), None)
    preview, unusable = None, ""
    if subject and body:
        try:
            preview = previewing.preview(subject.strip(), body.strip(), contact=contact)
        except BadTemplate as bad:  # kept as it is; saved anew it would be refused with the same words
            unusable = str(bad)
    return {
        "form": form,
        "template": found,
        "versions": list(selectors.versions_of(found)) if found else [],
        "fields": FIELDS,
        "people": people,
        "preview_for": contact,
        "preview": preview,
        "unusable": unusable,
    }


def _people() -> list[Contact]:
    """Contacts to look at a text with: those who were enrolled last."""
    newest = selectors.enrolments().order_by("-created_at", "-id")[:PEOPLE_SHOWN]
    ids = [enrolment.contact_id for enrolment in newest]
    return list(Contact.objects.filter(pk__in=ids).select_related("account__csm__user").order_by("sort_name", "id"))
