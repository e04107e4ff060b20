"""Rows on disk: one SQLite file, one table per object, an index over (SystemModstamp, Id). Survives kill -9.

A row can wait in `pending` until it becomes visible, as a transaction does that got its stamp long before it commits.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

from integrations.salesforce.sandbox import ids
from integrations.salesforce.sandbox.problems import Problem
from integrations.salesforce.sandbox.schema import Field, SObject, objects

#: Which record took this one along when it was deleted, so that an undelete brings both back.
DELETED_WITH = "_deleted_with"
_BASE = """
CREATE TABLE IF NOT EXISTS "meta" ("key" TEXT PRIMARY KEY, "value" TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS "pending" (
    "seq" INTEGER PRIMARY KEY, "due" REAL NOT NULL, "sobject" TEXT NOT NULL, "id" TEXT NOT NULL, "body" TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS "session" ("token" TEXT PRIMARY KEY, "username" TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS "added_field" ("sobject" TEXT, "body" TEXT NOT NULL);
"""
_INDEXED = ("AccountId", "ParentId", "WhatId", "WhoId")


class Store:
    """All access to the file. One lock: SQLite takes one writer at a time anyway."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.lock = RLock()
        self.db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, cached_statements=500)
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=5000", "cache_size=-65536"):
            self.db.execute(f"PRAGMA {pragma}")
        self.db.executescript(_BASE)
        self.schema = objects()
        for name, body in self.db.execute('SELECT "sobject", "body" FROM "added_field"'):
            self.schema[name].add(_field(body))
        for sobject in self.schema.values():
            self._make_table(sobject)
        self._depth = 0
        self._next_due = self._first_due()

    def close(self) -> None:
        with self.lock:
            self.db.close()

    def _make_table(self, sobject: SObject) -> None:
        known = {row[1] for row in self.db.execute(f'PRAGMA table_info("{sobject.name}")')}
        columns = [f'"{field.name}" {_affinity(field)}' for field in sobject.fields.values()]
        columns.append(f'"{DELETED_WITH}" TEXT')
        if not known:
            self.db.execute(f'CREATE TABLE "{sobject.name}" ({", ".join(columns)}, UNIQUE ("Id"))')
        for column in columns if known else ():
            if column.split('"')[1] not in known:
                self.db.execute(f'ALTER TABLE "{sobject.name}" ADD COLUMN {column}')
        index = f'CREATE INDEX IF NOT EXISTS "{sobject.name}_{{0}}" ON "{sobject.name}" ({{1}})'
        self.db.execute(index.format("stamp", '"SystemModstamp", "Id"'))
        for name in _INDEXED:
            if name in sobject.fields:
                self.db.execute(index.format(name, f'"{name}"'))
        for name in ("Name", *(field.name for field in sobject.fields.values() if field.external_id)):
            if name in sobject.fields:
                self.db.execute(index.format(name, f'"{name}" COLLATE NOCASE'))

    def add_field(self, sobject: SObject, field: Field) -> None:
        """A custom field more. It survives a restart."""
        with self.transaction():
            body = json.dumps({name: value for name, value in vars(field).items() if name not in ("to", "picks")})
            self.db.execute('INSERT INTO "added_field" VALUES (?, ?)', (sobject.name, body))
            sobject.add(field)
            self._make_table(sobject)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; one inside another is undone alone."""
        with self.lock:
            name = f"s{self._depth}"
            self.db.execute(f"SAVEPOINT {name}" if self._depth else "BEGIN IMMEDIATE")
            is_outer, self._depth = not self._depth, self._depth + 1
            try:
                yield
            except BaseException:
                self.db.execute("ROLLBACK" if is_outer else f"ROLLBACK TO {name}")
                if not is_outer:
                    self.db.execute(f"RELEASE {name}")
                else:
                    self._next_due = self._first_due()
                raise
            else:
                self.db.execute("COMMIT" if is_outer else f"RELEASE {name}")
            finally:
                self._depth -= 1

    # --- rows -----------------------------------------------------------------------------------------------------

    def put(self, sobject: SObject, row: Mapping[str, Any], *, due: float | None = None) -> None:
        """Write a whole row, visible now or when the org's clock reaches `due`."""
        with self.transaction():
            if self._next_due is not None:
                self.db.execute('DELETE FROM "pending" WHERE "id" = ?', (row["Id"],))
            if due is None:
                self.put_many(sobject, [row])
                return
            self.db.execute(
                'INSERT INTO "pending" ("due", "sobject", "id", "body") VALUES (?, ?, ?, ?)',
                (due, sobject.name, row["Id"], json.dumps(dict(row))),
            )
            self._next_due = due if self._next_due is None else min(self._next_due, due)

    def put_many(self, sobject: SObject, rows: Iterable[Mapping[str, Any]]) -> None:
        names = [*sobject.fields, DELETED_WITH]
        columns = ", ".join(f'"{name}"' for name in names)
        marks = ", ".join("?" * len(names))
        news = ", ".join(f'"{name}" = excluded."{name}"' for name in names if name != "Id")
        statement = f'INSERT INTO "{sobject.name}" ({columns}) VALUES ({marks}) ON CONFLICT ("Id") DO UPDATE SET {news}'
        with self.transaction():
            self.db.executemany(statement, ([row.get(name) for name in names] for row in rows))

    def latest(self, sobject: SObject, row_id: str) -> dict[str, Any] | None:
        """The newest version of a row, whether it is visible yet or not: what a change starts from."""
        with self.lock:
            if self._next_due is not None:
                waiting = self.db.execute(
                    'SELECT "body" FROM "pending" WHERE "id" = ? ORDER BY "seq" DESC LIMIT 1', (row_id,)
                ).fetchone()
                if waiting:
                    return dict(json.loads(waiting[0]))
            found = self.rows(sobject, '"Id" = ?', [row_id])
            return found[0] if found else None

    def rows(self, sobject: SObject, where: str, params: Sequence[Any] = (), order: str = "") -> list[dict[str, Any]]:
        """Whole stored rows."""
        names = [*sobject.fields, DELETED_WITH]
        columns = ", ".join(f'"{name}"' for name in names)
        order_by = f" ORDER BY {order}" if order else ""
        found = self.read(f'SELECT {columns} FROM "{sobject.name}" WHERE {where}{order_by}', params)
        return [dict(zip(names, row, strict=True)) for row in found]

    def read(self, statement: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self.lock:
            try:
                return self.db.execute(statement, params).fetchall()
            except sqlite3.OperationalError as exc:  # too many values or too deep a tree for SQLite
                raise Problem("QUERY_TOO_COMPLICATED", f"The query is too complicated: {exc}") from exc

    def remove(self, sobject: SObject, row_id: str) -> None:
        with self.transaction():
            self.db.execute(f'DELETE FROM "{sobject.name}" WHERE "Id" = ?', (row_id,))
            self.db.execute('DELETE FROM "pending" WHERE "id" = ?', (row_id,))

    # --- what waits -----------------------------------------------------------------------------------------------

    def _first_due(self) -> float | None:
        due: float | None = self.db.execute('SELECT min("due") FROM "pending"').fetchone()[0]
        return due

    def settle(self, now: float) -> None:
        """Rows whose time has come become visible."""
        if self._next_due is None or self._next_due > now:
            return
        with self.transaction():
            waiting = self.db.execute(
                'SELECT "seq", "sobject", "body" FROM "pending" WHERE "due" <= ? ORDER BY "seq"', (now,)
            ).fetchall()
            for seq, name, body in waiting:
                self.put_many(self.schema[name], [json.loads(body)])
                self.db.execute('DELETE FROM "pending" WHERE "seq" = ?', (seq,))
            self._next_due = self._first_due()

    def pending(self) -> int:
        if self._next_due is None:
            return 0
        return int(self.read('SELECT count(*) FROM "pending"')[0][0])

    # --- small things -----------------------------------------------------------------------------------------------

    def new_ids(self, prefix: str, count: int = 1) -> list[str]:
        """Ids that were never given before."""
        with self.transaction():
            first = int(self.meta(f"next.{prefix}") or 1)
            self.set_meta(f"next.{prefix}", str(first + count))
        return [ids.make(prefix, number) for number in range(first, first + count)]

    def meta(self, key: str) -> str | None:
        found = self.read('SELECT "value" FROM "meta" WHERE "key" = ?', (key,))
        return str(found[0][0]) if found else None

    def set_meta(self, key: str, value: str) -> None:
        with self.transaction():
            self.db.execute('INSERT OR REPLACE INTO "meta" VALUES (?, ?)', (key, value))

    def newest_stamp(self) -> int:
        """The highest stamp that was ever given."""
        tops = [self.read(f'SELECT max("SystemModstamp") FROM "{name}"')[0][0] or 0 for name in self.schema]
        waiting = self.read('SELECT max(json_extract("body", \'$.SystemModstamp\')) FROM "pending"')[0][0] or 0
        return int(max(*tops, waiting))


def _affinity(field: Field) -> str:
    if field.type in ("boolean", "int", "datetime"):
        return "INTEGER"
    return "REAL" if field.is_number else "TEXT"


def _field(body: str) -> Field:
    return Field(**json.loads(body))
