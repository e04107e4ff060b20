"""A list of twelve rows asks the database as often as a list of one."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.house.isolation import values, world
from tests.house.isolation.crawler import Browser, undone
from tests.house.isolation.fixtures import committed, still  # noqa: F401
from tests.house.isolation.routes import Route, all_routes

OWN = re.compile(r"SAVEPOINT|RELEASE|SET |ROLLBACK|SELECT set_config|BEGIN|COMMIT|SELECT pg_current")
# Routes of which one row is all there is.
EXEMPT = {
    "workspace:mails": "the mailbox of the demo",
    "workspace:mail": "as workspace:mails",
    "workspace:mail-html": "as workspace:mails",
    "brand-logo": "a picture",
}


def reading() -> list[Route]:
    return [
        route
        for route in all_routes()
        if (route.is_api and "GET" in route.methods) or (route.is_page and route.name not in EXEMPT)
    ]


def counted(made: world.Organisation, ids: dict[str, list[str]]) -> dict[str, list[str]]:
    """What each reading address asks, the second time, when what is asked once for a process has been asked."""
    owner, found = Browser(), {}
    owner.cookies = made.browser("owner").cookies
    for route in reading():
        path = route.at({name: ids[values.label_of(route, name)][0] for name in route.params})
        with undone():
            owner.get(path)
            with CaptureQueriesContext(connection) as captured:
                answer = owner.get(path)
        if answer.status_code == 200:
            found[route.name] = [q["sql"] for q in captured.captured_queries if not OWN.match(q["sql"])]
    return found


@pytest.fixture(scope="module")
def one_and_twelve(committed):  # noqa: F811
    made = world.found("acme", "Europe/Berlin")
    world.populate(made, 1)
    world.complete(made)
    world.note_ids(made)
    ids = made.ids
    one = counted(made, ids)
    world.populate(made, 11)
    world.deepen(made, 11)
    return one, counted(made, ids)


def test_twelve_rows_ask_no_more_than_one(one_and_twelve):
    one, twelve = one_and_twelve
    grown = [
        f"{name}: {len(one[name])} with one row, {len(twelve[name])} with twelve\n   "
        + "\n   ".join(sorted(sql[:200] for sql in set(twelve[name]) - set(one[name]))[:4])
        for name in one
        if len(twelve[name]) > len(one[name])
    ]
    assert not grown, "\n".join(grown)


def test_every_list_was_looked_at(one_and_twelve):
    one, twelve = one_and_twelve
    lists = {r.name for r in reading() if r.is_api and "list" in getattr(r.view, "actions", {}).values()}
    assert not lists - set(one)
    assert set(one) == set(twelve)
    assert len(one) > 80


def test_exemptions_are_of_addresses_that_are_there():
    assert set(EXEMPT) <= {route.name for route in all_routes()}
