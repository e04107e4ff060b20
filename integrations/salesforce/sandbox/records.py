"""Verbs on records, as Salesforce does them: stamps, derived fields, cascades, merges, and its refusals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from integrations.salesforce.sandbox import ids, values
from integrations.salesforce.sandbox.problems import Problem, no_column
from integrations.salesforce.sandbox.schema import STAGES, Field, SObject
from integrations.salesforce.sandbox.store import DELETED_WITH

if TYPE_CHECKING:
    from integrations.salesforce.sandbox.org import SandboxOrg

Row = dict[str, Any]
_STATUS = {"Case": "New", "Task": "Not Started"}


def create(
    org: SandboxOrg, sobject: SObject, given: Mapping[str, Any], *, check: bool, stamp: datetime | None = None
) -> str:
    """A new record. Refused if a needed field is missing, a value does not fit or an external id is taken."""
    with org.store.transaction():
        row = _new_row(org, sobject, stamp)
        row.update(_given(org, sobject, given, is_new=True, check=check))
        if check:
            missing = [name for name, field in sobject.fields.items() if field.needed and not row.get(name)]
            if missing:
                names = ", ".join(missing)
                raise Problem("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{names}]", fields=missing)
            _check_links(org, sobject, row, given)
        row["Id"] = org.store.new_ids(sobject.prefix)[0]
        _derive(org, sobject, row, given)
        org.store.put(sobject, row, due=org.due())
        _tell_children(org, sobject, row)
        return str(row["Id"])


def update(
    org: SandboxOrg,
    row_id: str,
    given: Mapping[str, Any],
    *,
    check: bool,
    stamp: datetime | None = None,
    silent: bool = False,
) -> None:
    """New values for a record; its stamp moves even if nothing differs. Refused if it is not there or deleted."""
    sobject = org.sobject_of(row_id)
    with org.store.transaction():
        row = existing(org, sobject, row_id)
        row.update(_given(org, sobject, given, is_new=False, check=check))
        if check:
            emptied = [name for name, field in sobject.fields.items() if field.needed and row.get(name) in (None, "")]
            if emptied:
                raise Problem(
                    "REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(emptied)}]", fields=emptied
                )
            _check_links(org, sobject, row, given)
        _derive(org, sobject, row, given)
        if not silent:
            _stamp(org, row, stamp)
        org.store.put(sobject, row, due=org.due())
        _tell_children(org, sobject, row)


def bulk(org: SandboxOrg, sobject: SObject, rows: Sequence[Mapping[str, Any]], *, stamp: datetime | None) -> list[str]:
    """Many at once, unchecked. A row may bring its own stamps."""
    with org.store.transaction():
        new_ids = org.store.new_ids(sobject.prefix, len(rows)) if rows else []
        blank = _new_row(org, sobject, stamp)
        made: list[Row] = []
        for row_id, given in zip(new_ids, rows, strict=True):
            row = {**blank, "Id": row_id}
            for name, value in given.items():
                row[name] = values.raw(sobject.fields[name], value)
            _derive(org, sobject, row, given)
            made.append(row)
        org.store.put_many(sobject, made)
        return new_ids


def existing(org: SandboxOrg, sobject: SObject, row_id: str) -> Row:
    """The newest version of a record. Refused if there is none or it is deleted."""
    full = ids.clean(row_id)
    row = org.store.latest(sobject, full) if full else None
    if row is None:
        words = f"Provided external ID field does not exist or is not accessible: {row_id[:40]}"
        raise Problem("NOT_FOUND", words, 404)
    if row.get("IsDeleted"):
        raise Problem("ENTITY_IS_DELETED", "entity is deleted", 404)
    return row


# --- the recycle bin ------------------------------------------------------------------------------------------------


def delete(org: SandboxOrg, row_id: str) -> None:
    """Into the recycle bin, with what belongs to it. Refused for users: they are only deactivated."""
    sobject = org.sobject_of(row_id)
    if not sobject.can_be_deleted:
        raise Problem("INSUFFICIENT_ACCESS_OR_READONLY", f"entity type cannot be deleted: {sobject.name}")
    with org.store.transaction():
        row = existing(org, sobject, row_id)
        _bin(org, sobject, row, with_id=None)
        for child, name in _children(org, sobject):
            if name in child.parents:
                for belonging in org.store.rows(child, f'"{name}" = ? AND "IsDeleted" = 0', [row["Id"]]):
                    _bin(org, child, belonging, with_id=row["Id"])


def undelete(org: SandboxOrg, row_id: str) -> None:
    """Back, with what went along. Refused unless it is in the recycle bin, and for the loser of a merge."""
    sobject = org.sobject_of(row_id)
    with org.store.transaction():
        row = org.store.latest(sobject, ids.clean(row_id) or "")
        if row is None or not row.get("IsDeleted"):
            raise Problem("UNDELETE_FAILED", "Entity is not in the recycle bin")
        if row.get("MasterRecordId"):
            raise Problem("UNDELETE_FAILED", "A record that was merged cannot be undeleted")
        _restore(org, sobject, row)
        for child, name in _children(org, sobject):
            if name in child.parents:
                for belonging in org.store.rows(child, f'"{DELETED_WITH}" = ?', [row["Id"]]):
                    _restore(org, child, belonging)


def merge(org: SandboxOrg, master_id: str, other_ids: Sequence[str]) -> None:
    """Losers point to the winner and are deleted; everything that pointed to them points to the winner."""
    sobject = org.sobject_of(master_id)
    if "MasterRecordId" not in sobject.fields:
        raise Problem("INVALID_TYPE", f"{sobject.name} records cannot be merged")
    with org.store.transaction():
        master = existing(org, sobject, master_id)
        if not other_ids or master["Id"] in other_ids or len(other_ids) > 2:
            raise Problem("INVALID_OPERATION", "A merge has a master and one or two other records")
        for other_id in other_ids:
            loser = existing(org, sobject, other_id)
            for child, name in _children(org, sobject):
                if name == "MasterRecordId":
                    continue
                for belonging in org.store.rows(child, f'"{name}" = ?', [loser["Id"]]):
                    belonging[name] = master["Id"]
                    _stamp(org, belonging)
                    org.store.put(child, belonging, due=org.due())
            loser["MasterRecordId"] = master["Id"]
            _bin(org, sobject, loser, with_id=None)
        _stamp(org, master)
        org.store.put(sobject, master, due=org.due())


def _bin(org: SandboxOrg, sobject: SObject, row: Row, *, with_id: str | None) -> None:
    row.update({"IsDeleted": 1, DELETED_WITH: with_id})
    _stamp(org, row)
    org.store.put(sobject, row, due=org.due())


def _restore(org: SandboxOrg, sobject: SObject, row: Row) -> None:
    row.update({"IsDeleted": 0, DELETED_WITH: None})
    _stamp(org, row)
    org.store.put(sobject, row, due=org.due())


def _children(org: SandboxOrg, sobject: SObject) -> list[tuple[SObject, str]]:
    """Every field of every object that can point to a record of this one."""
    return [
        (child, field.name)
        for child in org.objects.values()
        for field in child.fields.values()
        if sobject.name in field.to and not field.calculated
    ]


# --- one row --------------------------------------------------------------------------------------------------------


def _new_row(org: SandboxOrg, sobject: SObject, stamp: datetime | None) -> Row:
    at = int(stamp.timestamp()) if stamp else org.seconds()
    row: Row = dict.fromkeys(sobject.fields)
    row.update({name: 0 for name, field in sobject.fields.items() if field.type == "boolean"})
    row.update(CreatedDate=at, LastModifiedDate=at, SystemModstamp=at)
    me = org.store.meta("integration_user")
    row.update(CreatedById=me, LastModifiedById=me)
    if "OwnerId" in sobject.fields:
        row["OwnerId"] = me
    if sobject.name in _STATUS:
        row["Status"] = _STATUS[sobject.name]
    if sobject.name == "User":
        row["IsActive"] = 1
    row[DELETED_WITH] = None
    return row


def _stamp(org: SandboxOrg, row: Row, stamp: datetime | None = None) -> None:
    """The stamp of a row never goes back, even if the org's clock does."""
    at = int(stamp.timestamp()) if stamp else max(org.seconds(), row["SystemModstamp"] or 0)
    row.update(SystemModstamp=at, LastModifiedDate=at)


