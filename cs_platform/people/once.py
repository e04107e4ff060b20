"""A button that is clicked twice does its work once.

The page gives each form a token when it is sent first (static/js/product.js); a second click sends the same one. The
first request notes it as running before the verb begins; the second waits for the first and leads to the same place.
What failed is forgotten, so that it can be tried again; what changed between the clicks is another request.
"""

import hashlib
import time
from collections.abc import Callable
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from cs_platform.people.models import IdempotencyRecord
from cs_platform.tenancy import clock

FIELD = "click"
MOST = 64
RUNNING = timedelta(minutes=1)
PATIENCE_S, STEP_S = 5.0, 0.05
LEADS = ("Location", "HX-Redirect")


def only_once(request: HttpRequest, run: Callable[[], HttpResponse]) -> HttpResponse:
    """The answer of the view, or of the click before."""
    token = _token(request)
    if not token:
        return run()
    key = f"page:{request.member.pk}:{token}:{_digest(request)}"  # type: ignore[attr-defined]
    record = _begin(request.path[:300], key)
    if record is None:
        return _second(request, key)
    try:
        response = run()
    except BaseException:
        _forget(record)
        raise
    if response.status_code >= 400:
        _forget(record)
    else:
        record.status = response.status_code
        record.headers = {name: response[name] for name in LEADS if name in response}
        record.save(update_fields=["status", "headers"])
    return response


def _token(request: HttpRequest) -> str:
    """Taken out of what the view sees."""
    given = request.POST.get(FIELD, "")
    if FIELD in request.POST:
        rest = request.POST.copy()
        rest.pop(FIELD)
        request.POST = rest  # type: ignore[assignment]
    return given if given.isascii() and given.isprintable() and len(given) <= MOST else ""


def _digest(request: HttpRequest) -> str:
    told = sorted((name, values) for name, values in request.POST.lists() if name != "csrfmiddlewaretoken")
    sent = ((name, file) for name, files in request.FILES.lists() for file in files)
    files = sorted((name, str(file.name), str(file.size)) for name, file in sent)
    return hashlib.sha256(repr((told, files)).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _begin(route: str, key: str) -> IdempotencyRecord | None:
    now = clock.now()
    try:
        with transaction.atomic():
            return IdempotencyRecord.objects.create(
                route=route, key=key, body_digest="", created_at=now, busy_until=now + RUNNING
            )
    except IntegrityError:
        return None


def _forget(record: IdempotencyRecord) -> None:
    IdempotencyRecord.objects.filter(pk=record.pk).delete()


def _second(request: HttpRequest, key: str) -> HttpResponse:
    """Waits for the first click, then leads where it led."""
    give_up = time.monotonic() + PATIENCE_S
    while True:
        first = IdempotencyRecord.objects.filter(route=request.path[:300], key=key).first()
        if first is None:
            words = "The first click did not succeed. Please look, and try again."
        elif first.status == 0 and time.monotonic() < give_up:
            time.sleep(STEP_S)
            continue
        elif first.status == 0:
            words = "This is still being done. Reload the page in a moment to see the result."
        else:
            return _same(request, first)
        return _told(request, words)


def _same(request: HttpRequest, first: IdempotencyRecord) -> HttpResponse:
    if "Location" in first.headers:
        return HttpResponseRedirect(first.headers["Location"])
    if "HX-Redirect" in first.headers:
        return HttpResponse(headers={"HX-Redirect": first.headers["HX-Redirect"]})
    if getattr(request, "htmx", False):
        return HttpResponse(status=204)  # the first answer has changed the page already
    return _told(request, "This was done a moment ago, once. Go on from the page before to see it.")


def _told(request: HttpRequest, words: str) -> HttpResponse:
    from cs_platform.ledger import Refused

    if getattr(request, "htmx", False):
        return HttpResponse(status=204)
    return render(request, "people/refused.html", {"refusal": Refused(words), "back": request.path}, status=409)
