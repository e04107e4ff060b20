"""Many accounts at once, as another system has them: a page of thousands is a handful of statements.

Rows are cleaned and matched first; what is wrong with one rejects that one. Then one statement per verb: create,
edit, assign owner, set support level, archive, restore. Segments follow in the same transaction, facts are told once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.facts import AccountsArchived, AccountsChanged, AccountsManaged, AccountsRestored, SupportLevelsChanged
from accounts.models import Account, SupportLevel
from accounts.models.customers import search_words, sort_word
from accounts.services import cleaning, levels, matching, segmenting
from accounts.services.rows import AccountInput, Draft, RowResult, draft_of, drop_repeated
from cs_platform import ledger

KEYS = ("salesforce_id", "external_id")
WITH_OWN_VERB = ("csm_id", "support_level")
CLEARED = "The support level was cleared."
NO_LEVEL = "No support level is set."
ATTRITED = f"The account type is {Account.ATTRITED}."


def upsert_accounts(
    rows: Sequence[AccountInput], *, actor: ledger.Actor, now: datetime, baseline: bool = False, by_hand: bool = False
) -> list[RowResult]:
    """Make our accounts what another system says. A row is found by id, Salesforce id or external id, else created.

    With a support level the account is managed (and restored, if it was archived); with an empty one, or attrited, it
    is archived. A level that is not in the pick-list is added to it, unless `by_hand`. `baseline` is told on with the
    facts. A row is rejected, alone, if a value is bad, a key is taken, or it refers to what is not this tenant's.
    """
    return upsert(rows, Mode(baseline=baseline, by_hand=by_hand), actor=actor, now=now)


@dataclass(frozen=True)
class Mode:
    """How a door uses the upsert: `may_create` and `may_update` say what may become of a row."""

    baseline: bool = False
    by_hand: bool = False
    needs_key: bool = True
    may_update: bool = True
    keeps_salesforce_id: bool = True


def upsert(rows: Sequence[AccountInput], mode: Mode, *, actor: ledger.Actor, now: datetime) -> list[RowResult]:
    keys = [{"salesforce_id": row.salesforce_id, "external_id": row.external_id} for row in rows]
    drafts = [draft_of(n, row.values, cleaning.ACCOUNT, keys[n]) for n, row in enumerate(rows)]
    ids = [row.id for row in rows]
    with ledger.unit():
        segmenting.stand_by()
        _find(drafts, ids, mode)
        given = levels.resolve(drafts, by_hand=mode.by_hand, actor=actor, now=now)
        work = _Work(given)
        for draft in drafts:
            if draft.is_good:
                work.take(draft, now)
        work.write(actor, now)
        segmenting.segment_accounts(work.touched, now=now, given=work.segmented)
        work.tell(mode.baseline)
    return [draft.outcome() for draft in drafts]


def _find(drafts: Sequence[Draft], ids: Sequence[UUID | None], mode: Mode) -> None:
    if mode.needs_key:
        matching.need_keys(drafts, ids, KEYS)
    known = matching.lock_known(Account, drafts, [pk for pk in ids if pk], KEYS)
    matching.match(drafts, ids, known, KEYS)
    if mode.keeps_salesforce_id:
        matching.keep_salesforce_id(drafts)
    for draft in drafts:
        if draft.found is None and not draft.values.get("name"):
            draft.wrong("name", "required", "A new account needs a name.")
        if draft.found is not None and not mode.may_update:
            taken = next((key for key in KEYS if draft.values.get(key)), "external_id")
            draft.wrong(taken, "taken", "There is an account with this id.")
    drop_repeated(drafts, "id", *KEYS)
    matching.check_members(drafts, "csm_id")
    matching.check_parents(drafts)


@dataclass
class _Work:
    """What has to be written, collected row by row without asking the database."""

    levels: Mapping[str, SupportLevel]
    new: list[Account] = field(default_factory=list)
    edited: list[Account] = field(default_factory=list)
    edited_fields: set[str] = field(default_factory=set)
    handed: list[Account] = field(default_factory=list)
    levelled: list[Account] = field(default_factory=list)
    archived: dict[str, list[UUID]] = field(default_factory=dict)
    restored: list[UUID] = field(default_factory=list)
    segmented: list[UUID] = field(default_factory=list)

    def take(self, draft: Draft, now: datetime) -> None:
        values = dict(draft.values)
        level = self.levels.get(values.pop("support_level", "").lower()) if "support_level" in values else None
        if draft.found is None:
            self._create(draft, values, level, now)
        else:
            self._change(draft, values, level)

    def _create(self, draft: Draft, values: dict[str, Any], level: SupportLevel | None, now: datetime) -> None:
        account = Account(**values, support_level=level, created_at=now, updated_at=now)
        account.sort_name, account.search_text = sort_word(account.name), _search(account)
        attrited = account.account_type == Account.ATTRITED
        if level is None or attrited:
            account.state = Account.State.ARCHIVED
            account.archived_at, account.archive_reason = now, ATTRITED if attrited else NO_LEVEL
        self.new.append(account)
        draft.found, draft.result = account, "created"

    def _change(self, draft: Draft, values: dict[str, Any], level: SupportLevel | None) -> None:
        account: Account = draft.found
        changed = {name for name, value in values.items() if getattr(account, name) != value}
        for name in changed:
            setattr(account, name, values[name])
        if changed - {"csm_id"}:
            account.sort_name, account.search_text = sort_word(account.name), _search(account)
            self.edited.append(account)
            self.edited_fields |= changed - {"csm_id"}
        if "csm_id" in changed:
            self.handed.append(account)
        says_level = "support_level" in draft.values
        if says_level and account.support_level_id != (level.pk if level else None):
            account.support_level = level
            self.levelled.append(account)
            changed.add("support_level")
        moved = self._move(account, says_level, level)
        draft.result = "updated" if changed or moved else "unchanged"

    def _move(self, account: Account, says_level: bool, level: SupportLevel | None) -> bool:
        attrited = account.account_type == Account.ATTRITED
        if account.is_managed and (attrited or (says_level and level is None)):
            self.archived.setdefault(ATTRITED if attrited else CLEARED, []).append(account.pk)
            return True
        if not account.is_managed and says_level and level is not None and not attrited:
            self.restored.append(account.pk)
            return True
        return False

    def write(self, actor: ledger.Actor, now: datetime) -> None:
        if self.new:
            foreseen = segmenting.foresee(self.new, now=now)
            ledger.create_many(self.new, actor=actor, now=now)
            self.segmented = segmenting.keep_foreseen(foreseen, now=now)
        if self.edited:
            fields = sorted(self.edited_fields | {"sort_name", "search_text"})
            ledger.update_many(self.edited, fields, "edit", actor=actor, now=now)
        if self.handed:
            ledger.update_many(self.handed, ["csm_id"], "assign_owner", actor=actor, now=now)
        self._give_levels(actor, now)
        for reason, ids in self.archived.items():
            move_to_archive(ids, reason, actor=actor, now=now)
        if self.restored:
            move_back(self.restored, actor=actor, now=now)

    def _give_levels(self, actor: ledger.Actor, now: datetime) -> None:
        """By level, since there are few; so the audit names the level in words."""
        by_level: dict[SupportLevel | None, list[UUID]] = {}
        for account in self.levelled:
            by_level.setdefault(account.support_level, []).append(account.pk)
        for level, ids in by_level.items():
            give_level(ids, level, actor=actor, now=now)

    @property
    def touched(self) -> list[UUID]:
        changed = [account.pk for account in (*self.new, *self.edited, *self.levelled)]
        return list(dict.fromkeys([*changed, *self.restored]))

    def tell(self, baseline: bool) -> None:
        created = [account.pk for account in self.new if account.is_managed]
        changed = {account.pk: None for account in (*self.edited, *self.handed)}
        fields = sorted(self.edited_fields | ({"csm_id"} if self.handed else set()))
        levelled = dict.fromkeys([*created, *self.restored, *(account.pk for account in self.levelled)])
        gone = [pk for ids in self.archived.values() for pk in ids]
        if created or self.restored:
            ledger.publish(AccountsManaged(texts([*created, *self.restored]), baseline))
        if levelled:
            ledger.publish(SupportLevelsChanged(texts(levelled), baseline))
        if self.restored:
            ledger.publish(AccountsRestored(texts(self.restored)))
        if gone:
            ledger.publish(AccountsArchived(texts(gone)))
        if changed:
            ledger.publish(AccountsChanged(texts(changed), fields))


def give_level(
    ids: Sequence[UUID], level: SupportLevel | None, *, actor: ledger.Actor, now: datetime, note: str = ""
) -> list[UUID]:
    """These accounts have this level (None: none); which had another."""
    words = ": ".join(part for part in (level.name if level else "none", note) if part)
    value = {"support_level_id": level.pk if level else None}
    rows = Account.objects.filter(pk__in=ids)
    return list(ledger.change_many(rows, "set_support_level", set=value, actor=actor, now=now, note=words))


def move_to_archive(ids: Sequence[UUID], reason: str, *, actor: ledger.Actor, now: datetime) -> list[UUID]:
    """The managed ones among these accounts are archived; which they were."""
    state = {"state": Account.State.ARCHIVED, "archived_at": now, "archive_reason": reason}
    managed = Account.objects.filter(pk__in=ids, state=Account.State.MANAGED)
    return list(ledger.change_many(managed, "archive", set=state, actor=actor, now=now, note=reason))


def move_back(ids: Sequence[UUID], *, actor: ledger.Actor, now: datetime) -> list[UUID]:
    """The archived ones among these accounts are managed again; which they were."""
    state = {"state": Account.State.MANAGED, "archived_at": None, "archive_reason": ""}
    archived = Account.objects.filter(pk__in=ids, state=Account.State.ARCHIVED)
    return list(ledger.change_many(archived, "restore", set=state, actor=actor, now=now))


def texts(ids: Sequence[UUID] | Mapping[UUID, Any]) -> list[str]:
    return [str(pk) for pk in ids]


def _search(account: Account) -> str:
    ids = (account.pk, account.salesforce_id, account.external_id, account.lms_id, account.recurly_id)
    return search_words(account.name, account.domains, *ids)
