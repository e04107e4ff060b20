"""What follows when an object has been read: what a comparison did not meet goes, and what waited for it is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from cs_platform import ledger
from integrations.salesforce import applying, comparing, lease, mirror, vanished
from integrations.salesforce.bookkeeping import Book
from integrations.salesforce.models import SyncRun

PAGE_SIZE = 2000


@dataclass
class Follower(Book):
    """A stretch of a run, as far as `until` allows. Each verb is True when it is through; False: the time is up."""

    until: float
    page_size: int = PAGE_SIZE
    tell: Callable[[SyncRun], None] = lambda run: None
    keep_alive: Callable[[], None] = lambda: None

    @property
    def is_late(self) -> bool:
        return monotonic() >= self.until

    @property
    def time_is_up(self) -> bool:
        """Late, and something is done: a stretch on a slow day still takes one page."""
        return self.is_late and self.has_moved

    def sweep(self, sobject: str) -> bool:
        """What a comparison did not meet is not there any more."""
        while (rows := comparing.missing(self, sobject, self.page_size)) is not None:
            if self.time_is_up:
                return False
            self.keep_alive()
            with ledger.unit():
                changes = vanished.let_go(self.connection.pk, sobject, rows)
                outcome = applying.apply_changes(
                    self.connection, sobject, changes, actor=self.actor, now=self.now, baseline=False
                )
                drift = comparing.gone(self.connection.pk, sobject, rows)
                if not rows:
                    comparing.forget_seen(self.connection.pk, sobject)
                self.count(outcome, drift=drift)
                lease.renew(self.connection.pk, self.fence)
            self.tell(self.run)
        return True

    def settle(self) -> bool:
        """The people and deals of accounts that became managed were waiting in the mirror; now they are told."""
        for sobject in ("Contact", "Opportunity"):
            while rows := mirror.to_settle(self.connection.pk, sobject, self.page_size):
                if self.time_is_up:
                    return False
                self.keep_alive()
                with ledger.unit():
                    outcome = applying.apply_waiting(self.connection, sobject, rows, actor=self.actor, now=self.now)
                    mirror.settled(self.connection.pk, sobject, rows)
                    self.count(outcome)
                    lease.renew(self.connection.pk, self.fence)
                self.tell(self.run)
        return True

    def relink(self) -> bool:
        """Members come and go without Salesforce changing: find every user again by e-mail, and move what hangs on
        them.
        """
        for link in applying.changed_links(self.connection):
            if self.time_is_up:
                return False
            self.keep_alive()
            with ledger.unit():
                outcome = applying.relink(self.connection, link, actor=self.actor, now=self.now, size=self.page_size)
                self.count(outcome)
                lease.renew(self.connection.pk, self.fence)
        return True
