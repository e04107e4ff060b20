"""Verbs of the Salesforce room. What a person does to a connection, and how a sync begins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeGuard

from cs_platform import ledger
from cs_platform.tenancy.scope import require_tenant_id
from integrations.salesforce import connecting, hosts, lease, mapping, mirror, syncing
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import SalesforceError
from integrations.salesforce.login import AUTH_KINDS, OPTIONAL, REQUIRED, SECRET_FIELDS
from integrations.salesforce.models import Connection, SyncRun, default_settings
from integrations.salesforce.writing import fields as writing

ledger.sentences(
    {
        "connection.create": "connected {object}",
        "connection.edit": "edited {object}",
        "connection.test": "tested {object}",
        "connection.pause": "paused {object}",
        "connection.resume": "resumed {object}",
        "connection.mend": "{object} works again",
        "connection.break_down": "{object} was refused by Salesforce",
        "connection.drift": "{object} had drifted from Salesforce",
        "connection.rotate_hints": "changed the address for hints of {object}",
        "sync_run.start": "started {object}",
        "sync_run.finish": "finished {object}",
        "sync_run.fail": "{object} failed",
        "sync_run.cancel": "cancelled {object}",
    }
)
MAX_SECRET = 20_000
UNTESTED = "Not tested yet."


@dataclass(frozen=True)
class ConnectionInput:
    """What a person says of a connection. `secrets` holds only what was entered anew; an empty value keeps the stored
    one.
    """

    name: str | None = None
    auth: str | None = None
    login_url: str | None = None
    secrets: Mapping[str, str] | None = None
    settings: Mapping[str, Any] | None = None


def create_connection(given: ConnectionInput, *, actor: ledger.Actor, now: datetime) -> Connection:
    """A tenant's org gets a login. Nothing is sent yet. Refused if the address is not Salesforce's or a credential is
    missing.
    """
    connection = Connection(
        name=_name(given.name or "Salesforce"),
        auth=_auth(given.auth or ""),
        login_url=_login_url(given.login_url or ""),
        settings=checked_settings(given.settings or {}, default_settings()),
        state_reason=UNTESTED,
        created_at=now,
        updated_at=now,
    )
    connection.tenant_id = require_tenant_id()
    _refuse_taken_name(connection)
    _store_secrets(connection, given.secrets or {}, now)
    return ledger.create(connection, actor=actor, now=now)


def edit_connection(
    connection: Connection, given: ConnectionInput, *, actor: ledger.Actor, now: datetime
) -> Connection:
    """Change what is given. New credentials clear the count of failed logins. Refused like `create_connection`."""
    with ledger.change(connection, "edit", actor=actor, now=now) as connection:
        if given.name is not None:
            connection.name = _name(given.name)
            _refuse_taken_name(connection)
        new_auth = connection.auth if given.auth is None else _auth(given.auth)
        new_url = connection.login_url if given.login_url is None else _login_url(given.login_url)
        secrets = {field: value for field, value in (given.secrets or {}).items() if value}
        if new_url != connection.login_url and not _replaces_all(new_auth, secrets):
            # Else somebody who may edit could have the stored secrets sent to an address of their choice.
            raise ledger.Refused(
                "A new login address needs all credentials entered again.", "credentials_needed", "login_url"
            )
        has_new_login = bool(secrets) or new_auth != connection.auth or new_url != connection.login_url
        connection.auth, connection.login_url = new_auth, new_url
        _store_secrets(connection, secrets, now)
        if given.settings is not None:
            before, connection.settings = connection.settings, checked_settings(given.settings, connection.settings)
            if before.get("new_business_types") != connection.settings["new_business_types"]:
                mirror.settle_deals(connection.pk)
        if has_new_login:
            connection.login_attempts = []
            connection.described, connection.described_at = {}, None
    return connection


def _replaces_all(auth: str, secrets: Mapping[str, str]) -> bool:
    return all(field in secrets for field in REQUIRED[auth])


def pause_connection(connection: Connection, *, actor: ledger.Actor, now: datetime) -> Connection:
    """No sync until it is resumed; a running one stops at its next page."""
    with ledger.change(connection, "pause", actor=actor, now=now) as connection:
        pass
    return connection


def resume_connection(connection: Connection, *, actor: ledger.Actor, now: datetime) -> Connection:
    """Syncs run again from where they stopped."""
    with ledger.change(connection, "resume", actor=actor, now=now) as connection:
        connection.hold_until, connection.hold_reason = None, ""
    return connection


@dataclass(frozen=True)
class TestResult:
    """What a test found, in words for the page."""

    ok: bool
    message: str
    warnings: tuple[str, ...] = ()


def test_connection(connection: Connection, *, actor: ledger.Actor, now: datetime) -> TestResult:
    """Log in, read the limits and the fields. Success mends a broken connection, a refused login breaks it."""
    client: SalesforceClient | None = None
    try:
        client = connecting.client_for(connection, now=now)
        result = _look_around(connection, client, now)
    except SalesforceError as error:
        _after_failed_test(connection, error, actor=actor, now=now)
        return TestResult(False, error.message)
    finally:
        if client is not None:
            connecting.note_usage(connection, client, calls=client.usage.calls, now=now)
            client.close()
    with ledger.unit():
        ledger.note(connection, "test", actor=actor, now=now, note=result.message)
        fresh = Connection.objects.get(pk=connection.pk)
        if fresh.state == Connection.State.BROKEN or fresh.state_reason == UNTESTED:
            with ledger.change(fresh, "mend", actor=actor, now=now):
                pass
    return result


def _look_around(connection: Connection, client: SalesforceClient, now: datetime) -> TestResult:
    client.log_in()
    limits = client.limits()
    daily = limits.get("DailyApiRequests")
    warnings: list[str] = []
    for sobject in mapping.SOBJECTS:
        try:
            fields = connecting.described(connection, client, sobject, now=now, fresh=True)
            warnings += mapping.plan_for(sobject, connection.settings.get("field_map", {}), fields).warnings
        except mapping.NotReadable as reason:
            warnings.append(str(reason))
        except SalesforceError as error:
            if error.kind != "permanent":
                raise
            warnings.append(f"{sobject} cannot be read: {error.message}")
    left = f" {daily['Remaining']:,} of {daily['Max']:,} API calls are left today." if _has_numbers(daily) else ""
    return TestResult(True, f"Salesforce accepts the login.{left}", tuple(warnings))


def _has_numbers(daily: object) -> TypeGuard[Mapping[str, int]]:
    return isinstance(daily, dict) and all(isinstance(daily.get(name), int) for name in ("Remaining", "Max"))


def _after_failed_test(connection: Connection, error: SalesforceError, *, actor: ledger.Actor, now: datetime) -> None:
    with ledger.unit():
        ledger.note(connection, "test", actor=actor, now=now, note=error.message)
        if error.kind == "auth" or error.permanent:
            syncing.break_down(connection, error.message, actor=actor, now=now)


def start_sync(
    connection: Connection,
    *,
    full: bool = False,
    compare: bool = False,
    takes_missing: bool = False,
    actor: ledger.Actor,
    now: datetime,
    in_background: bool = True,
) -> SyncRun:
    """Begin a run, or give back the one that is running. With `compare` everything is read and held against what we
    have; `takes_missing`, then, takes any number of missing rows for deleted. Refused while the connection is paused,
    broken or out of calls.
    """
    with ledger.unit():
        locked = Connection.objects.select_for_update().get(pk=connection.pk)
        running = SyncRun.objects.filter(connection=locked, state=SyncRun.State.RUNNING).first()
        if running is not None:
            return running
        if locked.state != Connection.State.CONNECTED:
            raise ledger.Refused(f"The connection is {locked.state}: {locked.state_reason}", "connection_not_connected")
        if locked.hold_until is not None and locked.hold_until > now:
            raise ledger.Refused(
                f"{locked.hold_reason} Goes on after {locked.hold_until:%Y-%m-%d %H:%M} UTC.", "limit_daily"
            )
        kind = SyncRun.Kind.NIGHTLY if compare else SyncRun.Kind.FULL if full else SyncRun.Kind.SYNC
        begun = SyncRun(connection=locked, full=full or compare, kind=kind, started_at=now)
        begun.takes_missing = takes_missing and compare
        run = ledger.create(begun, actor=actor, now=now, verb="start")
        Connection.objects.filter(pk=locked.pk).update(last_started_at=now)
        if in_background:
            enqueue(run, now=now)
    return run


def enqueue(run: SyncRun, *, now: datetime, due_at: datetime | None = None) -> None:
    """The next stretch of a run as a queued job; its number keeps two of the same from being queued."""
    ledger.enqueue(
        "salesforce.sync", {"run_id": str(run.pk)}, due_at=due_at or now, dedupe_key=f"{run.pk}:{run.chunks}"
    )


def rescue(run: SyncRun, *, now: datetime) -> None:
    """Queue a stretch for a run whose own was lost; one per minute at most."""
    ledger.enqueue(
        "salesforce.sync", {"run_id": str(run.pk)}, due_at=now, dedupe_key=f"{run.pk}:rescue:{now:%Y%m%d%H%M}"
    )


def cancel_sync(run: SyncRun, *, actor: ledger.Actor, now: datetime) -> SyncRun:
    """Stop a run at its next page. What was read stays."""
    with ledger.change(run, "cancel", actor=actor, now=now, args=("Cancelled by hand.",)) as run:
        run.finished_at = now
    return run


# --- what may be said -----------------------------------------------------------------------------------------------


def _name(name: str) -> str:
    words = name.strip()
    if not words or len(words) > 100 or "\x00" in words:
        raise ledger.Refused("The name must have 1 to 100 characters.", "invalid", "name")
    return words


def _auth(auth: str) -> str:
    if auth not in AUTH_KINDS:
        raise ledger.Refused(f"auth must be one of {', '.join(AUTH_KINDS)}.", "invalid", "auth")
    return auth


def _login_url(url: str) -> str:
    try:
        return hosts.from_settings().login_origin(url.strip())
    except (SalesforceError, ValueError) as error:
        raise ledger.Refused(str(error), "host_not_allowed", "login_url") from error


def _refuse_taken_name(connection: Connection) -> None:
    if Connection.objects.filter(name=connection.name).exclude(pk=connection.pk).exists():
        raise ledger.Refused(f"There is already a connection called {connection.name}.", "taken", "name")


def _store_secrets(connection: Connection, given: Mapping[str, str], now: datetime) -> None:
    """Seal what was entered, drop what this kind of login does not use, and refuse if something is missing."""
    wanted = (*REQUIRED[connection.auth], *OPTIONAL[connection.auth])
    secrets = {field: sealed for field, sealed in connection.secrets.items() if field in wanted}
    hints = {field: hint for field, hint in connection.hints.items() if field in wanted}
    for field, value in given.items():
        if field not in SECRET_FIELDS:
            raise ledger.Refused(f"{field[:60]} is not a credential.", "invalid", field[:60])
        if not value or field not in wanted:
            continue
        if not isinstance(value, str) or "\x00" in value or len(value) > MAX_SECRET:
            raise ledger.Refused("Not readable as text.", "invalid", field)
        plain = value.strip() if field != "password" else value
        secrets[field] = connecting.seal_secret(connection, field, plain)
        hints[field] = {
            "last4": "" if field == "private_key" or len(plain) < 8 else plain[-4:],
            "set_at": now.isoformat(),
        }
    for field in REQUIRED[connection.auth]:
        if field not in secrets:
            raise ledger.Refused(f"{field.replace('_', ' ').capitalize()} is needed.", "required", field)
    connection.secrets, connection.hints = secrets, hints


_CHECKS: Mapping[str, Callable[[object], dict[str, str]]] = {
    "directions": writing.check_directions,
    "master": writing.check_master,
    "write_map": writing.check_write_map,
}


def checked_settings(given: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
    """The stored settings with the given ones over them. Refused if one is unknown or out of range."""
    result = {**default_settings(), **current}
    for key, value in given.items():
        if key == "field_map":
            try:
                result[key] = mapping.check_field_map(value)
            except ValueError as error:
                raise ledger.Refused(str(error), "invalid", "settings") from error
        elif key in _CHECKS:
            try:
                result[key] = _CHECKS[key](value)
            except ValueError as error:
                raise ledger.Refused(str(error), "invalid", "settings") from error
        elif key == "interval_minutes":
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 1440:
                raise ledger.Refused("interval_minutes must be a whole number from 1 to 1440.", "invalid", "settings")
            result[key] = value
        elif key == "budget_share":
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0.01 <= value <= 1:
                raise ledger.Refused("budget_share must be from 0.01 to 1.", "invalid", "settings")
            result[key] = float(value)
        elif key == "compare_nightly":
            if not isinstance(value, bool):
                raise ledger.Refused("compare_nightly must be true or false.", "invalid", "settings")
            result[key] = value
        elif key == "new_business_types":
            is_list = isinstance(value, list) and len(value) <= 50
            if not is_list or not all(
                isinstance(word, str) and len(word) <= 100 and "\x00" not in word for word in value
            ):
                raise ledger.Refused("new_business_types must be a list of words.", "invalid", "settings")
            result[key] = list(dict.fromkeys(word.strip() for word in value))
        else:
            raise ledger.Refused(f"{str(key)[:60]!r} is not a setting of a connection.", "invalid", "settings")
    return result


def lease_is_free(connection: Connection) -> bool:
    """Whether nobody reads this connection now."""
    return lease.is_free(connection.pk)
