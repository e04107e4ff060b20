"""Questions about messages and about addresses that get none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404

from accounts.models import Contact
from campaigns import addresses
from campaigns.models import Category, Message, Suppression
from campaigns.selectors.sending import address_secret


def messages() -> QuerySet[Message]:
    return Message.objects.select_related("run__series", "enrolment__contact", "enrolment__account", "template")


def messages_of(account_id: UUID | str) -> QuerySet[Message]:
    """What the people of an account got or will get, newest first."""
    return messages().filter(enrolment__account_id=account_id).order_by("-id")


def message_for(pk: UUID) -> Message:
    found = messages().filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@dataclass(frozen=True)
class MessageFilters:
    """What a list of messages is narrowed to; empty: everything."""

    state: str = ""
    series: str = ""
    account: str = ""
    contact: str = ""
    template: str = ""
    q: str = ""


def message_list(filters: MessageFilters) -> QuerySet[Message]:
    found = messages()
    if filters.state:
        found = found.filter(state=filters.state)
    if filters.series:
        found = found.filter(run__series_id=filters.series)
    if filters.account:
        found = found.filter(enrolment__account_id=filters.account)
    if filters.contact:
        found = found.filter(enrolment__contact_id=filters.contact)
    if filters.template:
        found = found.filter(template_id=UUID(filters.template))
    if filters.q:
        found = found.filter(name__icontains=filters.q.strip())  # "Welcome to Ada"
    return found


def suppressions(*, released: bool = False) -> QuerySet[Suppression]:
    found = Suppression.objects.select_related("contact__account")
    return found if released else found.filter(released_at__isnull=True)


def suppression_for(pk: UUID) -> Suppression:
    found = suppressions(released=True).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def subscriptions(contact_ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """Of each contact: `subscribed` by category, and whether it is `suppressed` altogether. Two queries."""
    emails = dict(Contact.objects.filter(pk__in=contact_ids).values_list("pk", "email"))
    secret = address_secret()
    keys = {pk: addresses.key_or_none(email, secret) or "" for pk, email in emails.items()}
    closed: dict[str, set[str]] = {}
    found = suppressions().filter(address_key__in=set(keys.values())).values_list("address_key", "category")
    for key, category in found:
        closed.setdefault(key, set()).add(category)
    made = {}
    for pk in contact_ids:
        shut = closed.get(keys.get(pk, ""), set())
        open_for = {category: "" not in shut and category not in shut for category in Category.values}
        made[pk] = {"subscribed": open_for, "suppressed": "" in shut}
    return made


def subscribed(contact_ids: Sequence[UUID]) -> dict[UUID, dict[str, bool]]:
    return {pk: marks["subscribed"] for pk, marks in subscriptions(contact_ids).items()}


def suppressed(contact_ids: Sequence[UUID]) -> dict[UUID, bool]:
    return {pk: marks["suppressed"] for pk, marks in subscriptions(contact_ids).items()}
