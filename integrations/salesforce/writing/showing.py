"""The way back as pages and the API show it: which way each field goes, what waits, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet
from django.http import Http404
from django.utils.translation import gettext_lazy as _

from integrations.salesforce.client import FieldInfo
from integrations.salesforce.conflicts import said
from integrations.salesforce.models import Conflict, Connection, Write
from integrations.salesforce.writing import fields, ours, refusals
from integrations.salesforce.writing.calls import why_closed

#: What a list of writes shows, by the word of its filter.
STATES: Mapping[str, tuple[Any, tuple[str, ...]]] = {
    "dead": (_("Need somebody"), ("failed", "unknown", "blocked")),
    "waiting": (_("Waiting"), ("waiting", "sending")),
    "written": (_("Written"), ("written",)),
    "discarded": (_("Discarded"), ("discarded",)),
}
TONES = {
    "waiting": "info",
    "sending": "info",
    "written": "good",
    "failed": "bad",
    "unknown": "bad",
    "blocked": "watch",
    "discarded": "neutral",
}
_RECORD_LABELS = {"Task": _("Task"), "Event": _("Meeting"), "ContentVersion": _("Document")}


@dataclass(frozen=True)
class Way:
    """Which way one field goes on this connection, what may be chosen, and what the org says to it."""

    key: str
    label: str
    target: str
    is_mapped: bool
    direction: str
    directions: tuple[tuple[str, str], ...]
    master: str
    masters: tuple[tuple[str, str], ...]
    warning: str


def way(connection: Connection, key: str) -> Way | None:
    """None for a field that is only ever read."""
    settings = connection.settings
    if key in fields.RECORDS:
        label, allowed, name, is_mapped = fields.RECORD_LABELS[key], (fields.OUT, fields.OFF), "", False
    elif key in fields.BY_KEY:
        field = fields.BY_KEY[key]
        label, allowed = field.label, field.directions  # type: ignore[assignment]
        name, is_mapped = fields.target(settings, key), field.is_mapped
    else:
        return None
    can_be_both = fields.BOTH in allowed
    return Way(
        key,
        label,
        name,
        is_mapped,
        fields.direction(settings, key),
        tuple((word, fields.DIRECTION_WORDS[word]) for word in allowed),
        fields.master(settings, key) if can_be_both else "",
        tuple(fields.MASTER_WORDS.items()) if can_be_both else (),
        warning(connection, key),
    )


def ways_only_written(connection: Connection) -> list[Way]:
    """The fields that are not read, and the records that are made."""
    keys = [field.key for field in fields.FIELDS if not field.is_mapped] + list(fields.RECORDS)
    return [found for key in keys if (found := way(connection, key)) is not None]


def warning(connection: Connection, key: str) -> str:
    """Why a field that should be written can not be, by the org's last description; empty if it can, or if nobody has
    looked yet.
    """
    if not fields.goes_out(connection.settings, key) or key not in fields.BY_KEY:
        return ""
    field = fields.BY_KEY[key]
    described = connection.described.get(field.sobject)
    name = fields.target(connection.settings, key)
    if described is None:
        return ""
    if not name:
        return f"{field.label} is mapped to no field, so it is not written."
    return why_closed(field.sobject, name, {known: FieldInfo(*info) for known, info in described.items()})


def warnings(connection: Connection) -> list[str]:
    return [words for field in fields.FIELDS if (words := warning(connection, field.key))]


# --- writes ---------------------------------------------------------------------------------------------------------


def writes(connection: Connection, shown: str = "") -> QuerySet[Write]:
    """The writes of a connection; those of a word of STATES, or of one state."""
    found = Write.objects.filter(connection=connection).defer("over_value").select_related("account")
    states = STATES[shown][1] if shown in STATES else (shown,) if shown else ()
    return found.filter(state__in=states) if states else found


def counts(connection: Connection) -> dict[str, int]:
    """How many writes there are behind each word of STATES."""
    rows = Write.objects.filter(connection=connection).values("state").annotate(number=Count("id")).order_by()
    numbers = {row["state"]: row["number"] for row in rows}
    return {word: sum(numbers.get(state, 0) for state in states) for word, (_label, states) in STATES.items()}


@dataclass(frozen=True)
class Line:
    """One write in words. `advice` is what to do about it."""

    write: Write
    label: str
    value: str
    tone: str
    advice: str
    href: str


def lines(connection: Connection, rows: Sequence[Write]) -> list[Line]:
    members = ours.member_words(row.wanted for row in rows if row.key == "csm")
    return [_line(connection, row, members) for row in rows]


def _line(connection: Connection, row: Write, members: Mapping[str, str]) -> Line:
    if row.kind == Write.Kind.RECORD:
        label, value = str(_RECORD_LABELS.get(row.sobject, row.sobject)), row.subject
    else:
        label = fields.BY_KEY[row.key].label if row.key in fields.BY_KEY else row.key
        value = members.get(str(row.wanted), "") if row.key == "csm" else said(row.wanted, row.key)
    needs_somebody = row.state in STATES["dead"][1]
    advice = refusals.advice(row.code) if needs_somebody else ""
    there = row.made_id or row.sf_id
    return Line(row, label, value, TONES[row.state], advice, f"{connection.login_url}/{there}" if there else "")


# --- conflicts ------------------------------------------------------------------------------------------------------


def conflicts(state: str = "") -> QuerySet[Conflict]:
    """The conflicts of the tenant; all, the open or the decided ones."""
    found = Conflict.objects.select_related("account", "connection")
    return found.filter(state=state) if state else found


def conflict_for(conflict_id: UUID) -> Conflict:
    found = conflicts().filter(pk=conflict_id).first()
    if found is None:
        raise Http404
    return found


def open_conflicts() -> int:
    return Conflict.objects.filter(state=Conflict.State.OPEN).count()


def label_of(key: str) -> str:
    return fields.BY_KEY[key].label if key in fields.BY_KEY else key


def with_labels(rows: Iterable[Conflict]) -> list[dict[str, Any]]:
    return [{"conflict": row, "label": label_of(row.key)} for row in rows]
