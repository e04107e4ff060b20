"""Contacts, deals and alerts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.http import Http404

from accounts.models import Account, AccountAlert, Contact, Opportunity

CONTACT_SORTS: Mapping[str, str] = {"name": "sort_name", "email": "email", "created_at": "created_at"}
OPPORTUNITY_SORTS: Mapping[str, str] = {
    "close_date": "close_date",
    "amount": "amount_minor",
    "name": "name",
    "created_at": "created_at",
}
MAX_WORDS = 8


@dataclass(frozen=True)
class ContactFilters:
    q: str = ""
    account_id: UUID | None = None
    role: str | None = None
    email: str | None = None
    salesforce_id: str | None = None
    is_active: bool | None = None


def contact_list(given: ContactFilters) -> QuerySet[Contact]:
    found = Contact.objects.all()
    for name in ("account_id", "email", "salesforce_id", "is_active"):
        value = getattr(given, name)
        if value is not None:
            found = found.filter(**{name: value})
    if given.role is not None:
        found = found.filter(roles__contains=[given.role])
    for word in given.q.lower().split()[:MAX_WORDS]:
        found = found.filter(Q(sort_name__contains=word[:100]) | Q(email__contains=word[:100]))
    return found


def contact_for(member: Any, pk: Any) -> Contact:
    """The contact, or 404. See `account_for`."""
    try:
        found = Contact.objects.filter(pk=pk if isinstance(pk, UUID) else UUID(str(pk))).first()
    except ValueError:
        found = None
    if found is None:
        raise Http404
    return found


def contacts_of(account_id: UUID, *, role: str | None = None) -> QuerySet[Contact]:
    """The people of an account who are there, by name."""
    return contact_list(ContactFilters(account_id=account_id, role=role, is_active=True)).order_by("sort_name", "pk")


@dataclass(frozen=True)
class OpportunityFilters:
    q: str = ""
    account_id: UUID | None = None
    owner_id: UUID | None = None
    stage: str | None = None
    type: str | None = None
    salesforce_id: str | None = None
    is_closed: bool | None = None
    is_won: bool | None = None
    is_new_business: bool | None = None
    closes_by: date | None = None


def opportunity_list(given: OpportunityFilters) -> QuerySet[Opportunity]:
    """Deals that exist in the sales system; one that was deleted there is not shown."""
    found = Opportunity.objects.filter(is_active=True)
    for name in (
        "account_id",
        "owner_id",
        "stage",
        "type",
        "salesforce_id",
        "is_closed",
        "is_won",
        "is_new_business",
    ):
        value = getattr(given, name)
        if value is not None:
            found = found.filter(**{name: value})
    if given.closes_by is not None:
        found = found.filter(close_date__lte=given.closes_by)
    for word in given.q.split()[:MAX_WORDS]:
        found = found.filter(name__icontains=word[:100])
    return found


def opportunities_of(account_id: UUID) -> QuerySet[Opportunity]:
    """The deals of an account, the latest close first."""
    found = opportunity_list(OpportunityFilters(account_id=account_id)).select_related("owner__user")
    return found.order_by(F("close_date").desc(nulls_last=True), "-pk")


def open_alerts(account_id: UUID | None = None, *, kind: str | None = None) -> QuerySet[AccountAlert]:
    """What needs a look, newest first; of one account, or of all that are managed."""
    found = AccountAlert.objects.filter(cleared_at__isnull=True).select_related("account")
    if account_id is not None:
        found = found.filter(account_id=account_id)
    else:
        found = found.filter(account__state=Account.State.MANAGED)
    if kind is not None:
        found = found.filter(kind=kind)
    return found.order_by("-raised_at", "-pk")
