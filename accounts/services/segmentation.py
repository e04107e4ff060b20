"""The segmentation rules themselves: draft, try, publish. A published version never changes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Max, Q, QuerySet

from accounts import rules
from accounts.facts import SegmentationPublished
from accounts.models import Account, SegmentationRules
from accounts.rules.ruleset import RuleSet, parse_set
from accounts.services import cleaning, locks, segmenting
from cs_platform import ledger

SAMPLE = 50


class NotADraft(ledger.Refused):
    def __init__(self) -> None:
        super().__init__("A published version never changes. Make a draft.", code="not_a_draft")


def save_segmentation_draft(
    given: list[Any],
    label: str = "",
    *,
    draft: SegmentationRules | None = None,
    actor: ledger.Actor,
    now: datetime,
) -> SegmentationRules:
    """Rules that do not count yet: a new draft, or `draft` with these in place of its own.

    Refused (BadRule) if a rule is malformed, or if what is given as a draft is none any more.
    """
    parse_set(given)
    label = _label(label)
    if draft is not None:
        with ledger.change(draft, "edit", actor=actor, now=now) as draft:
            if draft.state != SegmentationRules.State.DRAFT:
                raise NotADraft
            draft.rules, draft.label = given, label
        return draft
    with ledger.unit():
        locks.alone(locks.NUMBERS)
        fresh = SegmentationRules(number=_next_number(), label=label, rules=given, created_at=now, updated_at=now)
        return ledger.create(fresh, actor=actor, now=now)


def _label(label: str) -> str:
    try:
        return cleaning.plain(label, 200)
    except cleaning.BadValue as bad:
        raise ledger.Refused(str(bad), code=bad.code, field="label") from None


def _next_number() -> int:
    return (SegmentationRules.objects.aggregate(last=Max("number"))["last"] or 0) + 1


def publish_segmentation(draft: SegmentationRules, *, actor: ledger.Actor, now: datetime) -> SegmentationRules:
    """This version counts from now on: the one before is retired, and every managed account is segmented anew.

    Refused if it is no draft any more, or if a field that it asks has gone.
    """
    with ledger.unit():
        locks.alone(locks.SEGMENTATION)
        before = SegmentationRules.objects.filter(state=SegmentationRules.State.PUBLISHED).first()
        if before is not None and draft.state == SegmentationRules.State.DRAFT:
            with ledger.change(before, "retire", actor=actor, now=now, args=(now,)):
                pass
        with ledger.change(draft, "publish", actor=actor, now=now, args=(now,)) as draft:
            if before is not None and draft.number < before.number:
                locks.alone(locks.NUMBERS)
                draft.number = _next_number()  # versions count in the order in which they were in force
        segmenting.apply(segmenting.of_version(draft), Account.objects.all(), now=now)
        ledger.publish(SegmentationPublished(draft.number))
    return draft


def follow_renamed_level(old: str, new: str, *, actor: ledger.Actor, now: datetime) -> None:
    """Rules name support levels by their words: drafts are rewritten, and a published version that names the level is
    followed by one that names it anew, so that nobody moves."""
    label = f"{old} is called {new} now"
    for draft in SegmentationRules.objects.filter(state=SegmentationRules.State.DRAFT):
        renamed = rules.with_value_renamed(draft.rules, "support_level", old, new)
        if renamed != draft.rules:
            save_segmentation_draft(renamed, draft.label, draft=draft, actor=actor, now=now)
    published = SegmentationRules.objects.filter(state=SegmentationRules.State.PUBLISHED).first()
    if published is None:
        return
    renamed = rules.with_value_renamed(published.rules, "support_level", old, new)
    if renamed != published.rules:
        fresh = save_segmentation_draft(renamed, label[:200], actor=actor, now=now)
        publish_segmentation(fresh, actor=actor, now=now)


# --- trying -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Move:
    """So many accounts would go from one segment and service model to another, by this rule."""

    from_segment: str
    from_service_model: str
    to_segment: str
    to_service_model: str
    rule: str
    accounts: int


@dataclass(frozen=True)
class Mover:
    account_id: UUID
    name: str
    from_segment: str
    from_service_model: str
    to_segment: str
    to_service_model: str
    rule: str


@dataclass(frozen=True)
class Simulation:
    """What publishing would do: of `accounts`, `moving` change, `undecided` would be in no segment."""

    accounts: int
    moving: int
    undecided: int
    moves: tuple[Move, ...]
    sample: tuple[Mover, ...]


def simulate(given: list[Any], *, now: datetime) -> Simulation:
    """Who would move if these rules were published; nothing is written. Refused (BadRule) if a rule is malformed."""
    ruleset = parse_set(given)
    managed = Account.objects.filter(state=Account.State.MANAGED)
    zone = segmenting.zone_of_tenant()
    decided = segmenting.ruled(managed, ruleset, now=now, zone=zone)
    groups = list(decided.values_list("segment", "service_model", "rule_no").annotate(n=Count("pk")).order_by())  # type: ignore[misc]
    moves = [
        Move(segment, model, *ruleset.outcome(number), ruleset.label(number), n)
        for segment, model, number, n in groups
        if ruleset.outcome(number) != (segment, model)
    ]
    moves.sort(key=lambda move: (-move.accounts, move.from_segment, move.to_segment, move.rule))
    return Simulation(
        accounts=sum(n for *_, n in groups),
        moving=sum(move.accounts for move in moves),
        undecided=sum(n for *_, number, n in groups if not ruleset.outcome(number)[0]),
        moves=tuple(moves),
        sample=_sample(decided, ruleset, now=now, zone=zone) if moves else (),
    )


def _sample(decided: QuerySet[Account], ruleset: RuleSet, *, now: datetime, zone: str) -> tuple[Mover, ...]:
    to = {
        "to_segment": segmenting.first_match(ruleset, [rule.segment for rule in ruleset.rules], "", now=now, zone=zone),
        "to_service_model": segmenting.first_match(
            ruleset, [rule.service_model for rule in ruleset.rules], "", now=now, zone=zone
        ),
    }
    rows = (
        decided.annotate(**to)
        .filter(~Q(segment=F("to_segment")) | ~Q(service_model=F("to_service_model")))
        .order_by("sort_name", "pk")
        .values_list("pk", "name", "segment", "service_model", *to, "rule_no")[:SAMPLE]
    )
    return tuple(
        Mover(pk, name, segment, model, to_segment, to_model, ruleset.label(number))
        for pk, name, segment, model, to_segment, to_model, number in rows
    )
