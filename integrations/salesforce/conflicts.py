"""Fields that both sides changed since they last agreed: kept with both values until a person has decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts import services as accounts
from accounts.models import Account
from accounts.services import AccountInput, ContactInput
from cs_platform import ledger
from cs_platform.ledger.models import AuditRow
from integrations.salesforce.models import Conflict, Connection
from integrations.salesforce.writing import noting, ours
from integrations.salesforce.writing.fields import BY_KEY

ledger.sentences(
    {
        "conflict.find": "noticed a {object}",
        "conflict.resolve": "decided the {object}",
    }
)
SIDES = ("harbor", "salesforce")


@dataclass(frozen=True)
class Found:
    """Both values of a field, as they were met. `ours` in our words, `theirs` in the mirror's."""

    account_id: UUID
    object_id: UUID
    sobject: str
    sf_id: str
    key: str
    subject: str
    ours: Any
    theirs: Any
    base: Any
    applied: str
    theirs_at: datetime
    theirs_by: str = ""  # the id of a Salesforce user


def keep(connection: Connection, found: Sequence[Found], *, actor: ledger.Actor, now: datetime) -> list[Conflict]:
    """Write conflicts down, with who and when as far as it is known. Part of the caller's transaction."""
    if not found:
        return []
    authors = _authors(found)
    words = _Words.of(connection, found)
    made = [
        Conflict(
            connection=connection,
            account_id=one.account_id,
            sobject=one.sobject,
            sf_id=one.sf_id,
            key=one.key,
            subject=one.subject[:255],
            ours=one.ours,
            theirs=one.theirs,
            base=one.base,
            ours_words=words.ours(one.key, one.ours),
            theirs_words=words.theirs(one.key, one.theirs),
            ours_by=by,
            ours_at=at,
            theirs_by=words.users.get(one.theirs_by, "")[:200],
            theirs_at=one.theirs_at,
            applied=one.applied,
            created_at=now,
        )
        for one in found
        for by, at in [authors.get((one.object_id, one.key), ("", None))]
    ]
    return ledger.create_many(made, actor=actor, now=now, verb="find")


def _authors(found: Sequence[Found]) -> dict[tuple[UUID, str], tuple[str, datetime]]:
    """Who changed each of these fields here last, and when, as the audit has it."""
    wanted = {str(one.object_id) for one in found}
    attrs = {BY_KEY[one.key].attr for one in found} | {f"{BY_KEY[one.key].attr}_id" for one in found}
    rows = AuditRow.objects.filter(
        object_type__in=["account", "contact"], object_id__in=wanted, changes__has_any_keys=sorted(attrs)
    )
    newest: dict[tuple[UUID, str], tuple[str, datetime]] = {}
    said = rows.order_by("-id").values_list("object_id", "changes", "call__actor_words", "call__at")
    for object_id, changes, who, at in said[: 50 * len(wanted)]:
        for one in found:
            attr = BY_KEY[one.key].attr
            if str(one.object_id) == object_id and (attr in changes or f"{attr}_id" in changes):
                newest.setdefault((one.object_id, one.key), (who, at))
    return newest


@dataclass(frozen=True)
class _Words:
    """Both values as people say them: a member or a user by name."""

    members: Mapping[str, str]
    users: Mapping[str, str]

    @classmethod
    def of(cls, connection: Connection, found: Sequence[Found]) -> _Words:
        people = [one for one in found if one.key == "csm"]
        users = [*(one.theirs for one in people), *(one.theirs_by for one in found)]
        return cls(ours.member_words(one.ours for one in people), ours.user_words(connection, users))

    def ours(self, key: str, value: Any) -> str:
        return said(self.members.get(value, value) if key == "csm" else value, key)

    def theirs(self, key: str, value: Any) -> str:
        return said(self.users.get(value, value) if key == "csm" else value, key)


def said(value: Any, key: str = "") -> str:
    """A value in words; empty for nothing."""
    if value is None or value == []:
        return ""
    if isinstance(value, list):
        return ", ".join(str(part) for part in value)[:300]
    if key in ("arr", "mrr") and isinstance(value, int):
        return f"{value / 100:,.2f}"
    return str(value)[:300]


# --- deciding -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Decision:
    """What became of the conflicts a person decided: those that are decided, and why others are not."""

    resolved: list[UUID]
    refused: dict[UUID, str]


def resolve(conflict: Conflict, keep: str, *, actor: ledger.Actor, now: datetime) -> Conflict:
    """One of both values stands from now on, here and there. Refused if it is decided already, or the value can not be
    given here any more.
    """
    if conflict.state != Conflict.State.OPEN:
        raise ledger.NotAllowed(f"The {conflict.ledger_words()} is decided already.")
    decision = resolve_many([conflict.pk], keep, actor=actor, now=now)
    if conflict.pk in decision.refused:
        raise ledger.Refused(decision.refused[conflict.pk], "value_refused", "keep")
    return Conflict.objects.get(pk=conflict.pk)


