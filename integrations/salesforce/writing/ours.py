"""What we hold of accounts and contacts, in the words in which it is compared and written."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from accounts.models import Account, Contact
from cs_platform.people.models import Membership
from integrations.salesforce.models import Connection, SalesforceUser
from integrations.salesforce.writing.fields import FIELDS
from lifecycle import selectors as lifecycle

_COLUMNS = {
    sobject: {field.key: field.attr for field in FIELDS if field.sobject == sobject and field.key != "stage"}
    for sobject in ("Account", "Contact")
}
#: Where the attribute is a reference and its name is what counts.
_PATHS = {"support_level": "support_level__name"}


@dataclass(frozen=True)
class Ours:
    """One of our objects that stands for a Salesforce record. `values` by key; the stage is there if it was asked."""

    id: UUID
    account_id: UUID
    sf_id: str
    name: str
    is_managed: bool
    values: dict[str, Any]


def by_ref(sobject: str, refs: Collection[str], *, stage_at: datetime | None = None) -> dict[str, Ours]:
    """Our objects behind these Salesforce ids; with `stage_at` accounts say their stage too."""
    return _found(_read(sobject, salesforce_id__in=list(refs)) if refs else [], stage_at)


def by_id(sobject: str, ids: Iterable[UUID | str], *, stage_at: datetime | None = None) -> dict[str, Ours]:
    """These objects of ours that stand for a Salesforce record, by its id."""
    wanted = list(ids)
    return _found(_read(sobject, pk__in=wanted, salesforce_id__isnull=False) if wanted else [], stage_at)


def _found(rows: Iterable[Ours], stage_at: datetime | None) -> dict[str, Ours]:
    found = {one.sf_id: one for one in rows}
    if stage_at is not None and found:
        _add_stages(found, stage_at)
    return found


def _read(sobject: str, **conditions: Any) -> list[Ours]:
    columns = _COLUMNS[sobject]
    paths = [_PATHS.get(attr, attr) for attr in columns.values()]
    if sobject == "Account":
        rows = Account.objects.filter(**conditions).values_list("pk", "pk", "salesforce_id", "name", "state", *paths)
    else:
        rows = Contact.objects.filter(**conditions).values_list(  # type: ignore[assignment]
            "pk", "account_id", "salesforce_id", "name", "is_active", *paths
        )
    found = []
    for row in rows:
        values = _plain(dict(zip(columns, row[5:], strict=True)))
        found.append(Ours(*row[:4], row[4] in (True, "managed"), values))  # type: ignore[call-arg]
    return found


def _plain(found: dict[str, Any]) -> dict[str, Any]:
    return {key: _one(value) for key, value in found.items()}


def _one(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    return value


def _add_stages(found: dict[str, Ours], now: datetime) -> None:
    """The stage in the tenant's first lifecycle; one that was left is empty."""
    main = lifecycle.default_lifecycle()
    if main is None:
        return
    standing = lifecycle.current_stages([one.id for one in found.values()], now=now)
    for one in found.values():
        stage = standing.get(one.id, {}).get(main.key)
        one.values["stage"] = stage.stage if stage is not None and stage.status != "left" else ""


# --- members and Salesforce users -----------------------------------------------------------------------------------


def users_of(connection: Connection, members: Iterable[str | None]) -> dict[str, str]:
    """The Salesforce user that each of these members is; one who is active there, if there are several."""
    wanted = {member for member in members if member}
    if not wanted:
        return {}
    linked = SalesforceUser.objects.filter(connection=connection, membership_id__in=wanted)
    rows = linked.order_by("is_active", "-sf_id").values_list("membership_id", "sf_id")
    return {str(member): sf_id for member, sf_id in rows}


def member_words(members: Iterable[str | None]) -> dict[str, str]:
    """What these members are called."""
    wanted = {member for member in members if member}
    found = Membership.objects.filter(pk__in=wanted).select_related("user") if wanted else Membership.objects.none()
    return {str(member.pk): str(member) for member in found}


def user_words(connection: Connection, refs: Iterable[str | None]) -> dict[str, str]:
    """What these Salesforce users are called."""
    wanted = {ref for ref in refs if ref}
    found = SalesforceUser.objects.filter(connection=connection, sf_id__in=wanted) if wanted else []
    return {user.sf_id: str(user) for user in found}
