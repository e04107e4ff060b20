"""The mailbox of the demo. What a mail says is foreign: its HTML stands in a frame of its own, without scripts, without
pictures from elsewhere, and outside of our origin."""

from pathlib import Path

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp, csp_update
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_sameorigin

from cs_platform.people.doors import member_view
from cs_platform.workspace import mailbox

ROWS = 50
FOREIGN = {
    "default-src": [NONE],
    "style-src": [UNSAFE_INLINE],
    "img-src": ["data:"],
    "frame-ancestors": [SELF],
    "form-action": [NONE],
    "sandbox": ["allow-popups", "allow-popups-to-escape-sandbox"],
}


def _folder() -> Path:
    place = mailbox.folder()
    if place is None:
        raise Http404
    return place


@member_view
def mails(request: HttpRequest) -> HttpResponse:
    to, page = request.GET.get("to", "").strip()[:200], request.GET.get("page", "1")
    number = int(page) if page.isascii() and page.isdigit() and 0 < len(page) < 5 else 1
    found, more = mailbox.mails(_folder(), to=to, limit=ROWS, skip=(number - 1) * ROWS)
    context = {"mails": found, "to": to, "page": number, "next": number + 1 if more else None}
    return render(request, "workspace/mailbox/mails.html", context)


@csp_update({"frame-src": [SELF]})
@member_view
def mail(request: HttpRequest, file: str) -> HttpResponse:
    found = mailbox.opened(_folder(), file)
    if found is None:
        raise Http404
    return render(request, "workspace/mailbox/mail.html", {"opened": found, "mail": found.mail})


@csp(FOREIGN)
@xframe_options_sameorigin
@member_view
def mail_html(request: HttpRequest, file: str) -> HttpResponse:
    html = mailbox.html_of(_folder(), file)
    if html is None:
        raise Http404
    return HttpResponse(html, content_type="text/html; charset=utf-8")
