"""What `manage.py doctor` looks at: each examination says what it found and, if something is wrong, how to mend it."""

import base64
import importlib.metadata
import re
import smtplib
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import redis
from django.conf import settings
from django.core import checks
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from campaigns import selectors as campaigns
from cs_platform.tenancy import clock, crypto, rotation
from cs_platform.tenancy.models import Tenant, TenantKey
from cs_platform.tenancy.scope import tenant_scope
from cs_platform.workspace import watching
from integrations.salesforce import selectors as salesforce

OLDEST_POSTGRES = 150000
SKEW = 5.0  # seconds


@dataclass(frozen=True)
class Finding:
    """`ok` True, False, or None for something to know that is no failure. `mend` says what to do."""

    name: str
    ok: bool | None
    words: str
    mend: str = ""


Examination = Callable[[], Iterator[Finding]]


def examine() -> Iterator[Finding]:
    """Everything, in the order in which one depends on another. What can not be asked is a finding as well."""
    for examination in (_python, _settings, _keys, _metrics):
        yield from _guarded(examination)
    reachable = True
    for finding in _guarded(_database):
        reachable = reachable and finding.ok is not False
        yield finding
    if reachable:
        for examination in (_keys_in_use, _isolation, _pooler, _archive, _clock, _tenants, _queue):
            yield from _guarded(examination)
    for examination in (_redis, _smtp):
        yield from _guarded(examination)


def _guarded(examination: Examination) -> Iterator[Finding]:
    try:
        yield from examination()
    except Exception as error:  # an examination that fails must not hide the others
        name = examination.__name__.strip("_").replace("_", " ")
        yield Finding(
            name, False, f"could not be examined: {type(error).__name__}: {error}", "Mend what is above first."
        )


def _ask(sql: str, params: list[Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params or [])
        return list(cursor.fetchall())


# --- the process ------------------------------------------------------------------------------------------------------


def _python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("python", sys.version_info >= (3, 11), version, "Python 3.11 or newer is needed.")
    wrong = list(_other_versions())
    words = "; ".join(wrong) if wrong else "as locked"
    yield Finding("packages", not wrong, words, "make setup installs the locked versions.")


def _other_versions() -> Iterator[str]:
    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())
    for wanted in project["project"]["dependencies"]:
        name, _, pinned = wanted.partition("==")
        name = re.split(r"[\[<>=]", name)[0]
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            yield f"{name} is missing"
            continue
        if pinned and found != pinned:
            yield f"{name} is {found}, not {pinned}"


def _settings() -> Iterator[Finding]:
    problems = checks.run_checks(include_deployment_checks=settings.PRODUCTION)
    serious = [problem for problem in problems if problem.is_serious(checks.WARNING) and not problem.is_silenced()]
    yield Finding("environment", True, settings.CS_ENV)
    for problem in serious:
        yield Finding(f"check {problem.id}", False, str(problem.msg), str(problem.hint or ""))
    if not serious:
        yield Finding("system checks", True, "nothing to say")


def _keys() -> Iterator[Finding]:
    mend = "CS_ENCRYPTION_KEYS is `id:base64` pairs of 32 bytes each, newest first, separated by commas."
    try:
        keys = crypto.master_keys()
    except (ValueError, base64.binascii.Error) as error:  # type: ignore[attr-defined]
        yield Finding("encryption keys", False, str(error), mend)
        return
    yield Finding("encryption keys", True, f"{len(keys)}, the newest is {next(iter(keys))!r}")


def _metrics() -> Iterator[Finding]:
    if not settings.CS_METRICS_TOKEN:
        yield Finding("metrics", None, "/metrics is off", "Set CS_METRICS_TOKEN to let Prometheus scrape it.")
    else:
        names = "with the names of organisations" if settings.CS_METRICS_TENANTS else "without names of organisations"
        yield Finding("metrics", True, f"/metrics is behind its token, {names}")


# --- the database -----------------------------------------------------------------------------------------------------


