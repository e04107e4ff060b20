"""What rooms register: facts, their receivers, jobs, and what is looked at every minute. No models here."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


class Lease(Protocol):
    """What a job is handed: `renew()` keeps the row for another minute, LeaseLost if it is somebody else's now."""

    fence: int

    def renew(self) -> None: ...


@dataclass(frozen=True)
class Receiver:
    name: str
    fact: str
    order: str
    actor: str
    run: Callable[..., None]


@dataclass(frozen=True)
class Job:
    kind: str
    outside: bool
    run: Callable[..., None]


_facts: dict[str, type] = {}
_names: dict[type, str] = {}
_receivers: dict[str, Receiver] = {}
_jobs: dict[str, Job] = {}
_tickers: dict[str, Callable[..., None]] = {}


def fact(name: str) -> Callable[[type[T]], type[T]]:
    """`@fact("accounts.managed")` above a frozen dataclass of plain JSON values."""

    def register(kind: type[T]) -> type[T]:
        if not dataclasses.is_dataclass(kind):
            raise TypeError(f"{kind.__name__} is not a dataclass")
        if _facts.setdefault(name, kind) is not kind:
            raise ValueError(f"two facts are called {name!r}")
        _names[kind] = name
        return kind

    return register


def receiver(name: str, of: type, *, order: str = "", actor: str = "") -> Callable[[F], F]:
    """`f(fact, *, actor, now)` runs after the commit, in the tenant's scope, in a transaction of its own. Receivers
    with the same `order` word get the facts of a tenant one after the other, in the order they were told."""

    def register(run: F) -> F:
        if name in _receivers:
            raise ValueError(f"two receivers are called {name!r}")
        _receivers[name] = Receiver(name, _names[of], order, actor or name.split(".")[0] + " rules", run)
        return run

    return register


def job(kind: str, *, outside: bool = False) -> Callable[[F], F]:
    """`f(payload, *, now, lease)` does one row of the outbox. Without `outside` it runs in the transaction that also
    marks the row done: exactly once. With it there is no transaction around, because the network is asked."""

    def register(run: F) -> F:
        if kind in _jobs:
            raise ValueError(f"two jobs are called {kind!r}")
        _jobs[kind] = Job(kind, outside, run)
        return run

    return register


def every_minute(name: str) -> Callable[[F], F]:
    """`f(*, now)` is called each minute for each active tenant, in its scope, by any number of tickers."""

    def register(run: F) -> F:
        if name in _tickers:
            raise ValueError(f"two tickers are called {name!r}")
        _tickers[name] = run
        return run

    return register


def name_of(kind: type) -> str:
    return _names[kind]


def fact_named(name: str) -> type:
    return _facts[name]


def facts() -> Mapping[str, type]:
    return dict(_facts)


def receivers() -> Mapping[str, Receiver]:
    return dict(_receivers)


def receivers_of(name: str) -> list[Receiver]:
    return [found for found in _receivers.values() if found.fact == name]


def job_named(kind: str) -> Job | None:
    return _jobs.get(kind)


def jobs() -> Mapping[str, Job]:
    return dict(_jobs)


def tickers() -> Mapping[str, Callable[..., None]]:
    return dict(_tickers)
