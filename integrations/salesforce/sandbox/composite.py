"""Several operations in one call: /composite with references between them, and /composite/sobjects collections."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from integrations.salesforce.sandbox import ids
from integrations.salesforce.sandbox.messages import Answer, Request
from integrations.salesforce.sandbox.problems import Problem, not_found

if TYPE_CHECKING:
    from integrations.salesforce.sandbox.rest import Api

MAX_STEPS = 25
MAX_RECORDS = 200
_REFERENCE = re.compile(r"@\{(\w+)((?:\.\w+|\[\d+\])*)\}")
_HALTED = "The transaction was rolled back since another operation in the same transaction failed."


class _Undo(Exception):
    """Takes an all-or-none request back."""


def answer(api: Api, request: Request, base: str, rest: list[str]) -> Answer:
    match rest:
        case [] if request.method == "POST":
            return _steps(api, request, base)
        case ["sobjects"] if request.method in ("POST", "PATCH", "DELETE"):
            return _collection(api, request)
        case ["sobjects", name, field] if request.method == "PATCH":
            return _upserts(api, request, name, field)
        case ["sobjects", name] if request.method in ("GET", "POST"):
            return _many(api, request, name, base)
    raise not_found()


# --- /composite -----------------------------------------------------------------------------------------------------


def _steps(api: Api, request: Request, base: str) -> Answer:
    given = request.json_object()
    steps = given.get("compositeRequest")
    if not isinstance(steps, list) or not 0 < len(steps) <= MAX_STEPS or not all(isinstance(s, dict) for s in steps):
        raise Problem("INVALID_INPUT", f"A composite request has 1 to {MAX_STEPS} subrequests")
    answers: list[dict[str, Any]] = []
    known: dict[str, Any] = {}
    all_or_none = given.get("allOrNone") is True
    try:
        with api.org.store.transaction():
            for step in steps:
                answers.append(_step(api, request, base, step, known))
                if all_or_none and answers[-1]["httpStatusCode"] >= 400:
                    raise _Undo
    except _Undo:
        guilty = answers[-1]
        answers = [
            guilty
            if step.get("referenceId") == guilty["referenceId"]
            else _said(step, 400, [Problem("PROCESSING_HALTED", _HALTED).as_json()])
            for step in steps
        ]
    return Answer(body={"compositeResponse": answers})


def _step(api: Api, request: Request, base: str, step: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    try:
        url = urlsplit(str(_filled(str(step.get("url", "")), known)))
        body = _filled(step.get("body"), known)
        if not url.path.startswith(base + "/") or url.path.startswith(f"{base}/composite"):
            raise Problem("INVALID_INPUT", "The URL of a subrequest is a resource of the same version")
        raw = b"" if body is None else json.dumps(body).encode()
        inner = Request(str(step.get("method", "")).upper(), url.path, url.query, request.headers, raw, request.host)
        with api.org.store.transaction():
            found = api.answer(inner)
    except Problem as problem:
        return _said(step, problem.status, [problem.as_json()])
    if step.get("referenceId"):
        known[str(step["referenceId"])] = found.body
    return _said(step, found.status, found.body)


def _said(step: dict[str, Any], status: int, body: Any) -> dict[str, Any]:
    return {"body": body, "httpHeaders": {}, "httpStatusCode": status, "referenceId": step.get("referenceId")}


def _filled(value: Any, known: dict[str, Any]) -> Any:
    """The value with `@{step.field}` replaced by what earlier steps answered."""
    if isinstance(value, dict):
        return {name: _filled(item, known) for name, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, known) for item in value]
    return _REFERENCE.sub(lambda match: str(_looked_up(match, known)), value) if isinstance(value, str) else value


def _looked_up(match: re.Match[str], known: dict[str, Any]) -> Any:
    found: Any = known.get(match[1])
    try:
        for name, index in re.findall(r"\.(\w+)|\[(\d+)\]", match[2]):
            found = found[name] if name else found[int(index)]
    except (KeyError, IndexError, TypeError):
        found = None
    if found is None:
        raise Problem("PROCESSING_HALTED", f"Invalid reference specified. No value for {match[0]} found")
    return found


# --- /composite/sobjects ----------------------------------------------------------------------------------------------


def _collection(api: Api, request: Request) -> Answer:
    if request.method == "DELETE":
        row_ids = [part for part in request.query.get("ids", "").split(",") if part]
        all_or_none = request.query.get("allOrNone", "").lower() == "true"
        return _each(api, row_ids, all_or_none, lambda row_id: _delete(api, row_id))
    given = request.json_object()
    verb = _create if request.method == "POST" else _update
    return _each(api, given.get("records"), given.get("allOrNone") is True, lambda record: verb(api, record))


def _upserts(api: Api, request: Request, name: str, field: str) -> Answer:
    given = request.json_object()
    sobject = api.org.sobject(name)

    def upsert(record: Any) -> dict[str, Any]:
        fields = _fields(record)
        key = next((item for item in fields if item.lower() == field.lower()), None)
        if key is None or fields[key] in (None, ""):
            raise Problem("MISSING_ARGUMENT", f"{field} not specified")
        row_id, created = api.upsert(sobject, field, str(fields[key]), fields)
        return {"id": row_id, "created": created}

    return _each(api, given.get("records"), given.get("allOrNone") is True, upsert)


def _each(api: Api, records: Any, all_or_none: bool, verb: Callable[[Any], dict[str, Any]]) -> Answer:
    """One result per record, in order; a bad one hurts the others only if all or none was asked for."""
    if not isinstance(records, list) or not 0 < len(records) <= MAX_RECORDS:
        raise Problem("EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {MAX_RECORDS} records")
    results: list[dict[str, Any]] = []
    try:
        with api.org.store.transaction():
            for record in records:
                results.append(_result(api, record, verb))
            if all_or_none and not all(result["success"] for result in results):
                raise _Undo
    except _Undo:
        undone = Problem("ALL_OR_NONE_OPERATION_ROLLED_BACK", "Record rolled back because not all records were valid")
        results = [
            {"success": False, "errors": [undone.as_result()]} if result["success"] else result for result in results
        ]
    return Answer(body=results, rows=len(results))


def _result(api: Api, record: Any, verb: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    try:
        with api.org.store.transaction():
            return {**verb(record), "success": True, "errors": []}
    except Problem as problem:
        return {"success": False, "errors": [problem.as_result()]}


def _create(api: Api, record: Any) -> dict[str, Any]:
    fields = _fields(record)
    kind = record.get("attributes")
    name = kind.get("type") if isinstance(kind, dict) else None
    if not isinstance(name, str):
        raise Problem("INVALID_INPUT", "Include the type of the record in its attributes")
    api.lock("create", "")
    api.refuse_by_rule("create", name, fields)
    return {"id": api.org.create(name, fields)}


def _update(api: Api, record: Any) -> dict[str, Any]:
    fields = _fields(record)
    row_id = next((fields.pop(name) for name in tuple(fields) if name.lower() == "id"), None)
    full = _known_id(row_id)
    api.lock("update", full)
    api.refuse_by_rule("update", api.org.sobject_of(full).name, fields)
    api.org.set(full, fields)
    return {"id": full}


def _delete(api: Api, row_id: str) -> dict[str, Any]:
    full = _known_id(row_id)
    api.lock("delete", full)
    api.org.delete(full)
    return {"id": full}


def _many(api: Api, request: Request, name: str, base: str) -> Answer:
    """Several records by id; null for one that is not there."""
    if request.method == "POST":
        given = request.json_object()
        row_ids, fields = given.get("ids"), given.get("fields")
    else:
        row_ids, fields = request.query.get("ids", "").split(","), request.query.get("fields", "").split(",")
    if not isinstance(row_ids, list) or not isinstance(fields, list) or not any(fields) or len(row_ids) > 2000:
        raise Problem("INVALID_INPUT", "ids and fields are needed")
    sobject = api.org.sobject(name)
    found: list[Any] = []
    for row_id in row_ids:
        try:
            found.append(api.read(sobject, str(row_id), ",".join(str(field) for field in fields), base))
        except Problem as problem:
            if problem.status != 404:
                raise
            found.append(None)
    return Answer(body=found, rows=len(found))


def _fields(record: Any) -> dict[str, Any]:
    if not isinstance(record, dict):
        raise Problem("INVALID_INPUT", "A record must be an object")
    return {name: value for name, value in record.items() if name != "attributes"}


def _known_id(row_id: Any) -> str:
    full = ids.clean(row_id)
    if full is None:
        raise Problem("MALFORMED_ID", f"bad id {str(row_id)[:40]}")
    return full
