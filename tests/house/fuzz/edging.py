"""Edge values in every place: each leaf of each body, each parameter of a query, each field of each form."""

import zlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

from tests.house.fuzz.asking import Fuzzer, as_json
from tests.house.fuzz.edges import EDGES, RAW, TEXTS
from tests.house.isolation import forms, values
from tests.house.isolation.crawl import page_routes
from tests.house.isolation.crawler import Browser
from tests.house.isolation.routes import Operation, Route, operations

#: Doors that leave the session or take a file: asked by tests of their own.
APART = {"account_logout"}


def chosen(seed: str, pool: list[Any], share: int) -> list[Any]:
    """Every `share`-th value, another set for each place, so that a short run asks every value somewhere."""
    first = zlib.crc32(seed.encode()) % share
    return pool[first::share]


def own_path(fuzzer: Fuzzer, route: Route) -> str:
    return route.at({name: values.own(fuzzer.made, values.label_of(route, name)) for name in route.params})


# --- the API --------------------------------------------------------------------------------------------------------


def edge_api(fuzzer: Fuzzer, who: str, *, share: int) -> None:
    browser = fuzzer.browser(who)
    for operation in operations():
        path = own_path(fuzzer, operation.route)
        edge_address(fuzzer, browser, operation, share)
        if operation.method == "GET":
            edge_query(fuzzer, browser, operation, path, share)
            continue
        for raw in chosen(operation.name, RAW, max(1, share // 4)):
            fuzzer.api(browser, operation.method, path, raw, f"the body {raw[:40]!r}")
        for body in values.bodies(operation, fuzzer.made):
            for place in leaves(body):
                where = ".".join(map(str, place))
                for edge in chosen(f"{operation.name} {where}", EDGES, share):
                    sent = as_json(values.replaced(body, place, MARK)).replace(as_json(MARK), as_json(edge))
                    fuzzer.api(browser, operation.method, path, sent, f"{where} = {shown(edge)}")


MARK = "the-place-of-an-edge-value"


def edge_address(fuzzer: Fuzzer, browser: Browser, operation: Operation, share: int) -> None:
    for name in operation.route.params:
        own = {one: values.own(fuzzer.made, values.label_of(operation.route, one)) for one in operation.route.params}
        for edge in chosen(f"{operation.name} {name}", [text for text in TEXTS if 0 < len(text) < 300], share):
            text = quote(edge.encode("utf-8", "surrogatepass"), safe="")
            fuzzer.api(browser, operation.method, operation.route.at({**own, name: text}), b"{}", f"{name} in address")


def edge_query(fuzzer: Fuzzer, browser: Browser, operation: Operation, path: str, share: int) -> None:
    for name in operation.query:
        for edge in chosen(f"{operation.name}?{name}", EDGES, share):
            text = edge if isinstance(edge, str) else as_json(edge).decode()
            asked = quote(text[:3000].encode("utf-8", "surrogatepass"), safe="")
            fuzzer.api(browser, "GET", f"{path}?{name}={asked}", b"", f"?{name} = {shown(edge)}")


def leaves(body: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a body, the body's own parts and what is inside of them."""
    steps = body.items() if isinstance(body, dict) else enumerate(body[:2]) if isinstance(body, list) else ()
    for step, inner in steps:
        yield (*path, step)
        yield from leaves(inner, (*path, step))


# --- pages ----------------------------------------------------------------------------------------------------------


def edge_pages(fuzzer: Fuzzer, who: str, *, share: int) -> None:
    browser = fuzzer.browser(who)
    seen: set[tuple[str, frozenset[str]]] = set()
    for route in page_routes():
        path = own_path(fuzzer, route)
        answer = browser.get(path)
        if answer.status_code != 200 or answer.streaming:
            continue
        read = forms.read(answer.content.decode(errors="replace"), path)
        for name in sorted(read.query):
            for edge in chosen(f"{route.name}?{name}", TEXTS, share):
                fuzzer.page(browser, path, {name: edge[:3000]}, f"?{name} = {shown(edge)}")
        for form in read.forms:
            edge_form(fuzzer, browser, form, seen, share)


def edge_form(
    fuzzer: Fuzzer, browser: Browser, form: forms.Form, seen: set[tuple[str, frozenset[str]]], share: int
) -> None:
    path = urlsplit(form.action).path
    place = (values.UUID_TEXT.sub("<id>", path), frozenset(form.offered()))
    if form.method != "post" or place in seen or path.startswith("/auth/"):
        return
    seen.add(place)
    for name in form.offered():
        for edge in chosen(f"{place[0]} {name}", TEXTS, share):
            typed = [(one, value) for one, value in form.values() if one != name] + [(name, edge)]
            fuzzer.form(browser, path, typed, f"{name} = {shown(edge)}")


def shown(edge: Any) -> str:
    text = ascii(edge)
    return text if len(text) < 60 else f"{text[:60]}… ({len(text)} characters)"
