"""The walk over all addresses: what is asked where, as whom, and with whose ids."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.house.isolation import forms, values
from tests.house.isolation.crawler import Answer, Browser, Crawler
from tests.house.isolation.routes import PAGING, Operation, Route, all_routes, operations
from tests.house.isolation.values import Pair
from tests.house.isolation.world import Organisation

# Routes without a case in the crawl, each with its reason. A stale one fails.
PUBLIC = "shows nothing of an organisation"
EXEMPT = {
    "api-schema": PUBLIC,
    "api-docs": PUBLIC,
    "api-docs-script": PUBLIC,
    "api:nothing": PUBLIC,
    "brand-colour": PUBLIC,
    "gallery": PUBLIC,
    "healthz": PUBLIC,
    "readyz": PUBLIC,
    "metrics": "numbers of the installation, behind a token of its own; tests/platform/test_metrics.py asks it",
    "brand-logo": "an organisation's logo is in its mails and public by its slug",
    "workspace:mails": "the mailbox of the demo, which is not there in an installation; tests/workspace looks at it",
    "workspace:mail": "as workspace:mails",
    "workspace:mail-html": "as workspace:mails",
    "people:switch-tenant": "takes a slug; test_isolation.py asks it by itself",
    "people:accept-invitation": "the signed link is the right; test_isolation.py asks it by itself",
    "hooks:salesforce-hint": "the signed address is the right; tests/integrations/salesforce/test_hints.py asks it",
    "leave:unsubscribe": "the signed link is the right; test_isolation.py asks it by itself",
}


def own_path(crawler: Crawler, route: Route, made: Organisation | None = None) -> str:
    """The address with rows of the organisation itself."""
    made = made or crawler.umbra
    return route.at({name: values.own(made, values.label_of(route, name)) for name in route.params})


def foreign_paths(crawler: Crawler, route: Route, most: int = 2) -> Iterator[tuple[Pair, dict[str, str]]]:
    """Each parameter alone becomes acme's, then all of them; the dictionary has a hole where the pair goes."""
    mine = {name: values.own(crawler.umbra, values.label_of(route, name)) for name in route.params}
    theirs = {name: values.own(crawler.acme, values.label_of(route, name)) for name in route.params}
    for name in route.params:
        for pair in values.pairs(crawler.acme, values.label_of(route, name), most):
            yield pair, {**mine, name: "{hole}"}
        for pair in values.of_every_kind(crawler.acme):
            yield pair, {**mine, name: "{hole}"}
        if len(route.params) > 1:
            yield values.pairs(crawler.acme, values.label_of(route, name), 1)[0], {**theirs, name: "{hole}"}


def ask_paths(
    crawler: Crawler, browser: Browser, who: str, route: Route, method: str, body: Any, most: int = 2
) -> None:
    """acme's ids in the address."""
    for pair, holes in foreign_paths(crawler, route, most):
        path = route.at(holes)
        others = tuple(value for value in holes.values() if value != "{hole}")

        def ask(pk: str, path: str = path, others: tuple[str, ...] = others) -> Answer:
            return crawler.ask(browser, method, path.replace("{hole}", pk), sent=(pk, *others), body=body)

        answer = crawler.compare(f"{who}: {method} {path}", pair, ask)
        if answer.status < 400 and not (answer.status in (301, 302) and "login" in answer.location):
            crawler.findings.append(f"{who}: {method} {path} answered {answer.status} for a foreign {pair.label}")


# --- the API --------------------------------------------------------------------------------------------------------


def crawl_api(crawler: Crawler, who: str, *, deep: bool = True, most: int = 2) -> None:
    browser = crawler.browser(crawler.umbra, who)
    for operation in operations():
        bodies = values.bodies(operation, crawler.umbra)
        ask_paths(crawler, browser, who, operation.route, operation.method, bodies[0], most)
        if deep and operation.method == "GET":
            ask_query(crawler, browser, who, operation)
        elif deep:
            for body in bodies:
                ask_body(crawler, browser, who, operation, body)


def ask_query(crawler: Crawler, browser: Browser, who: str, operation: Operation) -> None:
    """acme's ids, keys and cursors in the query of a list."""
    path = own_path(crawler, operation.route)
    for name in sorted(set(operation.query) - PAGING):
        for pair in pairs_of(crawler, operation.route, name):

            def ask(value: str, name: str = name) -> Answer:
                return crawler.ask(browser, "GET", f"{path}?{urlencode({name: value})}", sent=(value,))

            crawler.compare(f"{who}: {operation.name}?{name}=", pair, ask)
    if "cursor" in operation.query:
        theirs = crawler.ask(
            crawler.browser(crawler.acme, "key"),
            "GET",
            own_path(crawler, operation.route, crawler.acme) + "?limit=1",
            may_see=True,
        )
        cursor = _cursor_in(theirs.body)
        if cursor:
            crawler.ask(browser, "GET", f"{path}?{urlencode({'cursor': cursor})}", sent=(cursor,))


def _cursor_in(body: str) -> str:
    import json
    from urllib.parse import parse_qs

    try:
        following = json.loads(body).get("next") or ""
    except (ValueError, AttributeError):
        return ""
    return parse_qs(urlsplit(following).query).get("cursor", [""])[0]


def pairs_of(crawler: Crawler, route: Route, name: str) -> list[Pair]:
    space = route.name.split(":")[0]
    label = values.IDS.get(f"{space}:{name}") or values.IDS.get(name)
    if name == "after":
        return []  # a place in a feed, not a row; the feed of the other organisation has its own
    if label:
        return values.pairs(crawler.acme, label, 1)
    if name in values.NATURAL:
        return values.natural_pairs(crawler.acme, name)
    return []


