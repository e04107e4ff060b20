"""Why an account is in its segment, in words that a customer-success manager can repeat."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import OuterRef, Subquery

from accounts import rules
from accounts.models import Account, Decision, SegmentationRules
from accounts.rules.language import terms_of
from accounts.rules.ruleset import RuleSet, parse_set


@dataclass(frozen=True)
class Explanation:
    """`words` says why the segment, `service_model_words` why the service model. `inputs` are as they were when it was
    decided, money in major units; `rule` is the label of the rule that matched. `override` is what a person has set
    instead: reason, owner, expires_on, and the segment and service model that the rules would give."""

    segment: str
    service_model: str
    words: str
    service_model_words: str
    inputs: dict[str, Any]
    rule: str
    version: int | None
    published_at: datetime | None
    decided_at: datetime | None
    override: dict[str, Any] | None = None


def newest_decision(account_id: UUID, kind: str = "segment") -> Decision | None:
    return Decision.objects.filter(account_id=account_id, kind=kind).order_by("-id").first()


def explain_segment(account: Account) -> Explanation:
    """Why this account is where it is."""
    its_rules = SegmentationRules.objects.filter(number=OuterRef("rules_version")).values("rules")
    told = Decision.objects.annotate(its_rules=Subquery(its_rules[:1]))  # with the rules of its time in one question
    decision = told.filter(account_id=account.pk, kind="segment").order_by("-id").first()
    if decision is None:
        words = "No segment: nothing has been decided yet."
        return Explanation(account.segment, account.service_model, words, "", {}, "", None, None, None)
    ruleset = _readable(decision.its_rules)
    segment, model = decision.outcome.get("segment", ""), decision.outcome.get("service_model", "")
    source = _source(decision, account.tenant.timezone)
    number = decision.outcome.get("rule_no", -1)
    if "override" in decision.outcome:
        return _overridden(decision, ruleset, source)
    return Explanation(
        segment=segment,
        service_model=model,
        words=f"{segment or 'No segment'} because {_reasons(decision, ruleset, number, 'segment')}, {source}",
        service_model_words=f"{model} because {_reasons(decision, ruleset, number, 'service_model')}, {source}"
        if model
        else "",
        inputs=_presented(decision.inputs),
        rule=decision.rule,
        version=decision.rules_version,
        published_at=decision.rules_published_at,
        decided_at=decision.at,
    )


def _overridden(decision: Decision, ruleset: RuleSet | None, source: str) -> Explanation:
    """A person has decided; what the rules say is said beside it."""
    outcome, by_hand = decision.outcome, decision.outcome["override"]
    ruled, number = outcome.get("ruled", {}), outcome.get("rule_no", -1)
    until = date.fromisoformat(by_hand["expires_on"])
    why = f"it was set by hand until {until.day} {until:%b %Y} ({by_hand['reason']}; {by_hand['owner']})"

    def words(part: str, nothing: str) -> str:
        here, said = outcome.get(part) or nothing, ruled.get(part) or nothing
        reasons = _reasons(decision, ruleset, number, part)
        if here == said:
            return f"{here} because {reasons}, {source}"
        return f"{here} because {why}. The rules say {said} because {reasons}, {source}"

    return Explanation(
        segment=outcome.get("segment", ""),
        service_model=outcome.get("service_model", ""),
        words=words("segment", "No segment"),
        service_model_words=words("service_model", "No service model"),
        inputs=_presented(decision.inputs),
        rule=decision.rule,
        version=decision.rules_version,
        published_at=decision.rules_published_at,
        decided_at=decision.at,
        override={
            **by_hand,
            "segment": ruled.get("segment", ""),
            "service_model": ruled.get("service_model", ""),
        },
    )


def _readable(stored: Any) -> RuleSet | None:
    """None if the rules can not be read any more: a field that they asked is gone. The label still says enough."""
    try:
        return parse_set(stored) if stored is not None else None
    except rules.BadRule:
        return None


def _source(decision: Decision, zone: str) -> str:
    if decision.rules_published_at is None:
        return f"rule v{decision.rules_version}"
    day = decision.rules_published_at.astimezone(ZoneInfo(zone))
    return f"rule v{decision.rules_version} of {day.day} {day:%b %Y}"


def _reasons(decision: Decision, ruleset: RuleSet | None, number: int, part: str) -> str:
    rule = ruleset.rule(number) if ruleset else None
    if ruleset is None:
        return decision.rule
    if rule is None:
        known = [_value(field, decision.inputs) for field in ruleset.fields]
        return f"no rule matches ({', '.join(known)})"
    terms = _conjunction(rule.when)
    if terms is None:
        known = [_value(field, decision.inputs) for field in ruleset.fields if field.name in rules.fields_of(rule.when)]
        return f"{rules.words(rule.when)} ({', '.join(known)})"
    if part == "segment":
        terms = _shared(terms, ruleset, rule.segment) or terms
    if not terms:
        return "it applies to every account"
    return " and ".join(_said(terms, decision.inputs))


def _conjunction(node: rules.Node) -> list[rules.Term] | None:
    """The conditions of a rule that is nothing but conditions joined by "and"."""
    if isinstance(node, rules.Term):
        return [node]
    if isinstance(node, rules.All) and all(isinstance(item, rules.Term) for item in node.items):
        return list(terms_of(node))
    return None


def _shared(terms: Sequence[rules.Term], ruleset: RuleSet, segment: str) -> list[rules.Term]:
    """The conditions that every rule for this segment has: what the segment hangs on. The others only tell the service
    models apart."""
    same = [_conjunction(rule.when) or [] for rule in ruleset.rules if rule.segment == segment]
    return [term for term in terms if all(term in other for other in same)]


def _said(terms: Sequence[rules.Term], inputs: Mapping[str, Any]) -> list[str]:
    """ "developers = 1,200 (501–2,500)", each field once."""
    bands = rules.bands(terms)
    fields = dict.fromkeys(term.field for term in terms)
    return [_value(field, inputs) + (f" ({bands[field.name]})" if field.name in bands else "") for field in fields]


def _value(field: rules.Field, inputs: Mapping[str, Any]) -> str:
    value = inputs.get(field.name)
    if value in (None, "", []):
        return field.unknown_words()
    said = rules.say(field, value)
    if field.kind is rules.Kind.MONEY and inputs.get("currency"):
        said = f"{inputs['currency']} {said}"
    return f"{field.label} = {said}"


def _presented(inputs: Mapping[str, Any]) -> dict[str, Any]:
    shown = dict(inputs)
    for name, value in inputs.items():
        field = rules.ACCOUNTS.get(name)
        if field is not None and field.kind is rules.Kind.MONEY and isinstance(value, int):
            shown[name] = f"{Decimal(value) / 100:.2f}"
    return shown
