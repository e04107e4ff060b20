"""Which Salesforce field feeds which of ours, and how one record becomes a mirror row. Pure: plain dicts in, values
out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from integrations.salesforce import values
from integrations.salesforce.client import FieldInfo
from integrations.salesforce.soql import is_name
from integrations.salesforce.values import BadValue, RowProblem

#: The order matters: owners before accounts, accounts before what belongs to them.
SOBJECTS = ("User", "Account", "Contact", "Opportunity")
ATTRITED = "(5) Attrited Customer"


@dataclass(frozen=True)
class Spec:
    """One of our fields: where it usually comes from and how it is read. An empty default is mapped only by a
    setting.
    """

    key: str
    sobject: str
    default: str
    parse: Callable[[object], Any]
    label: str


SPECS: tuple[Spec, ...] = (
    Spec("user_name", "User", "Name", values.text(200), "User: name"),
    Spec("user_email", "User", "Email", values.email, "User: e-mail"),
    Spec("user_active", "User", "IsActive", values.flag, "User: active"),
    Spec("account_name", "Account", "Name", values.text(255), "Name"),
    Spec("account_type", "Account", "Type", values.text(100), "Account type"),
    Spec("support_level", "Account", "Technical_Advisor_Support_Level__c", values.text(100), "Support level"),
    Spec("csm", "Account", "CSM__c", values.reference, "Customer success manager"),
    Spec("account_owner", "Account", "OwnerId", values.reference, "Account owner in Salesforce"),
    Spec("parent", "Account", "ParentId", values.reference, "Parent account"),
    Spec("industry", "Account", "Industry", values.text(100), "Industry"),
    Spec("employees", "Account", "NumberOfEmployees", values.number, "Employees"),
    Spec("developers", "Account", "Developers__c", values.number, "Developers"),
    Spec("arr", "Account", "ARR__c", values.money, "ARR"),
    Spec("mrr", "Account", "", values.money, "MRR"),
    Spec("currency", "Account", "", values.currency, "Currency"),
    Spec("renewal_date", "Account", "Renewal_Date__c", values.day, "Renewal date"),
    Spec("country", "Account", "BillingCountry", values.text(100), "Country"),
    Spec("region", "Account", "", values.text(100), "Region"),
    Spec("timezone", "Account", "", values.zone, "Time zone"),
    Spec("domains", "Account", "Website", values.domains, "Web domain"),
    Spec("seats_purchased", "Account", "", values.number, "Seats purchased"),
    Spec("seats_used", "Account", "", values.number, "Seats used"),
    Spec("product_version", "Account", "", values.text(50), "Product version"),
    Spec("deployment", "Account", "", values.text(50), "Deployment"),
    Spec("external_id", "Account", "", values.text(100), "External id"),
    Spec("contact_account", "Contact", "AccountId", values.reference, "Contact: account"),
    Spec("contact_name", "Contact", "Name", values.text(200), "Contact: name"),
    Spec("contact_first_name", "Contact", "FirstName", values.text(100), "Contact: first name"),
    Spec("contact_last_name", "Contact", "LastName", values.text(100), "Contact: last name"),
    Spec("contact_email", "Contact", "Email", values.email, "Contact: e-mail"),
    Spec("contact_phone", "Contact", "Phone", values.text(50), "Contact: phone"),
    Spec("contact_title", "Contact", "Title", values.text(200), "Contact: title"),
    Spec("contact_roles", "Contact", "Role__c", values.roles, "Contact: roles"),
    Spec("contact_timezone", "Contact", "Time_Zone__c", values.zone, "Contact: time zone"),
    Spec("opportunity_account", "Opportunity", "AccountId", values.reference, "Opportunity: account"),
    Spec("opportunity_name", "Opportunity", "Name", values.text(255), "Opportunity: name"),
    Spec("opportunity_stage", "Opportunity", "StageName", values.text(100), "Opportunity: stage"),
    Spec("opportunity_type", "Opportunity", "Type", values.text(100), "Opportunity: type"),
    Spec("opportunity_amount", "Opportunity", "Amount", values.money, "Opportunity: amount"),
    Spec("opportunity_currency", "Opportunity", "", values.currency, "Opportunity: currency"),
    Spec("opportunity_close_date", "Opportunity", "CloseDate", values.day, "Opportunity: close date"),
    Spec("opportunity_closed", "Opportunity", "IsClosed", values.flag, "Opportunity: closed"),
    Spec("opportunity_won", "Opportunity", "IsWon", values.flag, "Opportunity: won"),
    Spec("opportunity_owner", "Opportunity", "OwnerId", values.reference, "Opportunity: owner"),
)
BY_KEY: Mapping[str, Spec] = {spec.key: spec for spec in SPECS}
#: The value that says which account a row belongs to; an account belongs to its parent.
ACCOUNT_KEY = {"Account": "parent", "Contact": "contact_account", "Opportunity": "opportunity_account"}
#: Where a deleted row says which one it was merged into.
MERGED_INTO = "merged_into"
#: Keys without which an object cannot be read at all.
ESSENTIAL = {"Account": ("account_name",), "Contact": ("contact_account",), "Opportunity": ("opportunity_account",)}


def check_field_map(overrides: object) -> dict[str, str]:
    """The stored part of settings.field_map. Raises ValueError in words if it is not a map of our keys to API names."""
    if not isinstance(overrides, dict):
        raise ValueError("field_map must be an object of names.")  # noqa: TRY004 - it is input, refused in words
    for key, target in overrides.items():
        if key not in BY_KEY:
            raise ValueError(f"field_map: {str(key)[:60]!r} is not one of {', '.join(BY_KEY)}.")
        if not isinstance(target, str) or (target and not is_name(target)):
            raise ValueError(f"field_map: {key} must be the API name of a Salesforce field, or empty to leave it out.")
    return {key: target for key, target in overrides.items() if target != BY_KEY[key].default}


@dataclass(frozen=True)
class Plan:
    """What one run reads of one object: columns that exist and may be read; the rest is paused, with the reason in
    words.
    """

    sobject: str
    columns: Mapping[str, str]
    paused: tuple[str, ...]
    warnings: tuple[str, ...]
    has_deleted: bool
    has_master: bool = False
    flags: frozenset[str] = frozenset()
    has_author: bool = False

    @property
    def fields(self) -> list[str]:
        system = ["Id", "SystemModstamp"]
        system += ["IsDeleted"] if self.has_deleted else []
        system += ["MasterRecordId"] if self.has_master else []
        system += ["LastModifiedById"] if self.has_author else []
        return system + sorted(set(self.columns.values()) - set(system))

    @property
    def fingerprint(self) -> str:
        """Changes when other fields are read: rows of before lack them, so the object must be read in full once
        more.
        """
        return hashlib.sha256(json.dumps(sorted(self.columns.items())).encode()).hexdigest()[:32]


class NotReadable(Exception):
    """A whole object cannot be read with this login."""


def plan_for(sobject: str, overrides: Mapping[str, str], described: Mapping[str, FieldInfo]) -> Plan:
    """Compare the wanted fields with what the org describes. One that is missing or hidden is left alone, the others
    go on. `flags` are the fields that hold true or false, which the text of a Bulk job does not tell.
    """
    for system in ("Id", "SystemModstamp"):
        if system not in described:
            raise NotReadable(f"{sobject} has no readable field {system}.")
    columns: dict[str, str] = {}
    paused, warnings = [], []
    for spec in SPECS:
        if spec.sobject != sobject:
            continue
        source = overrides.get(spec.key, spec.default)
        if not source:
            continue
        if source not in described:
            if spec.key in ESSENTIAL.get(sobject, ()):
                raise NotReadable(
                    f"{sobject}.{source} is missing or not readable, and {spec.label.lower()} is essential."
                )
            paused.append(spec.key)
            warnings.append(
                f"{sobject}.{source} is missing or not readable: {spec.label.lower()} keeps its last values."
            )
            continue
        columns[spec.key] = source
        if described[source].calculated and source != "Name" and source not in ("IsClosed", "IsWon"):
            warnings.append(
                f"{sobject}.{source} is calculated: its changes alone do not show, the nightly comparison finds them."
            )
    has_deleted, has_master = "IsDeleted" in described, "MasterRecordId" in described
    flags = frozenset(name for name in (*columns.values(), "IsDeleted") if _is_flag(name, described))
    has_author = "LastModifiedById" in described
    return Plan(sobject, columns, tuple(paused), tuple(warnings), has_deleted, has_master, flags, has_author)


def _is_flag(name: str, described: Mapping[str, FieldInfo]) -> bool:
    return name in described and (name == "IsDeleted" or described[name].type == "boolean")


@dataclass(frozen=True)
class Record:
    """One row as read: only the values that were readable and good. `by` is the user who changed it last."""

    sf_id: str
    stamp: datetime
    deleted: bool
    values: dict[str, Any]
    problems: tuple[RowProblem, ...] = field(default=())
    by: str = ""


def parse(plan: Plan, row: Mapping[str, Any]) -> Record:
    """One record. A bad value is reported and left out, the other fields go on; a row without id or stamp raises
    BadValue.
    """
    sf_id, stamp = values.id18(row.get("Id")), values.stamp(row.get("SystemModstamp"))
    taken: dict[str, Any] = {}
    problems = []
    if plan.has_master and row.get("MasterRecordId"):
        taken[MERGED_INTO] = values.id18(row["MasterRecordId"])
    for key, source in plan.columns.items():
        try:
            taken[key] = BY_KEY[key].parse(row.get(source))
        except BadValue as bad:
            problems.append(RowProblem(plan.sobject, sf_id, source, f"{source} {bad}"[:300]))
            if bad.kept is not None:
                taken[key] = bad.kept
    by = str(row.get("LastModifiedById") or "")[:18] if plan.has_author else ""
    return Record(sf_id, stamp, row.get("IsDeleted") is True, taken, tuple(problems), by)


def parse_page(plan: Plan, rows: Iterable[Mapping[str, Any]]) -> tuple[list[Record], list[RowProblem]]:
    """All rows of a page and everything wrong in it, each row once (the newest wins)."""
    found: dict[str, Record] = {}
    problems: list[RowProblem] = []
    for row in rows:
        try:
            record = parse(plan, row)
        except BadValue as bad:
            problems.append(RowProblem(plan.sobject, str(row.get("Id"))[:18].replace("\x00", ""), "Id", str(bad)))
            continue
        problems.extend(record.problems)
        known = found.get(record.sf_id)
        if known is None or known.stamp <= record.stamp:
            found[record.sf_id] = record
    return list(found.values()), problems


def merged(old: Mapping[str, Any] | None, record: Record, mapped: Collection[str]) -> dict[str, Any]:
    """The full values of a row: what was read over what was known. A paused or bad field keeps its last value; one
    that is not mapped any more (not in `mapped`) is let go."""
    kept = {key: value for key, value in (old or {}).items() if key in mapped}
    return {**kept, **record.values}


def digest(row_values: Mapping[str, Any], *, deleted: bool) -> str:
    """Equal digest, nothing to write."""
    body = json.dumps([deleted, row_values], sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(body.encode()).hexdigest()[:40]


def is_managed(row_values: Mapping[str, Any], *, deleted: bool) -> bool:
    """An account is ours while it has a support level, is not attrited and exists."""
    return bool(row_values.get("support_level")) and row_values.get("account_type") != ATTRITED and not deleted


def page_end(rows: Sequence[Mapping[str, Any]]) -> tuple[datetime, str] | None:
    """Where the next page starts: the pair of the last row exactly as Salesforce said it. Raises BadValue if it is
    unreadable.
    """
    if not rows:
        return None
    last = rows[-1]
    values.id18(last.get("Id"))
    return values.stamp(last.get("SystemModstamp")), str(last["Id"])