def resolve_many(ids: Iterable[UUID], keep: str, *, actor: ledger.Actor, now: datetime) -> Decision:
    """The same decision for many. Those that are not open are left alone; earlier conflicts of the same field are
    settled with it.
    """
    if keep not in SIDES:
        raise ledger.Refused(f"keep must be {' or '.join(SIDES)}.", "invalid", "keep")
    with ledger.unit():
        rows = Conflict.objects.select_for_update(of=("self",)).filter(pk__in=list(ids), state=Conflict.State.OPEN)
        newest = {(row.connection_id, row.sf_id, row.key): row for row in rows.order_by("created_at", "id")}
        chosen = list(newest.values())
        refused = _apply(chosen, keep, actor=actor, now=now)
        done = [row for row in chosen if row.pk not in refused]
        stamp = {"state": Conflict.State.RESOLVED, "resolved_by": actor.words[:200], "resolved_at": now}
        mine = Conflict.objects.filter(pk__in=[row.pk for row in done])
        resolved = ledger.change_many(mine, "resolve", set={**stamp, "kept": keep}, actor=actor, now=now)
        resolved += _settle_earlier(done, stamp, actor=actor, now=now)
    return Decision(resolved, refused)


def _settle_earlier(
    done: Sequence[Conflict], stamp: Mapping[str, Any], *, actor: ledger.Actor, now: datetime
) -> list[UUID]:
    """A field that was in conflict twice has one value now; the earlier one keeps what was said then."""
    refs = {(row.connection_id, row.sf_id, row.key) for row in done}
    still = Conflict.objects.filter(state=Conflict.State.OPEN, sf_id__in={ref[1] for ref in refs})
    earlier = [row.pk for row in still if (row.connection_id, row.sf_id, row.key) in refs]
    mine = Conflict.objects.filter(pk__in=earlier)
    note = "Settled with a later one."
    return list(ledger.change_many(mine, "resolve", set=dict(stamp), actor=actor, now=now, note=note))


def _apply(chosen: Sequence[Conflict], side: str, *, actor: ledger.Actor, now: datetime) -> dict[UUID, str]:
    """The chosen values, here; what Salesforce does not hold is left to be written. Why some can not be given."""
    refused: dict[UUID, str] = {}
    for sobject in ("Account", "Contact"):
        rows = [row for row in chosen if row.sobject == sobject]
        here = ours.by_ref(sobject, {row.sf_id for row in rows})
        members = _members_for(rows, side)
        told, inputs = [], []
        for row in rows:
            one = here.get(row.sf_id)
            if one is None:
                refused[row.pk] = f"{row.subject} is not here any more."
                continue
            value = row.ours if side == "harbor" else row.theirs
            if row.key == "csm" and side == "salesforce":
                value = members.get((row.connection_id, row.theirs or ""))
                if row.theirs and value is None:
                    refused[row.pk] = f"{row.theirs_words} is not a member here."
                    continue
            told.append((row, one))
            values = {BY_KEY[row.key].attr: "" if value is None and row.key == "support_level" else value}
            is_account = sobject == "Account"
            inputs.append(
                AccountInput(values, id=one.id) if is_account else ContactInput(one.account_id, values, id=one.id)
            )
        results = _upsert(sobject, inputs, actor=actor, now=now)
        for (row, _), result in zip(told, results, strict=True):
            if result.errors:
                refused[row.pk] = result.errors[0].message
        note = noting.note_accounts if sobject == "Account" else noting.note_contacts
        note([one.id for row, one in told if row.pk not in refused], {row.key for row, _ in told}, now=now)
    return refused


def _upsert(sobject: str, inputs: Sequence[Any], *, actor: ledger.Actor, now: datetime) -> list[accounts.RowResult]:
    """Two fields of one object are two rows, and a row may be there once in a call."""
    results: list[accounts.RowResult | None] = [None] * len(inputs)
    left = list(range(len(inputs)))
    while left:
        seen: set[UUID] = set()
        now_told = [place for place in left if not (inputs[place].id in seen or seen.add(inputs[place].id))]  # type: ignore[func-returns-value]
        batch = [inputs[place] for place in now_told]
        verb = accounts.upsert_accounts if sobject == "Account" else accounts.upsert_contacts
        for place, result in zip(now_told, verb(batch, actor=actor, now=now), strict=True):
            results[place] = result
        left = [place for place in left if place not in set(now_told)]
    return [result for result in results if result is not None]


def _members_for(rows: Sequence[Conflict], side: str) -> dict[tuple[UUID, str], UUID]:
    from integrations.salesforce.applying import owners

    asked = [row for row in rows if row.key == "csm" and side == "salesforce"]
    found: dict[tuple[UUID, str], UUID] = {}
    for connection in {row.connection_id: row.connection for row in asked}.values():
        refs = {row.theirs for row in asked if row.connection_id == connection.pk}
        found |= {(connection.pk, ref): member for ref, member in owners.members(connection, refs).items()}
    return found


def open_of(account: Account) -> list[Conflict]:
    """The open conflicts of an account, newest first."""
    found = Conflict.objects.filter(account=account, state=Conflict.State.OPEN)
    return list(found.order_by("-created_at", "-id"))
