"""One change of many accounts: looked at first, by doing it and undoing it, then confirmed as it was looked at.

What is confirmed is what was seen: an account on which anything that the preview looked at is different by then is left
out and told apart, the others are changed in one go.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from accounts.models import Account, BulkChange
from accounts.services import adopting, levels, looking, segmenting
from accounts.services.accounts import BY_HAND, assign_owners, set_support_levels
from accounts.services.rows import AccountInput
from accounts.services.upserting import upsert
from cs_platform import ledger
from cs_platform.ledger import rehearsing
from cs_platform.ledger.models import AuditCall, AuditRow
from cs_platform.people.models import Membership

MAX_ROWS = 5000
GOOD_FOR = timedelta(hours=1)
CHANGED, UNCHANGED, STALE, REFUSED, GONE = "changed", "unchanged", "stale", "refused", "gone"
#: What the columns of a preview say already; everything else that would be written is told as an effect.
TOLD_BY_COLUMNS = ("account.", "stage.", "alert.")


class TooMany(ledger.Refused):
    def __init__(self) -> None:
        super().__init__(f"At most {MAX_ROWS:,} accounts at once. Narrow the filter.", code="too_many")


@dataclass(frozen=True)
class Wanted:
    """What is to become of all of the chosen accounts. Only the keys of `change` that are there count: `support_level`
    (a name, or empty to clear it), `csm_id` (a member's id, or None for nobody), `values` (columns as `edit_account`
    takes them)."""

    change: Mapping[str, Any]
    account_ids: Sequence[UUID] = ()
    salesforce_ids: Sequence[str] = ()
    note: str = ""


def preview_bulk(wanted: Wanted, *, actor: ledger.Actor, now: datetime) -> BulkChange:
    """What the change would do to each of the accounts, kept so that it can be confirmed. Nothing else is written.

    Refused if nobody is chosen, or too many, if the level or the member can not be given, or (Busy) while somebody else
    is changing these accounts.
    """
    ids, refs = list(dict.fromkeys(wanted.account_ids)), list(dict.fromkeys(wanted.salesforce_ids))
    _check(wanted.change, ids, refs)
    before = looking.look(ids, now=now)
    waiting = adopting.candidates(refs)
    work = _Work(wanted.change, actor, now, wanted.note)
    last = AuditCall.objects.order_by("-pk").values_list("pk", flat=True).first() or 0

    def do() -> None:
        work.carry_out(list(before), list(waiting))

    def seen() -> tuple[dict[UUID, dict[str, Any]], dict[UUID, Counter[str]]]:
        everybody = [*before, *work.adopted.values()]
        return looking.look(everybody, now=now), _effects(everybody, last)

    after, effects = rehearsing.rehearse(do, seen, now=now)
    rows = [_row(pk, before[pk], after.get(pk), work, effects) for pk in before]
    for ref, found in waiting.items():
        new = work.adopted.get(ref)
        rows.append(_adopted(ref, found, new, after.get(new) if new else None, work, effects))
    rows.sort(key=lambda row: (str(row["name"]).lower(), str(row["id"] or row["salesforce_id"])))
    return BulkChange.objects.create(
        change={**wanted.change, "note": wanted.note}, rows=rows, summary=summarised(rows),
        asked_by=actor.words[:200], created_at=now, updated_at=now,
    )  # fmt: skip


def apply_bulk(bulk: BulkChange, *, actor: ledger.Actor, now: datetime) -> BulkChange:
    """What was looked at happens, to every account on which nothing has changed since; each row says what became of it.
    Confirming twice changes nothing more. Refused after an hour: look again."""
    with ledger.change(bulk, "apply", actor=actor, now=now) as bulk:
        if bulk.applied_at is not None:
            return bulk
        if bulk.created_at < now - GOOD_FOR:
            raise ledger.Refused("This preview is more than an hour old. Look again.", code="stale_preview")
        segmenting.stand_by()
        ids = [UUID(row["id"]) for row in bulk.rows if row["id"]]
        list(Account.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk").values_list("pk"))
        here = looking.look(ids, now=now)
        waiting = adopting.candidates([row["salesforce_id"] for row in bulk.rows if not row["id"]])
        for row in bulk.rows:
            row["result"] = _standing(row, here, waiting)
        good = [row for row in bulk.rows if row["result"] == CHANGED]
        change = {name: value for name, value in bulk.change.items() if name != "note"}
        work = _Work(change, actor, now, bulk.change.get("note", ""))
        work.carry_out(
            [UUID(row["id"]) for row in good if row["id"]], [row["salesforce_id"] for row in good if not row["id"]]
        )
        for row in good:
            row["result"] = work.result(row)
        bulk.applied_at = now
    return bulk


def counted(bulk: BulkChange) -> dict[str, int]:
    """How many rows ended how; of a preview: how many would."""
    said = Counter(row.get("result") or row["would"] for row in bulk.rows)
    return {name: said[name] for name in (CHANGED, UNCHANGED, STALE, REFUSED, GONE)}


def summarised(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The same step of many accounts as one line: what, from where, to where, how many."""
    steps: Counter[tuple[str, str, str]] = Counter()
    sums: Counter[tuple[str, str]] = Counter()
    for row in rows:
        for name, value in row["after"].items():
            was = row["before"].get(name)
            if not isinstance(value, dict) and not isinstance(was, dict):
                steps[name, was or "", value or ""] += 1
                continue
            for key, gain in _gains(was or {}, value or {}).items():
                steps[(name, "", key) if gain > 0 else (name, key, "")] += 1
                sums[name, key] += abs(gain)
        for verb, number in row["effects"].items():
            steps["effect", "", verb] += 1
            sums["effect", verb] += number
    lines = [
        {"what": what, "from": here, "to": there, "accounts": n, "number": sums.get((what, there or here), 0)}
        for (what, here, there), n in steps.items()
    ]
    return sorted(lines, key=lambda line: (line["what"], -line["accounts"], line["from"], line["to"]))


