"""What the sender reads: the messages of a lane with what they say of whom, and what is the same for all of them."""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from email.utils import parseaddr
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection

from accounts.models import Account, Contact
from campaigns import unsubscribing
from campaigns.content import Values
from campaigns.mail.envelope import Leave, Sender
from campaigns.models import Category, Enrolment, SeriesRun, TemplateVersion
from cs_platform.people.models import Membership
from cs_platform.tenancy.models import Tenant
from cs_platform.tenancy.scope import require_tenant_id


@dataclass(frozen=True)
class Lane:
    """One of `lanes` parts of a run, by the last byte of the message's id."""

    run_id: UUID
    number: int = 0
    lanes: int = 1


class Person(NamedTuple):
    """Who gets a message, as the database has it."""

    email: str
    name: str
    first_name: str
    last_name: str
    title: str
    account: str
    segment: str
    service_model: str
    product_version: str
    deployment: str
    renewal_date: dt.date | None
    csm_name: str
    csm_email: str


class Row(NamedTuple):
    """One message and its recipient."""

    id: UUID
    due_at: dt.datetime
    address_key: str
    attempts: int
    template_id: UUID
    number: int
    contact_id: UUID
    person: Person


IN_LANE = "m.tenant_id = %(tenant)s AND m.run_id = %(run)s AND get_byte(uuid_send(m.id), 15) %% %(lanes)s = %(number)s"
FETCH = f"""
SELECT m.id, m.due_at, m.address_key, m.attempts, m.template_id, m.number, m.enrolment_id
FROM campaigns_message m
WHERE {IN_LANE} AND m.state = 'planned' AND m.due_at <= %(now)s AND (m.due_at, m.id) > (%(due)s, %(id)s)
ORDER BY m.due_at, m.id LIMIT %(limit)s
"""
NEXT_DUE = (
    f"SELECT min(m.due_at) FROM campaigns_message m WHERE {IN_LANE} AND m.state = 'planned' AND m.due_at > %(now)s"
)
BEGINNING = (dt.datetime.min.replace(tzinfo=dt.UTC) + dt.timedelta(days=1), UUID(int=0))


def _ask(statement: str, lane: Lane, **values: Any) -> Sequence[tuple[object, ...]]:
    here: dict[str, Any] = {
        "tenant": require_tenant_id(),
        "run": lane.run_id,
        "lanes": lane.lanes,
        "number": lane.number,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, {**here, **values})
        return cursor.fetchall()  # type: ignore[no-any-return]


def fetch(lane: Lane, now: dt.datetime, after: tuple[dt.datetime, UUID] | None, limit: int) -> list[Row]:
    """The next messages of a lane. Table by table and not as one join: a tenant that the statistics do not know yet
    looks empty to the planner, which then joins all its rows with each other."""
    due, pk = after or BEGINNING
    found = _ask(FETCH, lane, now=now, due=due, id=pk, limit=limit)
    enrolled = dict(Enrolment.objects.filter(pk__in=[row[6] for row in found]).values_list("pk", "contact_id"))
    people = people_of(set(enrolled.values()))
    contacts = [enrolled[row[6]] for row in found]  # type: ignore[index]
    return [Row(*row[:6], pk, people[pk]) for row, pk in zip(found, contacts, strict=True)]  # type: ignore[arg-type, call-arg]


def people_of(contact_ids: Collection[UUID]) -> dict[UUID, Person]:
    fields = ("pk", "account_id", "email", "name", "first_name", "last_name", "title")
    contacts: list[tuple[Any, ...]] = list(Contact.objects.filter(pk__in=contact_ids).values_list(*fields))
    accounts = {row[0]: row[1:] for row in _accounts({row[1] for row in contacts})}
    managers = {account[-1] for account in accounts.values() if account[-1]}
    names = Membership.objects.filter(pk__in=managers).values_list("pk", "user__name", "user__email")
    managers_by_id = {pk: (name, email) for pk, name, email in names}
    return {
        pk: Person._make((*own, *accounts[account_id][:-1], *managers_by_id.get(accounts[account_id][-1], ("", ""))))
        for pk, account_id, *own in contacts
    }


def _accounts(ids: Collection[UUID]) -> Iterable[tuple[Any, ...]]:
    return Account.objects.filter(pk__in=ids).values_list(
        "pk", "name", "segment", "service_model", "product_version", "deployment", "renewal_date", "csm_id"
    )


def next_due(lane: Lane, now: dt.datetime) -> dt.datetime | None:
    return _ask(NEXT_DUE, lane, now=now)[0][0]  # type: ignore[return-value]


@dataclass(frozen=True)
class Frame:
    """What all messages of a run share."""

    sender: Sender
    secret: bytes
    tenant_id: int
    series_id: UUID
    category: str
    texts: dict[tuple[UUID, int], tuple[str, str]] = field(default_factory=dict)

    def message_id(self, pk: UUID) -> str:
        return f"<{pk}@{self.sender.domain}>"

    def leave(self, address_key: str) -> Leave:
        ticket = unsubscribing.Ticket(self.tenant_id, address_key, self.category, self.series_id)
        about = Category(self.category).label
        return Leave(
            unsubscribing.link(ticket), f"You get this because {self.sender.organisation} writes to you: {about}."
        )

    def text(self, template_id: UUID, number: int) -> tuple[str, str]:
        """Subject and body of a version."""
        known = self.texts.get((template_id, number))
        if known is None:
            version = TemplateVersion.objects.get(template_id=template_id, number=number)
            known = self.texts[(template_id, number)] = (version.subject, version.body)
        return known


def values_of(person: Person, sender: Sender) -> Values:
    """The value of every merge field, raw."""
    return {
        "contact.name": person.name,
        "contact.first_name": person.first_name,
        "contact.last_name": person.last_name,
        "contact.title": person.title,
        "contact.email": person.email,
        "account.name": person.account,
        "account.segment": person.segment,
        "account.service_model": person.service_model,
        "account.product_version": person.product_version,
        "account.deployment": person.deployment,
        "account.renewal_date": spoken_date(person.renewal_date),
        "account.csm_name": person.csm_name,
        "account.csm_email": person.csm_email,
        "tenant.name": sender.organisation,
        "sender.name": sender.name,
        "sender.email": sender.address,
    }


def spoken_date(day: dt.date | None) -> str:
    return f"{day.day} {day:%B %Y}" if day else ""


def sender_of(tenant: Tenant) -> Sender:
    """Who writes. A tenant that has not said so writes from the installation's address, under its own name."""
    address = tenant.sender_email or parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    return Sender(
        name=tenant.sender_name or tenant.name,
        address=address,
        reply_to=tenant.reply_to,
        postal_address=tenant.postal_address,
        colour=tenant.brand_colour,
        organisation=tenant.name,
        domain=address.rpartition("@")[2] or "localhost",
    )


def frame_of(run_id: UUID, secret: bytes) -> Frame:
    run = SeriesRun.objects.select_related("series").get(pk=run_id)
    tenant = Tenant.objects.get(pk=require_tenant_id())
    return Frame(sender_of(tenant), secret, tenant.pk, run.series_id, run.series.category)
