"""Questions about connections and their runs. Nothing is written here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from integrations.salesforce import mapping, mirror
from integrations.salesforce.login import SECRET_LABELS
from integrations.salesforce.models import Connection, SyncCursor, SyncRun


def connections() -> QuerySet[Connection]:
    """All connections of the tenant, oldest first."""
    return Connection.objects.order_by("created_at", "id")


def get_connection(connection_id: UUID) -> Connection:
    """One connection of the tenant; Connection.DoesNotExist for anybody else's."""
    return Connection.objects.get(pk=connection_id)


def runs(connection: Connection | None = None) -> QuerySet[SyncRun]:
    """Sync runs, newest first."""
    found = SyncRun.objects.order_by("-started_at", "-id")
    return found if connection is None else found.filter(connection=connection)


def get_run(run_id: UUID) -> SyncRun:
    return SyncRun.objects.get(pk=run_id)


def latest_runs(connections: list[Connection]) -> dict[UUID, SyncRun]:
    """The newest run of each connection, in one query."""
    wanted = SyncRun.objects.filter(connection__in=connections)
    newest = wanted.order_by("connection_id", "-started_at", "-id").distinct("connection_id")
    return {run.connection_id: run for run in newest}


@dataclass(frozen=True)
class Credential:
    """A stored secret as a page may show it: never itself, only its last four characters and its age."""

    label: str
    last4: str
    set_at: datetime | None


def credentials(connection: Connection) -> list[Credential]:
    return [
        Credential(SECRET_LABELS[name], str(hint.get("last4", "")), _moment(hint.get("set_at")))
        for name, hint in connection.hints.items()
        if name in SECRET_LABELS
    ]


def _moment(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None


@dataclass(frozen=True)
class MappedField:
    """One line of the mapping table: ours, theirs, and whether the org has it."""

    key: str
    label: str
    sobject: str
    source: str
    is_default: bool
    state: str  # found, calculated, missing, unmapped, unknown


def mapping_table(connection: Connection) -> list[MappedField]:
    """Every field we can take from Salesforce as this connection maps it, judged by the last describe."""
    overrides: Mapping[str, str] = connection.settings.get("field_map", {})
    lines = []
    for spec in mapping.SPECS:
        source = overrides.get(spec.key, spec.default)
        lines.append(
            MappedField(
                spec.key,
                spec.label,
                spec.sobject,
                source,
                spec.key not in overrides,
                _state(connection, spec.sobject, source),
            )
        )
    return lines


def mapping_summary(table: Sequence[MappedField]) -> dict[str, int]:
    """How many fields are read, and how many need a look."""
    return {
        "read": sum(line.state in ("found", "calculated") for line in table),
        "mapped": sum(line.state != "unmapped" for line in table),
        "doubtful": sum(line.state in ("missing", "calculated") for line in table),
    }


def _state(connection: Connection, sobject: str, source: str) -> str:
    fields: Mapping[str, Any] | None = connection.described.get(sobject)
    if not source:
        return "unmapped"
    if fields is None:
        return "unknown"
    if source not in fields:
        return "missing"
    is_calculated = bool(fields[source][1]) and source not in ("Name", "IsClosed", "IsWon")
    return "calculated" if is_calculated else "found"


def unmanaged_accounts(connection: Connection) -> int:
    """How many accounts of the org are known but have no support level."""
    return mirror.unmanaged_accounts(connection.pk)


def marks(connection: Connection) -> list[SyncCursor]:
    """How far each object has been read."""
    found = {cursor.sobject: cursor for cursor in SyncCursor.objects.filter(connection=connection)}
    return [found[sobject] for sobject in mapping.SOBJECTS if sobject in found]


def needs_attention() -> QuerySet[Connection]:
    """Connections that will not sync by themselves."""
    return Connection.objects.filter(Q(state=Connection.State.BROKEN) | Q(hold_until__isnull=False))
