"""Which of our fields may go to Salesforce, which way each goes, and who is right when both sides change one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from integrations.salesforce import mapping, values
from integrations.salesforce.soql import is_name

IN, OUT, BOTH, OFF = "in", "out", "both", "off"
HARBOR, SALESFORCE = "harbor", "salesforce"
DIRECTION_WORDS = {IN: "read only", OUT: "written only", BOTH: "both ways", OFF: "left alone"}
MASTER_WORDS = {SALESFORCE: "Salesforce", HARBOR: "Harbor"}
#: The name under which Salesforce finds again what we made there.
RECORD_KEY = "record_key"


def as_it_is(value: Any) -> Any:
    return None if value in ("", []) else value


def as_amount(value: Any) -> Any:
    return None if value is None else float(Decimal(value) / 100)


def as_list(value: Any) -> Any:
    return ";".join(value) or None


@dataclass(frozen=True)
class OutField:
    """One of our fields that may go out. `attr` is its name on the object here; `target` its field in Salesforce if
    the mapping table does not name one; `directions` the ways it may go, the first is the shipped one.
    """

    key: str
    sobject: str
    attr: str
    label: str
    directions: tuple[str, ...]
    target: str = ""
    say: Callable[[Any], Any] = as_it_is
    parse: Callable[[object], Any] = values.text(255)

    @property
    def is_mapped(self) -> bool:
        """Whether it is read too, so that the mirror has the last value both sides knew."""
        return self.key in mapping.BY_KEY


def _mapped(key: str, attr: str, *directions: str, say: Callable[[Any], Any] = as_it_is) -> OutField:
    spec = mapping.BY_KEY[key]
    return OutField(key, spec.sobject, attr, spec.label, directions, say=say, parse=spec.parse)


_ANY = (IN, OUT, BOTH, OFF)
FIELDS: tuple[OutField, ...] = (
    _mapped("support_level", "support_level", BOTH, IN),
    _mapped("csm", "csm_id", BOTH, IN, OUT, OFF),
    OutField("segment", "Account", "segment", "Segment", (OUT, OFF), "Customer_Segment__c"),
    OutField("service_model", "Account", "service_model", "Service model", (OUT, OFF), "Service_Model__c"),
    OutField("stage", "Account", "stage", "Lifecycle stage", (OUT, OFF), "Lifecycle_Stage__c"),
    _mapped("account_name", "name", IN, BOTH),
    _mapped("industry", "industry", *_ANY),
    _mapped("employees", "employees", *_ANY),
    _mapped("developers", "developers", *_ANY),
    _mapped("arr", "arr_minor", *_ANY, say=as_amount),
    _mapped("mrr", "mrr_minor", *_ANY, say=as_amount),
    _mapped("renewal_date", "renewal_date", *_ANY),
    _mapped("country", "country", *_ANY),
    _mapped("region", "region", *_ANY),
    _mapped("timezone", "timezone", *_ANY),
    _mapped("seats_purchased", "seats_purchased", *_ANY),
    _mapped("seats_used", "seats_used", *_ANY),
    _mapped("product_version", "product_version", *_ANY),
    _mapped("deployment", "deployment", *_ANY),
    _mapped("contact_roles", "roles", BOTH, IN, OUT, OFF, say=as_list),
    _mapped("contact_first_name", "first_name", *_ANY),
    _mapped("contact_last_name", "last_name", IN, BOTH),
    _mapped("contact_email", "email", *_ANY),
    _mapped("contact_phone", "phone", *_ANY),
    _mapped("contact_title", "title", *_ANY),
    _mapped("contact_timezone", "timezone", *_ANY),
)
BY_KEY: Mapping[str, OutField] = {field.key: field for field in FIELDS}
#: Records that we make there: the key of the direction, and the object.
RECORDS: Mapping[str, str] = {"tasks": "Task", "events": "Event", "files": "ContentVersion"}
RECORD_LABELS = {"tasks": "Tasks", "events": "Meetings as events", "files": "Documents as files"}


def direction(settings: Mapping[str, Any], key: str) -> str:
    """Which way a field goes. What is not in the table is read only."""
    if key in RECORDS:
        shipped = OUT
    else:
        shipped = BY_KEY[key].directions[0] if key in BY_KEY else IN
    return str(settings.get("directions", {}).get(key, shipped))


def goes_out(settings: Mapping[str, Any], key: str) -> bool:
    return direction(settings, key) in (OUT, BOTH)


def comes_in(settings: Mapping[str, Any], key: str) -> bool:
    return direction(settings, key) in (IN, BOTH)


def master(settings: Mapping[str, Any], key: str) -> str:
    """Whose value stands at once when both sides have changed a field. The conflict is kept either way."""
    return str(settings.get("master", {}).get(key, SALESFORCE))


def target(settings: Mapping[str, Any], key: str) -> str:
    """The Salesforce field; empty if it is not mapped."""
    if key == RECORD_KEY:
        return str(settings.get("write_map", {}).get(key, "Harbor_Id__c"))
    field = BY_KEY[key]
    if field.is_mapped:
        return str(settings.get("field_map", {}).get(key, mapping.BY_KEY[key].default))
    return str(settings.get("write_map", {}).get(key, field.target))


def outgoing(settings: Mapping[str, Any], sobject: str) -> dict[str, OutField]:
    """The fields of an object that this connection writes."""
    return {
        field.key: field
        for field in FIELDS
        if field.sobject == sobject and goes_out(settings, field.key) and target(settings, field.key)
    }


def held_back(settings: Mapping[str, Any], sobject: str) -> set[str]:
    """The fields of an object that are read and must not be told."""
    return {field.key for field in FIELDS if field.sobject == sobject and not comes_in(settings, field.key)}


def same(key: str, one: Any, other: Any) -> bool:
    """Whether two values mean the same. Empty is empty however it is said; levels differ by more than capitals."""
    one, other = as_it_is(one), as_it_is(other)
    if key == "support_level" and isinstance(one, str) and isinstance(other, str):
        return one.casefold() == other.casefold()
    return bool(one == other)


# --- what a person may set ------------------------------------------------------------------------------------------


def check_directions(given: object) -> dict[str, str]:
    """The stored part of settings.directions. Raises ValueError in words."""
    checked = {}
    for key, way in _pairs("directions", given):
        allowed = _allowed(key)
        if allowed is None:
            raise ValueError(f"directions: {key[:60]!r} is not one of {', '.join((*BY_KEY, *RECORDS))}.")
        if way not in allowed:
            raise ValueError(f"directions: {key} can be {' or '.join(allowed)}.")
        if way != allowed[0]:
            checked[key] = way
    return checked


def _allowed(key: str) -> tuple[str, ...] | None:
    if key in RECORDS:
        return (OUT, OFF)
    return BY_KEY[key].directions if key in BY_KEY else None


def check_master(given: object) -> dict[str, str]:
    """The stored part of settings.master. Raises ValueError in words."""
    checked = {}
    for key, side in _pairs("master", given):
        if key not in BY_KEY or BOTH not in BY_KEY[key].directions:
            raise ValueError(f"master: {key[:60]!r} is not a field that can go both ways.")
        if side not in (HARBOR, SALESFORCE):
            raise ValueError(f"master: {key} can be {HARBOR} or {SALESFORCE}.")
        if side != SALESFORCE:
            checked[key] = side
    return checked


def check_write_map(given: object) -> dict[str, str]:
    """The stored part of settings.write_map. Raises ValueError in words."""
    own = {field.key: field.target for field in FIELDS if not field.is_mapped} | {RECORD_KEY: "Harbor_Id__c"}
    checked = {}
    for key, name in _pairs("write_map", given):
        if key not in own:
            raise ValueError(f"write_map: {key[:60]!r} is not one of {', '.join(own)}.")
        if name and not is_name(name):
            raise ValueError(f"write_map: {key} must be the API name of a Salesforce field, or empty.")
        if name != own[key]:
            checked[key] = name
    return checked


def _pairs(name: str, given: object) -> list[tuple[str, str]]:
    if not isinstance(given, dict) or not all(isinstance(word, str) for pair in given.items() for word in pair):
        raise ValueError(f"{name} must be an object of words.")
    return list(given.items())
