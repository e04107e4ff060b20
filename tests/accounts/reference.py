"""The rule language once more, slowly and in Python: what SQL has to agree with."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

MONEY = {"arr": "arr_minor", "mrr": "mrr_minor"}


def matches(rule: dict[str, Any], row: dict[str, Any], now: datetime) -> bool:
    if "all" in rule:
        return all(matches(inner, row, now) for inner in rule["all"])
    if "any" in rule:
        return any(matches(inner, row, now) for inner in rule["any"])
    if "not" in rule:
        return not matches(rule["not"], row, now)
    value = row[MONEY.get(rule["field"], rule["field"])]
    missing = value is None or value == "" or value == []
    if rule["op"] == "missing":
        return missing
    if rule["op"] == "exists":
        return not missing
    return not missing and _compare(rule, value, now)


def _compare(rule: dict[str, Any], value: Any, now: datetime) -> bool:
    op, wanted = rule["op"], rule["value"]
    if op in ("within_next", "within_last"):
        here = now.date() if not isinstance(value, datetime) else now
        there = here + timedelta(days=wanted if op == "within_next" else -wanted)
        return min(here, there) <= value <= max(here, there)
    if op in ("contains", "starts_with"):
        if isinstance(value, list):
            return wanted in value
        return wanted.lower() in value.lower() if op == "contains" else value.lower().startswith(wanted.lower())
    if op in ("in", "not_in"):
        return (value in [_like(value, item, rule) for item in wanted]) is (op == "in")
    wanted = _like(value, wanted, rule)
    return {
        "eq": value == wanted,
        "ne": value != wanted,
        "lt": op == "lt" and value < wanted,
        "lte": op == "lte" and value <= wanted,
        "gt": op == "gt" and value > wanted,
        "gte": op == "gte" and value >= wanted,
    }[op]


def _like(value: Any, wanted: Any, rule: dict[str, Any]) -> Any:
    if rule["field"] in MONEY:
        return round(float(wanted) * 100)
    if isinstance(value, datetime):
        return datetime.fromisoformat(wanted).astimezone(UTC)
    return date.fromisoformat(wanted) if isinstance(value, date) else wanted
