"""The pages for what went wrong: a sentence, a reference number, a way back."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from cs_platform.people.models import User


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A right that is missing says so in its own words; whatever else was raised keeps its details to itself."""
    reason = str(exception) if request.__dict__.get("member") is not None else ""
    return render(request, "403.html", {"reason": reason}, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The same page for what is not there and for what is somebody else's."""
    signed_in = isinstance(getattr(request, "user", None), User)
    return render(request, "404.html", {"signed_in": signed_in}, status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Rendered without the request: whatever failed must not be asked again."""
    reference = getattr(request, "reference", "")
    return HttpResponse(render_to_string("500.html", {"reference": reference}), status=500)
