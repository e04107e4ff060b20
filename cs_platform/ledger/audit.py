"""Writing down a call and its rows. Only verbs.py and verbs_of_sets.py use it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection, models

from cs_platform import logs
from cs_platform.ledger.models import AuditCall
from cs_platform.ledger.words import Actor, sentence
from cs_platform.tenancy.scope import require_tenant_id

MASK = "•••"
NEVER = {"id", "tenant_id", "version", "updated_at", "created_at"}
ROWS_AT_ONCE = 5000


@dataclass
class Line:
    """One object of a call."""

    object_id: str
    words: str
    account_id: UUID | None = None
    changes: dict[str, list[Any]] = field(default_factory=dict)


def verb_of(model: type[models.Model], verb: str) -> str:
    """`account.archive`; raises for a verb without a sentence."""
    code = f"{type_of(model)}.{verb}"
    sentence(code)
    return code


def type_of(model: type[models.Model]) -> str:
    return str(getattr(model, "ledger_name", "") or model._meta.model_name)


def words_of(obj: models.Model) -> str:
    spoken = getattr(obj, "ledger_words", None)
    return str(spoken() if callable(spoken) else obj)[:300]


def account_of(obj: models.Model) -> UUID | None:
    if type_of(type(obj)) == "account":
        return obj.pk  # type: ignore[no-any-return]
    found = getattr(obj, "account_id", None)
    return found if isinstance(found, UUID) else None


def line_of(obj: models.Model, changes: dict[str, list[Any]] | None = None) -> Line:
    return Line(str(obj.pk), words_of(obj), account_of(obj), changes or {})


def plain(value: Any) -> Any:
    """A value as JSON keeps it."""
    if isinstance(value, bytes | memoryview):
        return f"{len(value)} bytes"
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    if isinstance(value, list | tuple | set):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return value


def spoken_changes(model: type[models.Model], changed: dict[str, tuple[Any, Any]]) -> dict[str, list[Any]]:
    """Before and after by field; private values masked, derived and technical ones left out."""
    private: set[str] = getattr(model, "ledger_private", set())
    quiet: set[str] = getattr(model, "ledger_quiet", set())
    return {
        name: [MASK if old else None, MASK if new else None] if name in private else [plain(old), plain(new)]
        for name, (old, new) in changed.items()
        if name not in NEVER and name not in quiet
    }


def write(verb: str, kind: str, lines: Iterable[Line], *, actor: Actor, now: datetime, note: str) -> AuditCall:
    """The call and its rows, in the transaction of the change."""
    call = open_call(verb, actor=actor, now=now, note=note)
    batch: list[Line] = []
    for line in lines:
        batch.append(line)
        if len(batch) >= ROWS_AT_ONCE:
            _insert(call, verb, kind, batch)
            batch = []
    if batch:
        _insert(call, verb, kind, batch)
    return call


def open_call(verb: str, *, actor: Actor, now: datetime, note: str) -> AuditCall:
    connection.moment = now  # type: ignore[attr-defined]
    return AuditCall.objects.create(
        at=now,
        verb=verb,
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_words=actor.words[:200],
        door=actor.door,
        note=note.replace("\x00", ""),
        request_id=logs.request_id.get(),
    )


def _insert(call: AuditCall, verb: str, kind: str, lines: list[Line]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_auditrow"
            " (tenant_id, call_id, verb, object_type, object_id, object_words, account_id, changes)"
            " SELECT %s, %s, %s, %s, line.id, line.words, line.account::uuid, line.changes::jsonb"
            " FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[]) AS line (id, words, account, changes)",
            [
                require_tenant_id(),
                call.pk,
                verb,
                kind,
                [line.object_id for line in lines],
                [line.words for line in lines],
                [str(line.account_id) if line.account_id else None for line in lines],
                [json.dumps(line.changes, ensure_ascii=False) for line in lines],
            ],
        )
