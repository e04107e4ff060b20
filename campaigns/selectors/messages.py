"""Questions about messages: which there are, and why one went or did not go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404

from accounts.models import Contact
from campaigns import addresses, zones
from campaigns.models import Category, Enrolment, Message, Series, Suppression
from campaigns.selectors import reasons
from campaigns.selectors.sending import address_secret, verdict_on


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


# --- why ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Explanation:
    """Why this mail went or did not go: sentences in the order in which it was decided."""

    state: str
    verdict: str
    words: list[str]


def spoken(moment: datetime, zone: str) -> str:
    """`Mon 23 Nov 2026, 09:00 (Europe/Berlin)`."""
    there = moment.astimezone(zones.zone(zone))
    return f"{there:%a} {there.day} {there:%b %Y, %H:%M} ({zone})"


def explain(message: Message, *, now: datetime) -> Explanation:
    """Every decision about a message, with who is asked for what. For one that waits: what would happen now."""
    waits = message.state in (Message.State.PLANNED, Message.State.HELD)
    verdict = verdict_on(message, now=now) if waits else ""
    words = [*_origin(message), _text(message), *_fate(message)]
    if waits:
        words.append(_outlook(message, verdict))
    return Explanation(message.state, verdict, [line for line in words if line])


def _origin(message: Message) -> list[str]:
    run, enrolment, series = message.run, message.enrolment, message.run.series
    when, since = spoken(run.due_at, run.zone), spoken(enrolment.enrolled_at, run.zone)
    how = "because of the role of the contact" if enrolment.by_role else "by hand or through the API"
    lines = [
        f"{enrolment.contact} was enrolled in the series “{series}” on {since}, {how}.",
        f"This is e-mail {message.position} of the series, for its slot on {when}.",
        f"The zone is {_whose_zone(series)}; the time-zone data are those of {run.tzdata}.",
    ]
    if run.local_date != run.nominal_date:
        lines.append(f"{run.nominal_date:%a %d %b} is a day off; its slot was moved to {run.local_date:%a %d %b}.")
    if run.by_hand:
        lines.append("The run was sent late because a person said so.")
    if message.by_hand:
        lines.append("A person asked for this message to be sent again.")
    return lines


def _whose_zone(series: Series) -> str:
    return {
        Series.RECIPIENT: "the recipient's, else the account's, else ours",
        Series.ACCOUNT: "the account's, else ours",
        Series.TENANT: "ours",
    }.get(series.zone, f"{series.zone}, for all recipients of the series")


def _text(message: Message) -> str:
    return f"The text is version {message.number} of “{message.template}”."


def _fate(message: Message) -> list[str]:
    state, zone = message.state, message.run.zone
    because = reasons.words(message.reason) + (f" ({message.detail})" if message.detail else "")
    tried = f"It was tried {message.attempts} times." if message.attempts > 1 else ""
    if state in (Message.State.SENT, Message.State.DELIVERED, Message.State.BOUNCED) and message.sent_at:
        handed = f"It was handed to the mail server on {spoken(message.sent_at, zone)}"
        return [tried, f"{handed}, which answered: {message.detail or 'ok'}."]
    if state == Message.State.FAILED:
        return [tried, f"It could not be sent: {because}."]
    if state == Message.State.UNKNOWN:
        return [
            f"Nobody knows whether it arrived: {because}.",
            "It is not sent again by itself, so that nobody gets it twice. A person may send it again.",
        ]
    if state == Message.State.SENDING:
        return ["It is being handed to the mail server."]
    if state == Message.State.SUPPRESSED:
        label = Category(message.run.series.category).label
        return [f"It was not sent: {because}. The category is “{label}”."]
    if state == Message.State.SKIPPED:
        return [f"It was not sent: {because}.", _what_next(message)]
    return [tried, f"It waits: {because}." if message.reason else ""]


def _what_next(message: Message) -> str:
    if message.reason == "by_hand":
        return "The contact gets the next e-mail at the next slot."
    going = message.enrolment.state == Enrolment.State.ACTIVE
    return "The contact gets this e-mail at the next slot instead." if going else ""


def _outlook(message: Message, verdict: str) -> str:
    if verdict:
        return f"As things are, it would not go out: {reasons.words(verdict)}."
    return f"Nothing stands in its way; it goes out at {spoken(message.due_at, message.run.zone)}."
