"""`account-page`: the first paint of an account with its people and the last 20 entries of its timeline, on accounts in
turn; and how many questions each of its panels asks."""

from typing import Any

from cs_platform.bench import data, floor, wsgi
from cs_platform.bench.account_list import prepare_floor
from cs_platform.bench.measure import Options, Times, compare, queries

NAME = "account-page"
REQUESTS = 150
PANELS = ("timeline", "stages", "opportunities", "emails")


def run(options: Options) -> None:
    book = data.fill(options)
    prepare_floor(book)
    product, headers = wsgi.product(), wsgi.as_page(book)
    told = min(data.TOLD_TO_THE_FULL, book.accounts)

    def ground(number: int) -> Any:
        return wsgi.get(floor.app, f"/detail?id={book.account_id(number % told + 1)}")

    def page(number: int) -> Any:
        return wsgi.get(product, f"/accounts/{book.account_id(number % told + 1)}/", headers)

    ground(0), page(0)
    asked = queries(lambda: page(1))
    htmx = {**headers, "HX-Request": "true"}
    panels = {}
    for panel in PANELS:
        address = f"/accounts/{book.account_id(1)}/{panel}/"
        wsgi.get(product, address, htmx)
        panels[panel] = queries(lambda to=address: wsgi.get(product, to, htmx))
    times = options.many(REQUESTS, 3)
    below, ours = Times(), Times()
    for _ in range(options.rounds):
        below.run(ground, times)
        ours.run(page, times)
    compare(NAME, "page, 1 client", below, ours, 4.0, queries=asked, queries_of_panels=panels).tell(options)
