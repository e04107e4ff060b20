"""The org: its records, its clock, its faults and its memory of calls. Tests use it in the same process."""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from integrations.salesforce.sandbox import pipeline, records, seed, values
from integrations.salesforce.sandbox.clock import Clock
from integrations.salesforce.sandbox.faults import Faults
from integrations.salesforce.sandbox.problems import no_type, not_found
from integrations.salesforce.sandbox.schema import Field, SObject
from integrations.salesforce.sandbox.store import Store

if TYPE_CHECKING:
    from integrations.salesforce.sandbox.messages import Answer

SEEDS = ("demo", "empty", "pipeline")
DAILY_LIMIT = 15_000


@dataclass(frozen=True)
class Call:
    """One call that the API has answered."""

    at: datetime
    kind: str
    method: str
    path: str
    detail: str
    status: int
    rows: int | None
    seconds: float
    fault: str


class AlreadySeeded(Exception):
    """The folder holds other content than asked for."""


class SandboxOrg:
    """One org in one folder. Content is made at the first start only; afterwards it is what people made of it.

    `calls` counts calls by kind (login, query, queryAll, queryMore, describe, limits, read, create, update, upsert,
    delete, composite, bulk…), `log` holds the last 500 with their details. Faults, counters and query cursors live in
    memory, rows and sessions in the file.
    """

    def __init__(
        self,
        data_dir: Path | str,
        seed: str = "demo",
        *,
        pipeline_dir: Path | str | None = None,
        support_level: str = "",
        daily_limit: int = DAILY_LIMIT,
    ) -> None:
        if seed not in SEEDS:
            raise ValueError(f"seed {seed!r} is none of {', '.join(SEEDS)}")
        self.clock, self.faults = Clock(), Faults()
        self.calls: Counter[str] = Counter()
        self.log: deque[Call] = deque(maxlen=500)
        self.daily_limit = daily_limit
        self._used: tuple[str, int] = ("", 0)
        self._spread = random.Random(1)
        self.store = Store(Path(data_dir) / "org.sqlite3")
        self.objects = self.store.schema
        newest = self.store.newest_stamp()
        if newest:
            self.clock.not_before(newest)
        self._fill(seed, Path(pipeline_dir) if pipeline_dir else None, support_level)

    def _fill(self, kind: str, folder: Path | None, support_level: str) -> None:
        known = self.store.meta("seed")
        if known is not None:
            if known != kind and kind != "demo":
                raise AlreadySeeded(f"this folder holds the {known} org; choose another one for {kind}")
            return
        with self.store.transaction():
            seed.make_integration_user(self)
            if kind == "demo":
                seed.fill(self)
            elif kind == "pipeline":
                if folder is None:
                    raise ValueError("seed 'pipeline' needs pipeline_dir")
                pipeline.fill(self, folder, support_level)
            self.store.set_meta("seed", kind)

    def close(self) -> None:
        self.store.close()

    # --- what is there --------------------------------------------------------------------------------------------

    def sobject(self, name: str) -> SObject:
        """The object of this name in any letter case. Refused (INVALID_TYPE) if there is none."""
        found = self.objects.get(name) or next(
            (item for item in self.objects.values() if item.name.lower() == name.lower()), None
        )
        if found is None:
            raise no_type(name)
        return found

    def sobject_of(self, row_id: str) -> SObject:
        """The object that an id belongs to."""
        found = next((item for item in self.objects.values() if item.prefix == row_id[:3]), None)
        if found is None:
            raise not_found()
        return found

    def hidden(self, sobject: SObject) -> frozenset[str]:
        """Fields that a fault hides from every login."""
        options = self.faults.options("hidden_field")
        name, _, field = (options["field"] if options else "").partition(".")
        return frozenset({field} if field and name == sobject.name else ())

    def now(self) -> datetime:
        """The org's clock, wrong by the skew that is switched on."""
        options = self.faults.options("clock_skew")
        return self.clock.now() + timedelta(seconds=options["seconds"] if options else 0)

    def seconds(self) -> int:
        return int(self.now().timestamp())

    def settle(self) -> None:
        """Let rows become visible whose time has come."""
        self.store.settle(self.now().timestamp())

    def get(self, row_id: str) -> dict[str, Any] | None:
        """A visible record as the API says it, deleted or not; None if there is none."""
        self.settle()
        sobject = self.sobject_of(row_id)
        found = self.store.rows(sobject, '"Id" = ?', [row_id])
        return self._said(sobject, found[0]) if found else None

    def find(self, sobject: str, **equal: Any) -> list[dict[str, Any]]:
        """Visible records that are not deleted and have these values, oldest id first."""
        self.settle()
        kind = self.sobject(sobject)
        wanted = {name: values.raw(kind.fields[name], value) for name, value in equal.items()}
        if "IsDeleted" in kind.fields:
            wanted.setdefault("IsDeleted", 0)
        where = " AND ".join(f'"{name}" IS ?' for name in wanted) or "1"
        rows = self.store.rows(kind, where, list(wanted.values()), '"Id"')
        return [self._said(kind, row) for row in rows]

    def count(self, sobject: str) -> int:
        self.settle()
        kind = self.sobject(sobject)
        where = ' WHERE "IsDeleted" = 0' if "IsDeleted" in kind.fields else ""
        return int(self.store.read(f'SELECT count(*) FROM "{kind.name}"{where}')[0][0])

    @staticmethod
    def _said(sobject: SObject, row: Mapping[str, Any]) -> dict[str, Any]:
        speakers = {name: values.speaker(field) for name, field in sobject.fields.items()}
        return {name: say(row[name]) if (say := speakers[name]) else row[name] for name in sobject.fields}

    # --- verbs ----------------------------------------------------------------------------------------------------

    def create(
        self, sobject: str, given: Mapping[str, Any], *, check: bool = True, stamp: datetime | None = None
    ) -> str:
        """A new record; gives its id. `check=False` stores what a real org would refuse, `stamp` backdates it."""
        return records.create(self, self.sobject(sobject), given, check=check, stamp=stamp)

    def set(
        self,
        row_id: str,
        given: Mapping[str, Any] | None = None,
        *,
        check: bool = True,
        stamp: datetime | None = None,
        silent: bool = False,
        **more: Any,
    ) -> None:
        """Change a record. `silent`: its stamp does not move, as with formula fields."""
        records.update(self, row_id, {**(given or {}), **more}, check=check, stamp=stamp, silent=silent)

    def upsert(self, sobject: str, given: Mapping[str, Any], key: str = "External_Id__c", **options: Any) -> str:
        """Change the record with this Id or external id, else create it; gives its id."""
        rest = {name: value for name, value in given.items() if name != "Id"}
        if given.get("Id"):
            self.set(given["Id"], rest, **options)
            return str(given["Id"])
        found = self.find(sobject, **{key: given[key]}) if given.get(key) else []
        if found:
            self.set(found[0]["Id"], rest, **options)
            return str(found[0]["Id"])
        return self.create(sobject, rest, **options)

    def bulk(self, sobject: str, rows: Iterable[Mapping[str, Any]], *, stamp: datetime | None = None) -> list[str]:
        """Many new records at once, unchecked and with one stamp, as a data load leaves them."""
        return records.bulk(self, self.sobject(sobject), list(rows), stamp=stamp)

    def delete(self, row_id: str) -> None:
        """Into the recycle bin, with what belongs to it."""
        records.delete(self, row_id)

    def undelete(self, row_id: str) -> None:
        """Out of the recycle bin, with what went along."""
        records.undelete(self, row_id)

    def purge(self, row_id: str) -> None:
        """Gone without a trace, also for queryAll."""
        self.store.remove(self.sobject_of(row_id), row_id)

    def merge(self, master_id: str, *other_ids: str) -> None:
        """The others are deleted, point to the master, and what belonged to them belongs to it."""
        records.merge(self, master_id, other_ids)

    def add_field(
        self, sobject: str, name: str, kind: str = "string", *, calculated: bool = False, length: int = 255
    ) -> None:
        """A custom field more."""
        writable = "no" if calculated else "yes"
        field = Field(name, kind, length, label=name.removesuffix("__c").replace("_", " "), writable=writable)
        self.store.add_field(self.sobject(sobject), Field(**{**vars(field), "calculated": calculated}))

    def due(self) -> float | None:
        """When a change of now becomes visible, if a fault says later."""
        options = self.faults.strikes("late_commit", "update")
        if options is None:
            return None
        part = self._spread.random() if options["spread"] else 1.0
        return self.now().timestamp() + options["seconds"] * part

    # --- calls ----------------------------------------------------------------------------------------------------

    def note_call(
        self, kind: str, method: str, path: str, detail: str, answer: Answer, seconds: float, struck: list[str]
    ) -> None:
        """A line in the log."""
        status = 0 if answer.delivery == "hole" else answer.status
        self.log.append(Call(self.now(), kind, method, path, detail, status, answer.rows, seconds, ", ".join(struck)))

    def reset_calls(self) -> None:
        self.calls.clear()
        self.log.clear()

    def used_today(self, step: int = 0) -> int:
        """API calls of the org's day, after adding `step`. The count begins anew when the day changes."""
        with self.store.lock:
            day = self.now().date().isoformat()
            used = (self._used[1] if self._used[0] == day else 0) + step
            self._used = (day, used)
            return used

    def expire_sessions(self) -> None:
        """Every open session ends; the next call with it is answered 401."""
        with self.store.transaction():
            self.store.db.execute('DELETE FROM "session"')
