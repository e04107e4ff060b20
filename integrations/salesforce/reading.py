"""Walking through the org: object after object, page after page, each page one transaction that ends with the fence.

A page is its own query with LIMIT, continued after the last (SystemModstamp, Id) that is committed. So an expired
session, a killed process or a lost lease costs one page, never a row: the next reader starts at the stored pair.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic

from django.db.models import F

from cs_platform import ledger
from integrations.salesforce import applying, connecting, lease, mapping, mirror, soql, values
from integrations.salesforce.applying import Outcome
from integrations.salesforce.client import FieldInfo, Page, SalesforceClient
from integrations.salesforce.errors import SalesforceError
from integrations.salesforce.models import Connection, SyncCursor, SyncRun

PAGE_SIZE = 2000
OVERLAP = timedelta(minutes=10)
SAFETY = timedelta(seconds=60)
MAX_ROW_ERRORS = 200
MAX_SKEW = timedelta(seconds=120)


class Stopped(Exception):
    """The connection was paused or broken, or the run cancelled, while we were reading."""


@dataclass
class Walk:
    """One stretch of a run: as far as `until` allows, then the next stretch goes on from the rows in the database."""

    run: SyncRun
    connection: Connection
    client: SalesforceClient
    fence: int
    actor: ledger.Actor
    now: datetime
    until: float
    page_size: int = PAGE_SIZE
    tell: Callable[[SyncRun], None] = lambda run: None
    keep_alive: Callable[[], None] = lambda: None
    _saved_calls: int = 0
    _described_anew: set[str] = field(default_factory=set)

    def go(self) -> bool:
        """Read on. True: the walk is complete; False: the time is up, go on later."""
        for sobject in mapping.SOBJECTS:
            if sobject not in self.run.done_objects and not self._object(sobject):
                return False
            if sobject == "User" and not self._relink():
                return False
            if sobject == "Account" and not self._settle():
                return False
        return True

    @property
    def time_is_up(self) -> bool:
        return monotonic() >= self.until

    # --- one object -------------------------------------------------------------------------------------------------

    def _object(self, sobject: str) -> bool:
        plan = self._plan(sobject)
        if plan is None:
            return True
        cursor = self._begin(sobject, plan)
        while True:
            if self.time_is_up:
                return False
            self.keep_alive()
            try:
                page = self._page(plan, cursor)
            except SalesforceError as error:
                if error.code != "INVALID_FIELD" or sobject in self._described_anew:
                    raise
                # A field was removed or hidden since the describe: look again once; its mapping pauses, the others go
                # on.
                self._described_anew.add(sobject)
                plan = self._plan(sobject, fresh=True)
                if plan is None:
                    return True
                self._warn(plan.warnings)
                continue
            if self._take(plan, cursor, page):
                return True

    def _plan(self, sobject: str, *, fresh: bool = False) -> mapping.Plan | None:
        fields = self._described(sobject, fresh=fresh)
        try:
            plan = mapping.plan_for(sobject, self.connection.settings.get("field_map", {}), fields)
        except mapping.NotReadable as reason:
            if sobject == "Account":
                raise SalesforceError("permanent", str(reason), code="NOT_READABLE") from reason
            self._warn([f"{reason} {sobject} rows are left as they are."])
            self.run.done_objects = [*self.run.done_objects, sobject]
            SyncRun.objects.filter(pk=self.run.pk).update(done_objects=self.run.done_objects)
            return None
        self._warn(plan.warnings)
        return plan

    def _described(self, sobject: str, *, fresh: bool) -> Mapping[str, FieldInfo]:
        connecting.check_budget(self.connection, self.client, now=self.now)
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
        cursor.reading, cursor.at_stamp, cursor.at_id, cursor.server_started = True, None, "", None
        cursor.lower = None if from_scratch or cursor.mark is None else cursor.mark - OVERLAP
        cursor.fingerprint = plan.fingerprint
        with ledger.unit():
            cursor.save()
            if self.run.full:
                self.run.reread = [*self.run.reread, sobject]
                SyncRun.objects.filter(pk=self.run.pk).update(reread=self.run.reread)
            lease.renew(self.connection.pk, self.fence)
        return cursor

    def _page(self, plan: mapping.Plan, cursor: SyncCursor) -> Page:
        connecting.check_budget(self.connection, self.client, now=self.now)
        query = soql.page_query(
            plan.sobject,
            plan.fields,
            allowed=plan.fields,
            lower=cursor.lower,
            after=(cursor.at_stamp, cursor.at_id) if cursor.at_stamp else None,
            limit=self.page_size,
        )
        try:
            return self.client.query_page(query, with_deleted=plan.has_deleted)
        finally:
            self.save_calls()

    def _take(self, plan: mapping.Plan, cursor: SyncCursor, page: Page) -> bool:
        """One page into the database. True: it was the last one and the mark has moved."""
        try:
            end = mapping.page_end(page.rows)
            stamps = [values.stamp(row.get("SystemModstamp")) for row in page.rows]
        except values.BadValue as bad:
            raise SalesforceError("nonsense", f"A {plan.sobject} page has a row that {bad}.") from bad
        if stamps != sorted(stamps) or (end is not None and end == (cursor.at_stamp, cursor.at_id)):
            raise SalesforceError("nonsense", f"Salesforce's {plan.sobject} rows are not in the order asked for.")
        if cursor.server_started is None:
            cursor.server_started = page.server_time
            self._check_skew(page.server_time)
        is_last = page.is_last and len(page.rows) < self.page_size
        if end is not None:
            cursor.at_stamp, cursor.at_id = end
        if is_last:
            # The mark is Salesforce's clock at the FIRST page minus a minute: a row committed late behind our back
            # while the pass ran has a stamp after that, and the next window, ten minutes earlier still, brings it.
            mark = cursor.server_started - SAFETY
            cursor.mark = max(cursor.mark, mark) if cursor.mark else mark
            cursor.reading, cursor.at_stamp, cursor.at_id = False, None, ""
        with ledger.unit():
            outcome = self._apply(plan, page, baseline=not cursor.baseline_done)
            # Until the support level can be read, no account is managed: the first reading that has it is the first.
            is_first_whole = is_last and (plan.sobject != "Account" or "support_level" in plan.columns)
            cursor.baseline_done = cursor.baseline_done or is_first_whole
            cursor.save()
            self._count(outcome, done=plan.sobject if is_last else "")
            lease.renew(self.connection.pk, self.fence)
        self.tell(self.run)
        return is_last

    def _apply(self, plan: mapping.Plan, page: Page, *, baseline: bool) -> Outcome:
        records, problems = mapping.parse_page(plan, page.rows)
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
        outcome.read = len(page.rows)
        outcome.unchanged += len(records) - len(changes)
        outcome.rejected += len(page.rows) - len(records)
        outcome.problems = problems + outcome.problems
        return outcome

    # --- after an object --------------------------------------------------------------------------------------------

    def _settle(self) -> bool:
        """The people and deals of accounts that became managed were waiting in the mirror; now they are told."""
        for sobject in ("Contact", "Opportunity"):
            while rows := mirror.to_settle(self.connection.pk, sobject, self.page_size):
                if self.time_is_up:
                    return False
                self.keep_alive()
                with ledger.unit():
                    outcome = applying.apply_waiting(self.connection, sobject, rows, actor=self.actor, now=self.now)
                    mirror.settled(self.connection.pk, sobject, rows)
                    self._count(outcome)
                    lease.renew(self.connection.pk, self.fence)
                self.tell(self.run)
        return True

    def _relink(self) -> bool:
        """Members come and go without Salesforce changing: find every user again by e-mail, and move what hangs on
        them.
        """
        for link in applying.changed_links(self.connection):
            if self.time_is_up:
                return False
            self.keep_alive()
            with ledger.unit():
                outcome = applying.relink(self.connection, link, actor=self.actor, now=self.now, size=self.page_size)
                self._count(outcome)
                lease.renew(self.connection.pk, self.fence)
        return True

    # --- what is written down -----------------------------------------------------------------------------------------

    @property
    def _unsaved_calls(self) -> int:
        return self.client.usage.calls - self._saved_calls

    def save_calls(self) -> None:
        """Calls count even when the page they were for is rolled back; therefore outside of its transaction."""
        calls = self._unsaved_calls
        if calls:
            self._saved_calls = self.client.usage.calls
            connecting.note_usage(self.connection, self.client, calls=calls, now=self.now)
            SyncRun.objects.filter(pk=self.run.pk).update(api_calls=F("api_calls") + calls)
            self.run.api_calls += calls

    def _count(self, outcome: Outcome, *, done: str = "") -> None:
        """Add to the run's numbers, in the transaction of what they count; and see whether somebody stopped us."""
        live = SyncRun.objects.select_for_update().get(pk=self.run.pk)
        if live.state != SyncRun.State.RUNNING:
            raise Stopped
        state = Connection.objects.values_list("state", flat=True).get(pk=self.connection.pk)
        if state != Connection.State.CONNECTED:
            raise Stopped
        for name in ("read", "created", "updated", "archived", "unchanged", "waiting"):
            setattr(live, name, getattr(live, name) + getattr(outcome, name))
        live.rejected += outcome.rejected
        live.row_errors = live.row_errors + values.bounded(outcome.problems, MAX_ROW_ERRORS - len(live.row_errors))
        if done:
            live.done_objects = [*live.done_objects, done]
        live.attempts = 0
        numbers = ["read", "created", "updated", "archived", "unchanged", "waiting", "rejected"]
        live.save(update_fields=[*numbers, "row_errors", "done_objects", "attempts"])
        self.run = live

    def _warn(self, warnings: tuple[str, ...] | list[str]) -> None:
        fresh = [words for words in warnings if words not in self.run.warnings]
        if fresh:
            self.run.warnings = [*self.run.warnings, *fresh][:100]
            SyncRun.objects.filter(pk=self.run.pk).update(warnings=self.run.warnings)

    def _check_skew(self, server_time: datetime) -> None:
        skew = abs(server_time - self.now)
        if skew > MAX_SKEW:
            self._warn(
                [f"Salesforce's clock and ours differ by {round(skew.total_seconds())} s; windows follow Salesforce's."]
            )
