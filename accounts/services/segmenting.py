"""Putting accounts into their segments by the rules in force, in sets, and keeping why. A person's override, while it
holds, counts instead of the rules, and the decision says what the rules would have said.

However many accounts there are, it takes: one statement to see who moves where, one set of statements for each
outcome that somebody moves to, one INSERT … SELECT of decisions, and the alerts.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    F,
    IntegerField,
    JSONField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, JSONObject, NullIf

from accounts import rules
from accounts.facts import AccountsSegmented
from accounts.models import Account, AccountAlert, SegmentationRules, SegmentOverride
from accounts.rules.ruleset import RuleSet, parse_set
from accounts.services import alerts, locks
from cs_platform import ledger
from cs_platform.ledger.inserting import as_table
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
    overridden: bool = True  # some account of the tenant may be decided by a person

    @property
    def words(self) -> str:
        return f"rule v{self.number}"


def in_force() -> InForce | None:
    """With the question whether there is any override, so that most upserts ask nothing about them."""
    published = SegmentationRules.objects.filter(state=SegmentationRules.State.PUBLISHED)
    found = published.annotate(overridden=Exists(open_overrides())).first()
    return of_version(found, overridden=found.overridden) if found else None  # type: ignore[attr-defined]


def of_version(version: SegmentationRules, *, overridden: bool = True) -> InForce:
    return InForce(version.number, version.published_at, parse_set(version.rules), zone_of_tenant(), overridden)


def open_overrides() -> QuerySet[SegmentOverride]:
    return SegmentOverride.objects.filter(ended_at__isnull=True)


def zone_of_tenant() -> str:
    return Tenant.objects.values_list("timezone", flat=True).get(pk=require_tenant_id())


def stand_by() -> None:
    """Before accounts are locked that may have to be segmented: a publication waits until we are through, and counts
    for whoever comes after it. Locking the accounts first could end in two calls waiting for each other."""
    locks.together(locks.SEGMENTATION)


def segment_accounts(ids: Collection[UUID], *, now: datetime, given: Collection[UUID] = ()) -> list[UUID]:
    """The managed ones among these accounts get what the rules in force say. Which moved, those that were given theirs
    before they were written among them."""
    if not ids:
        return []
    stand_by()
    version = in_force()
    return apply(version, Account.objects.filter(pk__among=ids), now=now, given=given) if version else []


@dataclass(frozen=True)
class Foreseen:
    """What accounts were given before they were written: by rule, who got any."""

    version: InForce | None
    by_rule: Mapping[int, Sequence[Account]]


def foresee(fresh: Sequence[Account], *, now: datetime) -> Foreseen:
    """Give accounts that are not written yet their segment and service model, by the rules in force. Writing them once
    instead of twice makes a first import half as dear."""
    managed = [account for account in fresh if account.is_managed]
    version = in_force() if managed else None
    found: dict[int, list[Account]] = {}
    if version is None:
        return Foreseen(None, found)
    source, rows = as_table(managed)
    numbers = range(len(version.rules.rules))
    rule_no = first_match(version.rules, numbers, -1, now=now, zone=version.zone)
    asked: Any = Account.objects.order_by().annotate(rule_no=rule_no)
    statement, params = asked.values_list("pk", "rule_no").query.sql_with_params()
    table = connection.ops.quote_name(Account._meta.db_table)
    before, after = statement.split(f" FROM {table}", 1)
    with connection.cursor() as cursor:
        cursor.execute(f"{before} FROM {source}{after}", _in_order(before, params, rows))
        places = dict(cursor.fetchall())
    for account in managed:
        number = places[account.pk]
        account.segment, account.service_model = version.rules.outcome(number)
        if account.segment or account.service_model:
            found.setdefault(number, []).append(account)
    return Foreseen(version, found)


def _in_order(before: str, params: Sequence[Any], rows: str) -> list[Any]:
    """The document stands where FROM stands, between the parameters of the SELECT list and the others."""
    place = before.count("%s")
    return [*params[:place], rows, *params[place:]]


def keep_foreseen(foreseen: Foreseen, *, now: datetime) -> list[UUID]:
    """The audit of what `foresee` gave; who got it. `segment_accounts` keeps the decisions."""
    version = foreseen.version
    given: list[UUID] = []
    if version is None:
        return given
    for number, accounts in sorted(foreseen.by_rule.items()):
        note = f"{version.words}: {version.rules.label(number)}"
        changes = {"segment": ["", accounts[0].segment], "service_model": ["", accounts[0].service_model]}
        said = {name: values for name, values in changes.items() if values[1]}
        ledger.note_many(accounts, "segment", actor=ledger.system(ACTOR), now=now, note=note, changes=said)
        given += [account.pk for account in accounts]
    return given


def apply(version: InForce, accounts: QuerySet[Account], *, now: datetime, given: Collection[UUID] = ()) -> list[UUID]:
    """Segment these accounts, keep the decisions, raise and clear alerts, tell who moved."""
    managed = accounts.filter(state=Account.State.MANAGED)
    decided = ruled(managed, version.rules, now=now, zone=version.zone, overridden=version.overridden)
    groups = groups_of(decided)
    if not groups:
        return []
    moved: list[UUID] = list(given)
    for outcome, causes in _moves(version.rules, groups).items():
        moved += ledger.change_many(
            decided.filter(_of_causes(causes)),
            "segment",
            set={"segment": outcome[0], "service_model": outcome[1]},
            actor=ledger.system(ACTOR),
            now=now,
            note="; ".join(dict.fromkeys(_told(version, cause) for cause in sorted(causes))),
        )
    _keep_decisions(version, decided, now)
    _tend_alerts(version.rules, decided, groups, now)
    if moved:
        ledger.publish(AccountsSegmented([str(pk) for pk in moved]))
    return moved


# --- what decides ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, order=True)
class Cause:
    """What decides about an account: the place of a rule, and what a person has set instead of its outcome."""

    number: int
    forced_segment: str = ""
    forced_model: str = ""

    def outcome(self, ruleset: RuleSet) -> tuple[str, str]:
        segment, model = ruleset.outcome(self.number)
        return self.forced_segment or segment, self.forced_model or model

    @property
    def is_forced(self) -> bool:
        return bool(self.forced_segment or self.forced_model)


@dataclass(frozen=True)
class Group:
    """So many accounts stand in this segment and service model and are decided by this cause."""

    segment: str
    service_model: str
    cause: Cause
    accounts: int

    @property
    def number(self) -> int:
        return self.cause.number


def groups_of(decided: QuerySet[Account]) -> list[Group]:
    """The accounts of `ruled` as groups, in one question."""
    columns = ("segment", "service_model", "rule_no", "forced_segment", "forced_model")
    rows = decided.values_list(*columns).annotate(n=Count("pk")).order_by()
    return [Group(segment, model, Cause(number, *forced), n) for segment, model, number, *forced, n in rows]


def ruled(
    accounts: QuerySet[Account], ruleset: RuleSet, *, now: datetime, zone: str, overridden: bool = True
) -> QuerySet[Account]:
    """The accounts with `rule_no`, the place of the first rule that matches (-1 where none does), and with what a
    person has set: `forced_segment` and `forced_model`, empty where the rules decide."""
    numbers = range(len(ruleset.rules))
    found = accounts.annotate(rule_no=first_match(ruleset, numbers, -1, now=now, zone=zone))
    return _with_overrides(found, overridden)


def _with_overrides(accounts: QuerySet[Account], overridden: bool) -> QuerySet[Account]:
    """Where no account is overridden nothing is asked for each of them."""
    if not overridden:
        nothing = Value("", output_field=CharField())
        return accounts.annotate(
            forced_segment=nothing, forced_model=nothing, forced=Value(None, output_field=JSONField())
        )
    mine = open_overrides().filter(account=OuterRef("pk"))
    who = Coalesce(NullIf(F("owner__user__name"), Value("")), F("owner__user__email"), output_field=CharField())
    said = JSONObject(
        segment=NullIf(F("segment"), Value("")),
        service_model=NullIf(F("service_model"), Value("")),
        override=JSONObject(id=F("id"), reason=F("reason"), owner=who, expires_on=F("expires_on")),
    )
    return accounts.annotate(
        forced_segment=Coalesce(Subquery(mine.values("segment")[:1]), Value("")),
        forced_model=Coalesce(Subquery(mine.values("service_model")[:1]), Value("")),
        forced=Subquery(mine.values(said=said)[:1], output_field=JSONField()),
    )


def first_match(ruleset: RuleSet, values: Sequence[Any], otherwise: Any, *, now: datetime, zone: str) -> Case:
    """The value that stands at the place of the first rule that matches."""
    whens = [
        When(rules.predicate(rule.when, now=now, zone=zone), then=Value(value))
        for rule, value in zip(ruleset.rules, values, strict=True)
    ]
    output = IntegerField() if isinstance(otherwise, int) else CharField()
    return Case(*whens, default=Value(otherwise), output_field=output)


def _moves(ruleset: RuleSet, groups: Iterable[Group]) -> dict[tuple[str, str], set[Cause]]:
    """What brings somebody to which outcome."""
    moves: dict[tuple[str, str], set[Cause]] = {}
    for group in groups:
        outcome = group.cause.outcome(ruleset)
        if outcome != (group.segment, group.service_model):
            moves.setdefault(outcome, set()).add(group.cause)
    return moves


def _of_causes(causes: Collection[Cause]) -> Q:
    numbers: dict[tuple[str, str], list[int]] = {}
    for cause in sorted(causes):
        numbers.setdefault((cause.forced_segment, cause.forced_model), []).append(cause.number)
    found = Q()
    for (segment, model), of_rules in numbers.items():
        found |= Q(rule_no__in=of_rules, forced_segment=segment, forced_model=model)
    return found


def _told(version: InForce, cause: Cause) -> str:
    return "set by hand" if cause.is_forced else f"{version.words}: {version.rules.label(cause.number)}"


def _keep_decisions(version: InForce, decided: QuerySet[Account], now: datetime) -> None:
    """A row where the newest one has another version, other inputs or another outcome.

    `+ 0`: an account's few decisions are found and then sorted. Offered the order of the key instead, the planner walks
    back through all decisions of the tenant for each account that has none yet.
    """
    fields = version.rules.fields
    inputs: dict[str, Any] = {field.name: field.expression() for field in fields}
    if any(field.kind is rules.Kind.MONEY for field in fields):
        inputs["currency"] = F("currency")
    rows = decided.order_by().annotate(inputs=JSONObject(**inputs)).values_list("pk", "rule_no", "inputs", "forced")
    inner, params = rows.query.sql_with_params()
    numbers = list(version.rules.numbers)
    outcomes = [_outcome(version.rules, number) for number in numbers]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH asked(account_id, rule_no, inputs, forced) AS ({inner}),
            said(rule_no, label, outcome) AS (SELECT * FROM unnest(%s::int[], %s::text[], %s::jsonb[])),
            ruled AS (
                SELECT asked.account_id, asked.inputs::jsonb AS inputs, said.label,
                    CASE WHEN NULLIF(asked.forced::jsonb, 'null'::jsonb) IS NULL THEN said.outcome
                    ELSE said.outcome || jsonb_build_object('ruled', said.outcome)
                        || jsonb_strip_nulls(asked.forced::jsonb) END AS outcome
                FROM asked JOIN said ON said.rule_no = asked.rule_no
            )
            INSERT INTO accounts_decision
                (tenant_id, account_id, kind, inputs, rules_version, rules_published_at, rule, outcome, at)
            SELECT %s, ruled.account_id, 'segment', ruled.inputs, %s, %s, ruled.label, ruled.outcome, %s
            FROM ruled
            LEFT JOIN LATERAL (
                SELECT old.inputs, old.outcome, old.rules_version FROM accounts_decision old
                WHERE old.tenant_id = %s AND old.account_id = ruled.account_id AND old.kind = 'segment'
                ORDER BY old.id + 0 DESC LIMIT 1
            ) newest ON true
            WHERE newest.rules_version IS DISTINCT FROM %s OR newest.inputs IS DISTINCT FROM ruled.inputs
                OR newest.outcome IS DISTINCT FROM ruled.outcome
            """,
            [
                *params,
                numbers,
                [version.rules.label(number) for number in numbers],
                outcomes,
                require_tenant_id(),
                version.number,
                version.published_at,
                now,
                require_tenant_id(),
                version.number,
            ],
        )


def _outcome(ruleset: RuleSet, number: int) -> str:
    segment, service_model = ruleset.outcome(number)
    return json.dumps({"segment": segment, "service_model": service_model, "rule_no": number})


def _tend_alerts(ruleset: RuleSet, decided: QuerySet[Account], groups: Sequence[Group], now: datetime) -> None:
    """An account that a person has put into a segment needs no look, whatever the rules say."""
    actor = ledger.system(ACTOR)
    unsettled = [group.cause for group in groups if ruleset.alert(group.number) and not group.cause.forced_segment]
    settled = [group.cause for group in groups if group.cause not in unsettled]
    for number in sorted({cause.number for cause in unsettled}):
        found = decided.filter(rule_no=number, forced_segment="")  # type: ignore[misc]
        ids = list(found.values_list("pk", flat=True))
        alerts.raise_alert(ids, ALERT, ruleset.alert(number), actor=actor, now=now)
    if not settled:
        return
    fine = decided.filter(_of_causes(settled))
    over = AccountAlert.objects.filter(kind=ALERT, cleared_at__isnull=True, account__in=fine.values("pk"))
    if over.exists():
        ledger.change_many(over, "clear", set={"cleared_at": now}, actor=actor, now=now)