def _given(org: SandboxOrg, sobject: SObject, given: Mapping[str, Any], *, is_new: bool, check: bool) -> Row:
    """The given values in stored form."""
    hidden = org.hidden(sobject)
    row: Row = {}
    for name, value in given.items():
        field = sobject.field(str(name))
        if field is None or field.name in hidden:
            raise no_column(str(name)[:80], sobject.name)
        if not check:
            row[field.name] = values.raw(field, value)
            continue
        if not (field.writable == "yes" or (is_new and field.writable == "create")):
            verb = "create/update" if field.name != "Id" else "set"
            raise Problem(
                "INVALID_FIELD_FOR_INSERT_UPDATE",
                f"Unable to {verb} fields: {field.name}. Please check the security settings of this field and verify "
                "that it is read/write for your profile or permission set.",
                fields=[field.name],
            )
        row[field.name] = values.taken(field, value)
    return row


def _check_links(org: SandboxOrg, sobject: SObject, row: Row, given: Mapping[str, Any]) -> None:
    """References must point to records that are there, external ids must be free."""
    for name in given:
        field = sobject.field(str(name))
        if field is None or row.get(field.name) is None:
            continue
        if field.type == "reference" and field.to:
            _check_reference(org, field, row)
        if field.external_id:
            where = f'"{field.name}" = ? COLLATE NOCASE AND "IsDeleted" = 0 AND "Id" IS NOT ?'
            taken = org.store.rows(sobject, where, [row[field.name], row.get("Id")])
            if taken:
                raise Problem(
                    "DUPLICATE_VALUE",
                    f"duplicate value found: {field.name} duplicates value on record with id: {taken[0]['Id']}",
                    fields=[field.name],
                )


