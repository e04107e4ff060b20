"""Questions about connections and their runs. Nothing is written here."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Max, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy

from accounts.models import Account
from integrations.salesforce import mapping, mirror, vanished
from integrations.salesforce.login import SECRET_LABELS
from integrations.salesforce.models import Conflict, Connection, SyncCursor, SyncRun, Write


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


def merged_into(account: Account) -> Account | None:
    """The account that an archived one was merged into in Salesforce, if that one is here too."""
    if account.is_managed or not account.salesforce_id:
        return None
    master = vanished.merge_master(account.salesforce_id)
    return Account.objects.filter(salesforce_id=master).exclude(pk=account.pk).first() if master else None


def latest_comparisons(connections: Sequence[Connection]) -> dict[UUID, SyncRun]:
    """The last completed comparison of each connection, in one query."""
    wanted = SyncRun.objects.filter(
        connection__in=connections, kind=SyncRun.Kind.NIGHTLY, state=SyncRun.State.DONE
    ).order_by("connection_id", "-started_at", "-id")
    return {run.connection_id: run for run in wanted.distinct("connection_id")}


def needs_attention() -> QuerySet[Connection]:
    """Connections that will not sync by themselves."""
    return Connection.objects.filter(Q(state=Connection.State.BROKEN) | Q(hold_until__isnull=False))


# --- the way back ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class WriteState:
    """How far Salesforce knows what was decided here about an account: none, waiting, written, failed or conflict."""

    state: str
    words: str
    at: datetime | None


_STATE_WORDS = {
    "none": gettext_lazy("Nothing to write to Salesforce"),
    "waiting": gettext_lazy("Waits to be written to Salesforce"),
    "written": gettext_lazy("Salesforce knows it"),
    "failed": gettext_lazy("Salesforce did not take it"),
    "conflict": gettext_lazy("Changed here and in Salesforce"),
}
_RANKS = {"sending": "waiting", "unknown": "failed"}
_ORDER = ("none", "written", "waiting", "failed", "conflict")


def write_states(account_ids: Collection[UUID]) -> dict[UUID, WriteState]:
    """The worst that is to be said of each of these accounts, in one question. What the org has no field for does not
    count: the mapping says that.
    """
    shown = ("waiting", "sending", "written", "failed", "unknown")
    written = Write.objects.filter(account_id__in=account_ids, state__in=shown, sobject="Account")
    rows = written.values("account_id", "state").annotate(at=Max(Coalesce("done_at", "changed_at")))
    undecided = Conflict.objects.filter(account_id__in=account_ids, state=Conflict.State.OPEN)
    conflicts = undecided.values("account_id").annotate(state=Value("conflict"), at=Max("created_at"))
    columns = ("account_id", "state", "at")
    said = rows.values_list(*columns).union(conflicts.values_list(*columns), all=True)
    found = {account_id: WriteState("none", str(_STATE_WORDS["none"]), None) for account_id in account_ids}
    for account_id, state, at in said:
        name = _RANKS.get(state, state)
        if _ORDER.index(name) > _ORDER.index(found[account_id].state):
            found[account_id] = WriteState(name, str(_STATE_WORDS[name]), at)
    return found
