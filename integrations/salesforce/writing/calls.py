"""Fields of records: one look and one write for up to two hundred records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection as database

from cs_platform import ledger
from cs_platform.ledger.overwriting import overwrite
from integrations.salesforce import applying, connecting, mapping, mirror, soql, values
from integrations.salesforce.client import FieldInfo
from integrations.salesforce.errors import SalesforceError
from integrations.salesforce.mirror import Change
from integrations.salesforce.models import Connection, MirrorRecord, Write
from integrations.salesforce.writing import noting, ours, refusals
from integrations.salesforce.writing.fields import BOTH, BY_KEY, direction, goes_out, same, target
from integrations.salesforce.writing.refusals import RowError

if TYPE_CHECKING:
    from integrations.salesforce.writing.draining import Session

MAX_ATTEMPTS = 8


@dataclass(frozen=True)
class Now:
    """A record as it is at this moment."""

    stamp: datetime
    deleted: bool
    master: str
    by: str
    raw: Mapping[str, Any]


@dataclass
class Batch:
    """A claimed chunk. `value` is what each row wants in the mirror's words, `go` what is really sent."""

    rows: list[Write]
    value: dict[Any, Any] = field(default_factory=dict)
    targets: dict[str, str] = field(default_factory=dict)
    records: dict[str, Now] = field(default_factory=dict)
    go: list[Write] = field(default_factory=list)


def write_fields(session: Session, rows: Sequence[Write]) -> None:
    """Look at the records, then write what differs; note what became of each row."""
    batch = Batch(list(rows))
    _prepare(session, batch)
    if not batch.rows:
        return
    _look(session, batch)
    with ledger.unit():
        _decide(session, batch)
    if batch.go:
        answer = _send(session, batch)
        with ledger.unit():
            _settle(session, batch, answer)


# --- before anything is asked ---------------------------------------------------------------------------------------


def _prepare(session: Session, batch: Batch) -> None:
    """The newest value of each row, without those that the setting, the org's description or the people forbid."""
    connection, sobject = session.connection, batch.rows[0].sobject
    _refresh(session, batch)
    described = describe(session, sobject)
    for key in {row.key for row in batch.rows}:
        batch.targets[key] = target(connection.settings, key) if goes_out(connection.settings, key) else ""
    open_rows, closed = [], []
    for row in batch.rows:
        name = batch.targets[row.key]
        if not name:
            close(row, session.now, Write.State.DISCARDED, "NOT_WRITTEN", "This field is not written any more.")
            closed.append(row)
        elif why := why_closed(sobject, name, described):
            close(row, session.now, Write.State.BLOCKED, refusals.NOT_WRITABLE, why)
            closed.append(row)
        else:
            open_rows.append(row)
    users = ours.users_of(connection, [row.wanted for row in open_rows if row.key == "csm"])
    names = ours.member_words(row.wanted for row in open_rows if row.key == "csm" and row.wanted not in users)
    batch.rows = []
    for row in open_rows:
        value = row.wanted
        if row.key == "csm" and row.wanted:
            value = users.get(row.wanted)
            if value is None:
                words = f"{names.get(row.wanted, 'The member')} is no user of Salesforce that we know of."
                close(row, session.now, Write.State.FAILED, refusals.NO_USER, words)
                closed.append(row)
                continue
        batch.value[row.pk] = value
        batch.rows.append(row)
    save(closed)


def _refresh(session: Session, batch: Batch) -> None:
    """What we hold at this moment is what is written, whatever the row was left for."""
    sobject, refs = batch.rows[0].sobject, {row.sf_id for row in batch.rows}
    needs_stage = any(row.key == "stage" for row in batch.rows)
    here = ours.by_ref(sobject, refs, stage_at=session.now if needs_stage else None)
    lines = [
        noting.Line(row.account_id, row.sf_id, row.key, row.subject, here[row.sf_id].values[row.key])
        for row in batch.rows
        if row.sf_id in here and not same(row.key, here[row.sf_id].values.get(row.key, row.wanted), row.wanted)
    ]
    if lines:
        noting.leave(session.connection, sobject, lines, now=session.now)
        batch.rows = lock(batch.rows)


