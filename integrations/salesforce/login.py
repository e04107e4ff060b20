"""The four ways to get a session. simple-salesforce does the talking; addresses and assertions are ours.

Its `Salesforce(username=…)` constructors only know https://DOMAIN.salesforce.com and keep re-logging in by
themselves, so the library's lower functions are called with our session and our address instead.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit
from xml.parsers.expat import ExpatError
from xml.sax.saxutils import escape

import jwt
import requests
from simple_salesforce.exceptions import SalesforceAuthenticationFailed
from simple_salesforce.login import SalesforceLogin, token_login

from integrations.salesforce import values
from integrations.salesforce.errors import SalesforceError, classify
from integrations.salesforce.transport import GuardedSession

API_VERSION = "59.0"
AUTH_KINDS = ("client_credentials", "jwt", "refresh_token", "password")

#: What a person must fill in for each kind of login; `client_secret` of a refresh token is optional in Salesforce.
REQUIRED: Mapping[str, tuple[str, ...]] = {
    "client_credentials": ("client_id", "client_secret"),
    "jwt": ("client_id", "username", "private_key"),
    "refresh_token": ("client_id", "refresh_token"),
    "password": ("username", "password", "security_token"),
}
OPTIONAL: Mapping[str, tuple[str, ...]] = {
    "client_credentials": (),
    "jwt": (),
    "refresh_token": ("client_secret",),
    "password": (),
}
SECRET_LABELS: Mapping[str, str] = {
    "client_id": "Consumer key (client id)",
    "client_secret": "Consumer secret",
    "username": "User name",
    "password": "Password",
    "security_token": "Security token",
    "private_key": "Private key (PEM)",
    "refresh_token": "Refresh token",
}
SECRET_FIELDS = tuple(SECRET_LABELS)


@dataclass(frozen=True)
class Credentials:
    """What a login needs. `values` are plain secrets: never logged, never stored like this, hidden in repr."""

    auth: str
    login_url: str
    values: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Credentials({self.auth!r}, {self.login_url!r}, values=…)"


@dataclass(frozen=True)
class Session:
    """An open session: the token and the host that serves this org."""

    token: str
    instance: str

    @property
    def org_id(self) -> str:
        """A session names its org before the first `!`; empty if this one does not."""
        try:
            found = values.id18(self.token.partition("!")[0])
        except values.BadValue:
            return ""
        return found if found.startswith("00D") else ""

    def __repr__(self) -> str:
        return f"Session(instance={self.instance!r})"


def log_in(credentials: Credentials, http: GuardedSession) -> Session:
    """Open a session, or raise a SalesforceError that says whose fault it is."""
    missing = [field for field in REQUIRED[credentials.auth] if not credentials.values.get(field)]
    if missing:
        raise SalesforceError("auth", f"Missing: {', '.join(missing)}.", permanent=True, code="MISSING_CREDENTIALS")
    try:
        token, instance = _soap(credentials, http) if credentials.auth == "password" else _oauth(credentials, http)
    except SalesforceAuthenticationFailed as exc:
        raise _refused(exc, http.last) from exc
    except (jwt.exceptions.PyJWTError, TypeError, ValueError) as exc:
        if isinstance(exc, requests.exceptions.JSONDecodeError):
            raise SalesforceError("nonsense", "Salesforce's login answered with a page that is not JSON.") from exc
        if http.last is None:
            raise SalesforceError(
                "auth", "The private key is not a readable RSA key in PEM form.", code="BAD_KEY"
            ) from exc
        raise SalesforceError("nonsense", "Salesforce's login answered something that is not a session.") from exc
    except (AttributeError, ExpatError) as exc:  # the library trusts the shape of a 200 answer
        raise SalesforceError("nonsense", "Salesforce's login answered something that is not a session.") from exc
    if not isinstance(token, str) or not token or not isinstance(instance, str) or not instance:
        raise SalesforceError("nonsense", "Salesforce's login answered without a session.")
    return Session(token, instance.rstrip("/"))


def _oauth(credentials: Credentials, http: GuardedSession) -> tuple[str, str]:
    given = credentials.values
    headers = None
    if credentials.auth == "jwt":
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": _assertion(credentials)}
    elif credentials.auth == "refresh_token":
        form = {
            "grant_type": "refresh_token",
            "client_id": given["client_id"],
            "refresh_token": given["refresh_token"],
        }
        if given.get("client_secret"):
            form["client_secret"] = given["client_secret"]
    else:
        form = {
            "grant_type": "client_credentials",
            "client_id": given["client_id"],
            "client_secret": given["client_secret"],
        }
    url = f"{credentials.login_url}/services/oauth2/token"
    token, instance = token_login(url, form, "login", given["client_id"], headers, None, http)
    return token, instance


def _soap(credentials: Credentials, http: GuardedSession) -> tuple[str, str]:
    given = credentials.values
    return SalesforceLogin(
        username=given["username"],
        password=given["password"],
        security_token=escape(given["security_token"]),  # the library escapes the two others, not this one
        sf_version=API_VERSION,
        scratch_url=credentials.login_url,
        session=http,
    )


def _assertion(credentials: Credentials) -> str:
    """The signed statement of the JWT bearer flow. Its expiry is judged by Salesforce's clock, so real time counts
    here.
    """
    host = urlsplit(credentials.login_url).hostname or ""
    audience = credentials.login_url
    if host.endswith(".salesforce.com"):
        is_sandbox = host == "test.salesforce.com" or ".sandbox." in host
        audience = "https://test.salesforce.com" if is_sandbox else "https://login.salesforce.com"
    claims = {
        "iss": credentials.values["client_id"],
        "sub": credentials.values["username"],
        "aud": audience,
        "exp": int(time.time()) + 170,
    }
    return jwt.encode(claims, credentials.values["private_key"], algorithm="RS256")


def _refused(exc: SalesforceAuthenticationFailed, answer: requests.Response | None) -> SalesforceError:
    """A login that was answered with an error. A wrong secret stays wrong: permanent; an overloaded server does not."""
    status = answer.status_code if answer is not None else 400
    code = exc.code if isinstance(exc.code, str) else ""
    if code in ("", "UNKNOWN_EXCEPTION_CODE") and status < 300:
        return SalesforceError("nonsense", "Salesforce's login answered with a page, not with a session.")
    error = classify(
        status, [{"errorCode": code.removeprefix("sf:"), "message": exc.auth_message}] if code else exc.auth_message
    )
    if error.kind in ("auth", "permanent"):
        words = exc.auth_message or code or "no reason given"
        return SalesforceError("auth", f"Salesforce refused the login: {words}"[:300], permanent=True, code=error.code)
    return error
