"""The rest of a long pass through a query job: asked for once, brought in pages, taken in the portions of any other
page.

The job asks for what comes after the pair that is committed, in the same order. So it can end at any row for any
reason: the next job, or plain pages, go on after the pair.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import Any

from cs_platform import ledger
from integrations.salesforce import bulk_jobs, lease, soql, values
from integrations.salesforce.bookkeeping import Book
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import SalesforceError
from integrations.salesforce.mapping import Plan
from integrations.salesforce.models import Connection, SyncCursor

#: A pass is counted once a page of this size was full, and goes on by a job if so many rows are left.
COUNT_FROM = 2000
BULK_FROM = 10_000
JOB_PAGE = 10_000
PATIENCE = timedelta(minutes=30)
PAUSES = (0.2, 0.5, 1, 2, 5)
MAX_LOST = 2
_OURS = ("INVALID_FIELD", "INVALID_TYPE")


@dataclass
class JobReader:
    """The query job of one object's pass. `sleep` waits between two looks at a job that is not done."""

    book: Book
    cursor: SyncCursor
    until: float
    keep_alive: Callable[[], None]
    sleep: Callable[[float], None] = time.sleep
    lost: int = 0
    _columns: list[str] = field(default_factory=list, init=False)
    _lines: list[list[str]] | None = field(default=None, init=False)
    _after: str = field(default="", init=False)

    @property
    def client(self) -> SalesforceClient:
        return self.book.client

    def is_wanted(self, plan: Plan, page_size: int) -> bool:
        """Whether a job brings what is left; asks how much that is, once in a pass and after a large page only."""
        cursor = self.cursor
        if cursor.job_id or cursor.job_refused or cursor.at_stamp is None or page_size < COUNT_FROM:
            return bool(cursor.job_id)
        self.book.check_budget()
        place = (cursor.at_stamp, cursor.at_id)
        try:
            left = self.client.count(soql.count_query(plan.sobject, lower=cursor.lower, after=place), plan.has_deleted)
        finally:
            self.book.save_calls()
        self.book.expect(left)
        if left + COUNT_FROM <= BULK_FROM:
            self._go_on_without()
            return False
        return self._begin(plan)

    def _begin(self, plan: Plan) -> bool:
        """Ask for a job. One that Salesforce does not grant is no failure: plain pages bring the same, only slower."""
        cursor = self.cursor
        assert cursor.at_stamp is not None
        query = soql.page_query(
            plan.sobject,
            plan.fields,
            allowed=plan.fields,
            lower=None,
            after=(cursor.at_stamp, cursor.at_id),
            limit=None,
        )
        try:
            job = bulk_jobs.create(self.client, query, with_deleted=plan.has_deleted)
        except SalesforceError as error:
            if error.kind != "permanent" or error.code in _OURS:
                raise
            self._go_on_without(f"The Bulk API cannot be used ({error.message}); plain pages are read instead.")
            return False
        finally:
            self.book.save_calls()
        self._note(job_id=job.id, job_locator="", job_taken=0, job_size=None, job_since=self.book.now)
        return True

    # --- rows -------------------------------------------------------------------------------------------------------

    def portion(self, plan: Plan, size: int) -> list[dict[str, Any]] | None:
        """The next rows of the job; none at its end. None: there is no job any more, or it is not ready yet."""
        if not self._is_ready():
            return None
        if self._lines is None:
            try:
                self._fetch(plan)
            except SalesforceError as error:
                if error.kind == "permanent" and error.code in bulk_jobs.LOST:
                    self._lose()
                    return None
                raise
        lines = self._lines or []
        self._lines = lines[size:]
        return bulk_jobs.rows(self._columns, lines[:size], plan.flags)

    def advance(self, taken: int) -> bool:
        """Note on the cursor that these rows are in (it is saved with them). True: the job is read to its end."""
        cursor = self.cursor
        cursor.job_taken += taken
        if self._lines:
            return False
        self._lines = None
        if self._after:
            cursor.job_locator = self._after
            return False
        if cursor.job_taken != cursor.job_size:
            raise SalesforceError(
                "nonsense", f"Salesforce's job promised {cursor.job_size} rows and brought {cursor.job_taken}."
            )
        return True

    def _fetch(self, plan: Plan) -> None:
        """A page of the result, without the rows that were taken before a crash."""
        self.book.check_budget()
        cursor = self.cursor
        try:
            page = bulk_jobs.page(
                self.client, cursor.job_id, after=cursor.job_locator, limit=JOB_PAGE, wanted=plan.fields
            )
        finally:
            self.book.save_calls()
        self._columns, self._after = page.columns, page.after
        stamp, row_id = page.columns.index("SystemModstamp"), page.columns.index("Id")
        at = next((n for n, line in enumerate(page.lines) if line[row_id] == cursor.at_id), None)
        is_ours = at is not None and _moment(page.lines[at][stamp]) == cursor.at_stamp
        self._lines = page.lines[at + 1 :] if at is not None and is_ours else page.lines

    def _is_ready(self) -> bool:
        """Wait for the job as long as there is time. False: not yet, or no job any more."""
        cursor = self.cursor
        for pause in (*PAUSES, *[PAUSES[-1]] * 1000):
            if cursor.job_size is not None:
                return True
            if cursor.job_since is None or self.book.now - cursor.job_since > PATIENCE:
                self.end()
                self._go_on_without("Salesforce's Bulk job was not done in half an hour; plain pages are read instead.")
                return False
            job = self._look()
            if job is None or not cursor.job_id:
                return False
            if job.state == bulk_jobs.DONE:
                self._note(job_size=job.size)
                continue
            if monotonic() + pause >= self.until:
                return False
            self.book.still_wanted()
            self.keep_alive()
            self.sleep(pause)
        return False

    def _look(self) -> bulk_jobs.Job | None:
        try:
            self.book.check_budget()
            job = bulk_jobs.look(self.client, self.cursor.job_id)
        except SalesforceError as error:
            if error.kind == "permanent" and error.code in bulk_jobs.LOST:
                self._lose()
                return None
            raise
        finally:
            self.book.save_calls()
        if job.is_ended and job.state != bulk_jobs.DONE:
            words = f": {job.reason}" if job.reason else ""
            self.end()
            self._go_on_without(f"Salesforce's Bulk job ended as {job.state}{words}; plain pages are read instead.")
        return job

    # --- the end ----------------------------------------------------------------------------------------------------

    def end(self) -> None:
        """Salesforce may forget the job, and so do we."""
        if self.cursor.job_id:
            bulk_jobs.end(self.client, self.cursor.job_id, is_done=self.cursor.job_size is not None)
            self.book.save_calls()
            self._note(**FORGOTTEN)

    def _lose(self) -> None:
        """The job is gone (it expired, or somebody deleted it): another one brings what is left."""
        self.lost += 1
        self._lines = None
        self._note(**FORGOTTEN)
        if self.lost >= MAX_LOST:
            self._go_on_without("Salesforce's Bulk jobs vanish; plain pages are read instead.")

    def _go_on_without(self, warning: str = "") -> None:
        self._lines = None
        self._note(**{**FORGOTTEN, "job_refused": True})
        if warning:
            self.book.warn([warning])

    def _note(self, **columns: Any) -> None:
        with ledger.unit():
            for name, value in columns.items():
                setattr(self.cursor, name, value)
            self.cursor.save(update_fields=list(columns))
            lease.renew(self.book.connection.pk, self.book.fence)


FORGOTTEN = {"job_id": "", "job_locator": "", "job_taken": 0, "job_size": None, "job_since": None}


def drop_jobs(connection: Connection, client: SalesforceClient | None) -> None:
    """A run that is over needs no job: the next one goes on after the pair, with another. Without a client they are
    only forgotten here.
    """
    for cursor in SyncCursor.objects.filter(connection=connection).exclude(job_id=""):
        if client is not None:
            bulk_jobs.end(client, cursor.job_id)
        SyncCursor.objects.filter(pk=cursor.pk, job_id=cursor.job_id).update(**FORGOTTEN)


def has_jobs(connection: Connection) -> bool:
    return SyncCursor.objects.filter(connection=connection).exclude(job_id="").exists()


def _moment(text: str) -> Any:
    try:
        return values.stamp(text)
    except values.BadValue:
        return None
