"""`account-list`: 50 of some 2,100 accounts by segment and stage, sorted by name, with the exact count; as the API's
JSON and as a page; one client in this process, eight through gunicorn. And page 40 of the whole list against page 1."""

import os
import re
from urllib.parse import quote

import orjson

from cs_platform.bench import clients, data, floor, wsgi
from cs_platform.bench.data import SEGMENT, STAGE, Book
from cs_platform.bench.measure import Options, Times, compare, queries
from cs_platform.bench.scratch import owner_url

NAME = "account-list"
NARROWED = f"segment={SEGMENT}&stage={quote(STAGE)}"
API = f"/api/v1/accounts?{NARROWED}&sort=name&count=exact"
PAGE = f"/accounts/?{NARROWED}&count=exact"
REQUESTS, MANY_REQUESTS, CLIENTS = 150, 800, 8
TARGET = {"api": 2.5, "page": 3.0}


def run(options: Options) -> None:
    book = data.fill(options)
    prepare_floor(book)
    for part, address, headers, ground in ways(book):
        one_client(options, part, address, headers, ground)
    eight_clients(options, book)
    deep_page(options, book)


def prepare_floor(book: Book) -> None:
    os.environ.update(FLOOR_URL=owner_url(), FLOOR_TENANT=str(book.tenant.pk))
    floor.make_tables(book)


def ways(book: Book) -> list[tuple[str, str, dict[str, str], str]]:
    """What is asked, as whom, and what the floor answers instead."""
    return [
        ("api", API, wsgi.as_program(book), f"/list?{NARROWED}"),
        ("page", PAGE, wsgi.as_page(book), f"/page?{NARROWED}"),
    ]


def one_client(options: Options, part: str, address: str, headers: dict[str, str], ground: str) -> None:
    product, times = wsgi.product(), options.many(REQUESTS, 3)
    wsgi.get(floor.app, ground)
    wsgi.get(product, address, headers)
    asked = queries(lambda: wsgi.get(product, address, headers))
    below, ours = Times(), Times()
    for _ in range(options.rounds):
        below.run(lambda _: wsgi.get(floor.app, ground), times)
        ours.run(lambda _: wsgi.get(product, address, headers), times)
    compare(NAME, f"{part}, 1 client", below, ours, TARGET[part], queries=asked).tell(options)


def eight_clients(options: Options, book: Book) -> None:
    times = options.many(MANY_REQUESTS, CLIENTS)
    with (
        clients.server("cs_platform.bench.floor:app") as ground_port,
        clients.server("cs_platform.bench.product:application", CS_LOG_LEVEL="ERROR") as port,
    ):
        for part, address, headers, ground in ways(book):
            clients.ask(ground_port, ground, {}, clients=CLIENTS, times=CLIENTS * 4)
            clients.ask(port, address, headers, clients=CLIENTS, times=CLIENTS * 4)
            below, ours = Times(), Times()
            for _ in range(options.rounds):
                below.add(clients.ask(ground_port, ground, {}, clients=CLIENTS, times=times))
                ours.add(clients.ask(port, address, headers, clients=CLIENTS, times=times))
            compare(NAME, f"{part}, {CLIENTS} clients", below, ours, TARGET[part]).tell(options)


def deep_page(options: Options, book: Book) -> None:
    """Page 40 of all accounts against page 1 of them: the floor is ours."""
    product, times = wsgi.product(), options.many(REQUESTS, 3)
    first = {"api": "/api/v1/accounts?sort=name&limit=50", "page": "/accounts/"}
    for part, _, headers, _ in ways(book):
        deep = first[part]
        for _ in range(39):
            deep = following(part, wsgi.get(product, deep, headers)) or deep
        shallow, far = Times(), Times()
        for _ in range(options.rounds):
            shallow.run(lambda _, to=first[part], who=headers: wsgi.get(product, to, who), times)
            far.run(lambda _, to=deep, who=headers: wsgi.get(product, to, who), times)
        compare(NAME, f"{part}, page 40 against page 1", shallow, far, 1.2).tell(options)


def following(part: str, body: bytes) -> str:
    """The address of the next page, empty on the last."""
    if part == "api":
        found = orjson.loads(body)["next"]
        return "/" + found.split("/", 3)[3] if found else ""
    cursor = re.search(rb'href="[^"]*[?&;](cursor=[^"&]+)', body)
    return f"/accounts/?{cursor[1].decode()}" if cursor else ""
