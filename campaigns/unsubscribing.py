"""The link by which a recipient leaves: signed, reusable, and good without signing in.

It names the organisation, the hash of the address, the category and the series, so that it works for ever, also when
the message or the contact is gone.
"""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.core import signing

from campaigns.models import Category

SALT = "campaigns.unsubscribe"
LONGEST = 300


@dataclass(frozen=True)
class Ticket:
    tenant_id: int
    address_key: str
    category: str
    series_id: UUID


def _signer() -> signing.Signer:
    return signing.Signer(salt=SALT, sep=".")


def token(ticket: Ticket) -> str:
    parts = (str(ticket.tenant_id), ticket.address_key, ticket.category, ticket.series_id.hex)
    return _signer().sign("-".join(parts))


def link(ticket: Ticket) -> str:
    return f"{settings.CS_BASE_URL}/u/{token(ticket)}/"


def read(text: str) -> Ticket | None:
    """None for everything that we did not sign."""
    if len(text) > LONGEST or not text.isascii():
        return None
    try:
        tenant_id, address_key, category, series_id = _signer().unsign(text).split("-")
        ticket = Ticket(int(tenant_id), address_key, category, UUID(series_id))
    except (signing.BadSignature, ValueError):
        return None
    return ticket if ticket.category in Category.values else None
