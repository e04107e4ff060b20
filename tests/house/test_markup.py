"""Markup in everything that an organisation keeps, on every page, in a real browser: none of it runs, nothing is loaded
from elsewhere, and the pages break no content security policy of their own."""

import os
from contextlib import closing

import pytest
from playwright.sync_api import Error
from pytest_django.live_server_helper import LiveServer

from tests.chrome import chrome
from tests.house.fuzz import markup
from tests.house.isolation import values
from tests.house.isolation.crawl import page_routes
from tests.house.isolation.fixtures import committed, organisations, still  # noqa: F401
from tests.house.isolation.world import Organisation

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("fuzz")]
#: With more rounds every page meets more of the payloads in more of its places.
ROUNDS = int(os.environ.get("CS_MARKUP_ROUNDS", "1"))
WATCH = """
document.addEventListener('securitypolicyviolation', e => console.error('policy: ' + e.blockedURI + ' ' + e.sample))
"""


@pytest.fixture
def server(committed):  # noqa: F811
    server = LiveServer("127.0.0.1")
    with closing(_Stopping(server)):
        yield server


class _Stopping:
    def __init__(self, server: LiveServer) -> None:
        self.close = server.stop


def test_there_are_120_payloads():
    assert len(set(markup.PAYLOADS)) >= 120


def test_no_markup_runs_on_any_page(organisations, server):  # noqa: F811
    made: Organisation = organisations[1]
    session = made.browser("owner").cookies["sessionid"].value
    placed = 0
    for _ in range(ROUNDS):
        placed = markup.put(made, placed)
        findings = walk(server, session, made)
        assert not findings, "\n".join(findings[:20])
    assert placed > 300


def walk(server: LiveServer, session: str, made: Organisation) -> list[str]:
    findings: list[str] = []
    with chrome(server) as page:
        page.context.add_cookies([{"name": "sessionid", "value": session, "url": server.url}])
        page.context.add_init_script(WATCH)
        page.on("dialog", lambda dialog: (findings.append(f"{page.url}: a dialog"), dialog.dismiss()))
        page.on("request", lambda asked: _is_ours(asked.url, server) or findings.append(f"{page.url}: {asked.url}"))
        shown, others = 0, []
        for route in page_routes():
            path = route.at({name: values.own(made, values.label_of(route, name)) for name in route.params})
            page.faults.clear()
            try:
                answer = page.goto(path, wait_until="load")
            except Error as error:  # an answer without a page: a file, or a verb that only takes POST
                others.append(f"{path}: {str(error).splitlines()[0]}")
                continue
            if answer is None or answer.status != 200:
                others.append(f"{path}: {answer and answer.status}")
                if answer is not None and answer.status >= 500:
                    findings.append(f"{path}: {answer.status}")
                continue
            shown += 1
            if page.evaluate("window.ran"):
                findings.append(f"{path}: markup ran")
            findings += [f"{path}: {fault}" for fault in page.faults if "the server responded with" not in fault]
    assert shown > 20, "\n".join(others)
    return findings


def _is_ours(address: str, server: LiveServer) -> bool:
    return address.startswith((server.url, "data:", "blob:", "about:"))
