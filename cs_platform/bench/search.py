"""`search`: three letters that somebody types, over all accounts of the tenant."""

from cs_platform.bench import data, floor, wsgi
from cs_platform.bench.account_list import prepare_floor
from cs_platform.bench.measure import Options, Times, compare, queries

NAME = "search"
REQUESTS = 150


def run(options: Options) -> None:
    book = data.fill(options)
    prepare_floor(book)
    product, headers, times = wsgi.product(), wsgi.as_program(book), options.many(REQUESTS, 3)
    words = [f"{number * 37 % 4096:03x}" for number in range(50)]

    def ground(number: int) -> bytes:
        return wsgi.get(floor.app, f"/search?q={words[number % len(words)]}")

    def ours(number: int) -> bytes:
        return wsgi.get(product, f"/api/v1/accounts?q={words[number % len(words)]}&sort=name", headers)

    ground(0), ours(0)
    asked = queries(lambda: ours(1))
    below, above = Times(), Times()
    for _ in range(options.rounds):
        below.run(ground, times)
        above.run(ours, times)
    compare(NAME, "api, 1 client", below, above, 3.0, queries=asked).tell(options)
