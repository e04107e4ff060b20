"""What docs/api.md promises of every resource, asked of every resource there is."""

import json

import pytest

from tests.house.isolation import values, world
from tests.house.isolation.crawler import Browser, undone
from tests.house.isolation.fixtures import committed, still  # noqa: F401
from tests.house.isolation.routes import Operation, all_routes, operations

# Lists that are no pages of rows, each with the reason.
NOT_PAGED = {
    "api:change-list": "the change feed goes by its own cursor, `after`",
    "api:account-stage-list": "one row for each lifecycle, all of them",
}


@pytest.fixture(scope="module")
def made(committed):  # noqa: F811
    found = world.found("acme", "Europe/Berlin")
    world.populate(found, 3)
    world.complete(found)
    world.note_ids(found)
    return found


@pytest.fixture(scope="module")
def owner(made):
    browser = Browser()
    browser.cookies = made.browser("owner").cookies
    return browser


def actions(route):
    return getattr(route.view, "actions", None) or {}


def at(route, made, owner=None):
    """The address with rows that are there; with an owner, rows that the API shows (done work is not)."""
    ids = {name: made.ids.get(values.label_of(route, name)) or [values.absent("x")] for name in route.params}
    chosen = {name: found[0] for name, found in ids.items()}
    detail = DETAIL.get(getattr(route.view, "cls", None))
    if owner and "pk" in ids and detail:
        chosen["pk"] = next(
            (pk for pk in ids["pk"] if owner.get(detail.at({"pk": pk})).status_code == 200), ids["pk"][0]
        )
    return route.at(chosen)


def said(answer):
    return json.loads(answer.content)


LISTS = [route for route in all_routes() if route.is_api and actions(route).get("get") == "list"]
OBJECTS = [route for route in all_routes() if route.is_api and actions(route).get("get") == "retrieve"]
DETAIL = {route.view.cls: route for route in OBJECTS if route.params == ("pk",)}
READING = [route for route in all_routes() if route.is_api and "GET" in route.methods]


def of(routes):
    return pytest.mark.parametrize("route", routes, ids=lambda route: route.name)


@of([route for route in LISTS if route.name not in NOT_PAGED])
def test_a_list_has_pages_counts_and_fields(route, made, owner):
    path = at(route, made)
    whole = said(owner.get(path))
    assert set(whole) >= {"results", "next", "count"} and whole["count"] is None
    if not whole["results"]:
        return  # the crawl over all addresses says which rows the world lacks
    counted = said(owner.get(f"{path}?count=exact&limit=1"))
    assert counted["count"] >= len(whole["results"]) and len(counted["results"]) == 1
    assert (counted["next"] is not None) == (counted["count"] > 1)
    field = next(iter(whole["results"][0]))
    assert set(said(owner.get(f"{path}?fields={field}"))["results"][0]) == {field}
    for bad in ("fields=nothing_like_it", "limit=0", "limit=201", "count=about", "surplus=1", "sort=nothing_like_it"):
        answer = owner.get(f"{path}?{bad}")
        assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json"), bad


@of(OBJECTS)
def test_an_object_has_an_etag_and_fields(route, made, owner):
    path = at(route, made, owner)
    answer = owner.get(path)
    if answer.status_code == 404:
        return
    assert answer.status_code == 200 and answer["ETag"].startswith('"')
    field = next(iter(said(answer)))
    narrow = owner.get(f"{path}?fields={field}")
    assert set(said(narrow)) == {field} and narrow["ETag"] == answer["ETag"]
    assert owner.get(f"{path}?fields=nothing_like_it").status_code == 400
    assert owner.get(f"{path}?surplus=1").status_code == 400


@of([route for route in READING if route not in LISTS and route not in OBJECTS])
def test_every_other_answer_refuses_what_it_does_not_know(route, made, owner):
    path = at(route, made)
    answer = owner.get(path)
    if answer.status_code != 200:
        return  # it wants parameters
    assert owner.get(f"{path}?surplus=1").status_code == 400
    whole = said(answer)
    rows = whole.get("results", whole) if isinstance(whole, dict) else whole
    if rows:  # of nothing nobody knows the fields
        assert owner.get(f"{path}?fields=nothing_like_it").status_code == 400, "?fields= is taken and not read"


WRITES = [operation for operation in operations() if operation.method in ("PATCH", "POST", "PUT", "DELETE")]


def on_an_object(operation: Operation) -> bool:
    return "pk" in operation.route.params


def write(owner, operation, made, **headers):
    body = values.bodies(operation, made)[0]
    extra = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {}
    return owner.generic(
        operation.method,
        at(operation.route, made),
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        **extra,
    )


@pytest.mark.parametrize("operation", [o for o in WRITES if on_an_object(o)], ids=lambda operation: operation.name)
def test_a_stale_if_match_changes_nothing(operation, made, owner):
    with undone():
        answer = write(owner, operation, made, If_Match='"of another time"')
    assert (answer.status_code, said(answer)["code"]) in ((412, "stale"), (404, "not_found"))


@pytest.mark.parametrize("operation", [o for o in WRITES if o.method == "POST"], ids=lambda operation: operation.name)
def test_a_repeated_post_gets_the_first_answer(operation, made, owner):
    with undone():
        first = write(owner, operation, made, Idempotency_Key="once")
        again = write(owner, operation, made, Idempotency_Key="once")
        other = owner.generic(
            "POST",
            at(operation.route, made, owner),
            data='{"another": "body"}',
            content_type="application/json",
            headers={"Idempotency-Key": "once"},
        )
    assert again.status_code == first.status_code < 500
    if first.status_code >= 400 and first.status_code != 409:
        return  # a body that is refused is no answer to keep
    assert again.status_code == first.status_code and again["Idempotent-Replayed"] == "true"
    assert other.status_code == 422
