"""Logins: the OAuth token endpoint and the SOAP login, with one connected app and one integration user.

The credentials are public on purpose: this org runs on loopback and holds nothing that anybody made up for real.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import secrets
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from integrations.salesforce.sandbox import ids, keys
from integrations.salesforce.sandbox.messages import Answer, Request

if TYPE_CHECKING:
    from integrations.salesforce.sandbox.org import SandboxOrg

CLIENT_ID = "sandbox-connected-app"
CLIENT_SECRET = "sandbox-consumer-secret"
REFRESH_TOKEN = "sandbox-refresh-token"
USERNAME = "integration@sandbox.example"
PASSWORD = "sandbox-password"
SECURITY_TOKEN = "sandboxtoken"
ORG_ID = ids.make("00D", 1)
#: What each kind of login needs, under the names that a connection form uses. Any other RSA key does as well.
CREDENTIALS: dict[str, dict[str, str]] = {
    "client_credentials": {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET},
    "refresh_token": {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "refresh_token": REFRESH_TOKEN},
    "password": {"username": USERNAME, "password": PASSWORD, "security_token": SECURITY_TOKEN},
    "jwt": {"client_id": CLIENT_ID, "username": USERNAME, "private_key": keys.private_key()},
}
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_ASSERTION_LIFE = 300


class _Refused(Exception):
    """An OAuth error and its description."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error, self.description, self.status = error, description, status


def token(org: SandboxOrg, request: Request) -> Answer:
    """POST /services/oauth2/token."""
    try:
        if request.method != "POST":
            raise _Refused("invalid_request", "must use HTTP POST")
        given = _form(request)
        if org.faults.strikes("login_refused", "login") is not None:
            raise _Refused("invalid_grant", "authentication failure")
        _check_grant(given, request)
    except _Refused as refused:
        return Answer(refused.status, {"error": refused.error, "error_description": refused.description})
    user = f"http://{request.host}/id/{ORG_ID}/{org.store.meta('integration_user') or ''}"
    body: dict[str, Any] = {
        "access_token": open_session(org),
        "signature": base64.b64encode(secrets.token_bytes(32)).decode(),
        "scope": "api refresh_token",
        "instance_url": f"http://{request.host}",
        "id": user,
        "token_type": "Bearer",
        "issued_at": str(int(org.now().timestamp() * 1000)),
    }
    return Answer(200, body, headers={"Cache-Control": "no-cache, no-store"})


def revoke(org: SandboxOrg, request: Request) -> Answer:
    """POST /services/oauth2/revoke."""
    given = {**request.query, **_form(request)}
    close_session(org, given.get("token", ""))
    return Answer(200, "")


def _form(request: Request) -> dict[str, str]:
    """The posted fields, with the client from a Basic header if it is there."""
    given = {name: found[-1] for name, found in parse_qs(request.body.decode("utf-8", "replace")).items()}
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            client, _, secret = base64.b64decode(encoded).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise _Refused("invalid_client", "invalid client credentials", 401) from None
        given.setdefault("client_id", unquote(client))
        given.setdefault("client_secret", unquote(secret))
    return given


def _check_grant(given: dict[str, str], request: Request) -> None:
    grant = given.get("grant_type", "")
    if grant == _JWT_BEARER:
        _check_assertion(given.get("assertion", ""), request)
        return
    if grant not in ("client_credentials", "refresh_token", "password"):
        raise _Refused("unsupported_grant_type", "grant type not supported")
    if given.get("client_id") != CLIENT_ID:
        raise _Refused("invalid_client_id", "client identifier invalid")
    has_secret = "client_secret" in given
    if (has_secret or grant != "refresh_token") and given.get("client_secret") != CLIENT_SECRET:
        raise _Refused("invalid_client", "invalid client credentials")
    if grant == "refresh_token" and given.get("refresh_token") != REFRESH_TOKEN:
        raise _Refused("invalid_grant", "expired access/refresh token")
    if grant == "password" and (
        given.get("username") != USERNAME or given.get("password") not in (PASSWORD, PASSWORD + SECURITY_TOKEN)
    ):
        raise _Refused("invalid_grant", "authentication failure")


