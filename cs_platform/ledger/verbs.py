"""The verbs on one object: create, change, note. Nothing else in the product writes a state."""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

from django.db import connection, models, transaction
from django_fsm import FSMFieldMixin, TransitionNotAllowed

from cs_platform.ledger import audit
from cs_platform.ledger.guards import MARKER
from cs_platform.ledger.inserting import insert_many
from cs_platform.ledger.words import Actor, Gone, NotAllowed

M = TypeVar("M", bound=models.Model)


@contextmanager
def unit() -> Iterator[None]:
    """Several verbs that succeed or fail together."""
    with transaction.atomic():
        yield


def create(obj: M, *, actor: Actor, now: datetime, verb: str = "create", note: str = "") -> M:
    """A new row, with its audit row."""
    code = audit.verb_of(type(obj), verb)
    with transaction.atomic():
        obj.save(force_insert=True)
        first = {name: (None, value) for name, value in _values(obj).items() if value not in (None, "", [], {}, False)}
        line = audit.line_of(obj, audit.spoken_changes(type(obj), first))
        audit.write(code, audit.type_of(type(obj)), [line], actor=actor, now=now, note=note)
    return obj


def create_many(objs: Sequence[M], *, actor: Actor, now: datetime, verb: str = "create", note: str = "") -> list[M]:
    """New rows of one kind in one INSERT, with one call in the audit."""
    if not objs:
        return []
    model = type(objs[0])
    code = audit.verb_of(model, verb)
    with transaction.atomic():
        made = insert_many(objs)
        audit.write(code, audit.type_of(model), map(audit.line_of, made), actor=actor, now=now, note=note)
    return made


def note(
    obj: models.Model,
    verb: str,
    *,
    actor: Actor,
    now: datetime,
    note: str = "",
    changes: dict[str, list[Any]] | None = None,
) -> None:
    """Something that happened to an object without changing its row."""
    code = audit.verb_of(type(obj), verb)
    with transaction.atomic():
        line = audit.line_of(obj, changes)
        audit.write(code, audit.type_of(type(obj)), [line], actor=actor, now=now, note=note)


def note_many(
    objs: Sequence[models.Model],
    verb: str,
    *,
    actor: Actor,
    now: datetime,
    note: str = "",
    changes: dict[str, list[Any]] | None = None,
) -> None:
    """The same of many objects of one kind, as one call in the audit."""
    if not objs:
        return
    model = type(objs[0])
    with transaction.atomic():
        lines = (audit.line_of(obj, changes) for obj in objs)
        audit.write(audit.verb_of(model, verb), audit.type_of(model), lines, actor=actor, now=now, note=note)


@contextmanager
def change(obj: M, verb: str, *, actor: Actor, now: datetime, note: str = "", args: Sequence[Any] = ()) -> Iterator[M]:
    """The row, read again under lock in the scope of the tenant; what the body changes on it is saved and recorded.

    If the model has a transition of the verb's name, it is run first, with `args`. Nothing changed: nothing written.
    Refused with NotAllowed from a state that has no such transition, with Gone if the row is not there.
    """
    model = type(obj)
    code = audit.verb_of(model, verb)
    with transaction.atomic():
        live = model._default_manager.select_for_update(of=("self",)).filter(pk=obj.pk).first()
        if live is None:
            raise Gone
        before = _values(live)
        step = getattr(live, verb, None)
        if hasattr(step, "_django_fsm"):
            run_transition(live, verb, step, args)
        yield live
        _save(live, before, code, actor=actor, now=now, note=note)


def run_transition(live: models.Model, verb: str, step: Any, args: Sequence[Any]) -> None:
    try:
        step(*args)
    except TransitionNotAllowed:
        field = step._django_fsm.field
        state = getattr(live, f"get_{field.name}_display", lambda: getattr(live, field.name))()
        words = verb.replace("_", " ")
        raise NotAllowed(f"{audit.words_of(live)} is {str(state).lower()}, so “{words}” is not possible.") from None


def _save(live: models.Model, before: dict[str, Any], code: str, *, actor: Actor, now: datetime, note: str) -> None:
    after = _values(live)
    changed = {name: (before[name], after[name]) for name in before if before[name] != after[name]}
    if not changed:
        return
    fields = {field.attname: field for field in live._meta.concrete_fields}
    if "version" in fields and "version" not in changed:
        live.version = before["version"] + 1  # type: ignore[attr-defined]
        changed["version"] = (before["version"], before["version"] + 1)
    if "updated_at" in fields and "updated_at" not in changed:
        live.updated_at = now  # type: ignore[attr-defined]
        changed["updated_at"] = (None, now)
    with marked(any(isinstance(fields[name], FSMFieldMixin) for name in changed)):
        live.save(update_fields=[fields[name].name for name in changed])
    line = audit.line_of(live, audit.spoken_changes(type(live), changed))
    audit.write(code, audit.type_of(type(live)), [line], actor=actor, now=now, note=note)


@contextmanager
def marked(wanted: bool = True) -> Iterator[None]:
    """Within it the database lets a state column change; the guards look for this mark."""
    if not wanted:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, 'on', true)", [MARKER])
    yield
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, '', true)", [MARKER])


def _values(obj: models.Model) -> dict[str, Any]:
    values = {}
    for field in obj._meta.concrete_fields:
        if not field.primary_key and field.attname != "tenant_id":
            value = getattr(obj, field.attname)
            values[field.attname] = copy.deepcopy(value) if isinstance(value, list | dict) else value
    return values
