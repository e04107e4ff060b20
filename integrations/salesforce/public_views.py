"""The door for hints. Whoever has the address may knock; unknown, old and foreign addresses get the same answer."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from cs_platform.people.api.throttling import meter
from cs_platform.tenancy import clock
from cs_platform.tenancy.scope import tenant_scope
from integrations.salesforce import hint_messages, hints

PER_MINUTE, BURST = 120, 60
_ACK = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    '<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack></notificationsResponse>'
    "</soapenv:Body></soapenv:Envelope>"
)


@csrf_exempt
@require_POST
def hint(request: HttpRequest, token: str) -> HttpResponse:
    """Take a message: stored, acknowledged, and looked into later. Unknown address or org: 404; too large: 413."""
    address = hints.read_token(token)
    if address is None:
        return _unknown()
    seconds = meter.wait(f"hints:{address.connection_id}", per_minute=PER_MINUTE, burst=BURST)
    if seconds > 0:
        return _said(429, "Too many messages. Send them again later.", {"Retry-After": str(int(seconds) + 1)})
    if _length(request) > hint_messages.MAX_BODY:
        return _said(413, "A message has at most 1 MB.")
    is_json = request.content_type == "application/json"
    try:
        told = hint_messages.from_json(request.body) if is_json else hint_messages.from_xml(request.body)
    except hint_messages.NotAHint as refused:
        return _said(400, str(refused))
    with tenant_scope(address.tenant_id):
        connection = hints.connection_at(address)
        if connection is None:
            return _unknown()
        try:
            fresh = hints.receive(connection, told.org_id, told.ids, now=clock.now())
        except hints.WrongOrg:
            return _unknown()
    if is_json:
        return JsonResponse({"accepted": fresh}, status=202)
    return HttpResponse(_ACK, content_type="text/xml; charset=utf-8")


def _length(request: HttpRequest) -> int:
    told = request.headers.get("Content-Length", "0")
    return int(told) if told.isascii() and told.isdigit() else hint_messages.MAX_BODY + 1


def _unknown() -> HttpResponse:
    return _said(404, "There is nothing here.")


def _said(status: int, words: str, headers: dict[str, str] | None = None) -> HttpResponse:
    return HttpResponse(f"{words}\n", status=status, content_type="text/plain; charset=utf-8", headers=headers)
