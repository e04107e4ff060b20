"""The outermost frame of a request: a reference, a line in the log, and a clear answer to bytes no page can take."""

import logging
import time
import uuid
from collections.abc import Callable

from django.core.exceptions import BadRequest, RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from cs_platform import counting, logs
from cs_platform.tenancy import scope

log = logging.getLogger("cs_platform.request")
QUIET = frozenset({"healthz", "readyz", "metrics"})  # asked every few seconds; a line each would bury the others


class RequestFrame:
    """Gives each request an id (header X-Request-ID, shown on error pages), counts it, says in the log what came of it,
    refuses NUL bytes and bodies over the limit before any view sees them, and makes sure that no tenant scope leaks
    from one request to the next."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        reference = uuid.uuid4().hex[:12]
        request.reference = reference  # type: ignore[attr-defined]
        began = time.perf_counter()
        with logs.during_request(reference, request):
            try:
                response = self._refusal(request) or self.get_response(request)
            finally:
                scope.assert_empty()
            self._note(request, response, time.perf_counter() - began)
        response["X-Request-ID"] = reference
        if "Cache-Control" not in response and not request.path.startswith("/static/"):
            response["Cache-Control"] = "no-store"
        return response

    def _note(self, request: HttpRequest, response: HttpResponse, seconds: float) -> None:
        """The route and not the address: an address may hold a link's token, or what somebody searched for."""
        route = logs.route_of(request)
        counting.note_request(route, request.method or "", response.status_code, seconds)
        if response.status_code == 401 and request.path.startswith(("/api/", "/v1/")):
            counting.note_refused_login("key")
        if route not in QUIET:
            words = {"route": route, "status": response.status_code, "ms": round(seconds * 1000)}
            log.info(
                "%s %s %s", request.method, route or "(no such address)", response.status_code, extra={"more": words}
            )

    def _refusal(self, request: HttpRequest) -> HttpResponse | None:
        if request.path.startswith(("/api/", "/v1/")):
            return None  # the API frame answers these as problem+json
        try:
            if "\x00" in request.path or any("\x00" in v for vs in request.GET.lists() for v in (vs[0], *vs[1])):
                raise BadRequest("The address holds a NUL character, which no text can contain.")
            if request.method == "POST" and request.content_type in (
                "application/x-www-form-urlencoded",
                "multipart/form-data",
            ):
                for name, values in request.POST.lists():
                    if "\x00" in name or any("\x00" in v for v in values):
                        raise BadRequest("The form holds a NUL character, which no text can contain.")
                    if any(_lone_surrogate(v) for v in values):
                        raise BadRequest("The form holds a broken character. Type it again.")
        except RequestDataTooBig:
            return render(request, "400.html", {"reason": "What you sent is larger than 10 MB."}, status=413)
        except BadRequest as refusal:
            return render(request, "400.html", {"reason": str(refusal)}, status=400)
        except (UnicodeError, ValueError):
            return render(request, "400.html", {"reason": "The form could not be read."}, status=400)
        return None


def _lone_surrogate(text: str) -> bool:
    return any(0xD800 <= ord(c) <= 0xDFFF for c in text)
