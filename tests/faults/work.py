"""The work of a history: a fresh organisation with customers, a large mail run, an org that is read, and orders.

The book says what was asked for; what came of it is counted elsewhere. Everything here is written before the first
fault, through the product's own verbs.
"""

import json
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

LEVELS = ("Named", "Scaled", "Digital")
AT_ONCE = 500


@dataclass(frozen=True)
class Scale:
    """How much there is to do."""

    accounts: int = 20_000  # in the org
    managed: int = 4  # every so many of them has a support level
    recipients: int = 2_000  # of the large mail run
    wave: int = 100  # of each smaller one
    edits: int = 400  # of accounts in the org while they are read
    patients: int = 60  # accounts that the orders are about


SMALL = Scale(accounts=1000, managed=1, recipients=100, wave=10, edits=40, patients=12)


@dataclass
class Order:
    """One request to the API: written down before it is sent, repeated under its key until it is answered."""

    kind: str
    path: str
    body: dict[str, Any]
    about: str  # what it is counted by
    key: str
    status: int = 0
    answer: str = ""


@dataclass
class Book:
    """One organisation and what it asked for."""

    slug: str
    tenant_id: int
    api_key: str
    connection_id: str
    patients: list[str]
    recipients: dict[str, list[str]] = field(default_factory=dict)  # by series
    org_ids: list[str] = field(default_factory=list)
    edited: list[str] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)


