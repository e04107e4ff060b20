"""`/healthz`: the process lives. `/readyz`: what it needs is there, and work moves."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

import redis
from django.conf import settings
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from cs_platform.tenancy import clock
from cs_platform.workspace import watching

_migrated = False  # once true it stays true for this process: its code does not change


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """503 when the database is down or behind the code, or when work does not move. A broker that is down only slows
    the product, and an organisation that may not send concerns nobody else: both are told and not held against it."""
    state: dict[str, Any] = {"database": "ok", "migrations": "ok", "broker": _broker(), "work": "unknown"}
    try:
        state["migrations"] = "ok" if _is_migrated() else "pending"
        if state["migrations"] == "ok":
            state |= _work(clock.now())
    except Error:
        state |= {"database": "down", "migrations": "unknown"}
    ready = state["database"] == state["migrations"] == "ok" and state["work"] in ("moving", "behind")
    return JsonResponse({"ready": ready, **state}, status=200 if ready else 503)


def _is_migrated() -> bool:
    global _migrated
    if not _migrated:
        executor = MigrationExecutor(connection)
        _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _migrated


def _broker() -> str:
    try:
        with redis.Redis.from_url(settings.CELERY_BROKER_URL, socket_timeout=1, socket_connect_timeout=1) as broker:
            broker.ping()
    except (redis.RedisError, OSError):
        return "down"
    return "ok"


def _work(now: datetime) -> dict[str, Any]:
    pulse = watching.pulse(now)
    return {"work": pulse.word, **asdict(pulse), "sending": watching.sending().word}
