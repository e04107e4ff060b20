"""What whoever mirrors another system hands over, and what it is told about each row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from accounts.services import cleaning
from cs_platform import ledger


@dataclass(frozen=True)
class AccountInput:
    """An account as another system has it. Only the `values` that are present are touched; `support_level` is the
    name of a level or empty."""

    values: Mapping[str, Any]
    salesforce_id: str | None = None
    external_id: str | None = None
    id: UUID | None = None


@dataclass(frozen=True)
class ContactInput:
    account_id: UUID
    values: Mapping[str, Any]
    salesforce_id: str | None = None
    id: UUID | None = None


@dataclass(frozen=True)
class OpportunityInput:
    account_id: UUID
    values: Mapping[str, Any]
    salesforce_id: str | None = None
    id: UUID | None = None


@dataclass(frozen=True)
class RowError:
    field: str
    code: str
    message: str


@dataclass(frozen=True)
class RowResult:
    """What became of a row: created, updated, unchanged or rejected. `row` is its place in what was handed over."""

    row: int
    id: UUID | None
    result: str
    errors: tuple[RowError, ...] = ()


class Invalid(ledger.Refused):
    """Values that can not be kept; `errors` names each field."""

    def __init__(self, errors: Sequence[RowError]) -> None:
        first = errors[0]
        super().__init__(first.message, code=first.code, field=first.field)
        self.errors = tuple(errors)


@dataclass
class Draft:
    """A row on its way through the room: its clean values, what is wrong with it, the object it became."""

    row: int
    values: dict[str, Any]
    errors: list[RowError] = field(default_factory=list)
    found: Any = None
    result: str = "unchanged"

    def wrong(self, name: str, code: str, message: str) -> None:
        self.errors.append(RowError(name, code, message))

    @property
    def is_good(self) -> bool:
        return not self.errors

    def outcome(self) -> RowResult:
        if self.errors:
            return RowResult(self.row, None, "rejected", tuple(self.errors))
        return RowResult(self.row, self.found.pk, self.result)


def draft_of(
    row: int, values: Mapping[str, Any], cleaners: Mapping[str, cleaning.Cleaner], keys: Mapping[str, Any]
) -> Draft:
    """The row with every value clean. A key that is given beside the values stands among them."""
    draft = Draft(row, {})
    for name, raw in {**values, **{name: raw for name, raw in keys.items() if raw is not None}}.items():
        cleaner = cleaners.get(name)
        if cleaner is None:
            draft.wrong(str(name)[:60], "unknown_field", "There is no such field.")
            continue
        try:
            draft.values[name] = cleaner(raw)
        except cleaning.BadValue as bad:
            draft.wrong(name, bad.code, str(bad))
    return draft


def drop_repeated(drafts: Sequence[Draft], *names: str) -> None:
    """Two rows with one key: the later one counts, the earlier is told so."""
    for name in names:
        last: dict[Any, Draft] = {}
        for draft in drafts:
            value = draft.found.pk if name == "id" and draft.found is not None else draft.values.get(name)
            if value is None or not draft.is_good:
                continue
            earlier = last.get(value)
            if earlier is not None:
                earlier.wrong(name, "repeated", f"Row {draft.row} has the same key and counts instead.")
            last[value] = draft