def _gains(was: Mapping[str, int], now: Mapping[str, int]) -> dict[str, int]:
    gains = {key: now.get(key, 0) - was.get(key, 0) for key in {*was, *now}}
    return {key: gain for key, gain in gains.items() if gain}


# --- doing it -------------------------------------------------------------------------------------------------------


@dataclass
class _Work:
    """The change itself, for the rehearsal and for the real thing: the same verbs in the same order."""

    change: Mapping[str, Any]
    actor: ledger.Actor
    now: datetime
    note: str
    adopted: dict[str, UUID] = field(default_factory=dict)
    changed: set[UUID] = field(default_factory=set)
    refused: dict[UUID, str] = field(default_factory=dict)

    def carry_out(self, ids: Sequence[UUID], refs: Sequence[str]) -> None:
        who: dict[str, Any] = {"actor": self.actor, "now": self.now}
        if refs:
            self.adopted = adopting.adopt(refs, self.change["support_level"], note=self.note, **who)
        if "support_level" in self.change and ids:
            self.changed |= set(set_support_levels(ids, self.change["support_level"], note=self.note, **who))
        if "csm_id" in self.change and ids:
            owner = _member(self.change["csm_id"])
            self.changed |= set(assign_owners(ids, owner, note=self.note, **who))
        if self.change.get("values") and ids:
            inputs = [AccountInput(self.change["values"], id=pk) for pk in ids]
            for pk, result in zip(ids, upsert(inputs, BY_HAND, **who), strict=True):
                if result.errors:
                    self.refused[pk] = result.errors[0].message
                elif result.result != "unchanged":
                    self.changed.add(pk)

    def result(self, row: Mapping[str, Any]) -> str:
        if not row["id"]:
            return CHANGED if row["salesforce_id"] in self.adopted else REFUSED
        pk = UUID(row["id"])
        return CHANGED if pk in self.changed else REFUSED if pk in self.refused else UNCHANGED


