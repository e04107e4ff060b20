"""Rows that a sync refused, tried again: read anew from Salesforce by their ids and told once more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cs_platform import ledger
from integrations.salesforce import applying, connecting, lease, mapping, mirror, soql, values
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import SalesforceError
from integrations.salesforce.models import Connection, SyncRun

KIND = "salesforce.replay"
AT_ONCE = 200
ACTOR = ledger.system("salesforce sync")
ledger.sentences({"sync_run.replay": "tried the refused rows of {object} again"})


def replay_run(run: SyncRun, *, actor: ledger.Actor, now: datetime) -> SyncRun:
    """Try the rows again that this run refused. Refused while it runs, if it refused none, or if the connection is not
    connected.
    """
    connection = Connection.objects.get(pk=run.connection_id)
    if run.state == SyncRun.State.RUNNING:
        raise ledger.Refused("The run is still at work.", "running")
    if not _ids(run):
        raise ledger.Refused("The run refused no row.", "nothing_to_replay")
    if connection.state != Connection.State.CONNECTED:
        raise ledger.Refused(
            f"The connection is {connection.state}: {connection.state_reason}", "connection_not_connected"
        )
    with ledger.unit():
        ledger.note(run, "replay", actor=actor, now=now)
        ledger.enqueue(KIND, {"run_id": str(run.pk)}, due_at=now, dedupe_key=f"{run.pk}:{now:%Y%m%d%H%M%S}")
    return run


def _ids(run: SyncRun) -> dict[str, list[str]]:
    """The refused rows by object."""
    found: dict[str, list[str]] = {}
    for problem in run.row_errors:
        try:
            sf_id = values.id18(problem.get("row"))
        except values.BadValue:
            continue
        found.setdefault(str(problem.get("sobject")), []).append(sf_id)
    return {sobject: sorted(set(ids)) for sobject, ids in found.items() if sobject in mapping.SOBJECTS}


@ledger.job(KIND, outside=True)
def replay_rows(payload: dict[str, Any], *, now: datetime, lease: Any) -> None:
    run = SyncRun.objects.filter(pk=UUID(payload["run_id"])).select_related("connection").first()
    if run is None or run.connection.state != Connection.State.CONNECTED:
        return
    try:
        _in_turn(run, now=now, keep_alive=lease.renew)
    except SalesforceError as error:
        if error.permanent:
            raise ledger.Dead(error.message) from error
        raise ledger.RetryLater(60, error.message) from error


def _in_turn(run: SyncRun, *, now: datetime, keep_alive: Any) -> None:
    """Alone with the connection, as every reader is."""
    try:
        fence = lease.acquire(run.connection_id, f"replay {run.pk}", take_over_own=True)
    except lease.LeaseHeld:
        raise ledger.RetryLater(30, "A sync reads this connection.") from None
    client = connecting.client_for(run.connection, now=now)
    replay = Replay(run, client, now, fence)
    try:
        for sobject in mapping.SOBJECTS:
            ids = _ids(run).get(sobject, [])
            for start in range(0, len(ids), AT_ONCE):
                keep_alive()
                replay.rows(sobject, ids[start : start + AT_ONCE])
    finally:
        connecting.note_usage(run.connection, client, calls=client.usage.calls, now=now)
        client.close()
        lease.release(run.connection_id, fence)


@dataclass
class Replay:
    run: SyncRun
    client: SalesforceClient
    now: datetime
    fence: int

    def rows(self, sobject: str, ids: Sequence[str]) -> None:
        connection = self.run.connection
        connecting.check_budget(connection, self.client, now=self.now)
        described = connecting.described(connection, self.client, sobject, now=self.now)
        plan = mapping.plan_for(sobject, connection.settings.get("field_map", {}), described)
        query = soql.by_ids_query(sobject, plan.fields, ids, allowed=plan.fields)
        page = self.client.query_page(query, with_deleted=plan.has_deleted)
        records, problems = mapping.parse_page(plan, page.rows)
        with ledger.unit():
            changes = mirror.store(
                connection.pk,
                connection.tenant_id,
                plan,
                records,
                baseline=False,
                mapped=set(plan.columns) | set(plan.paused),
                again=True,
            )
            outcome = applying.apply_changes(connection, sobject, changes, actor=ACTOR, now=self.now, baseline=False)
            self._note(sobject, ids, [*problems, *outcome.problems])
            lease.renew(connection.pk, self.fence)

    def _note(self, sobject: str, ids: Sequence[str], problems: Sequence[values.RowProblem]) -> None:
        """What is still wrong stays in the run's list."""
        live = SyncRun.objects.select_for_update().get(pk=self.run.pk)
        others = [p for p in live.row_errors if not (p.get("sobject") == sobject and p.get("row") in ids)]
        bad = {problem.row for problem in problems}
        live.row_errors = others + [problem.as_json() for problem in problems]
        live.rejected = max(0, live.rejected - len([sf_id for sf_id in ids if sf_id not in bad]))
        live.save(update_fields=["row_errors", "rejected"])
        self.run.row_errors = live.row_errors