def ask_body(crawler: Crawler, browser: Browser, who: str, operation: Operation, body: Any) -> None:
    """acme's ids and keys in each place of a body that umbra's own rows would fill."""
    path = own_path(crawler, operation.route)
    for place in values.places(body):
        for pair in pairs_of(crawler, operation.route, values.name_at(place)):

            def ask(value: str, place: tuple[Any, ...] = place) -> Answer:
                changed = values.replaced(body, place, value)
                return crawler.ask(browser, operation.method, path, sent=(value,), body=changed)

            crawler.compare(f"{who}: {operation.name} {'.'.join(map(str, place))}", pair, ask)


# --- pages ----------------------------------------------------------------------------------------------------------


def crawl_pages(crawler: Crawler, who: str, *, deep: bool = True, most: int = 2) -> None:
    browser = crawler.browser(crawler.umbra, who)
    seen: set[tuple[str, frozenset[str]]] = set()
    for route in page_routes():
        for method in route.methods:
            ask_paths(crawler, browser, who, route, method, None, most)
        if deep:
            path = own_path(crawler, route)
            answer = crawler.ask(browser, "GET", path)
            if answer.status == 200:
                read = forms.read(answer.body, path)
                ask_page_query(crawler, browser, who, path, read.query)
                for form in read.forms:
                    ask_form(crawler, browser, who, form, seen)


def page_routes() -> list[Route]:
    return [route for route in all_routes() if route.is_page and route.name not in EXEMPT]


def api_routes() -> list[Route]:
    return [route for route in all_routes() if route.is_api]


def ask_page_query(crawler: Crawler, browser: Browser, who: str, path: str, names: set[str]) -> None:
    for name in sorted(names):
        label = values.IDS.get(name) or values.IDS.get(f"{name}_id") or values.PAGE_QUERY.get(name)
        pairs = values.pairs(crawler.acme, label, 1) if label else []
        for pair in pairs:

            def ask(value: str, name: str = name) -> Answer:
                return crawler.ask(browser, "GET", f"{path}?{urlencode({name: value})}", sent=(value,))

            crawler.compare(f"{who}: GET {path}?{name}=", pair, ask)


def ask_form(
    crawler: Crawler, browser: Browser, who: str, form: forms.Form, seen: set[tuple[str, frozenset[str]]]
) -> None:
    """Every field that sends or offers an id of umbra sends one of acme."""
    path = urlsplit(form.action).path
    place = (values.UUID_TEXT.sub("<id>", path), frozenset(form.offered()))
    if form.method != "post" or place in seen or path.startswith("/auth/"):
        return
    seen.add(place)
    for name, offered in form.offered().items():
        for label in sorted({crawler_label for value in offered if (crawler_label := label_of_id(crawler, value))}):
            for pair in values.pairs(crawler.acme, label, 1):

                def ask(value: str, name: str = name) -> Answer:
                    typed = [(n, v) for n, v in form.values() if n != name] + [(name, value)]
                    return crawler.ask(browser, "POST", path, sent=(value,), form=typed)

                crawler.compare(f"{who}: POST {place[0]} {name}", pair, ask)
    crawler.ask(browser, "POST", path, form=form.values())


def label_of_id(crawler: Crawler, value: str) -> str:
    if not values.is_id(value):
        return ""
    return next((label for label, ids in crawler.umbra.ids.items() if value in ids), "")


# --- headers --------------------------------------------------------------------------------------------------------


def ask_headers(crawler: Crawler, browser: Browser, who: str) -> None:
    """acme's words where a client or a proxy puts words of its own, at an address that answers with rows."""
    tenant, path = crawler.acme.tenant, "/api/v1/accounts/"
    theirs = values.own(crawler.acme, "accounts.Account")
    for name in ("X-Tenant", "X-Tenant-Id", "X-Organisation", "X-Account-Id", "Referer", "HX-Current-URL", "Cookie2"):
        for foreign in (tenant.slug, str(tenant.pk), theirs, f"http://testserver/accounts/{theirs}/"):
            pair = Pair(f"{name} {foreign[:20]}", foreign, "nobodys-value")

            def ask(value: str, name: str = name) -> Answer:
                return crawler.ask(browser, "GET", path, sent=(value,), headers={name: value})

            crawler.compare(f"{who}: {name}", pair, ask)

    def ask_again(key: str) -> Answer:
        headers = {"Idempotency-Key": key}
        return crawler.ask(browser, "POST", "/api/v1/support-levels/", sent=(key,), body={"name": "x"}, headers=headers)

    crawler.compare(
        f"{who}: Idempotency-Key", Pair("an answered request", "answered-in-acme", "answered-in-none"), ask_again
    )


# --- everything of one's own ----------------------------------------------------------------------------------------


def read_own(crawler: Crawler) -> None:
    """Every page and every list with umbra's own rows: nothing of acme stands among them."""
    for who, routes in (("key", api_routes()), ("owner", page_routes())):
        browser = crawler.browser(crawler.umbra, who)
        for route in routes:
            if "GET" in route.methods:
                crawler.ask(browser, "GET", own_path(crawler, route))


def write_own(crawler: Crawler) -> None:
    """Every verb of the API on umbra's own rows: nothing of acme changes with them."""
    browser = crawler.browser(crawler.umbra, "key")
    for operation in operations():
        if operation.method != "GET":
            for body in values.bodies(operation, crawler.umbra):
                crawler.ask(browser, operation.method, own_path(crawler, operation.route), body=body)
