"""The demo org: a software maker's customers, small enough to know them all, different enough to show every rule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from integrations.salesforce.sandbox.oauth import USERNAME
from integrations.salesforce.sandbox.schema import EXISTING, NEW_BUSINESS

if TYPE_CHECKING:
    from integrations.salesforce.sandbox.org import SandboxOrg

ATTRITED = "(5) Attrited Customer"
#: The people of the software maker: first name, last name, e-mail, title. They are members of the product's demo too.
USERS: tuple[tuple[str, str, str, str], ...] = (
    ("Ana", "Lindqvist", "ana@acme.example", "VP Customer Success"),
    ("Ben", "Okafor", "ben@acme.example", "Customer Success Manager"),
    ("Carla", "Moreau", "carla@acme.example", "Customer Success Manager"),
    ("Dev", "Raman", "dev@acme.example", "Customer Success Manager"),
    ("Tess", "Marchetti", "tess@acme.example", "Technical Advisor Lead"),
    ("Sam", "Whitlock", "sam@acme.example", "Account Executive"),
    ("Pia", "Halvorsen", "pia@acme.example", "Account Executive"),
)
FORMER_USER = ("Gil", "Sorensen", "gil@acme.example", "Account Executive")


@dataclass(frozen=True)
class Person:
    first: str
    last: str
    title: str
    roles: str
    zone: str = ""


@dataclass(frozen=True)
class Company:
    """One customer. `won`: days since the new-business deal was won, None while it is open, -1 if it was lost."""

    name: str
    domain: str
    industry: str
    city: str
    country: str
    zone: str
    developers: int | None
    arr: int | None
    employees: int
    csm: str
    people: tuple[Person, ...]
    level: str = ""
    type: str = "Prospect"
    deal: int = 60_000
    stage: str = "Negotiation/Review"
    won: int | None = None
    renewal_in: int | None = None
    parent: str = ""


_BERLIN, _LONDON, _NEW_YORK = "Europe/Berlin", "Europe/London", "America/New_York"
_CUSTOMER = "Customer - Direct"
COMPANIES: tuple[Company, ...] = (
    Company(
        "Halden Robotics", "haldenrobotics.example", "Industrial automation", "Stuttgart", "Germany", _BERLIN,
        1_200, 84_000, 3_400, "ben",
        (
            Person("Jonas", "Weidner", "Director of Engineering", "Program Contact;Champion"),
            Person("Mirela", "Stan", "Platform Lead", "Instance Admin"),
            Person("Anke", "Brandt", "CFO", "Economic Buyer"),
        ),
        deal=84_000,
    ),
    Company(
        "Brightwater Health", "brightwater.example", "Healthcare", "Boston", "United States", _NEW_YORK,
        3_100, 240_000, 12_500, "ana",
        (
            Person("Denise", "Caldwell", "VP Platform", "Executive;Economic Buyer"),
            Person("Omar", "Haddad", "DevOps Manager", "Program Contact"),
            Person("Lucy", "Tran", "Site Reliability Engineer", "Instance Admin", "America/Los_Angeles"),
        ),
        deal=240_000, stage="Proposal/Price Quote",
    ),
    Company(
        "Osprey Logistics", "ospreylogistics.example", "Transport", "Rotterdam", "Netherlands", "Europe/Amsterdam",
        320, 36_000, 1_900, "carla",
        (
            Person("Femke", "de Wit", "Head of Software", "Program Contact"),
            Person("Ruben", "Visser", "Tooling Engineer", "Instance Admin;End User"),
        ),
        deal=36_000,
    ),
    Company(
        "Kestrel Bank", "kestrelbank.example", "Banking", "London", "United Kingdom", _LONDON,
        2_600, 310_000, 18_000, "ana",
        (
            Person("Harriet", "Lowe", "CIO", "Executive"),
            Person("Imran", "Sheikh", "Engineering Productivity", "Champion;Program Contact"),
            Person("Grace", "Adeyemi", "Platform Engineer", "Instance Admin"),
        ),
        level="Named", type=_CUSTOMER, deal=280_000, won=410, renewal_in=45,
    ),
    Company(
        "Kestrel Bank Asia", "kestrelbank-asia.example", "Banking", "Singapore", "Singapore", "Asia/Singapore",
        260, 48_000, 2_200, "carla",
        (
            Person("Wei Ling", "Koh", "Head of Engineering", "Program Contact"),
            Person("Arjun", "Menon", "Systems Engineer", "Instance Admin"),
        ),
        deal=48_000, parent="Kestrel Bank",
    ),
    Company(
        "Tidewater Energy", "tidewater.example", "Utilities", "Houston", "United States", "America/Chicago",
        140, 22_000, 5_100, "dev",
        (
            Person("Marcus", "Boone", "IT Director", "Deal Contact;Program Contact"),
            Person("Elena", "Ruiz", "Developer", "End User"),
        ),
        level="Scaled", type=_CUSTOMER, deal=22_000, won=20, renewal_in=345,
    ),
    Company(
        "Juniper Street Games", "juniperstreet.example", "Games", "Montreal", "Canada", "America/Toronto",
        75, 9_000, 160, "dev",
        (Person("Noemie", "Gagnon", "Technical Director", "Program Contact;Instance Admin"),),
        level="Digital", deal=9_000, stage="Qualification",
    ),
    Company(
        "Cobalt Aerospace", "cobaltaero.example", "Aerospace", "Toulouse", "France", "Europe/Paris",
        900, 130_000, 7_800, "ben",
        (
            Person("Mathilde", "Perrin", "Chief Architect", "Champion"),
            Person("Luc", "Besnard", "Build Engineer", "Instance Admin"),
            Person("Claire", "Fontaine", "Programme Manager", "Program Contact"),
        ),
        deal=130_000, stage="Proposal/Price Quote",
    ),
    Company(
        "Sable Insurance Group", "sableinsurance.example", "Insurance", "Zurich", "Switzerland", "Europe/Zurich",
        480, 101_500, 4_300, "carla",
        (Person("Reto", "Ammann", "Head of Digital", "Executive;Program Contact"),),
        level="Named", type=_CUSTOMER, deal=95_000, won=780, renewal_in=110,
    ),
    Company(
        "Fjordline Shipping", "fjordline.example", "Shipping", "Bergen", "Norway", "Europe/Oslo",
        None, 18_000, 950, "dev",
        (Person("Sigrid", "Nilsen", "Digital Manager", "Deal Contact"),),
        deal=18_000, stage="Qualification",
    ),
    Company(
        "Meridian Foods", "meridianfoods.example", "Food", "Melbourne", "Australia", "Australia/Melbourne",
        210, 27_500, 6_700, "ben",
        (
            Person("Priya", "Nair", "Engineering Manager", "Program Contact"),
            Person("Tom", "Ashby", "Administrator", "Instance Admin", "Australia/Perth"),
        ),
        deal=27_500,
    ),
    Company(
        "Alpenglow Software", "alpenglow.example", "Software", "Denver", "United States", "America/Denver",
        40, 6_000, 55, "dev",
        (Person("Casey", "Novak", "Founder", "Executive;Program Contact"),),
        level="Digital", type=ATTRITED, deal=6_000, won=900,
    ),
)  # fmt: skip


def fill(org: SandboxOrg) -> None:
    """Users, companies with their people and deals, all changed last some weeks ago by the org's clock."""
    users = _users(org)
    today = org.now().date()
    stamp = org.now() - timedelta(days=30)
    account_ids: dict[str, str] = {}
    for number, company in enumerate(COMPANIES):
        at = stamp + timedelta(hours=number)
        account_ids[company.name] = org.create(
            "Account", _account(company, users, account_ids, today), check=False, stamp=at
        )
        for person in company.people:
            contact = _contact(company, person, account_ids[company.name], users)
            org.create("Contact", contact, check=False, stamp=at + timedelta(minutes=5))
        for deal in _deals(company, account_ids[company.name], users, today):
            org.create("Opportunity", deal, check=False, stamp=at + timedelta(minutes=10))


