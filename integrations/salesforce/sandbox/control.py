"""The remote control under /sandbox/: JSON in, JSON out, for tests that drive an org in another process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.salesforce.sandbox.faults import CATALOGUE
from integrations.salesforce.sandbox.messages import Answer, Request, refusal
from integrations.salesforce.sandbox.problems import Problem, not_found

if TYPE_CHECKING:
    from integrations.salesforce.sandbox.org import SandboxOrg


def is_foreign(request: Request) -> bool:
    """Whether a browser sent this on behalf of another site."""
    site = request.headers.get("sec-fetch-site", "")
    origin = request.headers.get("origin")
    return site not in ("", "same-origin", "none") or origin not in (None, f"http://{request.host}")


def answer(org: SandboxOrg, request: Request) -> Answer:
    """GET status, calls, faults; POST faults, records, delete, undelete, purge, merge, clock, sessions."""
    try:
        if request.method != "GET" and is_foreign(request):
            raise Problem("FORBIDDEN", "Another site may not do this", 403)
        return Answer(body=_done(org, request, request.path.removeprefix("/sandbox/").strip("/")))
    except Problem as problem:
        return refusal(problem)


def _done(org: SandboxOrg, request: Request, path: str) -> Any:
    match request.method, path.split("/"):
        case "GET", ["status"]:
            return _status(org)
        case "GET", ["calls"]:
            return {"calls": dict(org.calls), "log": [_call(call) for call in org.log]}
        case "DELETE", ["calls"]:
            org.reset_calls()
            return {"calls": {}}
        case "GET", ["faults"]:
            return org.faults.as_json()
        case "POST", ["faults"]:
            return switch(org, request.json_object())
        case "DELETE", ["faults"]:
            org.faults.heal()
            return {}
        case "DELETE", ["faults", name]:
            org.faults.heal(name)
            return org.faults.as_json()
        case "POST", ["records", sobject]:
            given = request.json_object()
            return {"id": org.create(sobject, given.get("values") or {}, check=given.get("check", True) is not False)}
        case "POST", ["records", sobject, row_id]:
            given = request.json_object()
            org.sobject(sobject)
            org.set(row_id, given.get("values") or {}, check=given.get("check", True) is not False)
            return {"id": row_id}
        case "POST", ["delete" | "undelete" | "purge" as verb]:
            row_id = _text(request.json_object(), "id")
            {"delete": org.delete, "undelete": org.undelete, "purge": org.purge}[verb](row_id)
            return {"id": row_id}
        case "POST", ["merge"]:
            given = request.json_object()
            others = given.get("others")
            if not isinstance(others, list) or not all(isinstance(other, str) for other in others):
                raise Problem("BAD_OPTION", "others must be a list of ids")
            org.merge(_text(given, "master"), *others)
            return {"id": given["master"]}
        case "POST", ["sessions", "expire"]:
            org.expire_sessions()
            return {}
        case "POST", ["clock", "advance"]:
            seconds = request.json_object().get("seconds")
            if isinstance(seconds, bool) or not isinstance(seconds, int | float):
                raise Problem("BAD_OPTION", "seconds must be a number")
            org.clock.advance(seconds)
            return _status(org)
        case "POST", ["limit"]:
            org.daily_limit = int(request.json_object().get("daily") or org.daily_limit)
            return _status(org)
    raise not_found()


def switch(org: SandboxOrg, given: dict[str, Any]) -> dict[str, Any]:
    """`{"slow_drip": {"times": 3}, "maintenance": true, "black_hole": false}`; `{"heal": true}` heals all first.

    Nothing is switched if one entry is refused.
    """
    if given.get("heal"):
        org.faults.heal()
    wanted = {name: options for name, options in given.items() if name != "heal"}
    for name, options in wanted.items():
        if name not in CATALOGUE:
            raise Problem("UNKNOWN_FAULT", f"{name!r} is none of {', '.join(CATALOGUE)}.")
        if not isinstance(options, dict | bool) and options is not None:
            raise Problem("BAD_OPTION", f"{name}: give an object of options, true or false.")
    checked = org.faults.checked({name: options for name, options in wanted.items() if isinstance(options, dict)})
    for name, options in wanted.items():
        if options is False or options is None:
            org.faults.heal(name)
        else:
            org.faults.switch(name, **checked.get(name, {}))
    return org.faults.as_json()


def _status(org: SandboxOrg) -> dict[str, Any]:
    return {
        "now": org.now().isoformat(),
        "pending": org.store.pending(),
        "used": org.used_today(),
        "limit": org.daily_limit,
        "records": {name: org.count(name) for name in org.objects},
        "faults": org.faults.as_json(),
    }


def _call(call: Any) -> dict[str, Any]:
    return {**vars(call), "at": call.at.isoformat()}


def _text(given: dict[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str):
        raise Problem("BAD_OPTION", f"{name} must be text")
    return value
