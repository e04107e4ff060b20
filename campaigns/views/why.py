"""Why mail to a contact went or did not go, and pausing the mail to an account or a contact."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import Account, Contact
from campaigns import selectors, services, zones
from campaigns.forms import PauseForm
from cs_platform import ledger
from cs_platform.people.doors import member_view, refused, saved
from cs_platform.people.paging import MemberRequest, page_of, uuid_or_none

READING = ["GET", "HEAD", "POST"]
WINDOW = timedelta(days=14)
LONGEST = timedelta(days=91)


@member_view("message.view")
def find_contact(request: MemberRequest) -> HttpResponse:
    """By e-mail address, by name, by account, or through the messages of a template."""
    words = request.GET.get("q", "").strip()[:254]
    account_id = uuid_or_none(request.GET.get("account", ""))
    account = Account.objects.filter(pk=account_id).first() if account_id else None
    people = selectors.people_by(words, account_id=account.pk if account else None)
    templates = [t for t in selectors.templates() if words and words.lower() in t.name.lower()][:10]
    context = {"q": words, "account": account, "people": people, "templates": templates}
    return render(request, "campaigns/find_contact.html", context)


@member_view("message.view")
def contact_mail(request: MemberRequest, contact_id: UUID) -> HttpResponse:
    contact = Contact.objects.select_related("account").filter(pk=contact_id).first()
    if contact is None:
        raise Http404
    today = zones.local_date(request.now, request.tenant.timezone)
    first, last = _window(request, today)
    found = selectors.explain_contact(contact, first=first, last=last, now=request.now)
    template_id = uuid_or_none(request.GET.get("template", ""))
    context = {
        "found": found,
        "contact": contact,
        "account": contact.account,
        "pauses": [p for p in found.pauses if p.ended_at is None and (p.ends_at is None or p.ends_at > request.now)],
        "today": today,
        "template_id": template_id,
        "is_empty": not found.series,
    }
    return render(request, "campaigns/contact_mail.html", context)


def _window(request: MemberRequest, today: date) -> tuple[date, date]:
    """What was asked for, made sensible: at most three months, the later day last."""
    first = _date(request.GET.get("from", ""), today - WINDOW)
    last = _date(request.GET.get("to", ""), max(today, first) + WINDOW)
    first, last = min(first, last), max(first, last)
    return first, min(last, first + LONGEST)


def _date(text: str, otherwise: date) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return otherwise
    return found if 2000 <= found.year <= 2199 else otherwise


# --- pauses ---------------------------------------------------------------------------------------------------------


@member_view("message.view")
def pause_list(request: MemberRequest) -> HttpResponse:
    ended = request.GET.get("ended") == "1"
    page = page_of(request, selectors.mail_pauses(ended=ended), "-created_at", {"created_at": "created_at"})
    return render(request, "campaigns/pause_list.html", {"page": page, "ended": ended, "moment": request.now})


@member_view("account.pause_mail")
@require_http_methods(READING)
def pause_mail(request: MemberRequest, account_id: UUID) -> HttpResponse:
    """The form, and the pause. `contact` in the address: only for this one."""
    account = Account.objects.filter(pk=account_id).first()
    asked = uuid_or_none(request.GET.get("contact", ""))
    contact = Contact.objects.filter(pk=asked, account_id=account_id).first() if asked else None
    if account is None or (asked and contact is None):
        raise Http404
    form = PauseForm(request.POST or None, initial={"policy": "shift"})
    context: dict[str, Any] = {"form": form, "account": account, "contact": contact}
    if request.method != "POST":
        return render(request, "campaigns/pause_mail.html", context)
    if form.is_valid():
        typed = dict(form.cleaned_data)
        try:
            services.pause_mail(
                account, typed.pop("why"), contact=contact, **typed, actor=request.member.actor, now=request.now
            )
        except ledger.Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            words = f"Mail to {contact or account} is paused. Nothing goes out, from the next message on."
            return saved(request, "campaigns:pause-list", message=words)
    return refused(request, "campaigns/pause_mail.html", context)


@member_view("account.resume_mail")
@require_POST
def end_pause(request: MemberRequest, pause_id: UUID) -> HttpResponse:
    found = services.end_mail_pause(selectors.pause_for(pause_id), actor=request.member.actor, now=request.now)
    words = f"Mail to {found.contact or found.account} goes again, from the next slot on."
    return saved(request, "campaigns:pause-list", message=words)
