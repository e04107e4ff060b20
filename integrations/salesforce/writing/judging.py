"""What a change read from Salesforce means for a field that goes both ways: theirs alone, our own word coming back, or
a conflict. Judged by three values: ours now, theirs now, and the last one both sides knew (the mirror before).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cs_platform import ledger
from cs_platform.ledger.overwriting import overwrite
from integrations.salesforce.conflicts import Found, keep
from integrations.salesforce.mirror import Change
from integrations.salesforce.models import Connection, Write
from integrations.salesforce.writing import noting, ours
from integrations.salesforce.writing.fields import BOTH, HARBOR, direction, held_back, master, outgoing, same
from integrations.salesforce.writing.ours import Ours


@dataclass
class Judged:
    """The verdict on a page. `held` are the keys of a record that must not be told to `accounts`: they stay as they are
    here. `mine` is what we had before.
    """

    mine: Mapping[str, Ours] = field(default_factory=dict)
    never: set[str] = field(default_factory=set)
    _held: dict[str, set[str]] = field(default_factory=dict)

    def held(self, sf_id: str) -> set[str]:
        return self.never | self._held.get(sf_id, set()) if sf_id in self.mine else set(self.never)

    def hold(self, sf_id: str, key: str) -> None:
        self._held.setdefault(sf_id, set()).add(key)

    def is_managed_here(self, sf_id: str) -> bool:
        one = self.mine.get(sf_id)
        return one is not None and one.is_managed

    def level_after(self, change: Change) -> str:
        """The support level the account has when the row was told."""
        one = self.mine.get(change.new.sf_id)
        if one is not None and ("support_level" in self.held(change.new.sf_id) or not self.says_level(change)):
            return str(one.values["support_level"] or "")
        return str(change.new.values.get("support_level") or "")

    @staticmethod
    def says_level(change: Change) -> bool:
        """Whether the row says anything about the level: it has one, or has lost it. An account that got its level
        here has none there yet.
        """
        return bool(change.new.values.get("support_level") or (change.old and change.old.values.get("support_level")))


def judge(
    connection: Connection, sobject: str, changes: Sequence[Change], *, actor: ledger.Actor, now: datetime
) -> Judged:
    """Judge a page of changes, keep its conflicts, and leave rows for what of ours has to go there now."""
    mine = ours.by_ref(sobject, [change.new.sf_id for change in changes])
    judged = Judged(mine, held_back(connection.settings, sobject))
    fields = [key for key in outgoing(connection.settings, sobject) if direction(connection.settings, key) == BOTH]
    here = [change for change in changes if change.new.sf_id in judged.mine and not change.new.deleted]
    if not fields or not here:
        return judged
    rows = {(row.sf_id, row.key): row for row in noting.rows_of(connection, sobject, judged.mine, fields)}
    bench = _Bench(connection, sobject, judged, rows, _people(connection, here) if "csm" in fields else {})
    for change in here:
        for key in fields:
            bench.look(change, key)
    bench.close(actor, now)
    return judged


def _people(connection: Connection, changes: Iterable[Change]) -> dict[str, str]:
    from integrations.salesforce.applying import owners

    refs = {row.values.get("csm") for change in changes for row in (change.new, change.old) if row is not None}
    return {sf_id: str(member) for sf_id, member in owners.members(connection, refs).items()}


@dataclass
class _Bench:
    connection: Connection
    sobject: str
    judged: Judged
    rows: Mapping[tuple[str, str], Write]
    people: Mapping[str, str]
    conflicts: list[Found] = field(default_factory=list)
    to_note: dict[str, set[str]] = field(default_factory=dict)
    arrived: list[Write] = field(default_factory=list)
    echoed: list[Write] = field(default_factory=list)
    withdrawn: list[Write] = field(default_factory=list)

    def look(self, change: Change, key: str) -> None:
        new, old = change.new, change.old
        if key not in new.values:
            return
        mine = self.judged.mine[new.sf_id].values[key]
        theirs = self._seen(key, new.values[key])
        row = self.rows.get((new.sf_id, key))
        is_known = old is not None and key in old.values
        base = self._seen(key, old.values[key]) if old is not None and is_known else None
        was_sent = row is not None and any(same(key, new.values[key], value) for value in row.sent)
        if same(key, theirs, mine):
            if row is not None and row.state in ("waiting", "failed", "blocked") and same(key, row.wanted, mine):
                self.arrived.append(row)
        elif is_known and same(key, theirs, base):
            self.judged.hold(new.sf_id, key)
        elif was_sent and row is not None:
            # An older word of ours whose answer was lost; the newer one follows.
            self.judged.hold(new.sf_id, key)
            self.echoed.append(row)
        elif same(key, base, mine):  # they alone have said something; what we do not know is like nothing
            return
        elif not is_known and same(key, theirs, None):
            self.judged.hold(new.sf_id, key)
            self.to_note.setdefault(new.sf_id, set()).add(key)
        else:
            self._conflict(change, key, mine, base)

    def _conflict(self, change: Change, key: str, mine: Any, base: Any) -> None:
        new, side = change.new, master(self.connection.settings, key)
        one = self.judged.mine[new.sf_id]
        self.conflicts.append(
            Found(
                account_id=one.account_id,
                object_id=one.id,
                sobject=self.sobject,
                sf_id=new.sf_id,
                key=key,
                subject=one.name,
                ours=mine,
                theirs=new.values[key],
                base=base,
                applied=side,
                theirs_at=new.stamp,
                theirs_by=new.by,
            )
        )
        if side == HARBOR:
            self.judged.hold(new.sf_id, key)
            self.to_note.setdefault(new.sf_id, set()).add(key)
        elif (new.sf_id, key) in self.rows:
            self.withdrawn.append(self.rows[new.sf_id, key])

    def close(self, actor: ledger.Actor, now: datetime) -> None:
        """What was judged, written down: in the transaction of the page."""
        for row in self.arrived:  # Salesforce says what we wanted: done, whoever it was
            row.sent, row.state, row.done_at, row.code, row.reason = [], "written", now, "", ""
        for row in self.echoed:
            row.sent = []
        overwrite([*self.arrived, *self.echoed], ["sent", "state", "done_at", "code", "reason"])
        if self.withdrawn:
            mine = Write.objects.filter(pk__in=[row.pk for row in self.withdrawn])
            mine.exclude(state="sending").update(state="written", code="", reason="", alone=False)
        keep(self.connection, self.conflicts, actor=actor, now=now)
        for keys in {frozenset(keys) for keys in self.to_note.values()}:
            ids = [self.judged.mine[sf_id].id for sf_id, noted in self.to_note.items() if noted == keys]
            note = noting.note_accounts if self.sobject == "Account" else noting.note_contacts
            note(ids, keys, now=now)

    def _seen(self, key: str, value: Any) -> Any:
        """A value of the mirror as we would have it here."""
        return self.people.get(value or "") if key == "csm" else value
