"""Messages, with why each went or did not go, and the addresses that get none."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from campaigns import previewing, selectors, services
from campaigns.forms import SuppressForm
from campaigns.models import Category, Message
from cs_platform import ledger
from cs_platform.people.doors import member_view, refused, saved
from cs_platform.people.paging import MemberRequest, page_of, uuid_or_none


@member_view("message.view")
def message_list(request: MemberRequest) -> HttpResponse:
    filters = _filters(request)
    page = page_of(request, selectors.message_list(filters), "-due_at", {"due_at": "id"})
    context = {
        "page": page,
        "filters": filters,
        "states": Message.State.choices,
        "series": selectors.all_series(),
        "is_narrowed": filters != selectors.MessageFilters(),
    }
    return render(request, "campaigns/message_list.html", context)


def _filters(request: MemberRequest) -> selectors.MessageFilters:
    """What the address asks for; what makes no sense is left out."""
    asked = request.GET
    state = asked.get("state", "")
    ids = {name: str(uuid_or_none(asked.get(name, "")) or "") for name in ("series", "account", "contact", "template")}
    return selectors.MessageFilters(
        state=state if state in Message.State.values else "", q=asked.get("q", "").strip()[:100], **ids
    )


@member_view("message.view")
def message(request: MemberRequest, message_id: UUID) -> HttpResponse:
    found = selectors.message_for(message_id)
    text = selectors.version_of(found.template, found.number)
    contact = found.enrolment.contact
    context = {
        "message": found,
        "explanation": selectors.explain(found, now=request.now),
        "preview": previewing.preview(text.subject, text.body, contact=contact),
        "may_go_again": found.state in (Message.State.UNKNOWN, Message.State.FAILED, Message.State.SKIPPED),
        "may_be_left_out": found.state in (Message.State.PLANNED, Message.State.HELD),
    }
    return render(request, "campaigns/message.html", context)


@member_view("message.resend")
@require_POST
def resend_message(request: MemberRequest, message_id: UUID) -> HttpResponse:
    found = selectors.message_for(message_id)
    services.resend_message(found, actor=request.member.actor, now=request.now)
    return saved(request, "campaigns:message", found.pk, message="It goes out now.")


@member_view("message.skip")
@require_POST
def skip_message(request: MemberRequest, message_id: UUID) -> HttpResponse:
    found = selectors.message_for(message_id)
    services.skip_message(found, actor=request.member.actor, now=request.now)
    return saved(request, "campaigns:message", found.pk, message="Left out.")


# --- addresses that get none ----------------------------------------------------------------------------------------


@member_view("suppression.view")
def suppression_list(request: MemberRequest) -> HttpResponse:
    return render(request, "campaigns/suppression_list.html", _suppressions(request, SuppressForm()))


def _suppressions(request: MemberRequest, form: SuppressForm) -> dict[str, Any]:
    released = request.GET.get("released") == "1"
    page = page_of(request, selectors.suppressions(released=released), "-created_at", {"created_at": "created_at"})
    return {"page": page, "form": form, "released": released, "categories": dict(Category.choices)}


@member_view("suppression.edit")
@require_POST
def suppress(request: MemberRequest) -> HttpResponse:
    form = SuppressForm(request.POST)
    if form.is_valid():
        typed = dict(form.cleaned_data)
        try:
            row = services.suppress_address(typed.pop("email"), **typed, actor=request.member.actor, now=request.now)
        except ledger.Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            words = f"{row.masked} gets no mail of this kind any more."
            return saved(request, "campaigns:suppression-list", message=words)
    return refused(request, "campaigns/suppression_list.html", _suppressions(request, form))


@member_view("suppression.edit")
@require_POST
def release(request: MemberRequest, suppression_id: UUID) -> HttpResponse:
    found = selectors.suppression_for(suppression_id)
    services.release_suppression(found, actor=request.member.actor, now=request.now)
    return saved(request, "campaigns:suppression-list", message=f"Released {found.masked}.")
