"""The REST resources under /services/data/vNN.0: one table from path to function, one class per request."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from integrations.salesforce.sandbox import bulk, composite, describe, ids, queries, values
from integrations.salesforce.sandbox.messages import Answer, Request
from integrations.salesforce.sandbox.problems import Problem, not_found
from integrations.salesforce.sandbox.queries import Cursors
from integrations.salesforce.sandbox.schema import SObject

if TYPE_CHECKING:
    from integrations.salesforce.sandbox.org import SandboxOrg

_VERSION = re.compile(r"v(\d\d)\.0\Z", re.ASCII)
_BATCH = re.compile(r"batchSize=(\d+)", re.ASCII)
_READS = {"limits": "limits", "query": "query", "queryAll": "queryAll", "composite": "composite", "jobs": "bulk"}
_VERBS = {"GET": "read", "HEAD": "read", "POST": "create", "PATCH": "update", "DELETE": "delete"}


def parts_of(path: str) -> list[str]:
    """The segments behind /services/data/. An external id may hold a slash, therefore they are decoded one by one."""
    return [unquote(part, errors="replace") for part in path.removeprefix("/services/data").split("/") if part]


def kind_of(method: str, path: str) -> str:
    """The kind of a call, for counters and faults."""
    parts = parts_of(path)[1:]
    if not parts:
        return "versions"
    if parts[0] in ("query", "queryAll") and len(parts) > 1:
        return "queryMore"
    if parts[0] != "sobjects":
        return _READS.get(parts[0], "other")
    if len(parts) <= 2 and method == "GET" or parts[2:] == ["describe"]:
        return "describe"
    if method == "PATCH" and len(parts) == 4:
        return "upsert"
    return _VERBS.get(method, "other")


@dataclass
class Api:
    """The resources of one org. `session` names whose cursors a query may continue."""

    org: SandboxOrg
    cursors: Cursors
    jobs: bulk.Jobs
    session: str

    def answer(self, request: Request) -> Answer:
        """The answer to a call of an open session. Refused (NOT_FOUND, METHOD_NOT_ALLOWED…) if there is no such."""
        version, *rest = parts_of(request.path)
        number = _VERSION.match(version)
        if number is None or not describe.FIRST_VERSION <= int(number[1]) <= describe.LAST_VERSION:
            raise not_found()
        base = f"/services/data/{version}"
        match rest:
            case []:
                return Answer(body=describe.resources(base))
            case ["limits"]:
                self._only(request, "GET")
                return Answer(body=describe.limits(self.org))
            case ["query" | "queryAll" as resource]:
                self._only(request, "GET")
                return self._query(request, base, with_deleted=resource == "queryAll")
            case ["query" | "queryAll", place]:
                self._only(request, "GET")
                body = queries.more(
                    self.org, self.cursors, place, session=self.session, base=base, batch=_batch(request)
                )
                return Answer(body=body, rows=len(body["records"]))
            case ["composite", *more]:
                return composite.answer(self, request, base, more)
            case ["jobs", "query", *more]:
                return self.jobs.answer(self.org, request, base, more)
            case ["sobjects", *more]:
                return self._sobjects(request, base, more)
        raise not_found()

    def _query(self, request: Request, base: str, *, with_deleted: bool) -> Answer:
        text = request.query.get("q", "")
        batch = _batch(request)
        body = queries.run(
            self.org, self.cursors, text, session=self.session, base=base, with_deleted=with_deleted, batch=batch
        )
        if self.org.faults.strikes("wrong_total", "queryAll" if with_deleted else "query") is not None:
            body["totalSize"] += 7
        return Answer(body=body, rows=len(body["records"]))

    # --- /sobjects ------------------------------------------------------------------------------------------------

    def _sobjects(self, request: Request, base: str, rest: list[str]) -> Answer:
        if not rest:
            self._only(request, "GET")
            return Answer(body=describe.all_objects(self.org, base))
        sobject = self._sobject(rest[0])
        match rest[1:]:
            case [] if request.method == "POST":
                return self._create(sobject, request)
            case []:
                self._only(request, "GET", "POST")
                return Answer(body=describe.basic(sobject, base))
            case ["describe"]:
                self._only(request, "GET")
                return Answer(body=describe.full(self.org, sobject, base))
            case ["updated" | "deleted" as which]:
                self._only(request, "GET")
                return Answer(body=self._changed(sobject, request, deleted=which == "deleted"))
            case [row_id]:
                return self._record(sobject, row_id, request, base)
            case ["Id", row_id] if request.method != "PATCH":
                return self._record(sobject, row_id, request, base)
            case [row_id, "VersionData"] if sobject.name == "ContentVersion":
                raw = self._row(sobject, row_id)["VersionData"] or ""
                return Answer(body=base64.b64decode(raw), kind="application/octetstream")
            case [field, value]:
                return self._by_external_id(sobject, field, value, request, base)
        raise not_found()

    def _sobject(self, name: str) -> SObject:
        try:
            return self.org.sobject(name)
        except Problem:
            raise not_found() from None

    def _record(self, sobject: SObject, row_id: str, request: Request, base: str) -> Answer:
        self._only(request, "GET", "PATCH", "DELETE")
        if request.method == "GET":
            return Answer(body=self.read(sobject, row_id, request.query.get("fields", ""), base))
        full = str(self._row(sobject, row_id, latest=True)["Id"])
        self.lock("update" if request.method == "PATCH" else "delete", full)
        if request.method == "DELETE":
            self.org.delete(full)
        else:
            given = plain(request.json_object())
            self.refuse_by_rule("update", sobject.name, given)
            self.org.set(full, given)
        return Answer(204)

    def _create(self, sobject: SObject, request: Request) -> Answer:
        given = plain(request.json_object())
        self.lock("create", "")
        self.refuse_by_rule("create", sobject.name, given)
        return Answer(201, {"id": self.org.create(sobject.name, given), "success": True, "errors": []})

    def _by_external_id(self, sobject: SObject, field: str, value: str, request: Request, base: str) -> Answer:
        """GET, PATCH (upsert) or DELETE of the record with this external id."""
        self._only(request, "GET", "PATCH", "DELETE")
        if request.method == "PATCH":
            row_id, created = self.upsert(sobject, field, value, plain(request.json_object()))
            return Answer(201 if created else 200, {"id": row_id, "success": True, "errors": [], "created": created})
        found = self._matches(sobject, field, value)
        if not found:
            raise not_found()
        return self._record(sobject, found[0], request, base)

    # --- what composite requests use too ----------------------------------------------------------------------------

    def read(self, sobject: SObject, row_id: str, fields: str, base: str) -> dict[str, Any]:
        """One record, all fields or those named. Refused if it is not there or deleted."""
        row = self._row(sobject, row_id)
        hidden = self.org.hidden(sobject)
        names = [name.strip() for name in fields.split(",") if name.strip()]
        columns = [sobject.field(name) for name in names] or [*sobject.fields.values()]
        for name, column in zip(names, columns, strict=False):
            if column is None or column.name in hidden:
                raise Problem("INVALID_FIELD", f"No such column '{name}' on sobject of type {sobject.name}")
        chosen = [column for column in columns if column is not None and column.name not in hidden]
        row_values = [[row[column.name] for column in chosen]]
        record = queries.said(sobject, chosen, row_values, base)[0]
        record["attributes"]["url"] = f"{base}/sobjects/{sobject.name}/{row['Id']}"
        if "VersionData" in record:
            record["VersionData"] = f"{record['attributes']['url']}/VersionData"
        return record

    def upsert(self, sobject: SObject, field_name: str, value: str, given: dict[str, Any]) -> tuple[str, bool]:
        """Change or create by external id; gives the id and whether it is new. Refused if several records match."""
        found = self._matches(sobject, field_name, value)
        if len(found) > 1:
            raise Problem("DUPLICATE_EXTERNAL_ID", f"{field_name}: more than one record found", 300)
        field = sobject.field(field_name)
        assert field is not None
        given = {name: item for name, item in given.items() if name.lower() not in (field.name.lower(), "id")}
        self.lock("upsert", found[0] if found else value)
        self.refuse_by_rule("upsert", sobject.name, given)
        if found:
            self.org.set(found[0], given)
            return found[0], False
        if field.name == "Id":
            raise not_found()
        return self.org.create(sobject.name, {**given, field.name: value}), True

    def refuse_by_rule(self, kind: str, sobject: str, given: dict[str, Any]) -> None:
        """Refuse a record as a validation rule would, when that fault strikes."""
        options = self.org.faults.options("validation_rule")
        name, _, field = (options["field"] if options else "").partition(".")
        meant = not field or (sobject == name and field in given)
        if options and meant and self.org.faults.strikes("validation_rule", kind) is not None:
            words = "A rule of this org does not take this value."
            fields = [field] if field and options["names_field"] else []
            raise Problem("FIELD_CUSTOM_VALIDATION_EXCEPTION", words, fields=fields)

    def lock(self, kind: str, what: str) -> None:
        """Refuse a write as if another one held the row, when that fault strikes."""
        if self.org.faults.strikes("lock_errors", kind) is not None:
            raise Problem(
                "UNABLE_TO_LOCK_ROW", f"unable to obtain exclusive access to this record or 1 records: {what}"
            )

    def _matches(self, sobject: SObject, field_name: str, value: str) -> list[str]:
        field = sobject.field(field_name)
        if field is None or not (field.external_id or field.name == "Id"):
            raise Problem(
                "NOT_FOUND",
                f"Provided external ID field does not exist or is not accessible: {field_name}",
                404,
            )
        if field.name == "Id":
            return [str(self._row(sobject, value, latest=True)["Id"])]
        self.org.settle()
        where = f'"{field.name}" = ? COLLATE NOCASE AND "IsDeleted" = 0'
        return [str(row["Id"]) for row in self.org.store.rows(sobject, where, [value])]

    def _row(self, sobject: SObject, row_id: str, *, latest: bool = False) -> dict[str, Any]:
        full = ids.clean(row_id)
        if full is None:
            raise Problem(
                "NOT_FOUND", f"Provided external ID field does not exist or is not accessible: {row_id[:40]}", 404
            )
        self.org.settle()
        row = self.org.store.latest(sobject, full) if latest else None
        if not latest:
            found = self.org.store.rows(sobject, '"Id" = ?', [full])
            row = found[0] if found else None
        if row is None:
            raise not_found()
        if row.get("IsDeleted"):
            raise Problem("ENTITY_IS_DELETED", "entity is deleted", 404)
        return row

    def _changed(self, sobject: SObject, request: Request, *, deleted: bool) -> dict[str, Any]:
        """GET …/updated and …/deleted between two instants."""
        try:
            start, end = (datetime.fromisoformat(request.query[name].replace(" ", "+")) for name in ("start", "end"))
        except (KeyError, ValueError):
            raise Problem("INVALID_REPLICATION_DATE", "start and end must be times with a zone") from None
        bounds = [int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()) for at in (start, end)]
        self.org.settle()
        where = '"SystemModstamp" >= ? AND "SystemModstamp" < ?'
        if sobject.can_be_deleted:
            where += f' AND "IsDeleted" = {int(deleted)}'
        rows = self.org.store.rows(sobject, where, bounds, '"SystemModstamp", "Id"')
        until = values.said_time(bounds[1])
        if not deleted:
            return {"ids": [row["Id"] for row in rows], "latestDateCovered": until}
        gone = [{"id": row["Id"], "deletedDate": values.said_time(row["SystemModstamp"])} for row in rows]
        return {"deletedRecords": gone, "earliestDateAvailable": values.said_time(0), "latestDateCovered": until}

    @staticmethod
    def _only(request: Request, *methods: str) -> None:
        if request.method not in methods:
            raise Problem(
                "METHOD_NOT_ALLOWED",
                f"HTTP Method '{request.method}' not allowed. Allowed are {','.join(methods)}",
                405,
            )


def plain(given: dict[str, Any]) -> dict[str, Any]:
    """The fields of a posted record, without its attributes."""
    return {name: value for name, value in given.items() if name != "attributes"}


def _batch(request: Request) -> int:
    """The page size that the caller asked for, within Salesforce's bounds."""
    asked = _BATCH.search(request.headers.get("sforce-query-options", ""))
    return min(max(int(asked[1]), queries.SMALLEST_BATCH), queries.BATCH) if asked else queries.BATCH
