"""accounts/bulk-upsert: rows as the API names them, to the room's verb and back."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from accounts import services
from accounts.api.fields import API_NAMES, api_name
from accounts.services import AccountInput, RowError, RowResult, cleaning
from cs_platform import ledger

COLUMNS = {name: column for column, name in API_NAMES.items() if name in ("arr", "mrr")}
READABLE = set(cleaning.ACCOUNT) - set(COLUMNS.values()) | set(COLUMNS)
RESULTS = ("created", "updated", "unchanged", "rejected")


def verbs_needed(rows: Iterable[Any]) -> list[str]:
    """What somebody must be allowed beside creating and editing, for what these rows say."""
    named = {name for row in rows if isinstance(row, dict) for name in ("support_level", "csm_id") if row.get(name)}
    cleared = any(isinstance(row, dict) and "support_level" in row for row in rows)
    verbs = ["account.set_support_level"] if "support_level" in named or cleared else []
    return [*verbs, "account.assign_owner"] if "csm_id" in named else verbs


def upsert(rows: Sequence[Any], *, actor: ledger.Actor, now: datetime) -> dict[str, Any]:
    read: dict[int, AccountInput] = {}
    results: dict[int, RowResult] = {}
    for number, row in enumerate(rows):
        found = _read(row)
        if isinstance(found, AccountInput):
            read[number] = found
        else:
            results[number] = RowResult(number, None, "rejected", tuple(found))
    places = list(read)
    for result in services.upsert_accounts(list(read.values()), actor=actor, now=now, by_hand=True):
        results[places[result.row]] = result
    counted = Counter(result.result for result in results.values())
    body: dict[str, Any] = {name: counted[name] for name in RESULTS}
    body["results"] = [_body(number, results[number], places) for number in range(len(rows))]
    return body


def _read(row: Any) -> AccountInput | list[RowError]:
    if not isinstance(row, dict):
        return [RowError("", "not_an_object", "A row is an object.")]
    values: dict[str, Any] = {}
    errors: list[RowError] = []
    for name, raw in row.items():
        if name != "id" and name not in READABLE:
            errors.append(RowError(str(name)[:60], "unknown_field", "There is no such field."))
            continue
        try:
            values[COLUMNS.get(name) or name] = (
                cleaning.major(raw) if name in COLUMNS else cleaning.reference(raw) if name == "id" else raw
            )
        except cleaning.BadValue as bad:
            errors.append(RowError(name, bad.code, str(bad)))
    if errors:
        return errors
    return AccountInput(values, id=values.pop("id", None))


def _body(number: int, result: RowResult, places: Sequence[int]) -> dict[str, Any]:
    return {
        "row": number,
        "id": result.id,
        "result": result.result,
        "errors": [{"field": api_name(e.field), "code": e.code, "message": e.message} for e in result.errors],
    }
