"""Addresses that get no mail: put on the list, and taken off it."""

from datetime import datetime

from django.db import IntegrityError

from accounts.models import Contact
from campaigns import addresses
from campaigns.facts import ContactsSuppressed
from campaigns.models import Category, Enrolment, Message, Suppression
from campaigns.selectors.sending import address_secret
from campaigns.services import refreshing, waiting
from campaigns.unsubscribing import Ticket
from cs_platform import ledger

RECIPIENT = ledger.Actor("system", "", "the recipient", "link")


def suppress_address(
    email: str,
    *,
    reason: str = Suppression.Reason.MANUAL,
    category: str = "",
    note: str = "",
    actor: ledger.Actor,
    now: datetime,
) -> Suppression:
    """This address gets no mail of the category (empty: none at all), from the next message on, in any letter case.
    One that is on the list stays as it is. Refused if it is no address or the category is none."""
    try:
        key = addresses.key(email, address_secret())
    except addresses.BadAddress:
        raise ledger.Refused(
            f"{email[:100]!r} is not an e-mail address.", code="invalid_email", field="email"
        ) from None
    if category and category not in Category.values:
        words = f"{category[:40]!r} is not a category."
        raise ledger.Refused(words, code="unknown_category", field="category")
    if reason not in Suppression.Reason.values:
        raise ledger.Refused(f"{reason[:40]!r} is not a reason.", code="unknown_reason", field="reason")
    masked = addresses.masked(addresses.normal(email))
    return _suppress(key, masked, reason, category, note, actor=actor, now=now)


def suppress_contact(contact: Contact, *, category: str = "", actor: ledger.Actor, now: datetime) -> Suppression:
    """The contact wants no mail. Refused without an address."""
    reason = Suppression.Reason.UNSUBSCRIBED
    return suppress_address(contact.email, reason=reason, category=category, actor=actor, now=now)


def release_contact(contact: Contact, *, category: str = "", actor: ledger.Actor, now: datetime) -> int:
    """The contact wants mail again: what is on the list for this address and category goes. Refused without one."""
    try:
        key = addresses.key(contact.email, address_secret())
    except addresses.BadAddress:
        raise ledger.Refused("The contact has no e-mail address.", code="invalid_email", field="email") from None
    found = Suppression.objects.filter(address_key=key, released_at__isnull=True, category=category)
    return len(ledger.change_many(found, "release", set={"released_at": now}, actor=actor, now=now))


def unsubscribe(ticket: Ticket, *, everything: bool, now: datetime) -> Suppression:
    """The recipient asked for it, through the link of a message. Doing it again changes nothing."""
    category = "" if everything else ticket.category
    masked = _masked_by_key(ticket)
    reason = Suppression.Reason.UNSUBSCRIBED
    return _suppress(ticket.address_key, masked, reason, category, "", actor=RECIPIENT, now=now)


def release_suppression(suppression: Suppression, *, actor: ledger.Actor, now: datetime, note: str = "") -> Suppression:
    """The address may be written to again. Series that were stopped stay so until somebody enrols the contact again.
    Refused if it was released before."""
    with ledger.change(suppression, "release", actor=actor, now=now, note=note) as suppression:
        if suppression.released_at is not None:
            raise ledger.Refused("It was released before.", code="already_released")
        suppression.released_at = now
    return suppression


def _suppress(
    key: str, masked: str, reason: str, category: str, note: str, *, actor: ledger.Actor, now: datetime
) -> Suppression:
    contacts = _contacts_with(key)
    row = Suppression(
        address_key=key,
        masked=masked,
        reason=reason,
        category=category,
        note=" ".join(note.split())[:500],
        contact=contacts[0] if contacts else None,
        created_at=now,
        updated_at=now,
    )
    with ledger.unit():
        try:
            with ledger.unit():
                ledger.create(row, actor=actor, now=now, verb="suppress", note=note)
        except IntegrityError:
            return Suppression.objects.get(address_key=key, category=category, released_at__isnull=True)
        _stop(key, category, reason, actor=actor, now=now)
        ledger.publish(ContactsSuppressed([str(contact.pk) for contact in contacts], category, reason))
    return row


def _stop(key: str, category: str, reason: str, *, actor: ledger.Actor, now: datetime) -> None:
    """Series of the category end for this address, and what waits for it does not go out."""
    going = Enrolment.objects.filter(address_key=key)
    waits = Message.objects.filter(address_key=key, run__state__in=["expanding", "sending"])
    if category:
        going, waits = going.filter(series__category=category), waits.filter(run__series__category=category)
    unsubscribed = reason == Suppression.Reason.UNSUBSCRIBED
    why = Enrolment.Reason.UNSUBSCRIBED if unsubscribed else Enrolment.Reason.SUPPRESSED
    refreshing.stop_enrolments(going, why, actor=actor, now=now)
    waiting.suppress(waits)


def _contacts_with(key: str) -> list[Contact]:
    """Those we have written to under this address. The list itself keeps only the hash."""
    found = Contact.objects.filter(enrolments__address_key=key).distinct().order_by("id")
    return list(found[:20])


def _masked_by_key(ticket: Ticket) -> str:
    contacts = _contacts_with(ticket.address_key)
    return addresses.masked(contacts[0].email) if contacts else "••"