def describe(session: Session, sobject: str) -> Mapping[str, FieldInfo]:
    """The object's fields; none, if the org has no such object for us."""
    session.before_call()
    try:
        return connecting.described(session.connection, session.client, sobject, now=session.now)
    except SalesforceError as error:
        if error.kind == "permanent" and error.code in ("NOT_FOUND", "INVALID_TYPE"):
            return {}
        raise


def why_closed(sobject: str, name: str, described: Mapping[str, FieldInfo], *, is_new: bool = False) -> str:
    """Why this field can not be written in this org; empty if it can."""
    info = described.get(name)
    if info is None:
        return f"{sobject}.{name} is missing, or hidden from the integration user."
    if info.calculated:
        return f"{sobject}.{name} is calculated by Salesforce."
    if not (info.createable if is_new else info.updateable):
        return f"The integration user may not write {sobject}.{name}."
    return ""


# --- looking --------------------------------------------------------------------------------------------------------


def _look(session: Session, batch: Batch) -> None:
    """The records as they are now. What changed there since our last reading must not be overwritten unseen."""
    sobject = batch.rows[0].sobject
    described = describe(session, sobject)
    system = [name for name in ("IsDeleted", "MasterRecordId", "LastModifiedById") if name in described]
    wanted = sorted({batch.targets[row.key] for row in batch.rows})
    columns = list(dict.fromkeys(["Id", "SystemModstamp", *system, *wanted]))
    query = soql.by_ids_query(sobject, columns, {row.sf_id for row in batch.rows}, allowed=columns)
    session.before_call()
    page = session.client.query_page(query, with_deleted="IsDeleted" in described)
    for raw in page.rows:
        try:
            record = Now(
                values.stamp(raw.get("SystemModstamp")),
                raw.get("IsDeleted") is True,
                values.reference(raw.get("MasterRecordId")) or "",
                str(raw.get("LastModifiedById") or ""),
                raw,
            )
            batch.records[values.id18(raw.get("Id"))] = record
        except values.BadValue as bad:
            raise SalesforceError("nonsense", f"A {sobject} record has a value that {bad}.") from bad


def seen(batch: Batch, row: Write) -> Any:
    """What Salesforce holds now, in the mirror's words."""
    raw = batch.records[row.sf_id].raw.get(batch.targets[row.key])
    try:
        return BY_KEY[row.key].parse(raw)
    except values.BadValue as bad:
        return bad.kept if bad.kept is not None else str(raw)[:255]


# --- deciding what is sent ------------------------------------------------------------------------------------------


def _decide(session: Session, batch: Batch) -> None:
    """Sort the rows: gone, there already, changed by both, or to be sent. What is to be sent is written down first."""
    locked = {row.pk: row for row in lock(batch.rows)}
    known = _mirrored(session.connection, batch.rows)
    already, conflicting = [], []
    for claimed in batch.rows:
        row, record = locked.get(claimed.pk), batch.records.get(claimed.sf_id)
        if row is None:
            continue
        if record is None or record.deleted:
            _gone(session, row, record)
            continue
        theirs, value = seen(batch, claimed), batch.value[claimed.pk]
        if same(row.key, theirs, value):
            already.append(row)
        elif _is_theirs(session.connection, row, theirs, known):
            conflicting.append(row)
        else:
            row.over_stamp, row.over_value = record.stamp, theirs
            row.sent, row.sent_version = [*row.sent, value], claimed.version
            batch.go.append(row)
    versions = {claimed.pk: claimed.version for claimed in batch.rows}
    for row in already:
        row.sent_version = versions[row.pk]
        _accept(row, batch.value[row.pk], session.now)
    _tell_mirror(session.connection, already, batch)
    save([row for row in locked.values() if row not in conflicting])
    if conflicting:
        _hand_over(session, batch, conflicting)


def _is_theirs(connection: Connection, row: Write, theirs: Any, known: Mapping[tuple[str, str], MirrorRecord]) -> bool:
    """Whether somebody there has changed the field since both sides agreed, and it is not an answer that was lost."""
    if direction(connection.settings, row.key) != BOTH or any(same(row.key, theirs, value) for value in row.sent):
        return False
    last = known.get((row.sobject, row.sf_id))
    return last is not None and not last.deleted and not same(row.key, last.values.get(row.key), theirs)


