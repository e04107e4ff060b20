"""Segmentation rules as rows of a table: a support level, a band of developers, a bound of the ARR. Both ways.

A rule that says more than that (made through the API) keeps its own words: it is a row with its condition as JSON.
"""

import json
from collections.abc import Mapping
from typing import Any

from accounts import rules

ANY, RANGE, UNKNOWN, OTHER = "", "range", "missing", "other"
AT_LEAST, BELOW = "gte", "lt"
OUTCOME = ("segment", "service_model", "label", "alert")


def row_of(rule: Mapping[str, Any]) -> dict[str, Any]:
    """What the table shows of a stored rule."""
    row = {name: rule.get(name, "") for name in OUTCOME}
    found = _bands(rule.get("when"))
    if found is None:
        return {**row, "developers": OTHER, "condition": json.dumps(rule.get("when"), indent=1, ensure_ascii=False)}
    return {**row, **found}


def _bands(when: Any) -> dict[str, Any] | None:
    items = when["all"] if isinstance(when, dict) and set(when) == {"all"} else [when]
    row: dict[str, Any] = {}
    for item in items if isinstance(items, list) else [None]:
        said = _one(item)
        if said is None or set(said) & set(row) - {"developers"}:
            return None
        if UNKNOWN in (row.get("developers"), said.get("developers")) and "developers" in row and "developers" in said:
            return None
        row |= said
    return row


def _one(item: Any) -> dict[str, Any] | None:
    if not isinstance(item, dict) or "field" not in item:
        return None
    field, op, value = item["field"], item.get("op"), item.get("value")
    if field == "support_level" and op == "eq":
        return {"level": value}
    if field == "developers" and op in ("gte", "lte") and isinstance(value, int):
        return {"developers": RANGE, "at_least" if op == "gte" else "at_most": value}
    if field == "developers" and op == UNKNOWN:
        return {"developers": UNKNOWN}
    if field == "arr" and op in (AT_LEAST, BELOW):
        return {"arr": op, "amount": value}
    if field == "arr" and op == UNKNOWN:
        return {"arr": UNKNOWN}
    return None


def rule_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """The rule that a row of the table stands for. ValueError if its own condition is no JSON."""
    when = json.loads(row["condition"]) if row.get("developers") == OTHER else _when(row)
    rule = {"when": when, **{name: row.get(name) or "" for name in OUTCOME}}
    if not rule["label"]:
        rule["label"] = _label(when)
    if not rule["alert"]:
        del rule["alert"]
    return rule


def _when(row: Mapping[str, Any]) -> dict[str, Any]:
    items: list[dict[str, Any]] = []
    if row.get("level"):
        items.append({"field": "support_level", "op": "eq", "value": row["level"]})
    if row.get("developers") == RANGE:
        for name, op in (("at_least", "gte"), ("at_most", "lte")):
            if row.get(name) is not None:
                items.append({"field": "developers", "op": op, "value": row[name]})
    if row.get("developers") == UNKNOWN:
        items.append({"field": "developers", "op": UNKNOWN})
    if row.get("arr") in (AT_LEAST, BELOW):
        items.append({"field": "arr", "op": row["arr"], "value": _number(row.get("amount"))})
    if row.get("arr") == UNKNOWN:
        items.append({"field": "arr", "op": UNKNOWN})
    return items[0] if len(items) == 1 else {"all": items}


def _number(amount: Any) -> Any:
    if amount is None:
        return None
    return int(amount) if amount == int(amount) else str(amount)


def _label(when: Any) -> str:
    """A rule without a label is called by its condition."""
    try:
        return rules.words(rules.parse(when, rules.ACCOUNTS))[:300]
    except rules.BadRule:
        return ""


def told(given: list[Any]) -> list[dict[str, Any]]:
    """Stored rules in words, for reading."""
    found = []
    for number, rule in enumerate(given, start=1):
        try:
            words = rules.words(rules.parse(rule.get("when"), rules.ACCOUNTS))
        except rules.BadRule as bad:
            words = f"can not be read: {bad}"
        found.append({"number": number, "words": words, **{name: rule.get(name, "") for name in OUTCOME}})
    return found
