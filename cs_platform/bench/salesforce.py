"""What both benchmarks of the sync need: an org in a process of its own, a connection to it, and a run."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

from django.conf import settings

from cs_platform.bench import clients
from cs_platform.bench.data import BENCH
from cs_platform.tenancy import clock
from integrations.salesforce import connecting, lease, reading, services, syncing
from integrations.salesforce.applying import Outcome
from integrations.salesforce.mapping import Plan
from integrations.salesforce.models import Connection, SyncRun
from integrations.salesforce.sandbox.oauth import CLIENT_ID, CLIENT_SECRET


@dataclass
class Org:
    url: str

    def tell(self, path: str, **given: Any) -> Any:
        """The org's remote control."""
        body = json.dumps(given).encode()
        request = urllib.request.Request(f"{self.url}/sandbox/{path}", body, {"Content-Type": "application/json"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=60) as answer:
            return json.load(answer)


@contextmanager
def org(many: int) -> Iterator[Org]:
    port = clients.free_port()
    with TemporaryDirectory() as folder, _process(port, folder, many):
        url = f"http://127.0.0.1:{port}"
        settings.CS_SALESFORCE_EXTRA_HOSTS = [url]
        yield Org(url)


def _process(port: int, folder: str, many: int) -> Any:
    return clients.process("cs_platform.bench.org", str(port), folder, str(many), port=port)


def connect(there: Org, name: str = "Salesforce") -> Connection:
    """In the scope of the tenant; counts as tested."""
    given = services.ConnectionInput(
        name=name,
        auth="client_credentials",
        login_url=there.url,
        secrets={"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET},
    )
    made = services.create_connection(given, actor=BENCH, now=clock.now())
    result = services.test_connection(made, actor=BENCH, now=clock.now())
    if not result.ok:
        raise RuntimeError(result.message)
    return Connection.objects.get(pk=made.pk)


def sync(connection: Connection) -> SyncRun:
    """One run to its end."""
    run = services.start_sync(connection, actor=BENCH, now=clock.now(), in_background=False)
    run = syncing.in_foreground(run, actor=BENCH, clock=clock.now, tell=lambda _: None)
    if run.state != SyncRun.State.DONE or run.rejected:
        raise RuntimeError(f"{run.state}: {run.error or run.row_errors[:1]}")
    return run


class Reader(reading.Walk):
    """Reads what a run reads and does nothing with it: the time of the org and of the line to it."""

    def _apply(self, plan: Plan, part: reading.Part, *, baseline: bool, mark: datetime | None) -> tuple[Outcome, None]:
        return Outcome(read=len(part.rows)), None


def only_read(connection: Connection) -> SyncRun:
    now = clock.now()
    run = services.start_sync(connection, actor=BENCH, now=now, in_background=False)
    fence = lease.acquire(connection.pk, "benchmark", take_over_own=True)
    client = connecting.client_for(connection, now=now)
    try:
        walk = Reader(run, connection, client, fence, BENCH, now, monotonic() + 3600)
        walk.go()
        walk.save_calls()
    finally:
        client.close()
        lease.release(connection.pk, fence)
    syncing.end(walk.run, "finish", "", actor=BENCH, now=now)
    return walk.run
