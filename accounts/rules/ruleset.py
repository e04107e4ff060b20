"""An ordered list of rules, the first that matches decides: how segmentation is stored and read."""

from dataclasses import dataclass
from typing import Any

from accounts.rules.account_fields import ACCOUNTS
from accounts.rules.fields import BadValue, Field
from accounts.rules.language import BadRule, Node, Problem, fields_of, parse, terms_of

MAX_RULES = 50
MAX_TERMS_TOGETHER = 500
OUTCOME = ("segment", "service_model")
PARTS = {"segment": 60, "service_model": 60, "label": 300, "alert": 400}


@dataclass(frozen=True)
class SegmentRule:
    """When it matches, the account is in `segment` and looked after by `service_model`; `alert` is shown on it."""

    when: Node
    segment: str
    service_model: str
    label: str
    alert: str = ""

    @property
    def outcome(self) -> tuple[str, str]:
        return self.segment, self.service_model


NO_MATCH = "no rule matches"


@dataclass(frozen=True)
class RuleSet:
    rules: tuple[SegmentRule, ...]

    @property
    def fields(self) -> list[Field]:
        """What the rules ask of an account, in one order."""
        names = {name for rule in self.rules for name in fields_of(rule.when)}
        return [field for field in ACCOUNTS if field.name in names]

    def rule(self, number: int) -> SegmentRule | None:
        """The rule at this place; None for "no rule matches" (-1)."""
        return self.rules[number] if 0 <= number < len(self.rules) else None

    def outcome(self, number: int) -> tuple[str, str]:
        rule = self.rule(number)
        return rule.outcome if rule else ("", "")

    def label(self, number: int) -> str:
        rule = self.rule(number)
        return rule.label if rule else NO_MATCH

    def alert(self, number: int) -> str:
        """What is to be shown on the accounts that this rule decided, empty if nothing is."""
        rule = self.rule(number)
        if rule is None:
            return "The segment cannot be decided: no rule matches."
        return rule.alert

    @property
    def numbers(self) -> range:
        return range(-1, len(self.rules))


def parse_set(raw: object, *, at: str = "rules") -> RuleSet:
    """The rules behind a JSON list. Refused (BadRule) with the place of every mistake."""
    if not isinstance(raw, list) or not 1 <= len(raw) <= MAX_RULES:
        raise BadRule([Problem(at, "not_a_list", f"Give a list of 1 to {MAX_RULES} rules.")])
    problems: list[Problem] = []
    rules: list[SegmentRule] = []
    for number, item in enumerate(raw):
        try:
            rules.append(_rule(item, f"{at}.{number}"))
        except BadRule as bad:
            problems += bad.problems
    if not problems and sum(1 for rule in rules for _ in terms_of(rule.when)) > MAX_TERMS_TOGETHER:
        problems.append(Problem(at, "too_long", f"All rules together have at most {MAX_TERMS_TOGETHER} conditions."))
    if problems:
        raise BadRule(problems[:20])
    return RuleSet(tuple(rules))


def _rule(raw: object, at: str) -> SegmentRule:
    if not isinstance(raw, dict):
        raise BadRule([Problem(at, "not_a_rule", "A rule is an object: when, segment, service_model, label, alert.")])
    problems = [
        Problem(f"{at}.{str(name)[:40]}", "unknown_field", "A rule has when, segment, service_model, label and alert.")
        for name in raw
        if name not in ("when", *PARTS)
    ]
    parts: dict[str, str] = {}
    for name, limit in PARTS.items():
        try:
            parts[name] = _words(raw.get(name, ""), limit)
        except BadValue as bad:
            problems.append(Problem(f"{at}.{name}", "bad_value", str(bad)))
    try:
        when = parse(raw.get("when"), ACCOUNTS, without=OUTCOME, at=f"{at}.when")
    except BadRule as bad:
        problems += bad.problems
    if problems:
        raise BadRule(problems)
    return SegmentRule(when=when, **parts)


def _words(raw: Any, limit: int) -> str:
    if not isinstance(raw, str) or len(raw) > limit or not (raw.isprintable() or not raw):
        raise BadValue(f"Give one line of at most {limit} characters.")
    return raw.strip()