def _mirrored(connection: Connection, rows: Sequence[Write]) -> dict[tuple[str, str], MirrorRecord]:
    found = MirrorRecord.objects.select_for_update().filter(
        connection=connection, sobject=rows[0].sobject, sf_id__in=sorted({row.sf_id for row in rows})
    )
    return {(row.sobject, row.sf_id): row for row in found.order_by("sf_id")}


def _hand_over(session: Session, batch: Batch, rows: Sequence[Write]) -> None:
    """What was met here goes the way of everything that a sync reads: it is judged, kept as a conflict, and applied or
    held back. The rows wait again if ours is to stand.
    """
    connection, sobject = session.connection, rows[0].sobject
    Write.objects.filter(pk__in=[row.pk for row in rows]).update(state=Write.State.WAITING, claim=None)
    changes = []
    for mirrored in _mirrored(connection, rows).values():
        old, record = mirror.as_row(mirrored), batch.records[mirrored.sf_id]
        news = {row.key: seen(batch, row) for row in rows if row.sf_id == mirrored.sf_id}
        mirrored.values = {**mirrored.values, **news}
        mirrored.digest = mapping.digest(mirrored.values, deleted=mirrored.deleted)
        mirrored.save(update_fields=["values", "digest"])
        changes.append(Change(mirror.met(mirrored, stamp=record.stamp, by=record.by), old))
    applying.apply_changes(connection, sobject, changes, actor=session.actor, now=session.now, baseline=False)


def _gone(session: Session, row: Write, record: Now | None) -> None:
    """Deleted, merged or hidden. A merge is followed if the record that stays has no value of its own."""
    if record is None:
        words = "The record is not in Salesforce any more, or hidden from the integration user."
        close(row, session.now, Write.State.FAILED, refusals.NOT_THERE, words)
        return
    if not record.master:
        close(row, session.now, Write.State.FAILED, refusals.DELETED, "The record was deleted in Salesforce.")
        return
    master = MirrorRecord.objects.filter(
        connection=session.connection, sobject=row.sobject, sf_id=record.master, deleted=False
    ).first()
    name = mirror.name_of(master) if master is not None else record.master
    is_free = master is not None and not master.values.get(row.key)
    is_taken = (
        ours.by_ref(row.sobject, [record.master])
        or Write.objects.filter(
            connection=session.connection, sobject=row.sobject, sf_id=record.master, key=row.key
        ).exists()
    )
    if BY_KEY[row.key].is_mapped and is_free and not is_taken:
        row.sf_id, row.sent = record.master, []
        _again(row, session.now)
        return
    words = f"The record was merged into {name} in Salesforce."
    close(row, session.now, Write.State.FAILED, refusals.MERGED, words)


# --- sending --------------------------------------------------------------------------------------------------------


def _send(session: Session, batch: Batch) -> dict[str, Mapping[str, Any]]:
    """One call; the result of each record."""
    sobject = batch.go[0].sobject
    records: dict[str, dict[str, Any]] = {}
    for row in batch.go:
        record = records.setdefault(row.sf_id, {"attributes": {"type": sobject}, "Id": row.sf_id})
        record[batch.targets[row.key]] = _said(batch, row)
    session.before_call()
    results = patch(session, "composite/sobjects", list(records.values()))
    return dict(zip(records, results, strict=True))


def _said(batch: Batch, row: Write) -> Any:
    """The value as Salesforce takes it. Roles that we do not know stay beside ours."""
    value = batch.value[row.pk]
    if row.key != "contact_roles":
        return BY_KEY[row.key].say(value)
    raw = str(batch.records[row.sf_id].raw.get(batch.targets[row.key]) or "")
    ours_too = {role.casefold() for role in values.ROLES}
    foreign = [word.strip() for word in raw.split(";") if word.strip() and word.strip().casefold() not in ours_too]
    return BY_KEY[row.key].say([*(value or []), *foreign])


def patch(
    session: Session, path: str, records: Sequence[Mapping[str, Any]], *, method: str = "PATCH"
) -> list[Mapping[str, Any]]:
    """A collection call: one result for each record, in order, each for itself."""
    answer = session.client.restful(path, method=method, json={"allOrNone": False, "records": list(records)})
    is_whole = isinstance(answer, list) and len(answer) == len(records)
    if not is_whole or not all(isinstance(result, dict) and "success" in result for result in answer):
        raise SalesforceError("nonsense", "Salesforce's answer does not say what became of each record.")
    return list(answer)


