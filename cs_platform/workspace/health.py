"""`/healthz`: the process lives. `/readyz`: what it needs is there, and work moves."""

from datetime import datetime
from typing import Any

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

from cs_platform import ledger
from cs_platform.tenancy import clock

TICK_LIMIT = 5 * 60  # seconds; a tick comes every minute
BACKLOG_LIMIT = 10 * 60  # seconds that due work may wait

_migrated = False  # once true it stays true for this process: its code does not change


def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


def readyz(request: HttpRequest) -> HttpResponse:
    """503 when the database is down or behind the code, or when work does not move. A broker that is down only slows
    the product, so it is told and not held against it."""
    state: dict[str, Any] = {"database": "ok", "migrations": "ok", "broker": _broker()}
    try:
        state["migrations"] = "ok" if _is_migrated() else "pending"
        if state["migrations"] == "ok":
            state |= _work(clock.now())
    except DatabaseError:
        state |= {"database": "down", "migrations": "unknown"}
    ready = state["database"] == state["migrations"] == "ok" and state["work"] == "moving"
    return JsonResponse({"ready": ready, **state}, status=200 if ready else 503)


def _is_migrated() -> bool:
    global _migrated
    if not _migrated:
        executor = MigrationExecutor(connection)
        _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    else:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    return _migrated


def _broker() -> str:
    try:
        with redis.Redis.from_url(settings.CELERY_BROKER_URL, socket_timeout=1, socket_connect_timeout=1) as broker:
            broker.ping()
    except (redis.RedisError, OSError):
        return "down"
    return "ok"


def _work(now: datetime) -> dict[str, Any]:
    found = ledger.health(now)
    tick, backlog = found["last_tick_age"], found["backlog_age"]
    stopped = (tick is not None and tick > TICK_LIMIT) or (backlog is not None and backlog > BACKLOG_LIMIT)
    return {"work": "stopped" if stopped else "moving", **found}
