"""Pages that exist for the tests of the door frame only."""

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.views.decorators.http import require_POST

from cs_platform import ledger
from cs_platform.people import selectors
from cs_platform.people.doors import member_view, refused, saved
from cs_platform.people.models import Membership
from cs_platform.urls import urlpatterns as product


@member_view
def who(request: HttpRequest) -> HttpResponse:
    names = ",".join(sorted(str(member) for member in selectors.members()))
    return HttpResponse(f"{request.member} of {request.tenant.slug}: {names}")


@member_view("api_key.create")
def keys(request: HttpRequest) -> HttpResponse:
    return HttpResponse("keys")


@member_view
def member(request: HttpRequest, pk: str) -> HttpResponse:
    return HttpResponse(str(selectors.member_for(pk)))


@member_view
def writes(request: HttpRequest) -> HttpResponse:
    Membership.objects.filter(pk=request.member.pk).update(roles=["owner"])
    return HttpResponse("written")


@member_view
@require_POST
def verb(request: HttpRequest) -> HttpResponse:
    if request.POST.get("say") == "no":
        raise ledger.Refused("The checklist is open.", code="checklist_open")
    if request.POST.get("say") == "form":
        return refused(request, "people/refused.html#fragment", {"refusal": "Type it again."})
    return saved(
        request, "/who/", message="It is done.", fragment=request.POST.get("fragment", ""), context={"refusal": "x"}
    )


@member_view
def later(request: HttpRequest) -> HttpResponse:
    return TemplateResponse(request, "people/refused.html#fragment", {"refusal": selectors.members()})


urlpatterns = [
    path("who/", who),
    path("keys-door/", keys),
    path("member/<uuid:pk>/", member),
    path("writes/", writes),
    path("verb/", verb),
    path("later/", later),
    *product,
]
