"""The people at an account."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F

from accounts.facts import ContactsChanged
from accounts.models import Account, Contact, ContactRole, InstanceAdmin
from accounts.models.customers import sort_word
from accounts.services import cleaning, matching
from accounts.services.rows import ContactInput, Draft, Invalid, RowResult, draft_of, drop_repeated
from cs_platform import ledger

KEYS = ("salesforce_id",)
NAMES = frozenset({"name", "first_name", "last_name", "email"})


def upsert_contacts(rows: Sequence[ContactInput], *, actor: ledger.Actor, now: datetime) -> list[RowResult]:
    """Make our contacts what another system says; each row names its account and is found by id or Salesforce id.

    A row is rejected, alone, if a value is bad, its account is not there, or it has no name of any kind.
    """
    return _upsert(rows, actor=actor, now=now, needs_key=True)


def create_contact(account: Account, values: Mapping[str, Any], *, actor: ledger.Actor, now: datetime) -> Contact:
    """A person at an account. Refused (Invalid) if a value is bad, the Salesforce id is taken or there is no name."""
    return _one(ContactInput(account.pk, values), actor=actor, now=now)


def edit_contact(contact: Contact, values: Mapping[str, Any], *, actor: ledger.Actor, now: datetime) -> Contact:
    """Change the given values and no others. Refused like creation."""
    return _one(ContactInput(contact.account_id, values, id=contact.pk), actor=actor, now=now)


def set_contact_roles(contact: Contact, roles: Sequence[str], *, actor: ledger.Actor, now: datetime) -> Contact:
    """What this person is to us, from now on. Refused if a role is unknown."""
    return edit_contact(contact, {"roles": list(roles)}, actor=actor, now=now)


def _one(row: ContactInput, *, actor: ledger.Actor, now: datetime) -> Contact:
    (result,) = _upsert([row], actor=actor, now=now, needs_key=False)
    if result.errors:
        raise Invalid(result.errors)
    assert result.id is not None
    return Contact.objects.get(pk=result.id)


def _upsert(rows: Sequence[ContactInput], *, actor: ledger.Actor, now: datetime, needs_key: bool) -> list[RowResult]:
    keys = [{"salesforce_id": row.salesforce_id} for row in rows]
    drafts = [draft_of(n, row.values, cleaning.CONTACT, keys[n]) for n, row in enumerate(rows)]
    ids = [row.id for row in rows]
    with ledger.unit():
        if needs_key:
            matching.need_keys(drafts, ids, KEYS)
        known = matching.lock_known(Contact, drafts, [pk for pk in ids if pk], KEYS)
        matching.match(drafts, ids, known, KEYS)
        if not needs_key:
            _refuse_taken(drafts, ids)
        matching.check_accounts(drafts, "account_id", lambda draft: rows[draft.row].account_id)
        drop_repeated(drafts, "id", *KEYS)
        _keep_the_admins(drafts, by_hand=not needs_key)
        work = _Work()
        for draft in drafts:
            if draft.is_good:
                work.take(draft, rows[draft.row].account_id, now)
        work.write(actor, now)
    return [draft.outcome() for draft in drafts]


def _refuse_taken(drafts: Sequence[Draft], ids: Sequence[UUID | None]) -> None:
    for draft, pk in zip(drafts, ids, strict=True):
        if pk is None and draft.found is not None:
            draft.wrong("salesforce_id", "taken", "There is a contact with this id.")


def _keep_the_admins(drafts: Sequence[Draft], *, by_hand: bool) -> None:
    """Who looks after an instance keeps the role Instance Admin: another system's list is completed, a person is told
    where to take it away."""
    role = ContactRole.INSTANCE_ADMIN.value
    asked = {
        draft.found.pk: draft
        for draft in drafts
        if draft.is_good and draft.found is not None and role not in draft.values.get("roles", [role])
    }
    if not asked:
        return
    mapped = InstanceAdmin.objects.filter(contact_id__in=asked).order_by("instance__name")
    for contact_id, name in mapped.values_list("contact_id", "instance__name"):
        draft = asked[contact_id]
        if by_hand:
            draft.wrong("roles", "instance_admin", f"{draft.found} is an admin of {name}. Change that table first.")
        else:
            given = {*draft.values["roles"], role}
            draft.values["roles"] = [known for known in ContactRole.values if known in given]


@dataclass
class _Work:
    new: list[Contact] = field(default_factory=list)
    edited: list[Contact] = field(default_factory=list)
    edited_fields: set[str] = field(default_factory=set)
    tagged: list[Contact] = field(default_factory=list)
    left: set[UUID] = field(default_factory=set)

    def take(self, draft: Draft, account_id: UUID, now: datetime) -> None:
        values = {**draft.values, "account_id": account_id}
        contact = draft.found or Contact(created_at=now, updated_at=now)
        if draft.found is None or NAMES & set(values):
            values["name"] = _name(contact, values)
            if not values["name"]:
                draft.wrong("name", "required", "A contact needs a name or an e-mail address.")
                return
        changed = {name for name, value in values.items() if getattr(contact, name) != value}
        if "account_id" in changed and draft.found is not None:
            self.left.add(contact.account_id)
        for name in changed:
            setattr(contact, name, values[name])
        contact.sort_name = sort_word(contact.name)
        if draft.found is None:
            self.new.append(contact)
            draft.found, draft.result = contact, "created"
            return
        if changed - {"roles"}:
            self.edited.append(contact)
            self.edited_fields |= changed - {"roles"}
        if "roles" in changed:
            self.tagged.append(contact)
        draft.result = "updated" if changed else "unchanged"

    def write(self, actor: ledger.Actor, now: datetime) -> None:
        if self.new:
            ledger.create_many(self.new, actor=actor, now=now)
        if self.edited:
            fields = sorted(self.edited_fields | {"sort_name"})
            ledger.update_many(self.edited, fields, "edit", actor=actor, now=now)
            self._leave_instances()
        if self.tagged:
            ledger.update_many(self.tagged, ["roles"], "set_roles", actor=actor, now=now)
        touched = {contact.pk: contact for contact in (*self.new, *self.edited, *self.tagged)}
        if touched:
            accounts = dict.fromkeys([*(contact.account_id for contact in touched.values()), *sorted(self.left)])
            ledger.publish(ContactsChanged([str(pk) for pk in accounts], [str(pk) for pk in touched]))

    def _leave_instances(self) -> None:
        """Who works somewhere else now looks after no instance of where they were."""
        if self.left:
            moved = [contact.pk for contact in self.edited]
            gone = InstanceAdmin.objects.filter(contact_id__in=moved, instance__account_id__in=self.left)
            gone.exclude(contact__account_id=F("instance__account_id")).delete()


def _name(contact: Contact, values: Mapping[str, Any]) -> str:
    """The name that is given; else the one it has, unless its parts change; else the parts, else the address."""
    if values.get("name"):
        return str(values["name"])

    def part(name: str) -> str:
        return str(values.get(name, getattr(contact, name)))

    spelled = " ".join(piece for piece in (part("first_name"), part("last_name")) if piece)
    keeps = "name" not in values and not {"first_name", "last_name"} & set(values)
    return (contact.name if keeps else "") or spelled[:200] or part("email")[:200]
