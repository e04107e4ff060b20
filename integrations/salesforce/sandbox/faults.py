"""What can be made to go wrong. Each fault is a switch with options; it heals by hand or after `times` strikes."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

from integrations.salesforce.sandbox.problems import Problem

#: Options that every fault has: on which calls, how often, how likely, after how many calls that go well.
COMMON: Mapping[str, Any] = {"on": "", "times": None, "probability": 1.0, "after": 0, "seed": 0}


@dataclass(frozen=True)
class Kind:
    """One fault. `on`: the calls that it strikes by default (api, login, write or a kind of call)."""

    label: str
    words: str
    on: str = "api"
    options: Mapping[str, Any] = field(default_factory=dict)
    group: str = "Answers"


CATALOGUE: Mapping[str, Kind] = {
    "session_expiry": Kind(
        "Sessions expire", "A session ends after so many calls; a new login works.", "api", {"calls": 5}, "Sessions"
    ),
    "unauthorized": Kind("401 for ever", "Every call is answered 401, whatever the session.", group="Sessions"),
    "unauthorized_html": Kind("401 as a web page", "401 with an HTML page, as a proxy sends it.", group="Sessions"),
    "login_refused": Kind(
        "Logins are refused", "Right credentials are answered invalid_grant.", "login", {}, "Sessions"
    ),
    "limit_daily": Kind("Daily limit used up", "403 REQUEST_LIMIT_EXCEEDED: TotalRequests.", group="Limits"),
    "limit_concurrent": Kind("Too many at once", "403 REQUEST_LIMIT_EXCEEDED: concurrent requests.", group="Limits"),
    "lock_errors": Kind("Rows are locked", "Writes are answered UNABLE_TO_LOCK_ROW.", "write", group="Limits"),
    "validation_rule": Kind(
        "A rule refuses a value",
        "Records that come with a value in this field are answered FIELD_CUSTOM_VALIDATION_EXCEPTION. Without a field, "
        "every record is.",
        "write",
        {"field": "Account.Customer_Segment__c", "names_field": True},
        "Data",
    ),
    "maintenance": Kind("Maintenance page", "An HTML page instead of JSON.", "all", {"status": 503}),
    "server_error": Kind("Internal error", "500 UNKNOWN_EXCEPTION."),
    "truncated_json": Kind("JSON is cut off", "A complete answer whose JSON ends in the middle."),
    "wrong_total": Kind("Wrong totalSize", "A query promises more rows than it sends.", "query"),
    "wrong_shape": Kind("Wrong shape", "JSON of another type than the documented one."),
    "empty_body": Kind("Empty answer", "200 without a body."),
    "gzip_bomb": Kind("Compressed bomb", "An answer that unpacks to 200 MB."),
    "bulk_refused": Kind(
        "Bulk is not granted", "A query job is answered FUNCTIONALITY_NOT_ENABLED.", "bulk_create", {}, "Bulk"
    ),
    "bulk_slow": Kind("Bulk job takes long", "A job says InProgress when it is looked at.", "bulk_look", {}, "Bulk"),
    "bulk_failed": Kind("Bulk job fails", "A job says Failed when it is looked at.", "bulk_look", {}, "Bulk"),
    "bulk_expired": Kind("Bulk job is gone", "A job and its result are not there now.", "bulk_results", {}, "Bulk"),
    "slow_drip": Kind("Slow drip", "The answer comes byte by byte.", "all", {"seconds": 1.0}, "Network"),
    "black_hole": Kind("Black hole", "The call is taken and never answered.", "all", {}, "Network"),
    "lost_answer": Kind("Answer is lost", "The call is done, then the line is cut.", "all", {}, "Network"),
    "late_commit": Kind(
        "Late commits",
        "Changes get their stamp now and become visible later.",
        "write",
        {"seconds": 300.0, "spread": False},
        "Data",
    ),
    "clock_skew": Kind(
        "Wrong clock", "The org's clock is ahead, or behind if negative.", "", {"seconds": 600.0}, "Data"
    ),
    "hidden_field": Kind(
        "Hidden field",
        "A field is gone from describe; asking for it is INVALID_FIELD.",
        "",
        {"field": "Account.Industry"},
        "Data",
    ),
}
#: Kinds of calls behind the words that `on` may hold.
_QUERIES = frozenset({"query", "queryAll", "queryMore"})
_WRITES = frozenset({"create", "update", "upsert", "delete", "composite"})


@dataclass
class Fault:
    """A fault that is switched on."""

    name: str
    options: dict[str, Any]
    strikes: int = 0
    seen: int = 0
    chance: random.Random = field(default_factory=random.Random)


class Faults:
    """The switches of one org."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._on: dict[str, Fault] = {}

    def switch(self, name: str, **options: Any) -> None:
        """Switch a fault on. Refused if the fault or an option is unknown, or a value has the wrong type."""
        checked = self.checked({name: options})[name]
        with self._lock:
            self._on[name] = Fault(name, checked, chance=random.Random(checked["seed"]))

    @staticmethod
    def checked(wanted: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        """The full options of these faults, nothing switched yet."""
        found = {}
        for name, options in wanted.items():
            if name not in CATALOGUE:
                raise Problem("UNKNOWN_FAULT", f"{name!r} is none of {', '.join(CATALOGUE)}.")
            known = {**COMMON, **CATALOGUE[name].options}
            found[name] = {**known, **{key: _checked(name, key, value, known) for key, value in options.items()}}
        return found

    def heal(self, *names: str) -> None:
        """Switch these off, or all."""
        with self._lock:
            for name in names or tuple(self._on):
                self._on.pop(name, None)

    def active(self) -> list[Fault]:
        with self._lock:
            return list(self._on.values())

    def options(self, name: str) -> dict[str, Any] | None:
        """The options of a fault that is on, without a strike."""
        with self._lock:
            fault = self._on.get(name)
            return fault.options if fault else None

    def strikes(self, name: str, kind: str) -> dict[str, Any] | None:
        """Whether the fault strikes a call of this kind now; counts it, and heals after its last time."""
        with self._lock:
            fault = self._on.get(name)
            if fault is None or not _meant(fault.options["on"] or CATALOGUE[name].on, kind):
                return None
            fault.seen += 1
            if fault.seen <= fault.options["after"] or fault.chance.random() >= fault.options["probability"]:
                return None
            fault.strikes += 1
            if fault.options["times"] is not None and fault.strikes >= fault.options["times"]:
                self.heal(name)
            return fault.options

    def first(self, names: Iterable[str], kind: str) -> tuple[str, dict[str, Any]] | None:
        """The first of these that strikes."""
        for name in names:
            options = self.strikes(name, kind)
            if options is not None:
                return name, options
        return None

    def as_json(self) -> dict[str, Any]:
        return {fault.name: {**fault.options, "strikes": fault.strikes} for fault in self.active()}


def _meant(on: str, kind: str) -> bool:
    if on == "all":
        return True
    if on == "api":
        return kind != "login"
    if on == "query":
        return kind in _QUERIES
    if on == "write":
        return kind in _WRITES
    return on == kind


def _checked(name: str, key: str, value: Any, known: Mapping[str, Any]) -> Any:
    if key not in known:
        raise Problem("UNKNOWN_OPTION", f"{name} has no option {key!r}: it has {', '.join(known)}.")
    usual = known[key]
    try:
        if key == "times":
            return None if value in (None, "") else _positive(int(value))
        if isinstance(usual, bool):
            return value if isinstance(value, bool) else str(value).lower() in ("true", "1", "on", "yes")
        if isinstance(usual, float):
            return float(value)
        if isinstance(usual, int):
            return int(value)
    except (TypeError, ValueError):
        raise Problem("BAD_OPTION", f"{name}: {key} cannot be {str(value)[:40]!r}.") from None
    if not isinstance(value, str):
        raise Problem("BAD_OPTION", f"{name}: {key} must be text.")
    return value


def _positive(number: int) -> int:
    if number < 1:
        raise ValueError(number)
    return number
