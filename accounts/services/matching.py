"""Finding what a row means: which rows are known, by which key, and who may be referred to."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Model, Q

from accounts.models import Account
from accounts.services import locks
from accounts.services.rows import Draft
from cs_platform.people.models import Membership
from cs_platform.tenancy.scope import require_tenant_id

Known = dict[str, dict[Any, Any]]


def lock_known(model: type[Model], drafts: Sequence[Draft], ids: Collection[UUID], keys: Sequence[str]) -> Known:
    """The rows behind these keys, locked in one order so that two calls never wait for each other. When some are not
    known, the tenant's creators queue up first: whoever comes second finds what the first has made."""
    wanted = {name: {d.values[name] for d in drafts if d.values.get(name) is not None} for name in keys}
    known: Known = {name: {} for name in ("id", *keys)}
    _read(model, {"id": set(ids), **wanted}, known)
    absent = {name: values - set(known[name]) for name, values in wanted.items()}
    if any(absent.values()):
        locks.alone(f"{locks.CREATING} {model._meta.model_name}")
        _read(model, absent, known)
    return known


def _read(model: type[Model], wanted: dict[str, set[Any]], known: Known) -> None:
    conditions = [Q(**{f"{name}__in": values}) for name, values in wanted.items() if values]
    if not conditions:
        return
    found = Q()
    for condition in conditions:
        found |= condition
    for row in model._default_manager.select_for_update().filter(found).order_by("pk"):
        for name in known:
            value = getattr(row, name)
            if value is not None:
                known[name][value] = row


def match(drafts: Sequence[Draft], ids: Sequence[UUID | None], known: Known, keys: Sequence[str]) -> None:
    """Give each draft its row. Refused at the row: an id that is not there, keys that mean two rows or a taken one."""
    for draft, pk in zip(drafts, ids, strict=True):
        if not draft.is_good:
            continue
        by_key = {name: known[name].get(draft.values.get(name)) for name in keys if draft.values.get(name) is not None}
        if pk is not None:
            draft.found = known["id"].get(pk)
            if draft.found is None:
                draft.wrong("id", "not_found", "There is no such row.")
        else:
            draft.found = next((row for row in by_key.values() if row is not None), None)
        for name, row in by_key.items():
            if draft.found is not None and row is not None and row.pk != draft.found.pk:
                draft.wrong(name, "taken", "Another row has this id.")


def need_keys(drafts: Sequence[Draft], ids: Sequence[UUID | None], keys: Sequence[str]) -> None:
    for draft, pk in zip(drafts, ids, strict=True):
        if pk is None and draft.is_good and not any(draft.values.get(name) for name in keys):
            draft.wrong(keys[0], "required", f"Say which row is meant: id or {' or '.join(keys)}.")


def keep_salesforce_id(drafts: Sequence[Draft]) -> None:
    """A row that stands for one Salesforce record does not become another's by a sync."""
    for draft in drafts:
        mine = getattr(draft.found, "salesforce_id", None)
        given = draft.values.get("salesforce_id")
        if mine and given and mine != given:
            draft.wrong("salesforce_id", "mismatch", "This row stands for another Salesforce record.")


def check_members(drafts: Sequence[Draft], name: str) -> None:
    """Who is referred to works here. One who left may stay where he is, and is given to no other row."""
    asked = [d for d in drafts if d.is_good and d.values.get(name) and getattr(d.found, name, None) != d.values[name]]
    if not asked:
        return
    wanted = {draft.values[name] for draft in asked}
    active = dict(Membership.objects.filter(pk__in=wanted).values_list("pk", "is_active"))
    for draft in asked:
        if draft.values[name] not in active:
            draft.wrong(name, "not_found", "There is no such member.")
        elif not active[draft.values[name]]:
            draft.wrong(name, "inactive", "This member is not active any more.")


def check_accounts(drafts: Sequence[Draft], name: str, given: Callable[[Draft], Any]) -> None:
    """The account that is referred to is there, and is this tenant's."""
    wanted = {given(draft) for draft in drafts if draft.is_good and given(draft) is not None}
    there = set(Account.objects.filter(pk__in=wanted).values_list("pk", flat=True)) if wanted else set()
    for draft in drafts:
        if draft.is_good and given(draft) is not None and given(draft) not in there:
            draft.wrong(name, "not_found", "There is no such account.")


def check_parents(drafts: Sequence[Draft]) -> None:
    """A parent is an account of this tenant, and nobody is its own ancestor."""
    check_accounts(drafts, "parent_id", lambda draft: draft.values.get("parent_id"))
    asked = [d for d in drafts if d.is_good and d.found is not None and d.values.get("parent_id") is not None]
    if not asked:
        return
    locks.alone(locks.PARENTS)
    above = _ancestors({draft.values["parent_id"] for draft in asked})
    for draft in asked:
        above[draft.found.pk] = draft.values["parent_id"]
    for draft in asked:
        if _leads_back(draft.found.pk, above):
            draft.wrong("parent_id", "cycle", "An account can not be above itself.")
            above[draft.found.pk] = draft.found.parent_id


def _leads_back(start: UUID, above: dict[UUID, UUID | None]) -> bool:
    seen = {start}
    step = above.get(start)
    while step is not None and step not in seen:
        seen.add(step)
        step = above.get(step)
    return step is not None


def _ancestors(ids: Iterable[UUID]) -> dict[UUID, UUID | None]:
    """Each of these accounts and every account above it, with its parent."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE up(id, parent_id) AS (
                SELECT id, parent_id FROM accounts_account WHERE tenant_id = %(tenant)s AND id = ANY(%(ids)s::uuid[])
                UNION
                SELECT a.id, a.parent_id FROM accounts_account a JOIN up ON a.id = up.parent_id
                WHERE a.tenant_id = %(tenant)s
            )
            SELECT id, parent_id FROM up
            """,
            {"tenant": require_tenant_id(), "ids": [str(pk) for pk in ids]},
        )
        return {UUID(str(pk)): UUID(str(parent)) if parent else None for pk, parent in cursor.fetchall()}
