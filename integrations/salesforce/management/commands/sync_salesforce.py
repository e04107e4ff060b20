"""`manage.py sync_salesforce --tenant SLUG [--full]`: one run in the foreground. Exit 0 done, 1 failed, 3 somebody
else is reading.
"""

from __future__ import annotations

import sys
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandParser

from cs_platform import ledger
from cs_platform.tenancy import clock
from cs_platform.tenancy.models import Tenant
from cs_platform.tenancy.scope import tenant_scope
from integrations.salesforce import comparing, lease, services, syncing
from integrations.salesforce.models import Connection, SyncRun


class Command(BaseCommand):
    help = "Read Salesforce now, in this process, with progress and a summary."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tenant", required=True, help="the tenant's slug")
        parser.add_argument("--full", action="store_true", help="read every row again, not only the changes")
        parser.add_argument("--compare", action="store_true", help="read everything and hold it against what we have")
        parser.add_argument(
            "--accept-missing", action="store_true", help="with --compare: missing rows are deleted, however many"
        )
        parser.add_argument("--connection", default="", help="the connection's name, if the tenant has several")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = Tenant.objects.filter(slug=options["tenant"]).first()
        if tenant is None:
            self._fail(f"There is no tenant {options['tenant']!r}.")
        with tenant_scope(tenant):
            connection = self._connection(options["connection"])
            how = {"compare": options["compare"], "takes_missing": options["accept_missing"]}
            run = self._run(connection, full=options["full"], **how)
        self._summary(run)
        if run.state != SyncRun.State.DONE:
            self._fail(run.error or run.state)

    def _connection(self, name: str) -> Connection:
        found = list(Connection.objects.filter(name=name) if name else Connection.objects.order_by("created_at")[:2])
        if not found:
            self._fail(f"There is no connection {name!r}." if name else "There is no Salesforce connection yet.")
        if len(found) > 1:
            self._fail("There are several connections; say which with --connection NAME.")
        return found[0]

    def _run(self, connection: Connection, **how: bool) -> SyncRun:
        actor = ledger.system("sync_salesforce command")
        if not services.lease_is_free(connection):
            self._busy()
        try:
            run = services.start_sync(connection, **how, actor=actor, now=clock.now(), in_background=False)
            return syncing.in_foreground(run, actor=actor, clock=clock.now, tell=self._progress)
        except ledger.Refused as refused:
            self._fail(str(refused))
        except (lease.LeaseHeld, lease.LeaseLost):
            self._busy()

    def _progress(self, run: SyncRun) -> None:
        done = len(run.done_objects) * 6
        if run.expected:
            done = min(24, 24 * run.read // max(1, run.expected))
        bar = "█" * done + "░" * (24 - done)
        of = f" of {run.expected:,}" if run.expected else ""
        text = (
            f"{bar} {run.read:,}{of} rows read, {run.created:,} created, {run.updated:,} updated, {run.api_calls} calls"
        )
        self.stderr.write(
            f"\r{text:<100}" if self.stderr.isatty() else text, ending="" if self.stderr.isatty() else "\n"
        )

    def _summary(self, run: SyncRun) -> None:
        if self.stderr.isatty():
            self.stderr.write("")
        for warning in run.warnings:
            self.stdout.write(f"warning: {warning}")
        for problem in run.row_errors[:10]:
            self.stdout.write(f"row {problem['sobject']} {problem['row']}: {problem['message']}")
        if run.kind == SyncRun.Kind.NIGHTLY:
            self.stdout.write(f"compared: {comparing.words(run)}")
        names = ("read", "created", "updated", "archived", "unchanged", "waiting", "rejected", "api_calls")
        self.stdout.write(f"{run.state}: " + ", ".join(f"{name} {getattr(run, name)}" for name in names))

    def _fail(self, reason: str) -> NoReturn:
        self.stderr.write(f"sync_salesforce: {reason}")
        sys.exit(1)

    def _busy(self) -> NoReturn:
        self.stderr.write("sync_salesforce: another run holds the lease of this connection.")
        sys.exit(3)
