"""Pages that exist for the tests of the frame only."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template import engines
from django.urls import path
from django.views.decorators.http import require_POST

from cs_platform import ledger
from cs_platform.people.doors import member_view
from cs_platform.urls import handler400, handler403, handler404, handler500
from cs_platform.urls import urlpatterns as product

__all__ = ["handler400", "handler403", "handler404", "handler500"]


@member_view
def framed(request: HttpRequest) -> HttpResponse:
    return render(request, "people/refused.html", {"refusal": "Nothing happened.", "back": "/"})


FORM = """{% extends "base.html" %}
{% block content %}
  <form id="form" method="post" action="/verb/" hx-post="/verb/" hx-target="#form" hx-swap="outerHTML">
    <input name="say" aria-label="Say"><button>Send</button>
  </form>
{% endblock %}"""


@member_view
def form(request: HttpRequest) -> HttpResponse:
    return HttpResponse(engines["django"].from_string(FORM).render({}, request))


@member_view
@require_POST
def verb(request: HttpRequest) -> HttpResponse:
    if request.POST["say"] == "refuse":
        raise ledger.Refused("The checklist is open.")
    if request.POST["say"] == "break":
        raise RuntimeError("a secret detail")
    if request.POST["say"] == "again":
        return HttpResponse('<p id="form" data-announce="Say it again">Say it again</p>', status=422)
    return render(request, "_toasts.html", {"message": "Well said.", "tone": "good"})


@member_view
def plain(request: HttpRequest) -> HttpResponse:
    return HttpResponse("plain")


@member_view("api_key.create")
def administrators_only(request: HttpRequest) -> HttpResponse:
    return HttpResponse("keys")


def flashed(request: HttpRequest) -> HttpResponse:
    messages.error(request, "It did <b>not</b> work.")
    return redirect("/framed/")


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a secret detail")


def secretive(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied("a secret detail")


urlpatterns = [
    path("framed/", framed),
    path("form/", form),
    path("verb/", verb),
    path("plain/", plain),
    path("administrators-only/", administrators_only),
    path("flashed/", flashed),
    path("broken/", broken),
    path("secretive/", secretive),
    *product,
]
