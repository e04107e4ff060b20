"""`bulk-upsert`: accounts through the service behind imports and the API, in calls of 5,000 rows: new ones, then the
same rows with another value in each. The floor is COPY and an upsert."""

import io
from collections.abc import Iterator
from itertools import islice

from accounts import services as accounts
from accounts.services import AccountInput
from cs_platform.bench import data
from cs_platform.bench.data import BENCH, NOW, Book
from cs_platform.bench.measure import Figure, Memory, Options, queries, seconds
from cs_platform.bench.scratch import Owner
from cs_platform.tenancy.scope import tenant_scope

NAME = "bulk-upsert"
ROWS, AT_ONCE = 100_000, 5000
LEVELS = ("Named", "Scaled", "Digital")
TABLES = """
CREATE SCHEMA IF NOT EXISTS floor;
CREATE TABLE floor.customer (id bigserial PRIMARY KEY, tenant_id bigint NOT NULL, external_id text NOT NULL, name text,
  domain text, country text, developers int, arr_minor bigint, level text, segment text);
CREATE UNIQUE INDEX ON floor.customer (tenant_id, external_id);
CREATE INDEX ON floor.customer (tenant_id, segment, name, id);
CREATE TABLE floor.staging AS SELECT tenant_id, external_id, name, domain, country, developers, arr_minor, level,
  segment FROM floor.customer;
"""
UPSERT = """
INSERT INTO floor.customer (tenant_id, external_id, name, domain, country, developers, arr_minor, level, segment)
SELECT tenant_id, external_id, name, domain, country, developers, arr_minor, level, segment FROM floor.staging
ON CONFLICT (tenant_id, external_id) DO UPDATE SET name = excluded.name, domain = excluded.domain,
  country = excluded.country, developers = excluded.developers, arr_minor = excluded.arr_minor, level = excluded.level
"""
COPY = "COPY floor.staging FROM STDIN"


def run(options: Options) -> None:
    owner, many = Owner(), options.many(ROWS, 10)
    owner(TABLES)
    new = Figure(NAME, "new rows", "rows/s", 0.25, "more")
    known = Figure(NAME, "existing rows", "rows/s", 0.2, "more")
    asked: dict[str, int] = {}
    data.fill(Options(options.scale / 10, 1), others=0)
    with Memory() as memory:
        for number in range(options.rounds):
            book = data.make_tenant(f"import-{number}", 0)
            owner("TRUNCATE floor.customer")
            for figure, edition in ((new, 1), (known, 2)):
                owner.vacuum("floor.customer", "accounts_account", "accounts_decision")
                figure.floor.append(many / seconds(lambda ed=edition: ground(owner, many, ed)))
                figure.ours.append(many / seconds(lambda to=book, ed=edition: ours(to, many, ed)))
    book = data.make_tenant("import-counted", 0)
    one_call = min(many, AT_ONCE)
    for word, edition in (("new", 1), ("existing", 2)):
        asked[word] = queries(lambda ed=edition: ours(book, one_call, ed))
    for figure, word in ((new, "new"), (known, "existing")):
        figure.more = {"peak_mb": memory.peak_mb, "queries_a_call": asked[word]}
        figure.tell(options)
    owner.close()


def ground(owner: Owner, many: int, edition: int) -> None:
    with owner.transaction():
        owner("TRUNCATE floor.staging")
        lines = (
            f"1\te{n}\tImported {n}\tc{n}.example.com\tDE\t{n % 4000 + edition}\t{n * 1000}\t{LEVELS[n % 3]}\tSMB\n"
            for n in range(many)
        )
        owner.cursor.copy_expert(COPY, io.StringIO("".join(lines)))
        owner(UPSERT)


def ours(book: Book, many: int, edition: int) -> None:
    rows = inputs(many, edition)
    with tenant_scope(book.tenant):
        while call := list(islice(rows, AT_ONCE)):
            results = accounts.upsert_accounts(call, actor=BENCH, now=NOW)
            wanted = "created" if edition == 1 else "updated"
            if any(result.result != wanted for result in results):
                raise RuntimeError(f"not every row was {wanted}")


def inputs(many: int, edition: int) -> Iterator[AccountInput]:
    for n in range(many):
        values = {
            "name": f"Imported {n}",
            "domains": [f"c{n}.example.com"],
            "country": "DE",
            "developers": n % 4000 + edition,
            "arr_minor": n * 1000,
            "support_level": LEVELS[n % 3],
        }
        yield AccountInput(values, external_id=f"e{n}")
