"""The first page of the settings: what can be set, for whoever may."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from cs_platform.people.doors import member_view
from cs_platform.workspace.pages.settings.frame import frame


@member_view
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "workspace/settings/index.html", frame(request, ""))