def make_integration_user(org: SandboxOrg) -> str:
    """The user that API calls are made by."""
    user = {
        "Username": USERNAME,
        "FirstName": "Integration",
        "LastName": "User",
        "Email": USERNAME,
        "Title": "API",
        "TimeZoneSidKey": "Europe/London",
    }
    row_id = org.create("User", user, check=False, stamp=org.now() - timedelta(days=60))
    org.store.set_meta("integration_user", row_id)
    return row_id


def _users(org: SandboxOrg) -> dict[str, str]:
    """The ids of the people by first name in lower case."""
    stamp = org.now() - timedelta(days=45)
    made: dict[str, str] = {}
    for first, last, email, title in (*USERS, FORMER_USER):
        user = {
            "Username": email,
            "FirstName": first,
            "LastName": last,
            "Email": email,
            "Title": title,
            "IsActive": (first, last, email, title) != FORMER_USER,
            "TimeZoneSidKey": "Europe/London",
            "ManagerId": made.get("ana"),
        }
        made[first.lower()] = org.create("User", user, check=False, stamp=stamp)
    return made


def _account(company: Company, users: dict[str, str], known: dict[str, str], today: date) -> dict[str, Any]:
    renewal = today + timedelta(days=company.renewal_in) if company.renewal_in is not None else None
    return {
        "Name": company.name,
        "Type": company.type,
        "ParentId": known.get(company.parent),
        "Website": f"https://www.{company.domain}",
        "Industry": company.industry,
        "NumberOfEmployees": company.employees,
        "BillingCity": company.city,
        "BillingCountry": company.country,
        "Time_Zone__c": company.zone,
        "OwnerId": users["gil" if company.type == ATTRITED else "sam"],
        "CSM__c": users[company.csm],
        "Technical_Advisor_Support_Level__c": company.level or None,
        "Developers__c": company.developers,
        "ARR__c": company.arr,
        "Renewal_Date__c": renewal,
    }


def _contact(company: Company, person: Person, account_id: str, users: dict[str, str]) -> dict[str, Any]:
    mailbox = f"{person.first}.{person.last}".lower().replace(" ", "-")
    return {
        "AccountId": account_id,
        "FirstName": person.first,
        "LastName": person.last,
        "Email": f"{mailbox}@{company.domain}",
        "Title": person.title,
        "Role__c": person.roles,
        "Time_Zone__c": person.zone or company.zone,
        "OwnerId": users["sam"],
    }


def _deals(company: Company, account_id: str, users: dict[str, str], today: date) -> list[dict[str, Any]]:
    """The new-business deal, and for an old customer an open expansion."""
    won = company.won
    first = {
        "AccountId": account_id,
        "Name": f"{company.name} - new business",
        "StageName": company.stage if won is None else "Closed Won",
        "Type": NEW_BUSINESS,
        "Amount": company.deal,
        "CloseDate": today - timedelta(days=won) if won is not None else today + timedelta(days=14),
        "OwnerId": users["sam"],
    }
    if won is None or won < 365 or company.type == ATTRITED:
        return [first]
    expansion = {
        **first,
        "Name": f"{company.name} - more seats",
        "StageName": "Proposal/Price Quote",
        "Type": EXISTING,
        "Amount": company.deal // 4,
        "CloseDate": today + timedelta(days=40),
        "OwnerId": users["pia"],
    }
    return [first, expansion]
