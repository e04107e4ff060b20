"""What the org has: its objects and their fields, standard ones and the custom ones of a customer-success team."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

LEVELS = ("Named", "Scaled", "Digital")
TYPES = ("Prospect", "Customer - Direct", "Customer - Channel", "Partner", "(5) Attrited Customer")
ROLES = ("Champion", "Deal Contact", "Instance Admin", "Executive", "Economic Buyer", "End User", "Program Contact")
NEW_BUSINESS, EXISTING = "New Business", "Existing Business"
#: stage -> (probability, closed, won)
STAGES = {
    "Prospecting": (10, False, False),
    "Qualification": (20, False, False),
    "Engaging": (40, False, False),
    "Proposal/Price Quote": (65, False, False),
    "Negotiation/Review": (90, False, False),
    "Closed Won": (100, True, True),
    "Closed Lost": (0, True, False),
}


@dataclass(frozen=True)
class Field:
    """One field. `writable`: "yes", "create" (only in a new record) or "no"; `needed`: a record must have it."""

    name: str
    type: str = "string"
    length: int = 255
    label: str = ""
    to: tuple[str, ...] = ()
    picks: tuple[str, ...] = ()
    needed: bool = False
    writable: str = "yes"
    calculated: bool = False
    external_id: bool = False
    always: bool = False  # never null, so that SQL may compare it without asking

    @property
    def is_text(self) -> bool:
        return self.type in ("string", "picklist", "multipicklist", "textarea", "email", "phone", "url")

    @property
    def is_id(self) -> bool:
        return self.type in ("id", "reference")

    @property
    def is_number(self) -> bool:
        return self.type in ("int", "double", "currency", "percent")

    @property
    def is_custom(self) -> bool:
        return self.name.endswith("__c")


@dataclass
class SObject:
    """One kind of record. `fields` is keyed by name; `parents` are the references whose record takes this one along
    when it is deleted.
    """

    name: str
    label: str
    plural: str
    prefix: str
    fields: dict[str, Field]
    parents: tuple[str, ...] = ()
    can_be_deleted: bool = True
    _by_lower: dict[str, Field] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._by_lower = {name.lower(): item for name, item in self.fields.items()}

    def field(self, name: str) -> Field | None:
        """The field of this name, in any letter case."""
        return self._by_lower.get(name.lower())

    def add(self, item: Field) -> None:
        self.fields[item.name] = self._by_lower[item.name.lower()] = item


def _named(name: str, kind: str = "string", **more: Any) -> Field:
    return Field(name, kind, **more)


def _custom() -> Field:
    return Field("External_Id__c", length=80, external_id=True, label="External id")


def _harbor() -> Field:
    """The key under which another program finds again what it has made."""
    return Field("Harbor_Id__c", length=80, external_id=True, label="Harbor id")


def _sobject(name: str, plural: str, prefix: str, own: Iterable[Field], **more: Any) -> SObject:
    """The fields of an object between the ones that every object has."""
    first = [Field("Id", "id", 18, writable="no", always=True, label="Record ID")]
    if more.get("can_be_deleted", True):
        first.append(Field("IsDeleted", "boolean", writable="no", always=True, label="Deleted"))
    last = [
        Field("CreatedDate", "datetime", writable="no", always=True, label="Created"),
        Field("CreatedById", "reference", 18, to=("User",), writable="no", label="Created by"),
        Field("LastModifiedDate", "datetime", writable="no", always=True, label="Last modified"),
        Field("LastModifiedById", "reference", 18, to=("User",), writable="no", label="Last modified by"),
        Field("SystemModstamp", "datetime", writable="no", always=True, label="System modstamp"),
    ]
    fields = [replace(item, label=item.label or _words(item.name)) for item in (*first, *own, *last)]
    return SObject(name, _words(name), plural, prefix, {item.name: item for item in fields}, **more)


def _words(name: str) -> str:
    """`NumberOfEmployees` -> "Number Of Employees"."""
    plain = name.removesuffix("__c").removesuffix("Id") if name != "Id" else name
    spaced = "".join(f" {char}" if char.isupper() and index else char for index, char in enumerate(plain))
    return " ".join(spaced.replace("_", " ").split())


def _owner() -> Field:
    return Field("OwnerId", "reference", 18, to=("User",), label="Owner")


def _account() -> Field:
    return Field("AccountId", "reference", 18, to=("Account",), label="Account")


def _merged(*to: str) -> Field:
    return Field("MasterRecordId", "reference", 18, to=to, writable="no", label="Master record")


def objects() -> dict[str, SObject]:
    """A fresh description of the whole org, by object name."""
    made = [
        _sobject(
            "Account",
            "Accounts",
            "001",
            [
                _merged("Account"),
                _named("Name", needed=True, label="Account name"),
                _named("Type", "picklist", picks=TYPES, label="Account type"),
                _named("ParentId", "reference", length=18, to=("Account",), label="Parent account"),
                _named("Website", "url"),
                _named("Industry", "picklist"),
                _named("NumberOfEmployees", "int", label="Employees"),
                _named("AnnualRevenue", "currency"),
                _named("BillingCity", length=40),
                _named("BillingCountry", length=80, label="Country"),
                _named("Phone", "phone", length=40),
                _named("YearStarted", length=4),
                _named("Description", "textarea", length=32000),
                _owner(),
                _named("CSM__c", "reference", length=18, to=("User",), label="Customer success manager"),
                _named(
                    "Technical_Advisor_Support_Level__c",
                    "picklist",
                    picks=LEVELS,
                    label="Technical advisor support level",
                ),
                _named("Developers__c", "double", label="Developers"),
                _named("ARR__c", "currency", label="ARR"),
                _named("MRR__c", "currency", label="MRR"),
                _named("Renewal_Date__c", "date"),
                _named("Region__c", "picklist", picks=("EMEA", "AMER", "APAC")),
                _named("Time_Zone__c", length=80),
                _named("Seats_Purchased__c", "double"),
                _named("Seats_Used__c", "double"),
                _named("Product_Version__c", length=50),
                _named("Deployment__c", "picklist", picks=("Cloud", "Self-managed")),
                _named("Customer_Segment__c", length=60, label="Customer segment"),
                _named("Service_Model__c", length=60, label="Service model"),
                _named("Lifecycle_Stage__c", length=100, label="Lifecycle stage"),
                _named("Parent_Support_Level__c", writable="no", calculated=True, label="Support level of the parent"),
                _custom(),
            ],
        ),
        _sobject(
            "Contact",
            "Contacts",
            "003",
            [
                _merged("Contact"),
                _account(),
                _named("FirstName", length=40),
                _named("LastName", length=80, needed=True),
                _named("Name", length=121, writable="no", label="Full name"),
                _named("Email", "email", length=80),
                _named("Phone", "phone", length=40),
                _named("MobilePhone", "phone", length=40),
                _named("Title", length=128),
                _named("Department", length=80),
                _named("HasOptedOutOfEmail", "boolean", label="Email opt out"),
                _owner(),
                _named("Role__c", "multipicklist", length=4099, picks=ROLES, label="Role"),
                _named("Time_Zone__c", length=80),
                _custom(),
            ],
            parents=("AccountId",),
        ),
        _sobject(
            "Opportunity",
            "Opportunities",
            "006",
            [
                _account(),
                _named("Name", length=120, needed=True, label="Opportunity name"),
                _named("StageName", "picklist", picks=tuple(STAGES), needed=True, label="Stage"),
                _named("Type", "picklist", picks=(NEW_BUSINESS, EXISTING, "Renewal"), label="Opportunity type"),
                _named("Amount", "currency"),
                _named("CloseDate", "date", needed=True),
                _named("Probability", "percent", writable="no"),
                _named("IsClosed", "boolean", writable="no", label="Closed"),
                _named("IsWon", "boolean", writable="no", label="Won"),
                _named("LeadSource", "picklist"),
                _named("NextStep"),
                _named("Description", "textarea", length=32000),
                _owner(),
                _named("Product__c", length=80),
                _custom(),
            ],
            parents=("AccountId",),
        ),
        _sobject(
            "User",
            "Users",
            "005",
            [
                _named("Username", length=80, needed=True),
                _named("FirstName", length=40),
                _named("LastName", length=80, needed=True),
                _named("Name", length=121, writable="no", label="Full name"),
                _named("Email", "email", length=128, needed=True),
                _named("Title", length=80),
                _named("Division", length=80),
                _named("IsActive", "boolean", label="Active"),
                _named("TimeZoneSidKey", "picklist", length=40, label="Time zone"),
                _named("ManagerId", "reference", length=18, to=("User",), label="Manager"),
            ],
            can_be_deleted=False,
        ),
        _sobject(
            "Case",
            "Cases",
            "500",
            [
                _merged("Case"),
                _named("CaseNumber", length=30, writable="no"),
                _account(),
                _named("ContactId", "reference", length=18, to=("Contact",), label="Contact"),
                _named("Subject"),
                _named("Description", "textarea", length=32000),
                _named("Status", "picklist", picks=("New", "Working", "Escalated", "Closed")),
                _named("Priority", "picklist", picks=("High", "Medium", "Low")),
                _named("Origin", "picklist", picks=("Phone", "Email", "Web")),
                _named("IsClosed", "boolean", writable="no", label="Closed"),
                _named("ClosedDate", "datetime", writable="no"),
                _owner(),
                _custom(),
            ],
            parents=("AccountId",),
        ),
        _sobject(
            "Event",
            "Events",
            "00U",
            [
                *_activity(),
                _named("Location"),
                _named("StartDateTime", "datetime", needed=True),
                _named("EndDateTime", "datetime"),
                _named("DurationInMinutes", "int"),
                _named("IsAllDayEvent", "boolean", label="All day"),
            ],
            parents=("AccountId",),
        ),
        _sobject(
            "Task",
            "Tasks",
            "00T",
            [
                *_activity(),
                _named("Status", "picklist", picks=("Not Started", "In Progress", "Completed", "Deferred")),
                _named("Priority", "picklist", picks=("High", "Normal", "Low")),
                _named("IsClosed", "boolean", writable="no", label="Closed"),
            ],
            parents=("AccountId",),
        ),
        _sobject(
            "ContentVersion",
            "Content Versions",
            "068",
            [
                _named("Title", needed=True),
                _named("PathOnClient", length=500, needed=True, writable="create"),
                _named("VersionData", "base64", length=52_000_000, writable="create"),
                _named("FirstPublishLocationId", "reference", length=18, writable="create"),
                _named("Description", "textarea", length=1000),
                _named("FileType", length=20, writable="no"),
                _named("ContentSize", "int", writable="no"),
                _named("IsLatest", "boolean", writable="no", label="Latest version"),
                _owner(),
                _harbor(),
                _custom(),
            ],
        ),
    ]
    return {item.name: item for item in made}


def _activity() -> list[Field]:
    return [
        _named("WhoId", "reference", length=18, to=("Contact",), label="Name"),
        _named("WhatId", "reference", length=18, to=("Account", "Opportunity", "Case"), label="Related to"),
        _named("AccountId", "reference", length=18, to=("Account",), writable="no", label="Account"),
        _named("Subject"),
        _named("Description", "textarea", length=32000),
        _named("ActivityDate", "date", label="Date"),
        _owner(),
        _harbor(),
        _custom(),
    ]
