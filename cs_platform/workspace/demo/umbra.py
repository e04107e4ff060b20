"""Umbra Analytics: no Salesforce, ten customers kept by hand over four months."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from accounts import services as accounts
from accounts.models import Account
from campaigns import services as campaigns
from campaigns.models import Series
from cs_platform.people.models import Membership
from cs_platform.tenancy.scope import tenant_scope
from cs_platform.workspace.demo import handoffs
from cs_platform.workspace.demo.cast import member
from cs_platform.workspace.demo.story import Story
from lifecycle import services as lifecycle

CUSTOMER = "customer"
Event = Callable[[datetime], Any]


@dataclass(frozen=True)
class Customer:
    """`moves` are (days ago, stage, reason); `deal` is in how many days the open new-business deal is to close."""

    name: str
    level: str
    developers: int | None
    arr: int | None
    country: str
    since: int
    people: tuple[tuple[str, str, tuple[str, ...]], ...]
    moves: tuple[tuple[int, str, str], ...] = ()
    deal: int | None = None
    renews_in: int | None = None
    seats: tuple[int, int] | None = None


BEFORE = "Onboarded before we worked with this product."
ADMIN, PROGRAM, CHAMPION, EXECUTIVE = "Instance Admin", "Program Contact", "Champion", "Executive"
CUSTOMERS = (
    Customer("Larkspur Retail", "Named", 2_900, 410_000, "US", 118,
             (("Dana Whitfield", "VP Data", (EXECUTIVE,)), ("Luis Ortega", "Analytics Lead", (PROGRAM, CHAMPION))),
             ((100, "2. Adopting", BEFORE), (9, "3. Nurturing", "")), None, 96, (400, 362)),
    Customer("Copperline Freight", "Named", 760, 128_000, "US", 96,
             (("Renee Dubois", "Head of BI", (CHAMPION,)), ("Cal Jensen", "BI Engineer", ("End User",))),
             ((83, "1. Onboarding", ""),), None, 214, (160, 71)),
    Customer("Marlow & Finch", "Scaled", 240, 54_000, "GB", 88,
             (("Poppy Marlow", "Partner", (EXECUTIVE, PROGRAM)),),
             ((70, "2. Adopting", BEFORE),), None, 150, (60, 33)),
    Customer("Quillon Biotech", "Named", 1_350, 96_000, "US", 71,
             (("Anya Petrova", "Director of Research IT", (PROGRAM,)), ("Sam Idowu", "Platform Engineer", (ADMIN,))),
             (), 19, None, None),
    Customer("Redwood Transit", "Digital", 64, 12_500, "US", 40,
             (("Hector Ramos", "IT Manager", (PROGRAM, ADMIN)),), ((12, "1. Onboarding", ""),), None, 340, (20, 4)),
    Customer("Saltbox Media", "Digital", 88, 15_000, "CA", 36,
             (("Joelle Tremblay", "Operations", (PROGRAM,)),), ((8, "1. Onboarding", ""),), None, 355, (25, 6)),
    Customer("Thornbury Hotels", "Scaled", 310, None, "GB", 29,
             (("Giles Thornbury", "Group IT Director", (EXECUTIVE,)),), (), 6, None, None),
    Customer("Vireo Learning", "Named", None, 33_000, "US", 22,
             (("Keiko Tanaka", "COO", (CHAMPION,)),), (), 41, None, None),
    Customer("Westmark Steel", "Named", 5_400, 620_000, "US", 110,
             (("Bruno Keller", "CIO", (EXECUTIVE,)), ("Ida Holm", "Data Platform", (PROGRAM, ADMIN))),
             ((95, "2. Adopting", BEFORE), (14, "4. Renewing", "Budget talks begin early.")),
             None, 58, (900, 870)),
    Customer("Yarrow Pharmacies", "Digital", 45, 7_800, "US", 105, (("Mona Aziz", "Pharmacy Systems", (PROGRAM,)),)),
)  # fmt: skip
LEFT = "Yarrow Pharmacies"


def tell(story: Story) -> None:
    """What happened to all of them, in the order in which it happened. A customer that is there is left alone."""
    with tenant_scope(story.tenant):
        known = set(Account.objects.values_list("external_id", flat=True))
    events: list[tuple[int, int, Event]] = []
    for number, customer in enumerate(CUSTOMERS):
        if f"umbra-{number + 1}" not in known:
            events += [(days, number, event) for days, event in _events(story, number, customer)]
    for days, _, event in sorted(events, key=lambda item: (-item[0], item[1])):
        at = story.ago(days)
        with tenant_scope(story.tenant):
            event(at)
        story.settle(at)
    _mail(story)
    handoffs.tell_umbra(story)
    story.say(f"{len(CUSTOMERS)} customers, one of them archived")


def _events(story: Story, number: int, customer: Customer) -> Iterator[tuple[int, Event]]:
    """(days ago, what happened then) of one customer."""
    yield customer.since, lambda at: _begin(story, number, customer, at)
    for days, stage, reason in customer.moves:
        yield days, lambda at, stage=stage, reason=reason: _move(number, stage, reason, at)  # type: ignore[misc]
    if customer.name == LEFT:
        yield 15, lambda at: _leave(number, at)


def _owner(number: int) -> Membership:
    return member("otto@umbra.example" if number % 4 == 0 else "nina@umbra.example")


def _account(number: int) -> Account:
    return Account.objects.get(external_id=f"umbra-{number + 1}")


def _begin(story: Story, number: int, customer: Customer, at: datetime) -> None:
    otto, nina = member("otto@umbra.example").actor, member("nina@umbra.example").actor
    account = accounts.create_account(_values(story, number, customer, _owner(number)), actor=otto, now=at)
    for name, title, roles in customer.people:
        accounts.create_contact(account, _person(customer, name, title, roles), actor=nina, now=at)
    if customer.deal is not None:
        close = (story.now + timedelta(days=customer.deal)).date()
        accounts.upsert_opportunities([_deal(account, number, customer, close)], actor=otto, now=at)


def _move(number: int, stage: str, reason: str, at: datetime) -> None:
    lifecycle.move_stage(_account(number), CUSTOMER, stage, reason=reason, actor=_owner(number).actor, now=at)


def _leave(number: int, at: datetime) -> None:
    otto = member("otto@umbra.example").actor
    accounts.archive_accounts([_account(number).pk], "Moved to another vendor.", actor=otto, now=at)


def _values(story: Story, number: int, customer: Customer, owner: Any) -> dict[str, Any]:
    slug = _slug(customer.name)
    renews = story.now + timedelta(days=customer.renews_in) if customer.renews_in is not None else None
    return {
        "name": customer.name,
        "external_id": f"umbra-{number + 1}",
        "domains": [f"{slug}.example.com"],
        "support_level": customer.level,
        "developers": customer.developers,
        "arr_minor": customer.arr * 100 if customer.arr is not None else None,
        "currency": "USD",
        "country": customer.country,
        "timezone": "Europe/London" if customer.country == "GB" else "America/New_York",
        "renewal_date": renews.date() if renews else None,
        "seats_purchased": customer.seats[0] if customer.seats else None,
        "seats_used": customer.seats[1] if customer.seats else None,
        "csm_id": owner.pk,
    }


def _person(customer: Customer, name: str, title: str, roles: tuple[str, ...]) -> dict[str, Any]:
    first, _, last = name.partition(" ")
    address = f"{first}.{last}".lower().replace(" ", "-")
    email = f"{address}@{_slug(customer.name)}.example"
    return {"first_name": first, "last_name": last, "title": title, "email": email, "roles": list(roles)}


def _deal(account: Account, number: int, customer: Customer, close: Any) -> accounts.OpportunityInput:
    values = {
        "name": f"{customer.name}: first contract",
        "type": "New Business",
        "stage": "Negotiation",
        "amount_minor": (customer.arr or 30_000) * 100,
        "currency": "USD",
        "close_date": close,
        "is_new_business": True,
    }
    return accounts.OpportunityInput(account.pk, values, salesforce_id=f"006UMBRA{number:07d}AAA")


def _slug(name: str) -> str:
    return "".join(char for char in name.lower() if char.isalnum())


def _mail(story: Story) -> None:
    """The two newest customers get the onboarding series."""
    with tenant_scope(story.tenant):
        series = Series.objects.get(shipped_key="onboarding")
        fresh = Account.objects.filter(name__in=["Redwood Transit", "Saltbox Media"]).values_list("pk", flat=True)
        nina = member("nina@umbra.example").actor
        campaigns.start_audience(series, list(fresh), actor=nina, now=story.ago(7))
    story.settle(story.ago(7))
    story.let_mails_go(story.ago(6.9))
