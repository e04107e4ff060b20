"""What came of a page, and telling `accounts` its rows without losing a row for one bad value."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from accounts.services import AccountInput, ContactInput, OpportunityInput, RowResult
from integrations.salesforce import mapping
from integrations.salesforce.values import RowProblem

Input = TypeVar("Input", AccountInput, ContactInput, OpportunityInput)

#: Without its support level an account would arrive archived; better not at all.
_ESSENTIAL = {"support_level"}


@dataclass
class Outcome:
    """The run's numbers for one page. Every row that was read is in exactly one of them."""

    read: int = 0
    created: int = 0
    updated: int = 0
    archived: int = 0
    unchanged: int = 0
    waiting: int = 0
    rejected: int = 0
    problems: list[RowProblem] = field(default_factory=list)

    def count(self, result: str) -> None:
        setattr(self, result, getattr(self, result) + 1)


@dataclass(frozen=True)
class Told:
    """What `accounts` said to one row. `complete` is false if a part of it was refused."""

    result: RowResult
    complete: bool

    @property
    def is_taken(self) -> bool:
        return self.result.result != "rejected"


def tell(
    sobject: str, rows: Sequence[Input], upsert: Callable[[Sequence[Input]], list[RowResult]], outcome: Outcome
) -> list[Told]:
    """Hand the rows over. One that is refused for some of its values is handed over again without those; each refused
    value is written down.
    """
    results = upsert(rows) if rows else []
    told = [Told(result, result.result != "rejected") for result in results]
    again: dict[int, Input] = {}
    for place, result in enumerate(results):
        if result.result != "rejected":
            continue
        row = rows[place]
        bad = {error.field for error in result.errors}
        outcome.problems += [
            RowProblem(
                sobject, row.salesforce_id or "", error.field, f"{_label(sobject, error.field)}: {error.message}"
            )
            for error in result.errors
        ]
        if bad <= set(row.values) - _ESSENTIAL:
            good = {name: value for name, value in row.values.items() if name not in bad}
            again[place] = dataclasses.replace(row, values=good)
    if again:
        for place, result in zip(again, upsert(list(again.values())), strict=True):
            told[place] = Told(result, False)
    return told


def _label(sobject: str, name: str) -> str:
    """Our field in the words of the mapping table."""
    for key, ours in FIELDS[sobject].items():
        if ours == name:
            return mapping.BY_KEY[key].label
    return name.replace("_", " ").capitalize()


#: Which of our fields a mapped value is. References are resolved apart from these.
FIELDS: dict[str, dict[str, str]] = {
    "Account": {
        "account_name": "name",
        "account_type": "account_type",
        "support_level": "support_level",
        "industry": "industry",
        "employees": "employees",
        "developers": "developers",
        "arr": "arr_minor",
        "mrr": "mrr_minor",
        "currency": "currency",
        "renewal_date": "renewal_date",
        "country": "country",
        "region": "region",
        "timezone": "timezone",
        "domains": "domains",
        "seats_purchased": "seats_purchased",
        "seats_used": "seats_used",
        "product_version": "product_version",
        "deployment": "deployment",
        "external_id": "external_id",
    },
    "Contact": {
        "contact_name": "name",
        "contact_first_name": "first_name",
        "contact_last_name": "last_name",
        "contact_email": "email",
        "contact_phone": "phone",
        "contact_title": "title",
        "contact_roles": "roles",
        "contact_timezone": "timezone",
    },
    "Opportunity": {
        "opportunity_name": "name",
        "opportunity_stage": "stage",
        "opportunity_type": "type",
        "opportunity_amount": "amount_minor",
        "opportunity_currency": "currency",
        "opportunity_close_date": "close_date",
        "opportunity_closed": "is_closed",
        "opportunity_won": "is_won",
    },
}
#: Where empty means that Salesforce does not say it.
_KEPT_IF_EMPTY = {"currency", "opportunity_currency"}


def ours(sobject: str, values: dict[str, Any], before: dict[str, Any] | None = None) -> dict[str, Any]:
    """A mirror row's values under our names; with `before`, only those that are not what they were."""
    return {
        name: values[key]
        for key, name in FIELDS[sobject].items()
        if key in values
        and not (key in _KEPT_IF_EMPTY and not values[key])
        and (before is None or key not in before or before[key] != values[key])
    }
