"""`stage-move`: all accounts of a tenant go to another stage by rule, with intervals, audit and facts; the floor is one
transaction of UPDATE and INSERT … SELECT."""

from django.db import connection

from cs_platform.bench import data
from cs_platform.bench.data import BENCH, NOW
from cs_platform.bench.measure import Figure, Memory, Options, queries, seconds
from cs_platform.bench.scratch import Owner
from cs_platform.tenancy.scope import tenant_scope
from lifecycle import services as lifecycle

NAME = "stage-move"
WAYS = ("1. Onboarding", "2. Adopting")
TABLES = """
CREATE SCHEMA IF NOT EXISTS floor;
SELECT set_config('app.tenant_id', '{tenant}', false);
CREATE TABLE floor.standing AS SELECT tenant_id, id, account_id, stage_name, since FROM lifecycle_accountlifecycle;
ALTER TABLE floor.standing ADD PRIMARY KEY (id);
CREATE TABLE floor.interval (id bigserial PRIMARY KEY, tenant_id bigint, account_id uuid, stage text, at timestamptz);
CREATE INDEX ON floor.interval (tenant_id, account_id);
"""


def run(options: Options) -> None:
    book = data.fill(options, others=0)
    owner = Owner()
    owner(TABLES.format(tenant=book.tenant.pk))
    ids = [book.account_id(number) for number in range(1, book.accounts + 1)]
    figure = Figure(NAME, "accounts a second", "accounts/s", 0.3, "more")

    def ground(stage: str) -> None:
        with owner.transaction():
            owner("UPDATE floor.standing SET stage_name = %s, since = %s", [stage, NOW])
            owner(
                "INSERT INTO floor.interval (tenant_id, account_id, stage, at)"
                " SELECT tenant_id, account_id, stage_name, since FROM floor.standing"
            )

    def ours(stage: str) -> None:
        with tenant_scope(book.tenant):
            moved = lifecycle.move_accounts(ids, "customer", stage, reason="Benchmark.", actor=BENCH, now=NOW)
        if not moved:
            raise RuntimeError("nobody moved")

    ours("3. Nurturing")
    with Memory() as memory:
        for number in range(options.rounds):
            stage = WAYS[number % 2]
            owner.vacuum("floor.standing", "lifecycle_accountlifecycle", "lifecycle_stageinterval")
            figure.floor.append(book.accounts / seconds(lambda to=stage: ground(to)))
            figure.ours.append(book.accounts / seconds(lambda to=stage: ours(to)))
    stage = WAYS[options.rounds % 2]
    figure.more = {"peak_mb": memory.peak_mb, "queries": queries(lambda: ours(stage))}
    figure.tell(options)
    owner.close()
    connection.close()
