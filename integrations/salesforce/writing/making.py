"""Records that we make in Salesforce: events, tasks and files, each once under the name of its business fact.

Where the org has a key field of ours (`Harbor_Id__c`), Salesforce itself keeps a repeated call from making a second
record. Where it has none, the effect ledger remembers that a call was begun: after a crash Salesforce is asked whether
the record is there, and if that can not be told, a person decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from cs_platform import ledger
from cs_platform.ledger.models import Effect
from integrations.salesforce import soql, values
from integrations.salesforce.client import FieldInfo
from integrations.salesforce.errors import SalesforceError
from integrations.salesforce.models import MirrorRecord, Write
from integrations.salesforce.writing import calls, ours, refusals
from integrations.salesforce.writing.fields import RECORD_KEY, RECORDS, goes_out, target

if TYPE_CHECKING:
    from integrations.salesforce.writing.draining import Session

PROVIDER = "salesforce"
#: Fields by which a record is recognised that has no key of ours.
_TELLING: Mapping[str, tuple[str, str]] = {
    "Task": ("WhatId", "Subject"),
    "Event": ("WhatId", "Subject"),
    "ContentVersion": ("FirstPublishLocationId", "Title"),
}
#: Which of them take no change once they are made.
_FIXED = {"ContentVersion"}
#: How often a merge is followed.
_HOPS = 5


@dataclass
class Batch:
    """Claimed rows of one object with the record that each is to become."""

    sobject: str
    described: Mapping[str, FieldInfo]
    key_field: str
    rows: list[Write]
    bodies: dict[UUID, dict[str, Any]]


def make_records(session: Session, rows: Sequence[Write]) -> None:
    """Make or change these records, and note what became of each."""
    sobject = rows[0].sobject
    described = calls.describe(session, sobject)
    batch = Batch(sobject, described, _key_field(session, described), list(rows), {})
    _prepare(session, batch)
    known = [row for row in batch.rows if row.made_id]
    new = [row for row in batch.rows if not row.made_id]
    if known:
        _change(session, batch, known)
    if not new:
        return
    if batch.key_field and sobject not in _FIXED:
        _upsert(session, batch, new)
    else:
        _create_once(session, batch, new)


def _key_field(session: Session, described: Mapping[str, FieldInfo]) -> str:
    """Our key field in this org, if it is one that Salesforce keeps unique."""
    name = target(session.connection.settings, RECORD_KEY)
    info = described.get(name)
    return name if info is not None and info.external_id and info.createable else ""


def _prepare(session: Session, batch: Batch) -> None:
    """Where each record belongs. One whose account is not in this org, or whose kind is switched off, is left out."""
    connection, now = session.connection, session.now
    way = next(key for key, sobject in RECORDS.items() if sobject == batch.sobject)
    is_open = goes_out(connection.settings, way)
    places = _places(session, batch.rows)
    owners = ours.users_of(connection, [str(row.wanted.get("owner") or "") for row in batch.rows])  # type: ignore[union-attr]
    left = []
    for row in batch.rows:
        place = places.get(row.account_id) if row.account_id else None
        if not is_open:
            calls.close(
                row, now, Write.State.DISCARDED, "NOT_WRITTEN", "Records of this kind are not written any more."
            )
        elif not batch.described:
            words = f"{batch.sobject} is missing, or hidden from the integration user."
            calls.close(row, now, Write.State.BLOCKED, refusals.NOT_WRITABLE, words)
        elif place is None:
            words = "The account is not in this org, or deleted there."
            calls.close(row, now, Write.State.FAILED, refusals.NO_ACCOUNT, words)
        else:
            batch.bodies[row.pk] = _body(batch, row, place, owners)
            left.append(row)
    calls.save([row for row in batch.rows if row not in left])
    batch.rows = left


def _places(session: Session, rows: Sequence[Write]) -> dict[UUID, str]:
    """The Salesforce account of each of ours; where it was merged, the one that stayed."""
    here = ours.by_id("Account", {row.account_id for row in rows if row.account_id})
    at = {one.id: sf_id for sf_id, one in here.items()}
    for _ in range(_HOPS):
        found = MirrorRecord.objects.filter(
            connection=session.connection, sobject="Account", sf_id__in=sorted(set(at.values()))
        )
        known = {row.sf_id: row for row in found}
        moved = {
            pk: str(known[sf_id].values["merged_into"])
            for pk, sf_id in at.items()
            if sf_id in known and known[sf_id].deleted and known[sf_id].values.get("merged_into")
        }
        if not moved:
            return {pk: sf_id for pk, sf_id in at.items() if sf_id in known and not known[sf_id].deleted}
        at |= moved
    return {}


def _body(batch: Batch, row: Write, place: str, owners: Mapping[str, str]) -> dict[str, Any]:
    body = {name: value for name, value in row.wanted.get("fields", {}).items() if name in batch.described}  # type: ignore[union-attr]
    body["FirstPublishLocationId" if batch.sobject == "ContentVersion" else "WhatId"] = place
    owner = owners.get(str(row.wanted.get("owner") or ""))  # type: ignore[union-attr]
    if owner and "OwnerId" in batch.described:
        body["OwnerId"] = owner
    return body


# --- the three ways -------------------------------------------------------------------------------------------------


def _change(session: Session, batch: Batch, rows: Sequence[Write]) -> None:
    """Records that are made already and have changed here. A file stays as it was published."""
    if batch.sobject in _FIXED:
        with ledger.unit():
            locked = calls.lock(rows)
            for row in locked:
                _made(session, row, row.made_id, row.version)
            calls.save(locked)
        return
    writable = {name for name, info in batch.described.items() if info.updateable}
    records = [
        {
            "attributes": {"type": batch.sobject},
            "Id": row.made_id,
            **{name: value for name, value in batch.bodies[row.pk].items() if name in writable},
        }
        for row in rows
    ]
    session.before_call()
    _settle(session, rows, calls.patch(session, "composite/sobjects", records))


def _upsert(session: Session, batch: Batch, rows: Sequence[Write]) -> None:
    """Made or found by our key: the same call twice is one record."""
    records = [
        {"attributes": {"type": batch.sobject}, batch.key_field: row.key[:80], **batch.bodies[row.pk]} for row in rows
    ]
    session.before_call()
    path = f"composite/sobjects/{batch.sobject}/{batch.key_field}"
    _settle(session, rows, calls.patch(session, path, records))


def _create_once(session: Session, batch: Batch, rows: Sequence[Write]) -> None:
    """Begun at most once. What was begun before and never answered is looked for in Salesforce first."""
    begun = _begun(session, rows)
    doubtful = [row for row in rows if begun.get(row.pk) is not None or row.sent_version]
    found = _look_for(session, batch, doubtful) if doubtful else {}
    with ledger.unit():
        fresh = _sort_out(session, batch, rows, begun, found)
    if not fresh:
        return
    records = []
    for row in fresh:
        key = {batch.key_field: row.key[:80]} if batch.key_field else {}
        records.append({"attributes": {"type": batch.sobject}, **key, **batch.bodies[row.pk]})
    session.before_call()
    results = calls.patch(session, "composite/sobjects", records, method="POST")
    _settle(session, fresh, results, effects=True)


def effect_key(row: Write) -> str:
    """The business fact, and how often a person has sent it again; never the attempt."""
    return f"salesforce/{row.connection_id}/{row.sobject}/{row.key}/{row.sent_version}"[:200]


def _begun(session: Session, rows: Sequence[Write]) -> dict[UUID, Effect]:
    keys = {effect_key(row): row.pk for row in rows}
    found = Effect.objects.filter(key__in=list(keys)).exclude(state=Effect.State.FAILED)
    return {keys[effect.key]: effect for effect in found}


def _sort_out(
    session: Session,
    batch: Batch,
    rows: Sequence[Write],
    begun: Mapping[UUID, Effect],
    found: Mapping[UUID, str],
) -> list[Write]:
    """Those that may be sent now, their effects begun. The others are there already, or a person has to look."""
    locked = calls.lock(rows)
    fresh = []
    for row in locked:
        effect = begun.get(row.pk)
        if row.pk in found:
            _made(session, row, found[row.pk], row.version)
            _end(effect, Effect.State.SENT, session, found[row.pk])
        elif effect is None:
            fresh.append(row)
        elif batch.key_field:
            # Our key field says that it is not there, and keeps a second one out.
            fresh.append(row)
        else:
            words = "The connection broke while it was sent, and Salesforce shows no such record that is surely ours."
            calls.close(row, session.now, Write.State.UNKNOWN, "", words)
            _end(effect, Effect.State.UNKNOWN, session, reason=words)
    calls.save(locked)
    keys = {effect_key(row) for row in fresh if row.pk not in begun}
    Effect.objects.bulk_create(
        [Effect(key=key, provider=PROVIDER, at=session.now) for key in sorted(keys)], ignore_conflicts=True
    )
    return fresh


def _end(effect: Effect | None, state: str, session: Session, provider_id: str = "", reason: str = "") -> None:
    if effect is None:
        return
    Effect.objects.filter(pk=effect.pk).update(state=state, provider_id=provider_id, reason=reason, at=session.now)


def _look_for(session: Session, batch: Batch, rows: Sequence[Write]) -> dict[UUID, str]:
    """Which of these Salesforce has: by our key, or else the only record that says the same about the same account
    since the row was left.
    """
    place, title = _TELLING[batch.sobject]
    columns = ["Id", "CreatedDate", place, title, *([batch.key_field] if batch.key_field else [])]
    if batch.key_field:
        wanted: dict[str, object] = {batch.key_field: [row.key[:80] for row in rows]}
    else:
        wanted = {name: sorted({str(batch.bodies[row.pk][name]) for row in rows}) for name in (place, title)}
    session.before_call()
    page = session.client.query_page(
        soql.by_values_query(batch.sobject, columns, wanted, allowed=columns), with_deleted=False
    )
    found = {}
    for row in rows:
        mine = [raw for raw in page.rows if _is_it(batch, row, raw)]
        if len(mine) == 1:
            found[row.pk] = values.id18(mine[0].get("Id"))
    return found


def _is_it(batch: Batch, row: Write, raw: Mapping[str, Any]) -> bool:
    if batch.key_field:
        return bool(raw.get(batch.key_field) == row.key[:80])
    body, since = batch.bodies[row.pk], row.changed_at - timedelta(minutes=10)
    says_it = all(raw.get(name) == body[name] for name in _TELLING[batch.sobject])
    return says_it and values.stamp(raw.get("CreatedDate")) > since


# --- what became of it ----------------------------------------------------------------------------------------------


def _settle(
    session: Session, rows: Sequence[Write], results: Sequence[Mapping[str, Any]], *, effects: bool = False
) -> None:
    said = {row.pk: (row.version, result) for row, result in zip(rows, results, strict=True)}
    with ledger.unit():
        locked = calls.lock(rows)
        sent: dict[str, list[str]] = {Effect.State.SENT: [], Effect.State.FAILED: []}
        for row in locked:
            version, result = said[row.pk]
            key = effect_key(row)
            if result.get("success") is True:
                try:
                    made_id = values.id18(result.get("id") or row.made_id)
                except values.BadValue as bad:
                    raise SalesforceError("nonsense", f"Salesforce's answer has an id that {bad}.") from bad
                _made(session, row, made_id, version)
                sent[Effect.State.SENT].append(key)
            else:
                _refused(session, row, refusals.error_of(result))
                sent[Effect.State.FAILED].append(key)
        calls.save(locked)
        if effects:
            # Surely not made: it may be tried again under the same name.
            Effect.objects.filter(key__in=sent[Effect.State.FAILED]).delete()
            Effect.objects.filter(key__in=sent[Effect.State.SENT]).update(state=Effect.State.SENT, at=session.now)


def _made(session: Session, row: Write, made_id: str, version: int) -> None:
    row.made_id, row.written, row.done_at, row.attempts = made_id, row.wanted, session.now, 0
    row.claim, row.code, row.reason = None, "", ""
    row.state = Write.State.WRITTEN if row.version == version else Write.State.WAITING
    if row.state == Write.State.WAITING:
        row.due_at = session.now


def _refused(session: Session, row: Write, error: refusals.RowError) -> None:
    from integrations.salesforce.writing.draining import pause_before

    row.attempts += 1
    if error.code == refusals.DELETED and row.made_id:
        words = "Somebody has deleted the record in Salesforce; it is not made again."
        calls.close(row, session.now, Write.State.DISCARDED, error.code, words)
    elif error.is_passing and row.attempts < calls.MAX_ATTEMPTS:
        row.state, row.claim = Write.State.WAITING, None
        row.due_at = session.now + timedelta(seconds=pause_before(row.attempts))
        row.code, row.reason = error.code, error.message
    else:
        calls.close(row, session.now, Write.State.FAILED, error.code, error.message)