def _database() -> Iterator[Finding]:
    try:
        ((number, words, role),) = _ask(
            "SELECT current_setting('server_version_num')::int, current_setting('server_version'), current_user"
        )
    except DatabaseError as error:
        said = str(error).strip().splitlines()[0]
        yield Finding("database", False, said, "Start it (manage.py services up), or correct DATABASE_URL.")
        return
    yield Finding("database", number >= OLDEST_POSTGRES, f"PostgreSQL {words}", "PostgreSQL 15 or newer is needed.")
    ((superuser, bypass, owns),) = _ask(
        "SELECT rolsuper, rolbypassrls, EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid AND c.relkind = 'r'"
        " AND c.relnamespace = 'public'::regnamespace) FROM pg_roles r WHERE rolname = current_user"
    )
    too_much = [
        said
        for is_so, said in (
            (superuser, "is a superuser"),
            (bypass, "bypasses row-level security"),
            (owns, "owns tables"),
        )
        if is_so
    ]
    mend = "DATABASE_URL must name the app role cs_app; the owner belongs into DATABASE_OWNER_URL (docs/operations.md)."
    yield Finding("role", not too_much, f"{role} {' and '.join(too_much) or 'may only what the product needs'}", mend)
    executor = MigrationExecutor(connection)
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    words = ", ".join(f"{step.app_label}.{step.name}" for step, _ in pending[:5]) or "all applied"
    yield Finding("migrations", not pending, words, "manage.py migrate")


def _keys_in_use() -> Iterator[Finding]:
    """Which master key wraps how many data keys: none may be missing, and what is not used may go."""
    used = rotation.keys_by_master()
    newest, *older = crypto.master_keys()
    missing = {master: keys for master, keys in used.items() if master not in (newest, *older)}
    if missing:
        yield Finding("master keys in use", False, rotation.words_of_missing(missing))
        return
    waiting = sum(used.get(master, 0) for master in older)
    words = ", ".join(f"{master!r} wraps {used.get(master, 0):,}" for master in (newest, *older))
    if waiting:
        yield Finding("master keys in use", None, words, "manage.py rotate_keys wraps them with the newest.")
        return
    yield Finding("master keys in use", True, words)
    if older:
        words = f"{', '.join(map(repr, older))} wraps nothing"
        yield Finding("old master keys", None, words, "It may go from CS_ENCRYPTION_KEYS; keep it with the backups.")


def _pooler() -> Iterator[Finding]:
    """A pooler in transaction mode is welcome: nothing here outlives its transaction."""
    given = connection.settings_dict
    ((port,),) = _ask("SELECT inet_server_port()")
    between = port is not None and str(port) != str(given["PORT"] or 5432)
    words = f"through a pooler on port {given['PORT']}" if between else "straight to the server"
    safe = bool(given.get("DISABLE_SERVER_SIDE_CURSORS"))
    yield Finding("connections", safe, words, "DISABLE_SERVER_SIDE_CURSORS must be on behind a pooler.")


def _archive() -> Iterator[Finding]:
    """Backups are somebody else's work; whether the log of the database is archived can be seen from here."""
    mend = "A dump each day is the least; docs/backup.md says how, and how to lose seconds only."
    ((mode, archived, failed),) = _ask(
        "SELECT current_setting('archive_mode'), extract(epoch FROM now() - last_archived_time),"
        " last_failed_time IS NOT NULL AND last_failed_time > coalesce(last_archived_time, '-infinity')"
        " FROM pg_stat_archiver"
    )
    if mode == "off":
        yield Finding("backup", None, "the log of the database is not archived", mend)
    elif failed:
        yield Finding("backup", False, "the last try to archive the log of the database failed", mend)
    else:
        words = "never yet" if archived is None else f"{archived:,.0f} s ago"
        yield Finding("backup", True, f"the log of the database was archived {words}")


_OPEN_TABLES = """
    SELECT c.relname,
           CASE WHEN NOT c.relrowsecurity THEN 'row-level security is off'
                WHEN NOT c.relforcerowsecurity THEN 'row-level security is not forced'
                WHEN NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid
                                 AND pg_get_expr(p.polqual, p.polrelid) LIKE '%%app.tenant_id%%'
                                 AND pg_get_expr(p.polwithcheck, p.polrelid) LIKE '%%app.tenant_id%%')
                     THEN 'the policy is missing'
           END AS why
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
"""


def _isolation() -> Iterator[Finding]:
    tables = _ask(_OPEN_TABLES)
    loose = [f"{name}: {why}" for name, why in tables if why]
    words = "; ".join(loose) or f"row-level security is forced on all {len(tables)} tenant tables"
    mend = "Run manage.py migrate as the owner; if that is done, somebody has changed the database by hand."
    yield Finding("isolation", bool(tables) and not loose, words, mend)
    marked = dict(_ask("SELECT proname, proleakproof FROM pg_proc WHERE proname IN ('textlike', 'texticlike')"))
    leaky = sorted(name for name, leakproof in marked.items() if not leakproof)
    if leaky:
        words = f"{', '.join(leaky)} not marked LEAKPROOF: searching reads every row of a tenant"
        mend = "Run the second part of cs_platform/supervisor/bootstrap.sql as a superuser."
        yield Finding("search", None, words, mend)


