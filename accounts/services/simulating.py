"""What publishing rules would do, asked of the database and not done."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import CharField, F, Q, QuerySet, Value
from django.db.models.functions import Coalesce, NullIf

from accounts.models import Account
from accounts.rules.ruleset import RuleSet, parse_set
from accounts.services import segmenting
from accounts.services.segmenting import Group

SAMPLE = 50


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
class Cell:
    """So many accounts that are in one segment would be in another, or stay in the same."""

    from_segment: str
    to_segment: str
    accounts: int

    @property
    def stays(self) -> bool:
        return self.from_segment == self.to_segment


@dataclass(frozen=True)
class Simulation:
    """What publishing would do: of `accounts`, `moving` change, `undecided` would be in no segment, and about
    `overridden` a person has decided. `matrix` has all accounts, by the segment they are in and the one they would be
    in."""

    accounts: int
    moving: int
    undecided: int
    overridden: int
    matrix: tuple[Cell, ...]
    moves: tuple[Move, ...]
    sample: tuple[Mover, ...]


def simulate(given: list[Any], *, now: datetime) -> Simulation:
    """Who would move if these rules were published; nothing is written. Refused (BadRule) if a rule is malformed."""
    ruleset = parse_set(given)
    groups = segmenting.groups_of(_decided(ruleset, now))
    moves = _moves(ruleset, groups)
    return Simulation(
        accounts=sum(group.accounts for group in groups),
        moving=sum(move.accounts for move in moves),
        undecided=sum(group.accounts for group in groups if not group.cause.outcome(ruleset)[0]),
        overridden=sum(group.accounts for group in groups if group.cause.is_forced),
        matrix=_matrix(ruleset, groups),
        moves=moves,
        sample=tuple(as_movers(movers(given, now=now)[:SAMPLE], given)) if moves else (),
    )


def movers(given: list[Any], *, now: datetime, moved: tuple[str, str] | None = None) -> QuerySet[Account]:
    """The accounts that would move, by name, with `to_segment` and `to_service_model`; with `moved` only those that go
    from the one segment to the other. Refused (BadRule) if a rule is malformed."""
    ruleset = parse_set(given)
    zone = segmenting.zone_of_tenant()
    segments = [rule.segment for rule in ruleset.rules]
    models = [rule.service_model for rule in ruleset.rules]
    found = _decided(ruleset, now).annotate(
        to_segment=_unless_forced("forced_segment", segmenting.first_match(ruleset, segments, "", now=now, zone=zone)),
        to_service_model=_unless_forced(
            "forced_model", segmenting.first_match(ruleset, models, "", now=now, zone=zone)
        ),
    )
    found = found.filter(~Q(segment=F("to_segment")) | ~Q(service_model=F("to_service_model")))
    if moved is not None:
        found = found.filter(segment=moved[0], to_segment=moved[1])
    return found.only("name", "sort_name", "segment", "service_model").order_by("sort_name", "pk")


def as_movers(rows: Iterable[Any], given: list[Any]) -> list[Mover]:
    """Rows of `movers` as what they mean."""
    ruleset = parse_set(given)
    return [
        Mover(
            row.pk,
            row.name,
            row.segment,
            row.service_model,
            row.to_segment,
            row.to_service_model,
            ruleset.label(row.rule_no),
        )
        for row in rows
    ]


def _decided(ruleset: RuleSet, now: datetime) -> QuerySet[Account]:
    managed = Account.objects.filter(state=Account.State.MANAGED)
    return segmenting.ruled(managed, ruleset, now=now, zone=segmenting.zone_of_tenant())


def _unless_forced(forced: str, ruled: Any) -> Any:
    return Coalesce(NullIf(F(forced), Value("")), ruled, output_field=CharField())


def _moves(ruleset: RuleSet, groups: list[Group]) -> tuple[Move, ...]:
    moves = [
        Move(
            group.segment,
            group.service_model,
            *group.cause.outcome(ruleset),
            "set by hand" if group.cause.is_forced else ruleset.label(group.number),
            group.accounts,
        )
        for group in groups
        if group.cause.outcome(ruleset) != (group.segment, group.service_model)
    ]
    return tuple(sorted(moves, key=lambda move: (-move.accounts, move.from_segment, move.to_segment, move.rule)))


def _matrix(ruleset: RuleSet, groups: list[Group]) -> tuple[Cell, ...]:
    counted: Counter[tuple[str, str]] = Counter()
    for group in groups:
        counted[group.segment, group.cause.outcome(ruleset)[0]] += group.accounts
    order = {segment: place for place, segment in enumerate(dict.fromkeys(rule.segment for rule in ruleset.rules))}

    def place(segment: str) -> tuple[bool, int, str]:
        return not segment, order.get(segment, len(order)), segment

    cells = [Cell(here, there, n) for (here, there), n in counted.items()]
    return tuple(sorted(cells, key=lambda cell: (place(cell.from_segment), place(cell.to_segment))))
