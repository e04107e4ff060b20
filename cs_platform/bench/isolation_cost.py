"""`isolation-cost`: the list of accounts with row-level security, against the same without it."""

from cs_platform.bench import data, wsgi
from cs_platform.bench.account_list import ways
from cs_platform.bench.measure import Options, Times, compare, one_by_one
from cs_platform.bench.scratch import Owner

NAME = "isolation-cost"
REQUESTS = 150


def run(options: Options) -> None:
    book = data.fill(options)
    product, times, owner = wsgi.product(), options.many(REQUESTS, 3), Owner()
    tables = [
        name
        for (name,) in owner(
            "SELECT relname FROM pg_class WHERE relrowsecurity AND relkind = 'r'"
            " AND relowner = current_user::regrole ORDER BY relname"
        )
    ]
    for part, address, headers, _ in ways(book):
        without, ours = Times(), Times()
        for _ in range(options.rounds):
            for times_of, word in ((without, "DISABLE"), (ours, "ENABLE")):
                owner(";".join(f'ALTER TABLE "{name}" {word} ROW LEVEL SECURITY' for name in tables))
                one_by_one(lambda _, to=address, who=headers: wsgi.get(product, to, who), max(3, times // 10))
                times_of.run(lambda _, to=address, who=headers: wsgi.get(product, to, who), times)
        compare(NAME, part, without, ours, 1.15).tell(options)
    owner.close()
