"""From the connection row to a working client: secrets opened, logins counted, calls kept within the tenant's share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from cs_platform.tenancy import crypto
from integrations.salesforce import hosts
from integrations.salesforce.client import FieldInfo, SalesforceClient
from integrations.salesforce.errors import SalesforceError
from integrations.salesforce.login import Credentials
from integrations.salesforce.models import Connection

LOGIN_WINDOW = timedelta(minutes=15)
MAX_LOGINS = 3
DESCRIBE_FOR = timedelta(hours=1)
TABLE = "salesforce_connection"


def seal_secret(connection: Connection, field: str, plain: str) -> str:
    """Sealed for this row and this field: copied elsewhere it does not open."""
    return crypto.seal(plain, tenant_id=connection.tenant_id, table=TABLE, row=str(connection.pk), field=field)


def open_secrets(connection: Connection) -> dict[str, str]:
    """The plain credentials, for the moment of a login. Raises a SalesforceError if they were sealed for another
    row.
    """
    opened = {}
    for field, sealed in connection.secrets.items():
        try:
            opened[field] = crypto.open_sealed(
                sealed, tenant_id=connection.tenant_id, table=TABLE, row=str(connection.pk), field=field
            )
        except Exception as exc:  # whatever the reason, it is the same for the reader: enter it again
            raise SalesforceError(
                "auth", f"The stored {field.replace('_', ' ')} cannot be opened. Enter it again.", code="SEALED"
            ) from exc
    return opened


class ConnectionGuard:
    """Counts logins in the connection row: at most three in 15 minutes without an answer in between, then it is broken.

    An org that accepts the login and refuses every call after it would otherwise be asked for ever, and Salesforce
    locks users for that. The count is shared by all processes and survives restarts.
    """

    def __init__(self, connection_id: UUID, now: datetime) -> None:
        self.connection_id, self.now, self.pending = connection_id, now, False

    def before_login(self) -> None:
        with transaction.atomic():
            row = Connection.objects.select_for_update().only("login_attempts").get(pk=self.connection_id)
            edge = self.now - LOGIN_WINDOW
            recent = [at for at in row.login_attempts if datetime.fromisoformat(at) > edge]
            if len(recent) >= MAX_LOGINS:
                raise SalesforceError(
                    "auth",
                    f"{MAX_LOGINS} logins within 15 minutes led nowhere. Check the credentials and test again later.",
                    permanent=True,
                    code="TOO_MANY_LOGINS",
                )
            Connection.objects.filter(pk=self.connection_id).update(login_attempts=[*recent, self.now.isoformat()])
        self.pending = True

    def not_refused(self) -> None:
        """The login led nowhere for another reason than the credentials: it does not count."""
        if self.pending:
            with transaction.atomic():
                row = Connection.objects.select_for_update().only("login_attempts").get(pk=self.connection_id)
                Connection.objects.filter(pk=self.connection_id).update(login_attempts=row.login_attempts[:-1])
            self.pending = False

    def worked(self) -> None:
        if self.pending:
            Connection.objects.filter(pk=self.connection_id).update(login_attempts=[])
            self.pending = False


def client_for(connection: Connection, *, now: datetime) -> SalesforceClient:
    """A client for this connection; nothing is sent yet."""
    credentials = Credentials(connection.auth, connection.login_url, open_secrets(connection))
    return SalesforceClient(credentials, hosts.from_settings(), guard=ConnectionGuard(connection.pk, now))


# --- the day's share of the org's API calls -----------------------------------------------------------------------


def next_reset(now: datetime) -> datetime:
    """When our count of the day starts anew."""
    return datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), time(0, 1), UTC)


def calls_today(connection: Connection, now: datetime) -> int:
    return connection.calls_count if connection.calls_day == now.astimezone(UTC).date() else 0


def check_budget(connection: Connection, client: SalesforceClient, *, now: datetime) -> None:
    """Stop before the tenant's share of the org's daily calls is passed: other programs of the customer need the
    rest.
    """
    total = client.usage.total or connection.limit_total
    if not total:
        return
    share = float(connection.settings.get("budget_share", 0.2))
    if calls_today(connection, now) >= int(total * share):
        raise SalesforceError(
            "limit_daily",
            f"Our share of {share:.0%} of {total:,} API calls a day is used up.",
            code="BUDGET_SHARE",
        )


def note_usage(connection: Connection, client: SalesforceClient, *, calls: int, now: datetime) -> None:
    """Add the calls of a step to the day's count and keep what the org said of its own."""
    connection.calls_count = calls_today(connection, now) + calls
    connection.calls_day = now.astimezone(UTC).date()
    changes: dict[str, Any] = {"calls_count": connection.calls_count, "calls_day": connection.calls_day}
    if client.org_id and client.org_id != connection.org_id:
        connection.org_id = changes["org_id"] = client.org_id
    if client.usage.total is not None:
        connection.limit_used, connection.limit_total, connection.limit_at = client.usage.used, client.usage.total, now
        changes.update(limit_used=client.usage.used, limit_total=client.usage.total, limit_at=now)
    Connection.objects.filter(pk=connection.pk).update(**changes)


# --- what the org has -----------------------------------------------------------------------------------------------


def described(
    connection: Connection, client: SalesforceClient, sobject: str, *, now: datetime, fresh: bool = False
) -> Mapping[str, FieldInfo]:
    """The org's fields of an object, asked at most once an hour; `fresh` asks again (a field vanished in the middle
    of a run).
    """
    known = connection.described.get(sobject)
    at = connection.described_at
    if fresh or known is None or at is None or not timedelta(0) <= now - at < DESCRIBE_FOR:
        fields = client.describe(sobject)
        kept = connection.described if at is not None and timedelta(0) <= now - at < DESCRIBE_FOR else {}
        connection.described = {**kept, sobject: {name: info.as_json() for name, info in fields.items()}}
        connection.described_at = at if kept and at is not None else now
        Connection.objects.filter(pk=connection.pk).update(
            described=connection.described, described_at=connection.described_at
        )
        return fields
    return {name: FieldInfo(*info) for name, info in known.items()}
