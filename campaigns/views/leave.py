"""The public page behind the link in every mail. Looking at it changes nothing: programs follow links, people press
buttons. A mail program's one-click POST comes without a cookie and without a CSRF token; the signed link is the proof.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from campaigns import addresses, services, unsubscribing
from campaigns.models import Category, Enrolment
from cs_platform.tenancy import clock
from cs_platform.tenancy.models import Tenant
from cs_platform.tenancy.scope import tenant_scope


@never_cache
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Every link that we did not sign, and every organisation that is gone, gets the same answer."""
    ticket = unsubscribing.read(token)
    tenant = Tenant.objects.filter(pk=ticket.tenant_id).first() if ticket else None
    if ticket is None or tenant is None:
        return render(request, "campaigns/unsubscribe_unknown.html", status=404)
    everything = request.method == "POST" and request.POST.get("what") == "everything"
    with tenant_scope(tenant):
        if request.method == "POST":
            services.unsubscribe(ticket, everything=everything, now=clock.now())
        address = _address(ticket)
    context = {
        "organisation": tenant,
        "path": request.path,
        "about": Category(ticket.category).label,
        "address": address,
        "done": request.method == "POST",
        "everything": everything,
    }
    return render(request, "campaigns/unsubscribe.html", context)


def _address(ticket: unsubscribing.Ticket) -> str:
    """With stars: whoever has the link may not be whom the mail was for."""
    found = Enrolment.objects.filter(address_key=ticket.address_key).select_related("contact").first()
    return addresses.masked(found.contact.email) if found else ""
