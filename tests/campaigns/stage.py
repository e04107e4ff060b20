"""What the tests of campaigns need: customers with contacts, a series, and time that passes."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from accounts import services as accounts
from accounts.models import Account, Contact
from campaigns import services
from campaigns.models import EmailTemplate, Message, Series
from cs_platform import ledger
from cs_platform.tenancy.scope import tenant_scope
from tests.cast import NOW

TEST = ledger.system("test")
ROLES = ["Program Contact"]
BEFORE = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)  # a Friday; what is there when a test begins was made then


def make_account(name: str = "Initech", **values: Any) -> Account:
    values = {"support_level": "Named", **values}
    return accounts.create_account({"name": name, **values}, actor=TEST, now=BEFORE)


def make_contact(account: Account, email: str = "ada@initech.example", **values: Any) -> Contact:
    name = email.partition("@")[0].title() or "Nobody"
    values = {"name": name, "first_name": name, "email": email, "roles": ROLES, **values}
    return accounts.create_contact(account, values, actor=TEST, now=BEFORE)


def make_series(name: str = "Tips", texts: int = 3, active: bool = True, **values: Any) -> Series:
    templates = [make_template(f"{name} {n}") for n in range(1, texts + 1)]
    values = {"name": name, "zone": "tenant", "category": "recap", **values}
    series = services.create_series(values, template_ids=[t.pk for t in templates], actor=TEST, now=BEFORE)
    return services.activate_series(series, actor=TEST, now=BEFORE) if active else series


def make_template(name: str, subject: str = "", body: str = "") -> EmailTemplate:
    subject, body = subject or f"{name} for {{{{contact.first_name|you}}}}", body or "Hi {{contact.name|there}}."
    return services.create_template(name, subject, body, category="recap", actor=TEST, now=BEFORE)


def enrol(series: Series, *contacts: Contact, now: datetime = NOW) -> list[services.Enrolled]:
    return services.enrol_contacts(series, [contact.pk for contact in contacts], actor=TEST, now=now)


def minute(now: datetime) -> None:
    """One minute of the product: the clock's work, then the queue until nothing is due. Outside of any scope."""
    ledger.drain(now)
    ledger.tick(now)
    ledger.drain(now)


def at(day: date | str, hour: int = 9, minutes: int = 0) -> datetime:
    """A moment in UTC."""
    day = date.fromisoformat(day) if isinstance(day, str) else day
    return datetime.combine(day, time(hour, minutes), UTC)


def days(first: str, count: int) -> Iterator[date]:
    start = date.fromisoformat(first)
    return (start + timedelta(days=n) for n in range(count))


def messages(tenant: Any, **filters: Any) -> list[Message]:
    with tenant_scope(tenant):
        return list(Message.objects.filter(**filters).order_by("id"))


def states(tenant: Any, **filters: Any) -> list[str]:
    return [message.state for message in messages(tenant, **filters)]


def subjects(mailbox: Any) -> list[str]:
    return [mail["subject"] for mail in mailbox.mails()]


def recipients(mailbox: Any) -> list[str]:
    return [to for mail in mailbox.mails() for to in mail["to"]]
