"""Which of our rows stand for which Salesforce records."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from accounts.models import Account, Contact, Opportunity


@dataclass(frozen=True)
class Known:
    """One of our contacts or deals: whose it is here, which Salesforce account that is, whether it is in use."""

    id: UUID
    account_id: UUID
    account_ref: str | None
    is_active: bool


def account_ids(refs: Iterable[str | None]) -> dict[str, UUID]:
    wanted = {ref for ref in refs if ref}
    if not wanted:
        return {}
    return dict(Account.objects.filter(salesforce_id__in=wanted).values_list("salesforce_id", "pk"))  # type: ignore[arg-type]


def contacts(refs: Iterable[str]) -> dict[str, Known]:
    return _known(Contact, refs)


def deals(refs: Iterable[str]) -> dict[str, Known]:
    return _known(Opportunity, refs)


def _known(model: type[Contact] | type[Opportunity], refs: Iterable[str]) -> dict[str, Known]:
    wanted = set(refs)
    if not wanted:
        return {}
    columns = ("salesforce_id", "pk", "account_id", "account__salesforce_id", "is_active")
    found = model.objects.filter(salesforce_id__in=wanted).values_list(*columns)
    return {row[0]: Known(*row[1:]) for row in found}
