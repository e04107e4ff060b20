"""The deals of an account, as the sales system tells them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from accounts.facts import OpportunitiesChanged, OpportunitiesWon
from accounts.models import Opportunity
from accounts.services import cleaning, matching
from accounts.services.rows import Draft, OpportunityInput, RowResult, draft_of, drop_repeated
from cs_platform import ledger

KEYS = ("salesforce_id",)


def upsert_opportunities(
    rows: Sequence[OpportunityInput], *, actor: ledger.Actor, now: datetime, baseline: bool = False
) -> list[RowResult]:
    """Make our deals what another system says; each row names its account and is found by id or Salesforce id.

    A deal that we now know to be won is told once, new business apart from the rest; `baseline` says that it was won
    before we looked. A row is rejected, alone, if a value is bad or its account or owner is not there.
    """
    keys = [{"salesforce_id": row.salesforce_id} for row in rows]
    drafts = [draft_of(n, row.values, cleaning.OPPORTUNITY, keys[n]) for n, row in enumerate(rows)]
    ids = [row.id for row in rows]
    with ledger.unit():
        matching.need_keys(drafts, ids, KEYS)
        known = matching.lock_known(Opportunity, drafts, [pk for pk in ids if pk], KEYS)
        matching.match(drafts, ids, known, KEYS)
        for draft in drafts:
            if draft.found is None and not draft.values.get("name"):
                draft.wrong("name", "required", "A new opportunity needs a name.")
        matching.check_accounts(drafts, "account_id", lambda draft: rows[draft.row].account_id)
        matching.check_members(drafts, "owner_id")
        drop_repeated(drafts, "id", *KEYS)
        work = _Work()
        for draft in drafts:
            if draft.is_good:
                work.take(draft, rows[draft.row].account_id, now)
        work.write(actor, now, baseline)
    return [draft.outcome() for draft in drafts]


def _counts_as_won(deal: Opportunity) -> bool:
    return deal.is_won and deal.is_active


@dataclass
class _Work:
    new: list[Opportunity] = field(default_factory=list)
    edited: list[Opportunity] = field(default_factory=list)
    edited_fields: set[str] = field(default_factory=set)
    won: list[Opportunity] = field(default_factory=list)
    left: set[UUID] = field(default_factory=set)

    def take(self, draft: Draft, account_id: UUID, now: datetime) -> None:
        values = {**draft.values, "account_id": account_id}
        deal = draft.found or Opportunity(created_at=now, updated_at=now)
        was_won, was_new_business = _counts_as_won(deal), deal.is_new_business
        changed = {name for name, value in values.items() if getattr(deal, name) != value}
        if "account_id" in changed and draft.found is not None:
            self.left.add(deal.account_id)
        for name in changed:
            setattr(deal, name, values[name])
        if _counts_as_won(deal) and not was_won:
            deal.won_at = now
            changed.add("won_at")
        elif not deal.is_won and deal.won_at is not None:
            deal.won_at = None
            changed.add("won_at")
        if _counts_as_won(deal) and (not was_won or (deal.is_new_business and not was_new_business)):
            self.won.append(deal)
        if draft.found is None:
            self.new.append(deal)
            draft.found, draft.result = deal, "created"
        elif changed:
            self.edited.append(deal)
            self.edited_fields |= changed
            draft.result = "updated"

    def write(self, actor: ledger.Actor, now: datetime, baseline: bool) -> None:
        if self.new:
            ledger.create_many(self.new, actor=actor, now=now)
        if self.edited:
            ledger.update_many(self.edited, sorted(self.edited_fields), "edit", actor=actor, now=now)
        touched = [*self.new, *self.edited]
        if touched:
            owners = dict.fromkeys([*(str(deal.account_id) for deal in touched), *map(str, sorted(self.left))])
            ledger.publish(OpportunitiesChanged(list(owners), [str(deal.pk) for deal in touched]))
        for new_business in (True, False):
            deals = [deal for deal in self.won if deal.is_new_business is new_business]
            if deals:
                accounts = list(dict.fromkeys(str(deal.account_id) for deal in deals))
                ids = [str(deal.pk) for deal in deals]
                ledger.publish(OpportunitiesWon(accounts, ids, new_business=new_business, baseline=baseline))
