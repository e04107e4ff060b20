"""How the installation does, over all tenants, asked through functions of the database that tell counts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from campaigns.installation import installation_id

TICK_LIMIT = 150.0  # seconds; a tick comes every minute
BACKLOG_LIMIT = 150.0  # seconds that due work may wait while nothing at all gets done


@dataclass(frozen=True)
class Pulse:
    """Whether work moves. Ages in seconds; None where there is nothing yet."""

    last_tick_age: float | None
    backlog_age: float
    last_done_age: float | None
    waiting: int
    dead: int

    @property
    def ticks(self) -> bool:
        """Somebody looks at the clock. An installation that has just been made is given the benefit of the doubt."""
        return self.last_tick_age is None or self.last_tick_age <= TICK_LIMIT

    @property
    def moves(self) -> bool:
        """Nothing waits for long, or what waits is a queue that gets shorter."""
        return self.backlog_age <= BACKLOG_LIMIT or (
            self.last_done_age is not None and self.last_done_age <= BACKLOG_LIMIT
        )

    @property
    def word(self) -> str:
        if not (self.ticks and self.moves):
            return "stopped"
        return "behind" if self.backlog_age > BACKLOG_LIMIT else "moving"


def pulse(now: datetime) -> Pulse:
    (oldest, waiting, dead, finished) = _ask("platform_pulse(%s)", [now])[0]
    return Pulse(
        last_tick_age=_tick_age(),
        backlog_age=_age(oldest, now) or 0.0,
        last_done_age=_age(finished, now),
        waiting=waiting,
        dead=dead,
    )


@dataclass(frozen=True)
class Sending:
    """How many organisations send nothing to their customers: switched off by hand, bound to another installation (this
    is a restored copy), or refused by the mail server."""

    off: int
    elsewhere: int
    refused: int
    named: bool

    @property
    def word(self) -> str:
        if not self.named:
            return "this installation has no name"
        if self.elsewhere:
            return "a copy of another installation"
        return "refused by the mail server" if self.refused else "ok"


def sending() -> Sending:
    here = installation_id()
    off, elsewhere, refused = _ask("platform_sending(%s)", [here])[0]
    return Sending(off, elsewhere, refused, named=bool(here))


@dataclass(frozen=True)
class Number:
    name: str
    word: str
    tenant_id: int | None
    value: float


def numbers(now: datetime, *, each_tenant: bool = False) -> list[Number]:
    """Outbox, effects, messages and connections by state; for each tenant apart only where that is asked."""
    return [Number(*row) for row in _ask("platform_numbers(%s, %s)", [now, each_tenant])]


def connections_by_state() -> tuple[dict[str, int], int]:
    """The sessions of this database by state, and how many the server allows."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(state, 'unknown'), count(*), current_setting('max_connections')::int FROM pg_stat_activity"
            " WHERE datname = current_database() AND backend_type = 'client backend' GROUP BY 1"
        )
        rows = cursor.fetchall()
    return {state: count for state, count, _ in rows}, rows[0][2] if rows else 0


def _ask(function: str, params: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM public.{function}", params)
        return list(cursor.fetchall())


def _tick_age() -> float | None:
    """By the database's own time: a clock that tests move says nothing about heartbeats."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp() - real_at) FROM ledger_tick WHERE name = 'minute'")
        row = cursor.fetchone()
    return max(0.0, float(row[0])) if row else None


def _age(since: datetime | None, now: datetime) -> float | None:
    return max(0.0, (now - since).total_seconds()) if since else None
