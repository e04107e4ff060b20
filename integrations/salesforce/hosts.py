"""Which servers a connection may talk to. The address comes from a form, so this is the guard against being used as a
proxy.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from integrations.salesforce.errors import SalesforceError

_SALESFORCE = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+salesforce\.com\Z")


@dataclass(frozen=True)
class Hosts:
    """Salesforce's own domains over https, and the extra origins the operator named in CS_SALESFORCE_EXTRA_HOSTS."""

    extra: frozenset[str] = frozenset()
    allow_http: bool = False
    ca_bundle: str = ""

    def login_origin(self, url: str) -> str:
        """The origin of a login address as a person typed it, or a refusal in words they can act on."""
        parts = urlsplit(url if "://" in url else f"https://{url}")
        try:
            port = parts.port
        except ValueError:
            raise refused(url) from None
        host = (parts.hostname or "").lower()
        if parts.username or parts.password or not host or parts.query or parts.fragment or parts.path not in ("", "/"):
            raise refused(url)
        netloc = f"[{host}]" if ":" in host else host
        if port not in (None, 443 if parts.scheme == "https" else 80):
            netloc = f"{netloc}:{port}"
        self.resolve(f"{parts.scheme}://{netloc}/")
        return f"{parts.scheme}://{netloc}"

    def resolve(self, url: str) -> tuple[str, bool]:
        """The URL to really open and whether it is an extra host.

        simple-salesforce builds https addresses whatever the instance address said, so an extra host that was
        configured with http is turned back to http here. Everything else is https to Salesforce's domains or refused.
        """
        parts = urlsplit(url)
        netloc = parts.netloc.lower()
        if f"https://{netloc}" in self.extra and parts.scheme in ("https", "http"):
            return parts._replace(scheme="https").geturl(), True
        if f"http://{netloc}" in self.extra:
            if not self.allow_http:
                raise refused(url)
            return parts._replace(scheme="http").geturl(), True
        host = (parts.hostname or "").lower()
        if parts.scheme == "https" and netloc in (host, f"{host}:443") and _SALESFORCE.match(host):
            return url, False
        raise refused(url)


def refused(url: str) -> SalesforceError:
    """The address is not one this installation may call."""
    parts = urlsplit(url if "://" in url else f"https://{url}")
    shown = (parts.netloc.rpartition("@")[2] or url)[:100]
    return SalesforceError(
        "permanent",
        f"{shown} is not an allowed Salesforce address. Use https://….my.salesforce.com.",
        code="HOST_NOT_ALLOWED",
    )


def from_settings() -> Hosts:
    """The rules of this installation (see the settings table in the operations guide)."""
    from django.conf import settings

    extra = frozenset(
        str(origin).rstrip("/").lower() for origin in getattr(settings, "CS_SALESFORCE_EXTRA_HOSTS", ()) or ()
    )
    return Hosts(
        extra=extra,
        allow_http=getattr(settings, "CS_ENV", "production") != "production",
        ca_bundle=str(getattr(settings, "CS_SALESFORCE_CA_BUNDLE", "") or ""),
    )