def _check_reference(org: SandboxOrg, field: Field, row: Row) -> None:
    target = next((org.objects[name] for name in field.to if org.objects[name].prefix == row[field.name][:3]), None)
    if target is None:
        raise Problem(
            "FIELD_INTEGRITY_EXCEPTION",
            f"{field.label}: id value of incorrect type: {row[field.name]}",
            fields=[field.name],
        )
    found = org.store.latest(target, row[field.name])
    if found is None or found.get("IsDeleted"):
        raise Problem("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", fields=[])


def _derive(org: SandboxOrg, sobject: SObject, row: Row, given: Mapping[str, Any]) -> None:
    """Fields that follow from others. Values given without a check stay."""
    derived: Row = {}
    if sobject.name == "Opportunity":
        probability, closed, won = STAGES.get(str(row["StageName"]), (50, False, False))
        derived = {"Probability": float(probability), "IsClosed": int(closed), "IsWon": int(won)}
    elif sobject.name in ("Contact", "User"):
        derived = {"Name": " ".join(part for part in (row["FirstName"], row["LastName"]) if part) or None}
    elif sobject.name == "Task":
        derived = {"IsClosed": int(row["Status"] == "Completed"), "AccountId": _account_of(org, row)}
    elif sobject.name == "Event":
        derived = {"AccountId": _account_of(org, row)}
    elif sobject.name == "Case":
        closed = row["Status"] == "Closed"
        derived = {
            "IsClosed": int(closed),
            "ClosedDate": (row["ClosedDate"] or org.seconds()) if closed else None,
            "CaseNumber": row["CaseNumber"] or str(row["Id"])[6:15].lstrip("0").rjust(8, "0"),
        }
    elif sobject.name == "Account" and "ParentId" in given:
        parent = org.store.latest(sobject, row["ParentId"]) if row["ParentId"] else None
        derived = {"Parent_Support_Level__c": parent and parent["Technical_Advisor_Support_Level__c"]}
    elif sobject.name == "ContentVersion" and row.get("VersionData") is not None:
        size = len(row["VersionData"]) * 3 // 4 - row["VersionData"][-2:].count("=")
        kind = str(row["PathOnClient"] or "").rpartition(".")[2].upper()[:20]
        derived = {"ContentSize": size, "FileType": kind or None, "IsLatest": 1}
    row.update({name: value for name, value in derived.items() if name not in given})


def _account_of(org: SandboxOrg, row: Row) -> str | None:
    """The account that an activity belongs to, through what or whom it is about."""
    for name in ("WhatId", "WhoId"):
        if not row.get(name):
            continue
        sobject = org.sobject_of(row[name])
        if sobject.name == "Account":
            return str(row[name])
        about = org.store.latest(sobject, row[name])
        if about and about.get("AccountId"):
            return str(about["AccountId"])
    return None


def _tell_children(org: SandboxOrg, sobject: SObject, row: Row) -> None:
    """A formula over the parent changes without moving the stamp of the child, as in a real org."""
    if sobject.name != "Account":
        return
    level = row["Technical_Advisor_Support_Level__c"]
    org.store.db.execute('UPDATE "Account" SET "Parent_Support_Level__c" = ? WHERE "ParentId" = ?', (level, row["Id"]))
