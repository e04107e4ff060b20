"""The instances of an account and who looks after each: one table, saved as a whole."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from accounts.facts import InstancesChanged
from accounts.models import Account, Contact, ContactRole, Instance, InstanceAdmin
from accounts.services import cleaning, contacts, locks
from accounts.services.rows import ContactInput, Draft, Invalid, RowError, draft_of
from cs_platform import ledger

MAX_ROWS = 200
FIELDS = ("name", "url", "kind", "deployment", "external_id")


@dataclass(frozen=True)
class InstanceInput:
    """A row of the table. Only the `values` that are present are touched, and the `admins` (ids of contacts of the
    account) if there are any; `version` is that of the row when it was read; `remove` takes the instance out."""

    values: Mapping[str, Any] = field(default_factory=dict)
    admins: tuple[UUID, ...] | None = None
    id: UUID | None = None
    version: int | None = None
    remove: bool = False


class InvalidRows(ledger.Refused):
    """Some rows can not be kept, so none was; `rows` says what is wrong at which."""

    def __init__(self, rows: Mapping[int, Sequence[RowError]]) -> None:
        first = next(iter(rows.values()))[0]
        super().__init__(first.message, code=first.code, field=first.field)
        self.rows = {number: tuple(errors) for number, errors in rows.items()}


def save_instances(
    account: Account, rows: Sequence[InstanceInput], *, actor: ledger.Actor, now: datetime
) -> list[Instance]:
    """Make the table of an account what these rows say; instances that they do not name stay as they are.

    Refused (InvalidRows), as a whole, if a value is bad, a name or an external id is there twice, an admin is not a
    contact of the account, or somebody else has changed a row since it was read.
    """
    if len(rows) > MAX_ROWS:
        raise ledger.Refused(f"A table has at most {MAX_ROWS} rows.", code="too_many", field="rows")
    with ledger.unit():
        locks.alone(f"{locks.INSTANCES} {account.pk}")
        known = {found.pk: found for found in Instance.objects.select_for_update().filter(account=account)}
        drafts = _drafts(account, rows, known)
        wrong = {draft.row: draft.errors for draft in drafts if draft.errors}
        if wrong:
            raise InvalidRows(wrong)
        changed = _write(account, rows, drafts, actor=actor, now=now)
        if changed:
            ledger.publish(InstancesChanged([str(account.pk)]))
    return [draft.found for draft in drafts if not rows[draft.row].remove]


def create_instance(
    account: Account,
    values: Mapping[str, Any],
    admins: Collection[UUID] = (),
    *,
    actor: ledger.Actor,
    now: datetime,
) -> Instance:
    """One more instance of an account. Refused (Invalid) like a row of the table."""
    return _one(account, InstanceInput(values, tuple(admins)), actor=actor, now=now)


def edit_instance(instance: Instance, values: Mapping[str, Any], *, actor: ledger.Actor, now: datetime) -> Instance:
    """Change the given values and no others. Refused like creation."""
    return _one(instance.account, InstanceInput(values, id=instance.pk), actor=actor, now=now)


def set_instance_admins(
    instance: Instance, admins: Collection[UUID], *, actor: ledger.Actor, now: datetime
) -> Instance:
    """Who looks after the instance from now on. Refused if one of them is not a contact of its account."""
    return _one(instance.account, InstanceInput(admins=tuple(admins), id=instance.pk), actor=actor, now=now)


def delete_instance(instance: Instance, *, actor: ledger.Actor, now: datetime) -> None:
    """The customer does not run this any more; its mapping goes along. What it was stays in the ledger."""
    save_instances(instance.account, [InstanceInput(id=instance.pk, remove=True)], actor=actor, now=now)


def _one(account: Account, row: InstanceInput, *, actor: ledger.Actor, now: datetime) -> Instance:
    try:
        (saved,) = save_instances(account, [row], actor=actor, now=now)
    except InvalidRows as bad:
        raise Invalid(bad.rows[0]) from None
    return saved


# --- judging the rows -------------------------------------------------------------------------------------------------


def address(raw: object) -> str:
    text = cleaning.plain(raw, 500)
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and not set(text) & set(" <>\"'")
    except ValueError:
        good = False
    if not good:
        raise cleaning.BadValue("Give the whole address, for example https://code.acme.com.", "invalid_url")
    return text


def one_of(choices: Mapping[str, Any], otherwise: str) -> cleaning.Cleaner:
    def clean(raw: object) -> str:
        text = cleaning.plain(raw, 30) or otherwise
        if text and text not in choices:
            raise cleaning.BadValue(f"Say one of {', '.join(choices)}.", "unknown_choice")
        return text

    return clean


INSTANCE: Mapping[str, cleaning.Cleaner] = {
    "name": cleaning.needed(100),
    "url": address,
    "kind": one_of(dict(Instance.Kind.choices), Instance.Kind.PRODUCTION),
    "deployment": one_of(dict(Instance.Deployment.choices), ""),
    "external_id": cleaning.key(100),
}


def _drafts(account: Account, rows: Sequence[InstanceInput], known: Mapping[UUID, Instance]) -> list[Draft]:
    drafts = [draft_of(n, {} if row.remove else row.values, INSTANCE, {}) for n, row in enumerate(rows)]
    for draft, row in zip(drafts, rows, strict=True):
        draft.found = known.get(row.id) if row.id is not None else None
        if row.id is not None and draft.found is None:
            draft.wrong("name", "gone", "Somebody else has removed this row.")
        elif draft.found is not None and row.version is not None and draft.found.version != row.version:
            draft.wrong("name", "stale", "Somebody else has changed this row. Look at it and save again.")
        elif draft.found is None and not row.remove and not draft.values.get("name") and not draft.errors:
            draft.wrong("name", "required", "An instance needs a name.")
    _check_names(drafts, rows, known)
    _check_external_ids(drafts, known)
    _check_admins(account, drafts, rows)
    return drafts


def _check_names(drafts: Sequence[Draft], rows: Sequence[InstanceInput], known: Mapping[UUID, Instance]) -> None:
    touched = {row.id for row in rows}
    taken = {found.name.lower() for pk, found in known.items() if pk not in touched}
    for draft in drafts:
        name = draft.values.get("name") or getattr(draft.found, "name", "")
        if rows[draft.row].remove or not name:
            continue
        if name.lower() in taken:
            draft.wrong("name", "taken", "The account has an instance of this name.")
        taken.add(name.lower())


def _check_external_ids(drafts: Sequence[Draft], known: Mapping[UUID, Instance]) -> None:
    given = {draft.values["external_id"] for draft in drafts if draft.values.get("external_id")}
    if not given:
        return
    holders = dict(Instance.objects.filter(external_id__in=given).values_list("external_id", "pk"))
    going = {draft.found.pk for draft in drafts if draft.found is not None}
    seen: set[str] = set()
    for draft in drafts:
        key = draft.values.get("external_id")
        holder = holders.get(key) if key else None
        other = holder is not None and holder != getattr(draft.found, "pk", None) and holder not in going
        if key and (key in seen or other):
            draft.wrong("external_id", "taken", "Another instance has this id.")
        if key:
            seen.add(key)


def _check_admins(account: Account, drafts: Sequence[Draft], rows: Sequence[InstanceInput]) -> None:
    wanted = {pk for row in rows if not row.remove for pk in row.admins or ()}
    there = (
        set(Contact.objects.filter(account=account, pk__in=wanted).values_list("pk", flat=True)) if wanted else set()
    )
    for draft in drafts:
        if not rows[draft.row].remove and set(rows[draft.row].admins or ()) - there:
            draft.wrong("admins", "not_found", "An admin is a contact of this account.")


# --- writing them -----------------------------------------------------------------------------------------------------


def _write(
    account: Account,
    rows: Sequence[InstanceInput],
    drafts: Sequence[Draft],
    *,
    actor: ledger.Actor,
    now: datetime,
) -> bool:
    removed = [draft.found for draft in drafts if rows[draft.row].remove and draft.found is not None]
    kept = [draft for draft in drafts if not rows[draft.row].remove]
    touched = [draft.found.pk for draft in drafts if draft.found is not None]
    before = _admins(touched)
    _remove(removed, actor=actor, now=now)
    new, edited = _split(account, kept, now)
    # Free the ids and names that move from one row to another before they are taken anew.
    changed = ledger.update_many(edited, FIELDS, "edit", actor=actor, now=now) if edited else []
    ledger.create_many(new, actor=actor, now=now)
    mapped = False
    for draft in kept:
        admins = rows[draft.row].admins
        if admins is not None:
            mapped |= _map(draft.found, before.get(draft.found.pk, {}), set(admins), actor=actor, now=now)
    _keep_roles(account, {pk for held in before.values() for pk in held}, actor=actor, now=now)
    return bool(removed or new or changed or mapped)


def _split(account: Account, drafts: Sequence[Draft], now: datetime) -> tuple[list[Instance], list[Instance]]:
    new, edited = [], []
    for draft in drafts:
        if draft.found is None:
            draft.found = Instance(account=account, **draft.values, created_at=now, updated_at=now)
            new.append(draft.found)
        else:
            for name, value in draft.values.items():
                setattr(draft.found, name, value)
            edited.append(draft.found)
    return new, edited


def _admins(instances: Collection[UUID]) -> dict[UUID, dict[UUID, str]]:
    found: dict[UUID, dict[UUID, str]] = {}
    mapping = InstanceAdmin.objects.filter(instance_id__in=instances).order_by("contact__sort_name", "pk")
    for instance_id, contact_id, name in mapping.values_list("instance_id", "contact_id", "contact__name"):
        found.setdefault(instance_id, {})[contact_id] = name
    return found


def _remove(instances: Sequence[Instance], *, actor: ledger.Actor, now: datetime) -> None:
    if not instances:
        return
    for instance in instances:
        was = {name: [getattr(instance, name), None] for name in FIELDS if getattr(instance, name)}
        ledger.note(instance, "delete", actor=actor, now=now, changes=was)
    keys = [instance.pk for instance in instances]
    InstanceAdmin.objects.filter(instance_id__in=keys).delete()
    gone = Instance.objects.filter(pk__among=keys)
    gone._raw_delete(gone.db)  # names the tenant; what hangs on an instance is deleted above


def _map(
    instance: Instance, before: Mapping[UUID, str], wanted: set[UUID], *, actor: ledger.Actor, now: datetime
) -> bool:
    if set(before) == wanted:
        return False
    InstanceAdmin.objects.filter(instance=instance).exclude(contact_id__in=wanted).delete()
    fresh = [InstanceAdmin(instance=instance, contact_id=pk, created_at=now) for pk in sorted(wanted - set(before))]
    InstanceAdmin.objects.bulk_create(fresh)
    after = _admins([instance.pk]).get(instance.pk, {})
    told: dict[str, list[Any]] = {"admins": [list(before.values()), list(after.values())]}
    ledger.note(instance, "set_admins", actor=actor, now=now, changes=told)
    return True


def _keep_roles(account: Account, had: Collection[UUID], *, actor: ledger.Actor, now: datetime) -> None:
    """Who is in the mapping has the role; who just left it has not."""
    role = ContactRole.INSTANCE_ADMIN.value
    mapped = set(InstanceAdmin.objects.filter(instance__account=account).values_list("contact_id", flat=True))
    people = Contact.objects.filter(account=account, pk__in=mapped | set(had))
    rows = []
    for contact in people:
        wanted = set(contact.roles) | {role} if contact.pk in mapped else set(contact.roles) - {role}
        if wanted != set(contact.roles):
            rows.append(ContactInput(account.pk, {"roles": sorted(wanted)}, id=contact.pk))
    if rows:
        contacts.upsert_contacts(rows, actor=actor, now=now)
