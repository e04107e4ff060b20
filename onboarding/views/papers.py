"""The document and the meeting of a hand-off."""

from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from cs_platform import ledger
from cs_platform.people.doors import member_view, refused, saved
from cs_platform.people.paging import MemberRequest
from onboarding import ics, selectors, services
from onboarding.content import blocks, plain_text
from onboarding.forms import PEOPLE, DocumentForm, MeetingForm
from onboarding.models import HandoffMeeting, HandoffTemplate

BOTH = ["GET", "HEAD", "POST"]


# --- the document ---------------------------------------------------------------------------------------------------


@member_view("handoff.view")
def document(request: MemberRequest, handoff_id: UUID) -> HttpResponse:
    found = selectors.handoff_for(request.member, handoff_id)
    text = selectors.document_of(found)
    context = {"handoff": found, "document": text, "blocks": blocks(text.body)}
    return render(request, "onboarding/document.html", context)


@member_view("handoff.edit")
@require_http_methods(BOTH)
def edit_document(request: MemberRequest, handoff_id: UUID) -> HttpResponse:
    found = selectors.handoff_for(request.member, handoff_id)
    text = selectors.document_of(found)
    if request.method != "POST":
        form = DocumentForm(initial={"body": text.body, "version": text.version})
        return render(request, "onboarding/edit_document.html", {"handoff": found, "document": text, "form": form})
    form = DocumentForm(request.POST)
    if form.is_valid():
        version = form.cleaned_data["version"]
        if version is not None and version != text.version:
            form.add_error("body", "Somebody else has changed the document meanwhile. Yours is here; save to keep it.")
            data = request.POST.copy()
            data["version"] = str(text.version)
            form.data = data
        else:
            try:
                services.edit_document(text, form.cleaned_data["body"], actor=request.member.actor, now=request.now)
            except ledger.Refused as refusal:
                form.add_error("body", str(refusal))
            else:
                return saved(request, "onboarding:document", found.pk, message="Saved the document.")
    return refused(request, "onboarding/edit_document.html", {"handoff": found, "document": text, "form": form})


@member_view("handoff.edit")
@require_POST
def finish_document(request: MemberRequest, handoff_id: UUID) -> HttpResponse:
    found = selectors.handoff_for(request.member, handoff_id)
    services.finish_document(selectors.document_of(found), actor=request.member.actor, now=request.now)
    return saved(request, "onboarding:document", found.pk, message="Finished. It can be read from now on.")


@member_view("handoff.edit")
@require_POST
def take_up_document(request: MemberRequest, handoff_id: UUID) -> HttpResponse:
    found = selectors.handoff_for(request.member, handoff_id)
    services.take_up_document(selectors.document_of(found), actor=request.member.actor, now=request.now)
    return saved(request, "onboarding:edit-document", found.pk, message="It is a draft again.")


# --- the meeting ----------------------------------------------------------------------------------------------------


@member_view("handoff.edit")
@require_http_methods(BOTH)
def plan_meeting(request: MemberRequest, handoff_id: UUID) -> HttpResponse:
    found = selectors.handoff_for(request.member, handoff_id)
    meeting, zone = selectors.meeting_of(found), ZoneInfo(request.tenant.timezone)
    context = {"handoff": found, "meeting": meeting, "zone": zone.key}
    if request.method != "POST":
        agenda = "" if meeting else selectors.text_for(found, HandoffTemplate.Kind.MEETING)
        form = MeetingForm(initial=MeetingForm.initial_of(found, meeting, agenda, zone))
        return render(request, "onboarding/plan_meeting.html", {**context, "form": form})
    form = MeetingForm(request.POST)
    if form.is_valid():
        try:
            services.plan_meeting(found, form.values(zone), actor=request.member.actor, now=request.now)
        except ledger.Refused as refusal:
            field = {"starts_at": "time"}.get(refusal.field, refusal.field.removesuffix("_id"))
            form.add_error(field if field in form.fields else None, str(refusal))
        else:
            return saved(request, "onboarding:handoff", found.pk, message="The meeting is planned.")
    return refused(request, "onboarding/plan_meeting.html", {**context, "form": form})


@member_view("handoff.edit")
@require_POST
def hold_meeting(request: MemberRequest, handoff_id: UUID) -> HttpResponse:
    found = selectors.handoff_for(request.member, handoff_id)
    services.hold_meeting(found, actor=request.member.actor, now=request.now)
    return saved(request, "onboarding:handoff", found.pk, message="The knowledge transfer was held.")


@member_view("handoff.edit")
@require_POST
def call_off_meeting(request: MemberRequest, handoff_id: UUID) -> HttpResponse:
    found = selectors.handoff_for(request.member, handoff_id)
    services.call_off_meeting(found, actor=request.member.actor, now=request.now)
    return saved(request, "onboarding:handoff", found.pk, message="Called off. It can be planned anew.")


@member_view("handoff.view")
def meeting_file(request: MemberRequest, handoff_id: UUID) -> HttpResponse:
    """The meeting for a calendar."""
    found = selectors.handoff_for(request.member, handoff_id)
    meeting = selectors.meeting_of(found)
    if meeting is None:
        raise Http404
    (written,) = selectors.meetings_to_write([found.pk])
    people = [getattr(meeting, name) for name in PEOPLE]
    event = ics.Event(
        uid=f"{meeting.pk}@{request.get_host().split(':')[0]}",
        sequence=written.sequence,
        subject=written.subject,
        text=plain_text(written.text),
        place=written.place,
        starts_at=written.starts_at,
        ends_at=written.ends_at,
        written_at=meeting.updated_at,
        attendees=tuple((str(member), member.user.email) for member in people if member is not None),
        is_called_off=meeting.state == HandoffMeeting.State.CALLED_OFF,
    )
    response = HttpResponse(ics.calendar(event, settings.PRODUCT_NAME), content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="knowledge-transfer.ics"'
    return response
