"""`sync-delta`: 1,000 changed accounts of an org that has been read before: how long a run takes, and how many calls of
the API. The fewest possible is one query for each object."""

from typing import Any

from cs_platform.bench import bulk_upsert, data, salesforce
from cs_platform.bench.measure import Figure, Memory, Options, seconds
from cs_platform.bench.scratch import Owner
from cs_platform.tenancy.scope import tenant_scope
from integrations.salesforce import mapping
from integrations.salesforce.mirror import MirrorRecord

NAME = "sync-delta"
ACCOUNTS, CHANGES, MAY_TAKE, MAY_CALL = 100_000, 1000, 2.0, 1.2


def run(options: Options) -> None:
    many, changes, owner = options.many(ACCOUNTS, 20), options.many(CHANGES, 5), Owner()
    owner(bulk_upsert.TABLES)
    book = data.make_tenant("sync", 0)
    figure, calls = Figure(NAME, f"{changes} changes", "s"), list[int]()
    with salesforce.org(many) as org, Memory() as memory, tenant_scope(book.tenant):
        connection = salesforce.connect(org)
        salesforce.sync(connection)
        found = MirrorRecord.objects.filter(sobject="Account").order_by("sf_id")
        ids = list(found.values_list("sf_id", flat=True)[:changes])
        owner.vacuum()
        for number in range(options.rounds):
            org.tell("clock/advance", seconds=1800)  # what was read before lies before the window
            for place, sf_id in enumerate(ids):
                org.tell(f"records/Account/{sf_id}", values={"Developers__c": 5000 + number * changes + place})
            figure.floor.append(seconds(lambda ed=number: bulk_upsert.ground(owner, changes, ed)))
            done = list[Any]()
            figure.ours.append(seconds(lambda to=done: to.append(salesforce.sync(connection))))
            if done[0].updated != changes:
                raise RuntimeError(f"{done[0].updated} of {changes} changes arrived")
            calls.append(done[0].api_calls)
    fewest = len(mapping.SOBJECTS)
    called = sorted(calls)[len(calls) // 2]
    figure.more = {
        "calls": called,
        "fewest_calls": fewest,
        "peak_mb": memory.peak_mb,
        "may_take_s": MAY_TAKE,
        "met": sorted(figure.ours)[len(figure.ours) // 2] <= MAY_TAKE and called <= MAY_CALL * fewest,
    }
    figure.tell(options)
    owner.close()