# --- what became of it ----------------------------------------------------------------------------------------------


def _settle(session: Session, batch: Batch, results: Mapping[str, Mapping[str, Any]]) -> None:
    rows = lock(batch.go)
    of_record: dict[str, list[Write]] = {}
    for row in rows:
        of_record.setdefault(row.sf_id, []).append(row)
    taken = []
    for sf_id, mine in of_record.items():
        result = results[sf_id]
        if result.get("success") is True:
            taken += mine
        else:
            _refused(session, batch, mine, refusals.error_of(result))
    for row in taken:
        _accept(row, batch.value[row.pk], session.now)
    _tell_mirror(session.connection, taken, batch)
    save(rows)


def _accept(row: Write, value: Any, now: datetime) -> None:
    """Salesforce holds it. If ours has changed meanwhile, the newer value waits."""
    row.written, row.done_at, row.sent, row.attempts = value, now, [], 0
    row.claim, row.alone, row.code, row.reason = None, False, "", ""
    row.state = Write.State.WRITTEN if row.version == row.sent_version else Write.State.WAITING
    if row.state == Write.State.WAITING:
        row.due_at = now


def _tell_mirror(connection: Connection, rows: Sequence[Write], batch: Batch) -> None:
    """The origin marker: the last value both sides know is what we have just written, so that it is no news when it is
    read. A record that nobody stands for here is left to be read.
    """
    mapped = [row for row in rows if BY_KEY[row.key].is_mapped]
    here = ours.by_ref(mapped[0].sobject, {row.sf_id for row in mapped}) if mapped else {}
    told: dict[str, dict[str, Any]] = {}
    for row in mapped:
        if row.sf_id in here:
            field = BY_KEY[row.key]
            told.setdefault(row.sf_id, {})[row.key] = field.parse(field.say(batch.value[row.pk]))
    if told:
        mirror.advance(connection.pk, mapped[0].sobject, told)


def _refused(session: Session, batch: Batch, rows: Sequence[Write], error: RowError) -> None:
    """A record that was not taken. The field that is to blame fails, the others go on; if none is named, each is tried
    by itself.
    """
    for row in rows:
        row.sent, row.attempts = row.sent[:-1], row.attempts + 1
    if error.is_passing:
        for row in rows:
            _later(session, row, error)
        return
    if error.code == refusals.DELETED and all(row.attempts < 2 for row in rows):
        for row in rows:  # the next look says what became of the record
            _again(row, session.now)
        return
    blamed = [row for row in rows if batch.targets[row.key] in error.fields]
    if not blamed and len(rows) > 1:
        for row in rows:
            row.alone = True
            _again(row, session.now)
        return
    for row in rows:
        if not blamed or row in blamed:
            close(row, session.now, Write.State.FAILED, error.code, error.message)
        else:
            _again(row, session.now)


def _later(session: Session, row: Write, error: RowError) -> None:
    from integrations.salesforce.writing.draining import pause_before

    if row.attempts >= MAX_ATTEMPTS:
        close(row, session.now, Write.State.FAILED, error.code, error.message)
        return
    _again(row, session.now + timedelta(seconds=pause_before(row.attempts)))
    row.code, row.reason = error.code, error.message


def _again(row: Write, at: datetime) -> None:
    row.state, row.claim, row.due_at = Write.State.WAITING, None, at


def close(row: Write, now: datetime, state: str, code: str, reason: str) -> None:
    """Nothing more is tried until something changes or a person replays it."""
    row.state, row.code, row.reason, row.done_at, row.claim = state, code, reason[:1000], now, None


_FIELDS = (
    "sf_id", "written", "state", "due_at", "done_at", "attempts", "alone", "code", "reason", "claim", "sent",
    "sent_version", "over_stamp", "over_value", "made_id",
)  # fmt: skip


def lock(rows: Sequence[Write]) -> list[Write]:
    """The rows as they are now, as far as they are still ours."""
    tokens = {row.claim for row in rows}
    mine = Write.objects.filter(pk__in=[row.pk for row in rows], claim__in=tokens).order_by("id")
    return list(mine.select_for_update(of=("self",)) if database.in_atomic_block else mine)


def save(rows: Sequence[Write]) -> None:
    overwrite(rows, _FIELDS)
