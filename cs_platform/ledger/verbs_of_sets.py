"""The verbs on many objects. A set costs a handful of statements, whatever its size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connection, models, transaction
from django.db.models import QuerySet
from django_fsm import FSMFieldMixin

from cs_platform import logs
from cs_platform.ledger import audit
from cs_platform.ledger.overwriting import cast, overwrite
from cs_platform.ledger.verbs import marked
from cs_platform.ledger.words import Actor
from cs_platform.tenancy.scope import require_tenant_id

M = TypeVar("M", bound=models.Model)


def change_many(
    queryset: QuerySet[M],
    verb: str,
    *,
    actor: Actor,
    now: datetime,
    set: Mapping[str, Any] | None = None,  # noqa: A002  (reads as SQL's SET at the call)
    note: str = "",
) -> list[Any]:
    """The same new values for every row of the queryset on which something differs; returns the keys of those.

    One statement locks the rows, the next updates and records them. The queryset itself takes the locks, so that its
    conditions are judged again on a row that somebody else was just changing. A verb that is a transition of the model
    takes its source states into the WHERE and its target into the SET, so that the set form and `change()` share their
    rule; rows in another state are left alone.
    """
    model = queryset.model
    code = audit.verb_of(model, verb)
    values, sources = _plan(model, verb, dict(set or {}))
    has_state = any(isinstance(field, FSMFieldMixin) for field, _ in values)
    with transaction.atomic():
        keys = _lock(queryset)
        if not keys:
            return []
        statement, params = _statement(model, code, values, sources, keys, actor, now, note)
        with marked(has_state), connection.cursor() as cursor:
            connection.moment = now  # type: ignore[attr-defined]
            cursor.execute(statement, params)
            return [row[0] for row in cursor.fetchall()]


def update_many(
    objs: Sequence[M],
    fields: Sequence[str],
    verb: str,
    *,
    actor: Actor,
    now: datetime,
    note: str = "",
    batch_size: int = 1000,
) -> list[M]:
    """Each object's own values of `fields`: rows are locked and compared, those that differ are written and recorded.

    Returns the changed objects, each with `ledger_changes` = {field: (old, new)}. Objects that are gone are left out.
    State fields are not written here: they have their transitions.
    """
    if not objs:
        return []
    model = type(objs[0])
    code = audit.verb_of(model, verb)
    columns = [model._meta.get_field(name) for name in fields]
    if any(isinstance(column, FSMFieldMixin) for column in columns):
        raise ValueError("a state field changes by its transition")
    attnames = [column.attname for column in columns]  # type: ignore[union-attr]
    has = {field.attname for field in model._meta.concrete_fields}
    with transaction.atomic():
        by_key = "pk__among" if isinstance(model._meta.pk, models.UUIDField) else "pk__in"
        mine = model._default_manager.filter(**{by_key: [obj.pk for obj in objs]}).order_by("pk")
        technical = [name for name in ("version",) if name in has]
        stored = {row[0]: row[1:] for row in mine.select_for_update().values_list("pk", *attnames, *technical)}
        changed: list[M] = []
        for obj in objs:
            old = stored.get(obj.pk)
            if old is None:
                continue
            differing = {
                name: (was, getattr(obj, name))
                for name, was in zip(attnames, old, strict=False)
                if was != getattr(obj, name)
            }
            if not differing:
                continue
            obj.ledger_changes = differing  # type: ignore[attr-defined]
            if technical:
                obj.version = old[-1] + 1  # type: ignore[attr-defined]
            if "updated_at" in has:
                obj.updated_at = now  # type: ignore[attr-defined]
            changed.append(obj)
        if not changed:
            return []
        touched = sorted({column for obj in changed for column in obj.ledger_changes})  # type: ignore[attr-defined]
        overwrite(changed, touched + technical + (["updated_at"] if "updated_at" in has else []), batch_size=batch_size)
        lines = (audit.line_of(o, audit.spoken_changes(model, o.ledger_changes)) for o in changed)  # type: ignore[attr-defined]
        audit.write(code, audit.type_of(model), lines, actor=actor, now=now, note=note)
    return changed


def _lock(queryset: QuerySet[M]) -> list[Any]:
    """The keys of the rows, locked in one order. As SQL, because Django makes an object of each row to lock it."""
    query = queryset.select_related(None).order_by("pk").values_list("pk").query
    alias = query.get_initial_alias()
    with connection.cursor() as cursor:
        try:
            statement, params = query.sql_with_params()
        except EmptyResultSet:
            return []
        cursor.execute(f"{statement} FOR UPDATE OF {connection.ops.quote_name(alias)}", params)
        return [row[0] for row in cursor.fetchall()]


# --- the statements -------------------------------------------------------------------------------------------------


def _plan(
    model: type[models.Model], verb: str, given: dict[str, Any]
) -> tuple[list[tuple[models.Field[Any, Any], Any]], tuple[str, list[Any]] | None]:
    """The columns to set, and the state column with the states a transition starts from."""
    sources: tuple[str, list[Any]] | None = None
    step: Any = getattr(model, verb, None)
    if hasattr(step, "_django_fsm"):
        meta = step._django_fsm
        targets = {transition.target for transition in meta.transitions.values()}
        if len(targets) != 1:
            raise ValueError(f"{verb} has more than one target; a set needs one")
        given.setdefault(meta.field.name, targets.pop())
        if not {"*", "+"} & meta.transitions.keys():
            sources = (meta.field.column, sorted(meta.transitions, key=str))
    if not given:
        raise ValueError(f"{verb} on a set says nothing to set")
    values = []
    for name, value in given.items():
        field = model._meta.get_field(name)
        values.append((field, field.get_db_prep_save(getattr(value, "pk", value), connection)))  # type: ignore[union-attr]
    return values, sources  # type: ignore[return-value]


def _statement(
    model: type[models.Model],
    code: str,
    values: list[tuple[models.Field[Any, Any], Any]],
    sources: tuple[str, list[Any]] | None,
    keys: list[Any],
    actor: Actor,
    now: datetime,
    note: str,
) -> tuple[str, list[Any]]:
    quote: Any = connection.ops.quote_name
    table, pk, tenant = quote(model._meta.db_table), quote(model._meta.pk.column), require_tenant_id()
    columns = [(quote(field.column), field.attname, cast(field), value) for field, value in values]
    has = {field.column for field in model._meta.concrete_fields}
    words = f"left(t.{quote('name')}::text, 300)" if "name" in has else "''"
    kind = audit.type_of(model)
    account = f"t.{pk}" if kind == "account" else f"t.{quote('account_id')}" if "account_id" in has else "NULL::uuid"
    states, state_params = ("", [])
    if sources is not None:
        states, state_params = f" AND t.{quote(sources[0])} = ANY(%s)", [sources[1]]
    old = ", ".join(f"t.{column} AS old_{n}" for n, (column, *_) in enumerate(columns))
    differs = " OR ".join(f"t.{column} IS DISTINCT FROM %s{cast}" for column, _, cast, _ in columns)
    new = [f"{column} = %s{cast}" for column, _, cast, _ in columns]
    extra: list[Any] = []
    if "version" in has:
        new.append("version = t.version + 1")
    if "updated_at" in has and not any(field.column == "updated_at" for field, _ in values):
        new.append("updated_at = %s")
        extra.append(now)
    private: frozenset[str] = frozenset(getattr(model, "ledger_private", ()))
    quiet: frozenset[str] = frozenset(getattr(model, "ledger_quiet", ())) | audit.NEVER
    empty = "'{}'::jsonb"
    pieces = [
        f"CASE WHEN old_{n} IS DISTINCT FROM new_{n} THEN jsonb_build_object('{name}', jsonb_build_array("
        + (f"'{audit.MASK}', '{audit.MASK}'" if name in private else f"to_jsonb(old_{n}), to_jsonb(new_{n})")
        + f")) ELSE {empty} END"
        for n, (_, name, _, _) in enumerate(columns)
        if name not in quiet
    ]
    fresh = ", ".join(f"t.{column} AS new_{n}" for n, (column, *_) in enumerate(columns))
    carried = ", ".join(f"target.old_{n}" for n in range(len(columns)))
    statement = (
        f"WITH target AS (SELECT t.ctid AS place, t.{pk} AS pk, {words} AS words, {account} AS account, {old}"
        f" FROM {table} t WHERE t.tenant_id = %s AND t.{pk} = ANY(%s{cast(model._meta.pk)}[]){states} AND ({differs})"
        f" ORDER BY t.{pk} FOR UPDATE),"
        # By the place of the row, which nobody can move: we hold its lock. Joined by key, a planner without statistics
        # (a first import) compares every row with every other.
        f" changed AS (UPDATE {table} t SET {', '.join(new)} FROM target"
        " WHERE t.ctid = target.place AND t.tenant_id = %s"
        f" RETURNING t.{pk} AS pk, target.words, target.account, {carried}, {fresh}),"
        " called AS (INSERT INTO ledger_auditcall (tenant_id, at, verb, actor_kind, actor_id, actor_words, door, note,"
        " request_id, digest, prev_hash, hash) SELECT %s, %s, %s, %s, %s, %s, %s, %s, %s, '', '', ''"
        " WHERE EXISTS (SELECT FROM changed) RETURNING id),"
        " logged AS (INSERT INTO ledger_auditrow"
        " (tenant_id, call_id, verb, object_type, object_id, object_words, account_id, changes)"
        " SELECT %s, called.id, %s, %s, changed.pk::text, changed.words, changed.account,"
        f" {' || '.join(pieces) or empty} FROM changed, called RETURNING 1) SELECT pk FROM changed"
    )
    wanted = [value for *_, value in columns]
    who = [actor.kind, actor.id, actor.words[:200], actor.door, note.replace("\x00", ""), logs.request_id.get()]
    params = [tenant, keys, *state_params, *wanted, *wanted, *extra, tenant, tenant, now, code, *who]
    return statement, [*params, tenant, code, kind]