def _check_assertion(assertion: str, request: Request) -> None:
    """Who signed, for whom, for which server, and until when. The signature itself is not checked.

    A client makes its assertion by real time, therefore real time is what its end is compared with, whatever the
    org's clock says.
    """
    try:
        head, claims, signature = (_decoded(part) for part in assertion.split("."))
        header, said = json.loads(head), json.loads(claims)
    except ValueError:
        raise _Refused("invalid_grant", "invalid assertion") from None
    if not isinstance(header, dict) or header.get("alg") != "RS256" or not isinstance(said, dict) or not signature:
        raise _Refused("invalid_grant", "invalid assertion")
    if said.get("iss") != CLIENT_ID:
        raise _Refused("invalid_client_id", "client identifier invalid")
    if said.get("sub") != USERNAME:
        raise _Refused("invalid_grant", "user hasn't approved this consumer")
    audience = str(said.get("aud") or "").rstrip("/")
    salesforce = ("https://login.salesforce.com", "https://test.salesforce.com")
    if audience not in (f"http://{request.host}", f"https://{request.host}", *salesforce):
        raise _Refused("invalid_grant", "audience is invalid")
    try:
        left = float(said.get("exp", 0)) - time.time()
    except (TypeError, ValueError):
        left = 0
    if not 0 < left <= _ASSERTION_LIFE:
        raise _Refused("invalid_grant", "expired authorization code")


def _decoded(part: str) -> bytes:
    """One of the three parts of a JWT."""
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)


# --- SOAP -----------------------------------------------------------------------------------------------------------


def soap_login(org: SandboxOrg, request: Request) -> Answer:
    """POST /services/Soap/u/59.0 with a login envelope: user name, and password with security token behind it."""
    version = request.path.rstrip("/").rpartition("/")[2]
    if b"<!" in request.body.replace(b"<![CDATA[", b""):  # no entities, no document types
        return _fault("sf:UNKNOWN_EXCEPTION", "UNKNOWN_EXCEPTION", "document types are not allowed")
    try:
        root = ElementTree.fromstring(request.body)
    except (ElementTree.ParseError, ValueError):
        return _fault("soapenv:Client", "UNKNOWN_EXCEPTION", "the request is not XML")
    found = {re.sub(r"\{.*\}", "", element.tag): element.text or "" for element in root.iter()}
    if "login" not in found:
        return _fault("soapenv:Client", "UNKNOWN_EXCEPTION", "only login is known here")
    refused = org.faults.strikes("login_refused", "login") is not None
    if not refused and found.get("username") == USERNAME and found.get("password") == PASSWORD:
        words = "Invalid username, password, security token; or user locked out."
        return _fault("sf:LOGIN_MUST_USE_SECURITY_TOKEN", "LOGIN_MUST_USE_SECURITY_TOKEN", words)
    if refused or found.get("username") != USERNAME or found.get("password") != PASSWORD + SECURITY_TOKEN:
        words = "Invalid username, password, security token; or user locked out."
        return _fault("sf:INVALID_LOGIN", "INVALID_LOGIN", words)
    user = org.store.meta("integration_user") or ""
    return _xml(
        200,
        f"<loginResponse><result><passwordExpired>false</passwordExpired><sandbox>true</sandbox>"
        f"<serverUrl>http://{escape(request.host)}/services/Soap/u/{escape(version)}/{ORG_ID}</serverUrl>"
        f"<sessionId>{open_session(org)}</sessionId><userId>{user}</userId>"
        f"<userInfo><organizationId>{ORG_ID}</organizationId><userName>{USERNAME}</userName></userInfo>"
        f"</result></loginResponse>",
    )


def _fault(name: str, code: str, words: str) -> Answer:
    return _xml(
        500,
        f"<soapenv:Fault><faultcode>{name}</faultcode><faultstring>{code}: {escape(words)}</faultstring>"
        f'<detail><sf:LoginFault xsi:type="sf:LoginFault"><sf:exceptionCode>{code}</sf:exceptionCode>'
        f"<sf:exceptionMessage>{escape(words)}</sf:exceptionMessage></sf:LoginFault></detail></soapenv:Fault>",
    )


def _xml(status: int, inside: str) -> Answer:
    envelope = (
        '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope '
        'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com" '
        'xmlns:sf="urn:fault.partner.soap.sforce.com" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<soapenv:Body>{inside}</soapenv:Body></soapenv:Envelope>"
    )
    return Answer(status, envelope, "text/xml;charset=UTF-8")


# --- sessions -------------------------------------------------------------------------------------------------------


def open_session(org: SandboxOrg) -> str:
    """A new session; it survives a restart, as it does at Salesforce."""
    name = f"{ORG_ID[:15]}!AQEAQ{secrets.token_urlsafe(60).replace('-', '.')}"
    with org.store.transaction():
        org.store.db.execute('INSERT INTO "session" VALUES (?, ?)', (name, USERNAME))
    return name


def close_session(org: SandboxOrg, name: str) -> None:
    with org.store.transaction():
        org.store.db.execute('DELETE FROM "session" WHERE "token" = ?', (name,))


def session_of(org: SandboxOrg, request: Request) -> str | None:
    """The open session that the request names, if any."""
    scheme, _, name = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() not in ("bearer", "oauth") or not name:
        return None
    found = org.store.read('SELECT 1 FROM "session" WHERE "token" = ?', (name.strip(),))
    return name.strip() if found else None