def _clock() -> Iterator[Finding]:
    ((there,),) = _ask("SELECT clock_timestamp()")
    skew = abs((there - datetime.now(UTC)).total_seconds())
    yield Finding("clock", skew <= SKEW, f"{skew:.1f} s beside the database's", "Let both machines follow NTP.")
    if settings.CS_CLOCK_FILE:
        yield Finding("test clock", None, f"now is {clock.now():%Y-%m-%d %H:%M} UTC by {settings.CS_CLOCK_FILE}")


def _tenants() -> Iterator[Finding]:
    """Keys, mail and connections of every organisation."""
    tenants = list(Tenant.objects.order_by("slug"))
    yield Finding("organisations", True, str(len(tenants)))
    for tenant in tenants:
        with tenant_scope(tenant):
            yield from _guarded(lambda tenant=tenant: _tenant(tenant))  # type: ignore[misc]


def _tenant(tenant: Tenant) -> Iterator[Finding]:
    mend = "Put the master key that it was wrapped with back into CS_ENCRYPTION_KEYS."
    if TenantKey.objects.exists():
        where: dict[str, Any] = {"tenant_id": tenant.pk, "table": "doctor", "row": "", "field": ""}
        try:
            opened = crypto.open_sealed(crypto.seal("open", **where), **where)
        except crypto.CannotOpen as error:
            yield Finding(f"{tenant.slug}: secrets", False, str(error), mend)
        else:
            yield Finding(f"{tenant.slug}: secrets", opened == "open", "can be opened", mend)
    why = campaigns.why_nothing_is_sent()
    if why:
        yield Finding(f"{tenant.slug}: e-mails", None, why, "The page of the campaigns switches them on.")
    for found in salesforce.needs_attention():
        reason = found.state_reason if found.state == "broken" else found.hold_reason
        yield Finding(f"{tenant.slug}: {found.name}", None, reason, f"Look at /integrations/salesforce/{found.pk}/")


# --- what works beside it ---------------------------------------------------------------------------------------------


def _queue() -> Iterator[Finding]:
    pulse = watching.pulse(clock.now())
    words = "never" if pulse.last_tick_age is None else f"{pulse.last_tick_age:.0f} s ago"
    alive = pulse.last_tick_age is not None and pulse.ticks
    yield Finding("last minute's work", alive, words, "Start the dispatcher (manage.py dispatcher) or beat.")
    words = f"{pulse.waiting:,} due, the oldest for {pulse.backlog_age:.0f} s"
    if pulse.word == "behind":
        yield Finding("queue", None, f"{words}, and it moves", "Start more dispatchers if this lasts.")
    else:
        yield Finding("queue", pulse.moves, words, "Start more dispatchers or workers; look at their logs.")
    if pulse.dead:
        words = f"{pulse.dead:,} pieces of work were given up"
        yield Finding("dead work", None, words, "Settings, Queue says why and runs them again.")


def _redis() -> Iterator[Finding]:
    mend = "Start it, or correct REDIS_URL. Until then the product is correct, only slower."
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as bell:
            about = bell.info("server")
    except (redis.RedisError, OSError) as error:
        yield Finding("redis", False, str(error), mend)
        return
    version = about.get("valkey_version") or about.get("redis_version")
    yield Finding("redis", True, f"answers ({version})")


def _smtp() -> Iterator[Finding]:
    where = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    kind = smtplib.SMTP_SSL if settings.EMAIL_USE_SSL else smtplib.SMTP
    try:
        with kind(settings.EMAIL_HOST, settings.EMAIL_PORT, timeout=5) as server:
            if settings.EMAIL_USE_TLS:
                server.starttls()
            if settings.EMAIL_HOST_USER:
                server.login(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)
            code, _ = server.noop()
    except (smtplib.SMTPException, OSError) as error:
        yield Finding("mail server", False, f"{where}: {error}", "Start it, or correct EMAIL_URL.")
        return
    yield Finding("mail server", code < 400, f"{where} answers", "Look at the log of the mail server.")