class Org:
    """The sandbox org's remote control."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def tell(self, path: str, **given: Any) -> Any:
        body = json.dumps(given).encode()
        request = urllib.request.Request(f"{self.url}/sandbox/{path}", body, {"Content-Type": "application/json"})
        with self.opener.open(request, timeout=60) as answer:
            return json.load(answer)


def fill_org(folder: Path, scale: Scale) -> None:
    """Once per box; every history reads it anew."""
    from integrations.salesforce.sandbox.org import SandboxOrg

    org = SandboxOrg(folder, "empty", daily_limit=10_000_000)
    if not org.count("Account"):
        for start in range(0, scale.accounts, 5000):
            stamp = org.now() - timedelta(days=30) + timedelta(minutes=start // 5000)
            numbers = range(start, min(start + 5000, scale.accounts))
            org.bulk("Account", [_org_account(n, scale.managed) for n in numbers], stamp=stamp)
    org.close()


def _org_account(n: int, managed: int) -> dict[str, Any]:
    return {
        "Name": f"Read {n}",
        "Website": f"https://read{n}.example.com",
        "Technical_Advisor_Support_Level__c": LEVELS[n // managed % len(LEVELS)] if n % managed == 0 else None,
        "Developers__c": n % 4000,
        "ARR__c": n * 10,
    }


def org_rows(folder: Path) -> dict[str, tuple[str, str, int | None]]:
    """What the org holds: id -> name, support level, developers. Read beside the server from its file."""
    from integrations.salesforce.sandbox.org import SandboxOrg

    org = SandboxOrg(folder, "empty", daily_limit=10_000_000)
    rows = org.find("Account")
    org.close()
    return {
        row["Id"]: (
            row["Name"],
            row["Technical_Advisor_Support_Level__c"] or "",
            None if row["Developers__c"] is None else int(row["Developers__c"]),
        )
        for row in rows
    }


def org_told(folder: Path) -> dict[str, tuple[str, str, str]]:
    """What was written back to it: id -> segment, service model, stage."""
    from integrations.salesforce.sandbox.org import SandboxOrg

    org = SandboxOrg(folder, "empty", daily_limit=10_000_000)
    rows = org.find("Account")
    org.close()
    names = ("Customer_Segment__c", "Service_Model__c", "Lifecycle_Stage__c")
    return {row["Id"]: tuple(row[name] or "" for name in names) for row in rows}  # type: ignore[misc]


def prepare(slug: str, scale: Scale, org_url: str, now: datetime, *, waves: int) -> Book:
    """Everything was made a moment before this minute began, so that the large run is due at once; the smaller ones,
    `waves` of them, are due minute after minute."""
    from cs_platform import ledger
    from cs_platform.people import services as people
    from cs_platform.tenancy.scope import tenant_scope

    minute, actor = now.replace(second=0, microsecond=0), ledger.system("faults")
    before = minute - timedelta(seconds=1)
    zone = _zone_of_noon(now)
    tenant, _ = people.create_tenant(slug, slug.title(), zone, f"owner@{slug}.example.com", now=before, actor=actor)
    with tenant_scope(tenant):
        key = people.create_api_key("faults", ["admin"], actor=actor, now=before)[1]
        connection = _connect(org_url, actor, before)
        patients = _accounts("Patient", scale.patients, actor, before)
        book = Book(slug, tenant.pk, key, connection, patients)
        _series(book, "large", scale.recipients, minute, zone, actor, before)
        for wave in range(waves):
            _series(book, f"wave-{wave}", scale.wave, minute + timedelta(minutes=wave), zone, actor, before)
    ledger.drain(now, only=tenant.pk)
    return book


def _zone_of_noon(now: datetime) -> str:
    """Where it is about noon: no run falls into the change of the day."""
    ahead = 12 - now.astimezone(UTC).hour
    return f"Etc/GMT{-ahead:+d}" if ahead else "UTC"


def _connect(url: str, actor: Any, now: datetime) -> str:
    from integrations.salesforce import services
    from integrations.salesforce.sandbox.oauth import CLIENT_ID, CLIENT_SECRET

    given = services.ConnectionInput(
        name="Org",
        auth="client_credentials",
        login_url=url,
        secrets={"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET},
        settings={"interval_minutes": 1, "budget_share": 1.0},
    )
    made = services.create_connection(given, actor=actor, now=now)
    result = services.test_connection(made, actor=actor, now=now)
    if not result.ok:
        raise RuntimeError(f"the org does not accept the login: {result.message}")
    return str(made.pk)


def _accounts(word: str, many: int, actor: Any, now: datetime) -> list[str]:
    from accounts import services as accounts

    found: list[str] = []
    for start in range(0, many, AT_ONCE):
        rows = [
            accounts.AccountInput({"name": f"{word} {n}", "support_level": LEVELS[0]}, external_id=f"{word}-{n}")
            for n in range(start, min(many, start + AT_ONCE))
        ]
        found += [str(done.id) for done in accounts.upsert_accounts(rows, actor=actor, now=now)]
    return found


def _series(book: Book, name: str, many: int, due: datetime, zone: str, actor: Any, now: datetime) -> None:
    """A series with one text, all its people, and today's slot at `due`."""
    from zoneinfo import ZoneInfo

    from accounts import services as accounts
    from campaigns import services as campaigns
    from campaigns.calendar import WEEKDAYS
    from campaigns.models import Series
    from integrations.salesforce.sandbox import ids

    homes = _accounts(f"Home of {name}", max(1, many // 10), actor, now)
    people: list[UUID] = []
    addresses = [f"p{n}@{name}.{book.slug}.example.com" for n in range(many)]
    rows = [
        accounts.ContactInput(
            UUID(homes[n % len(homes)]),
            {"name": f"Person {n}", "email": address, "roles": ["Program Contact"]},
            salesforce_id=ids.make("003", sum(map(len, book.recipients.values())) + n),
        )
        for n, address in enumerate(addresses)
    ]
    for start in range(0, many, AT_ONCE):
        results = accounts.upsert_contacts(rows[start : start + AT_ONCE], actor=actor, now=now)
        people += [result.id for result in results if result.id is not None]
    template = campaigns.create_template(f"Text of {name}", "Good day", "Hello {{contact.name|you}}.",
                                         category="recap", actor=actor, now=now)  # fmt: skip
    values = {
        "name": name,
        "zone": "tenant",
        "category": "recap",
        "weekdays": list(WEEKDAYS),
        "local_time": due.astimezone(ZoneInfo(zone)).time().replace(second=0, microsecond=0),
    }
    series = campaigns.create_series(values, template_ids=[template.pk], actor=actor, now=now)
    series = campaigns.activate_series(Series.objects.get(pk=series.pk), actor=actor, now=now)
    campaigns.enrol_contacts(series, people, actor=actor, now=now)
    book.recipients[name] = addresses