def _check(change: Mapping[str, Any], ids: Sequence[UUID], refs: Sequence[str]) -> None:
    if not ids and not refs:
        raise ledger.Refused("Choose at least one account.", code="nobody")
    if len(ids) + len(refs) > MAX_ROWS:
        raise TooMany
    if change.get("support_level"):
        levels.level_by_hand(change["support_level"])
    if refs and not change.get("support_level"):
        words = "An account that only Salesforce knows comes here by being given a support level."
        raise ledger.Refused(words, code="no_support_level", field="support_level")
    owner = _member(change.get("csm_id"))
    if owner is not None and not owner.is_active:
        raise ledger.Refused(f"{owner} is not active any more.", code="inactive", field="csm_id")


def _member(pk: Any) -> Membership | None:
    if pk is None:
        return None
    found = Membership.objects.select_related("user").filter(pk=pk).first()
    if found is None:
        raise ledger.Refused("There is no such member.", code="not_found", field="csm_id")
    return found


# --- rows -----------------------------------------------------------------------------------------------------------


def _row(
    pk: UUID,
    before: dict[str, Any],
    after: dict[str, Any] | None,
    work: _Work,
    effects: Mapping[UUID, Counter[str]],
) -> dict[str, Any]:
    here, there = looking.shown(before), looking.shown(after or before)
    differing = {name: value for name, value in there.items() if here.get(name) != value}
    would, why = CHANGED if pk in work.changed or differing else UNCHANGED, ""
    if pk in work.refused:
        would, why = REFUSED, work.refused[pk]
    elif work.change.get("support_level") and before["account_type"] == Account.ATTRITED:
        would, why = (would, "") if differing else (REFUSED, "An attrited customer is not looked after.")
    return {
        "id": str(pk), "salesforce_id": "", "name": before["name"], "mark": looking.mark(before), "before": here,
        "after": differing, "effects": dict(effects.get(pk, {})), "would": would, "why": why,
    }  # fmt: skip


def _adopted(
    ref: str,
    found: adopting.Candidate,
    pk: UUID | None,
    after: dict[str, Any] | None,
    work: _Work,
    effects: Mapping[UUID, Counter[str]],
) -> dict[str, Any]:
    there = looking.shown(after) if after else {}
    shown = {name: value for name, value in there.items() if value not in (None, "", {}) and name != "account_type"}
    would, why = (CHANGED, "") if after else (REFUSED, "Salesforce's row can not be taken over as it is.")
    return {
        "id": "", "salesforce_id": ref, "name": found.name, "mark": found.mark, "before": {"name": found.name},
        "after": {name: value for name, value in shown.items() if name != "name"},
        "effects": dict(effects.get(pk, {})) if pk else {}, "would": would, "why": why,
    }  # fmt: skip


def _standing(
    row: Mapping[str, Any], here: Mapping[UUID, dict[str, Any]], waiting: Mapping[str, adopting.Candidate]
) -> str:
    """What may become of a row, from how it stands now: CHANGED if it is as it was looked at."""
    if row["would"] != CHANGED:
        return str(row["would"])
    if not row["id"]:
        found = waiting.get(row["salesforce_id"])
        return GONE if found is None else CHANGED if found.mark == row["mark"] else STALE
    stands = here.get(UUID(row["id"]))
    return GONE if stands is None else CHANGED if looking.mark(stands) == row["mark"] else STALE


def _effects(ids: Sequence[UUID], last: int) -> dict[UUID, Counter[str]]:
    """What was written about each account beside its own columns, as verbs of the audit: one question."""
    found: dict[UUID, Counter[str]] = {}
    rows = AuditRow.objects.filter(account_id__in=ids, call_id__gt=last).values_list("account_id", "verb")
    for account_id, verb in rows:
        if account_id is not None and not verb.startswith(TOLD_BY_COLUMNS):
            found.setdefault(account_id, Counter())[verb] += 1
    return found
