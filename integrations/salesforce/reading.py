"""Walking through the org: object after object, page after page, each page one transaction that ends with the fence.

A page is its own query with LIMIT, continued after the last (SystemModstamp, Id) that is committed. So an expired
session, a killed process or a lost lease costs one page, never a row: the next reader starts at the stored pair. Where
very much is left after a page, a Bulk job brings it, in portions of the same size and order. A comparison is a walk
through everything that also notes whom it met.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cs_platform import ledger
from integrations.salesforce import applying, comparing, connecting, lease, mapping, mirror, soql, statistics, values
from integrations.salesforce.applying import Outcome
from integrations.salesforce.bookkeeping import Stopped
from integrations.salesforce.bulk_reading import FORGOTTEN, JobReader
from integrations.salesforce.client import FieldInfo
from integrations.salesforce.errors import SalesforceError
from integrations.salesforce.following import PAGE_SIZE, Follower
from integrations.salesforce.models import SyncCursor, SyncRun

__all__ = ["OVERLAP", "PAGE_SIZE", "SAFETY", "Stopped", "Walk"]
OVERLAP = timedelta(minutes=10)
SAFETY = timedelta(seconds=60)


@dataclass(frozen=True)
class Part:
    """Rows of one object in their order; after the last part nothing is left. Rows of a job bring no clock."""

    rows: list[dict[str, Any]]
    is_last: bool
    server_time: datetime | None = None


@dataclass
class Walk(Follower):
    """One stretch of a run: as far as `until` allows, then the next stretch goes on from the rows in the database."""

    _described_anew: set[str] = field(default_factory=set)

    def go(self) -> bool:
        """Read on. True: the walk is complete; False: the time is up, go on later."""
        for sobject in mapping.SOBJECTS:
            if sobject not in self.run.done_objects and not self._object(sobject):
                return False
            if self.is_comparison and not self.sweep(sobject):
                return False
            if sobject == "User" and not self.relink():
                return False
            if sobject == "Account" and not self.settle():
                return False
        return True

    @property
    def is_comparison(self) -> bool:
        return bool(self.run.kind == SyncRun.Kind.NIGHTLY)

    # --- one object -------------------------------------------------------------------------------------------------

    def _object(self, sobject: str) -> bool:
        plan = self._plan(sobject)
        if plan is None:
            return True
        cursor = self._begin(sobject, plan)
        job = JobReader(self, cursor, self.until, self.keep_alive)
        while True:
            if self.time_is_up:
                return False
            self.keep_alive()
            try:
                part = self._part(plan, cursor, job)
            except SalesforceError as error:
                if error.code != "INVALID_FIELD" or sobject in self._described_anew:
                    raise
                # A field was removed or hidden since the describe: look again once; its mapping pauses, the others go
                # on.
                self._described_anew.add(sobject)
                plan = self._plan(sobject, fresh=True)
                if plan is None:
                    return True
                self.warn(plan.warnings)
                continue
            if part is None and self.is_late:
                return False
            made = self.run.created
            is_read = part is not None and self._take(plan, cursor, part, job)
            if statistics.is_due(made, self.run.created):
                statistics.refresh()
            if is_read:
                job.end()
                return True

    def _plan(self, sobject: str, *, fresh: bool = False) -> mapping.Plan | None:
        fields = self._described(sobject, fresh=fresh)
        try:
            plan = mapping.plan_for(sobject, self.connection.settings.get("field_map", {}), fields)
        except mapping.NotReadable as reason:
            if sobject == "Account":
                raise SalesforceError("permanent", str(reason), code="NOT_READABLE") from reason
            self.warn([f"{reason} {sobject} rows are left as they are."])
            self.run.done_objects = [*self.run.done_objects, sobject]
            SyncRun.objects.filter(pk=self.run.pk).update(done_objects=self.run.done_objects)
            return None
        self.warn(plan.warnings)
        return plan

    def _described(self, sobject: str, *, fresh: bool) -> Mapping[str, FieldInfo]:
        self.check_budget()
        try:
            return connecting.described(self.connection, self.client, sobject, now=self.now, fresh=fresh)
        except SalesforceError as error:
            if error.kind == "permanent" and error.code in ("NOT_FOUND", "INVALID_TYPE") and sobject != "Account":
                return {}
            raise
        finally:
            self.save_calls()

    def _begin(self, sobject: str, plan: mapping.Plan) -> SyncCursor:
        """The cursor, standing where this pass goes on or begins.

        A pass begins anew when the run is a full one that has not begun this object, or when other fields are read
        than before (rows read earlier lack them). Otherwise an unfinished pass goes on, and a finished one is
        followed by a window that starts ten minutes before the mark: rows become visible when their transaction
        commits, up to minutes after their stamp.
        """
        cursor, _ = SyncCursor.objects.get_or_create(connection=self.connection, sobject=sobject)
        is_new_full = self.run.full and sobject not in self.run.reread
        is_remapped = bool(cursor.fingerprint) and cursor.fingerprint != plan.fingerprint
        if cursor.reading and not is_new_full and not is_remapped:
            return cursor
        from_scratch = is_new_full or is_remapped or cursor.mark is None
        JobReader(self, cursor, self.until, self.keep_alive).end()
        for name, value in FORGOTTEN.items():
            setattr(cursor, name, value)
        cursor.reading, cursor.at_stamp, cursor.at_id, cursor.server_started = True, None, "", None
        cursor.job_refused = False
        cursor.lower = None if from_scratch or cursor.mark is None else cursor.mark - OVERLAP
        cursor.fingerprint = plan.fingerprint
        with ledger.unit():
            cursor.save()
            if self.run.full:
                self.run.reread = [*self.run.reread, sobject]
                SyncRun.objects.filter(pk=self.run.pk).update(reread=self.run.reread)
            if self.is_comparison:
                # What is read for the first time, or with other fields than before, has not drifted.
                self.count(Outcome(), drift=comparing.begin(cursor, is_remapped=is_remapped))
            lease.renew(self.connection.pk, self.fence)
        return cursor

    def _part(self, plan: mapping.Plan, cursor: SyncCursor, job: JobReader) -> Part | None:
        """The next rows. None: a job is not ready, or has just been lost; look again if there is time."""
        if job.is_wanted(plan, self.page_size):
            rows = job.portion(plan, self.page_size)
            return None if rows is None else Part(rows, is_last=False)
        self.check_budget()
        query = soql.page_query(
            plan.sobject,
            plan.fields,
            allowed=plan.fields,
            lower=cursor.lower,
            after=(cursor.at_stamp, cursor.at_id) if cursor.at_stamp else None,
            limit=self.page_size,
        )
        try:
            page = self.client.query_page(query, with_deleted=plan.has_deleted)
        finally:
            self.save_calls()
        return Part(page.rows, page.is_last and len(page.rows) < self.page_size, page.server_time)

    def _take(self, plan: mapping.Plan, cursor: SyncCursor, part: Part, job: JobReader) -> bool:
        """One page into the database. True: it was the last one and the mark has moved."""
        end = self._checked_end(plan, cursor, part)
        if cursor.server_started is None:
            assert part.server_time is not None  # a job never brings the first rows of a pass
            cursor.server_started = part.server_time
            self.check_skew(part.server_time)
        is_last = job.advance(len(part.rows)) if cursor.job_id else part.is_last
        if end is not None:
            cursor.at_stamp, cursor.at_id = end
        before = cursor.mark
        if is_last:
            # The mark is Salesforce's clock at the FIRST page minus a minute: a row committed late behind our back
            # while the pass ran has a stamp after that, and the next window, ten minutes earlier still, brings it.
            mark = cursor.server_started - SAFETY
            cursor.mark = max(cursor.mark, mark) if cursor.mark else mark
            cursor.reading, cursor.at_stamp, cursor.at_id = False, None, ""
        with ledger.unit():
            outcome, drift = self._apply(plan, part, baseline=not cursor.baseline_done, mark=before)
            # Until the support level can be read, no account is managed: the first reading that has it is the first.
            is_first_whole = is_last and (plan.sobject != "Account" or "support_level" in plan.columns)
            cursor.baseline_done = cursor.baseline_done or is_first_whole
            cursor.save()
            self.count(outcome, done=plan.sobject if is_last else "", drift=drift)
            lease.renew(self.connection.pk, self.fence)
        self.tell(self.run)
        return is_last

    @staticmethod
    def _checked_end(plan: mapping.Plan, cursor: SyncCursor, part: Part) -> tuple[datetime, str] | None:
        """The pair after which to go on. Refused if the rows are not in the order that was asked for."""
        try:
            end = mapping.page_end(part.rows)
            stamps = [values.stamp(row.get("SystemModstamp")) for row in part.rows]
        except values.BadValue as bad:
            raise SalesforceError("nonsense", f"A {plan.sobject} page has a row that {bad}.") from bad
        is_before = bool(stamps) and cursor.at_stamp is not None and stamps[0] < cursor.at_stamp
        if stamps != sorted(stamps) or is_before or (end is not None and end == (cursor.at_stamp, cursor.at_id)):
            raise SalesforceError("nonsense", f"Salesforce's {plan.sobject} rows are not in the order asked for.")
        return end

    def _apply(
        self, plan: mapping.Plan, part: Part, *, baseline: bool, mark: datetime | None
    ) -> tuple[Outcome, comparing.Drift | None]:
        records, problems = mapping.parse_page(plan, part.rows)
        mapped = set(plan.columns) | set(plan.paused)
        changes = mirror.store(
            self.connection.pk,
            self.connection.tenant_id,
            plan,
            records,
            baseline=baseline,
            mapped=mapped,
            again=self.run.full,
        )
        outcome = applying.apply_changes(
            self.connection, plan.sobject, changes, actor=self.actor, now=self.now, baseline=baseline
        )
        outcome.read = len(part.rows)
        outcome.unchanged += len(records) - len(changes)
        outcome.rejected += len(part.rows) - len(records)
        outcome.problems = problems + outcome.problems
        if not self.is_comparison:
            return outcome, None
        comparing.note_seen(self.connection.pk, self.connection.tenant_id, plan.sobject, part.rows)
        counts = self.run.drift.get(plan.sobject, {}).get("counts", False)
        edge = mark - OVERLAP if mark is not None and counts else None
        return outcome, comparing.drift_of(plan.sobject, records, changes, edge=edge)
