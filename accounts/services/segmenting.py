"""Putting accounts into their segments by the rules in force, in sets, and keeping why.

However many accounts there are, it takes: one statement to see who moves where, one set of statements for each
outcome that somebody moves to, one INSERT … SELECT of decisions, and the alerts.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Case, CharField, Count, F, IntegerField, QuerySet, Value, When
from django.db.models.functions import JSONObject

from accounts import rules
from accounts.facts import AccountsSegmented
from accounts.models import Account, AccountAlert, SegmentationRules
from accounts.rules.ruleset import RuleSet, parse_set
from accounts.services import alerts, locks
from cs_platform import ledger
from cs_platform.tenancy.models import Tenant
from cs_platform.tenancy.scope import require_tenant_id

ALERT = "segment"
ACTOR = "segmentation rules"


@dataclass(frozen=True)
class InForce:
    """The published version, read once."""

    number: int
    published_at: datetime | None
    rules: RuleSet
    zone: str

    @property
    def words(self) -> str:
        return f"rule v{self.number}"


def in_force() -> InForce | None:
    found = SegmentationRules.objects.filter(state=SegmentationRules.State.PUBLISHED).first()
    return of_version(found) if found else None


def of_version(version: SegmentationRules) -> InForce:
    return InForce(version.number, version.published_at, parse_set(version.rules), zone_of_tenant())


def zone_of_tenant() -> str:
    return Tenant.objects.values_list("timezone", flat=True).get(pk=require_tenant_id())


def stand_by() -> None:
    """Before accounts are locked that may have to be segmented: a publication waits until we are through, and counts
    for whoever comes after it. Locking the accounts first could end in two calls waiting for each other."""
    locks.together(locks.SEGMENTATION)


def segment_accounts(ids: Collection[UUID], *, now: datetime) -> list[UUID]:
    """The managed ones among these accounts get what the rules in force say. Which moved."""
    if not ids:
        return []
    stand_by()
    version = in_force()
    return apply(version, Account.objects.filter(pk__in=list(ids)), now=now) if version else []


def apply(version: InForce, accounts: QuerySet[Account], *, now: datetime) -> list[UUID]:
    """Segment these accounts, keep the decisions, raise and clear alerts, tell who moved."""
    managed = accounts.filter(state=Account.State.MANAGED)
    decided = ruled(managed, version.rules, now=now, zone=version.zone)
    groups = list(decided.values_list("segment", "service_model", "rule_no").annotate(n=Count("pk")).order_by())  # type: ignore[misc]
    if not groups:
        return []
    moved: list[UUID] = []
    for outcome, numbers in _moves(version.rules, groups).items():
        moved += ledger.change_many(
            decided.filter(rule_no__in=sorted(numbers)),  # type: ignore[misc]
            "segment",
            set={"segment": outcome[0], "service_model": outcome[1]},
            actor=ledger.system(ACTOR),
            now=now,
            note="; ".join(f"{version.words}: {version.rules.label(number)}" for number in sorted(numbers)),
        )
    _keep_decisions(version, decided, now)
    _tend_alerts(version.rules, decided, {number for *_, number, _ in groups}, now)
    if moved:
        ledger.publish(AccountsSegmented([str(pk) for pk in moved]))
    return moved


def ruled(accounts: QuerySet[Account], ruleset: RuleSet, *, now: datetime, zone: str) -> QuerySet[Account]:
    """The accounts with `rule_no`, the place of the first rule that matches; -1 where none does."""
    numbers = range(len(ruleset.rules))
    return accounts.annotate(rule_no=first_match(ruleset, numbers, -1, now=now, zone=zone))


def first_match(ruleset: RuleSet, values: Sequence[Any], otherwise: Any, *, now: datetime, zone: str) -> Case:
    """The value that stands at the place of the first rule that matches."""
    whens = [
        When(rules.predicate(rule.when, now=now, zone=zone), then=Value(value))
        for rule, value in zip(ruleset.rules, values, strict=True)
    ]
    output = IntegerField() if isinstance(otherwise, int) else CharField()
    return Case(*whens, default=Value(otherwise), output_field=output)


def _moves(ruleset: RuleSet, groups: Iterable[tuple[str, str, int, int]]) -> dict[tuple[str, str], set[int]]:
    """Which rules bring somebody to which outcome, from the groups (segment, service model, rule, how many)."""
    moves: dict[tuple[str, str], set[int]] = {}
    for segment, service_model, number, _ in groups:
        outcome = ruleset.outcome(number)
        if outcome != (segment, service_model):
            moves.setdefault(outcome, set()).add(number)
    return moves


def _keep_decisions(version: InForce, decided: QuerySet[Account], now: datetime) -> None:
    """A row where the newest one has another version, other inputs or another outcome.

    `+ 0`: an account's few decisions are found and then sorted. Offered the order of the key instead, the planner walks
    back through all decisions of the tenant for each account that has none yet.
    """
    fields = version.rules.fields
    inputs: dict[str, Any] = {field.name: field.expression() for field in fields}
    if any(field.kind is rules.Kind.MONEY for field in fields):
        inputs["currency"] = F("currency")
    rows = decided.order_by().annotate(inputs=JSONObject(**inputs)).values_list("pk", "rule_no", "inputs")
    inner, params = rows.query.sql_with_params()
    numbers = list(version.rules.numbers)
    outcomes = [_outcome(version.rules, number) for number in numbers]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH ruled(account_id, rule_no, inputs) AS ({inner})
            INSERT INTO accounts_decision
                (tenant_id, account_id, kind, inputs, rules_version, rules_published_at, rule, outcome, at)
            SELECT %s, ruled.account_id, 'segment', ruled.inputs::jsonb, %s, %s, said.label, said.outcome, %s
            FROM ruled
            JOIN unnest(%s::int[], %s::text[], %s::jsonb[]) AS said(rule_no, label, outcome)
                ON said.rule_no = ruled.rule_no
            LEFT JOIN LATERAL (
                SELECT old.inputs, old.outcome, old.rules_version FROM accounts_decision old
                WHERE old.tenant_id = %s AND old.account_id = ruled.account_id AND old.kind = 'segment'
                ORDER BY old.id + 0 DESC LIMIT 1
            ) newest ON true
            WHERE newest.rules_version IS DISTINCT FROM %s OR newest.inputs IS DISTINCT FROM ruled.inputs::jsonb
                OR newest.outcome IS DISTINCT FROM said.outcome
            """,
            [
                *params,
                require_tenant_id(),
                version.number,
                version.published_at,
                now,
                numbers,
                [version.rules.label(number) for number in numbers],
                outcomes,
                require_tenant_id(),
                version.number,
            ],
        )


def _outcome(ruleset: RuleSet, number: int) -> str:
    segment, service_model = ruleset.outcome(number)
    return json.dumps({"segment": segment, "service_model": service_model, "rule_no": number})


def _tend_alerts(ruleset: RuleSet, decided: QuerySet[Account], numbers: set[int], now: datetime) -> None:
    actor = ledger.system(ACTOR)
    for number in sorted(numbers):
        message = ruleset.alert(number)
        if message:
            ids = list(decided.filter(rule_no=number).values_list("pk", flat=True))  # type: ignore[misc]
            alerts.raise_alert(ids, ALERT, message, actor=actor, now=now)
    quiet = [number for number in sorted(numbers) if not ruleset.alert(number)]
    settled = decided.filter(rule_no__in=quiet)  # type: ignore[misc]
    over = AccountAlert.objects.filter(kind=ALERT, cleared_at__isnull=True, account__in=settled.values("pk"))
    if quiet and over.exists():
        ledger.change_many(over, "clear", set={"cleared_at": now}, actor=actor, now=now)
