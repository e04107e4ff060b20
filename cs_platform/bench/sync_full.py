"""`sync-full`: all accounts of an org that a tenant has never read, beside the time that the org itself takes. The
floor is COPY and an upsert of as many rows."""

from cs_platform.bench import bulk_upsert, data, salesforce
from cs_platform.bench.measure import Figure, Memory, Options, seconds
from cs_platform.bench.scratch import Owner
from cs_platform.tenancy.scope import tenant_scope

NAME = "sync-full"
ACCOUNTS, MAY_TAKE = 100_000, 20.0


def run(options: Options) -> None:
    many, owner = options.many(ACCOUNTS, 20), Owner()
    owner(bulk_upsert.TABLES)
    data.fill(Options(options.scale / 10, 1), others=0)  # a database in use, whose planner knows its tables
    figure = Figure(NAME, "beside the org", "s")
    ours, theirs = list[float](), list[float]()
    with salesforce.org(many) as org, Memory() as memory:
        for number in range(options.rounds):
            book = data.make_tenant(f"sync-{number}", 0)
            owner("TRUNCATE floor.customer")
            owner.vacuum("accounts_account", "salesforce_mirrorrecord")
            figure.floor.append(seconds(lambda: bulk_upsert.ground(owner, many, 1)))
            with tenant_scope(book.tenant):
                reader, syncer = salesforce.connect(org, "reader"), salesforce.connect(org)
                theirs.append(seconds(lambda to=reader: salesforce.only_read(to)))
                ours.append(seconds(lambda to=syncer: salesforce.sync(to)))
            figure.ours.append(max(0.001, ours[-1] - theirs[-1]))
    limit = MAY_TAKE * many / ACCOUNTS
    figure.more = {
        "org_s": [round(one, 2) for one in theirs],
        "whole_s": [round(one, 2) for one in ours],
        "peak_mb": memory.peak_mb,
        "may_take_s": limit,
        "met": sorted(figure.ours)[len(figure.ours) // 2] <= limit and memory.peak_mb <= 200,
    }
    figure.tell(options)
    owner.close()
