"""What one organisation learns of another, through every address and as everybody: nothing."""

import pytest

from cs_platform.people.models import Role
from cs_platform.people.permissions import VERBS
from tests.house.isolation import canaries, crawl, values
from tests.house.isolation.crawler import Crawler
from tests.house.isolation.fixtures import committed, organisations, still  # noqa: F401
from tests.house.isolation.routes import all_routes, operations
from tests.house.isolation.values import Pair


@pytest.fixture(scope="module")
def crawler(organisations):  # noqa: F811
    made = Crawler(*organisations)
    yield made
    print(f"\n{made.asked:,} requests")


def test_every_table_has_rows_and_every_text_a_canary(organisations):  # noqa: F811
    """What the crawl looks for is all there."""
    for made in organisations:
        assert canaries.without(made) == []


def test_every_route_has_a_case():
    cases = {route.name for route in (*crawl.page_routes(), *crawl.api_routes())}
    # platform: is nobody's of an organisation; tests/people/test_platform.py asks each of its addresses
    signing_in = {route.name for route in all_routes() if route.name.startswith(("account_", "mfa_", "platform:"))}
    assert {route.name for route in all_routes()} - cases - signing_in == set(crawl.EXEMPT)


def test_every_name_of_an_address_or_a_body_is_known(crawler):
    for route in (*crawl.page_routes(), *crawl.api_routes()):
        assert all(values.label_of(route, name) in crawler.acme.ids for name in route.params), route.name
    assert {operation.name: names for operation in operations() if (names := values.unknown_names(operation))} == {}


def test_with_its_own_rows_every_address_of_the_api_is_reached(crawler):
    browser = crawler.browser(crawler.umbra, "key")
    missed = []
    for operation in operations():
        if operation.name == "PUT /api/v1/organisation/logo/":
            continue  # takes a picture, not JSON; tests/people/test_organisation_api.py sends one
        path = crawl.own_path(crawler, operation.route)
        if operation.route.name == "api:sending-calendar-recipients":
            path += f"?series_id={values.own(crawler.umbra, 'campaigns.Series')}"
        for body in values.bodies(operation, crawler.umbra):
            answer = crawler.ask(browser, operation.method, path, body=body)
            if answer.status in (400, 401, 403, 404, 405):
                missed.append(f"{operation.name}: {answer.status} {answer.body[:300]}")
    assert not missed, "\n".join(missed)
    crawler.must_be_silent()


def test_with_its_own_rows_every_page_is_reached(crawler):
    browser = crawler.browser(crawler.umbra, "owner")
    missed = []
    for route in crawl.page_routes():
        path = crawl.own_path(crawler, route)
        statuses = {method: crawler.ask(browser, method, path).status for method in ("GET", "POST")}
        if not {200, 302, 422, 204} & set(statuses.values()):
            missed.append(f"{route.name}: {statuses}")
    assert not missed, "\n".join(missed)
    crawler.must_be_silent()


def test_a_key_learns_nothing_from_the_api(crawler):
    crawl.crawl_api(crawler, "key")
    crawl.ask_headers(crawler, crawler.browser(crawler.umbra, "key"), "key")
    crawler.must_be_silent()


def test_an_owner_learns_nothing_from_the_pages(crawler):
    crawl.crawl_pages(crawler, "owner")
    crawler.must_be_silent()


@pytest.mark.parametrize("who", ["owner", "member", "viewer"])
def test_a_signed_in_person_learns_nothing_from_the_api(crawler, who):
    crawl.crawl_api(crawler, who, deep=False, most=1)
    crawler.must_be_silent()


def test_a_member_learns_nothing_from_the_pages(crawler):
    crawl.crawl_pages(crawler, "member", deep=False, most=1)
    crawler.must_be_silent()


def all_of_acme(crawler):
    """(is it the API, method, address of acme's own rows, verb, body)"""
    for operation in operations():
        body = values.sample(operation, crawler.acme)
        verb = operation.route.required(operation.method)
        yield True, operation.method, crawl.own_path(crawler, operation.route, crawler.acme), verb, body
    for route in crawl.page_routes():
        for method in route.methods:
            yield False, method, crawl.own_path(crawler, route, crawler.acme), route.verb, None


def test_a_stranger_is_sent_to_sign_in_or_answered_401(crawler):
    stranger = crawler.browser(crawler.acme, "anonymous")
    for is_api, method, path, _, body in all_of_acme(crawler):
        answer = crawler.ask(stranger, method, path, sent=(path,), body=body)
        fine = answer.status == 401 if is_api else answer.status == 302 and "/auth/login/" in answer.location
        if not fine or answer.wrote:
            crawler.findings.append(f"a stranger: {method} {path}: {answer.status} {answer.location}")
    crawler.must_be_silent()


def test_a_removed_member_is_out_everywhere(crawler):
    removed, own = crawler.browser(crawler.acme, "removed"), crawler.own_address("removed")
    for _, method, path, _, body in all_of_acme(crawler):
        answer = crawler.ask(removed, method, path, sent=(path, own), body=body)
        if answer.status != 403:
            crawler.findings.append(f"a removed member: {method} {path}: {answer.status} {answer.location}")
    crawler.must_be_silent()


def test_a_revoked_key_opens_nothing(crawler):
    browser = crawler.browser(crawler.acme, "anonymous")
    browser.defaults["HTTP_AUTHORIZATION"] = "Bearer " + crawler.acme.key[:-3] + "xyz"
    for operation in operations():
        path = crawl.own_path(crawler, operation.route, crawler.acme)
        if crawler.ask(browser, operation.method, path, sent=(path,)).status != 401:
            crawler.findings.append(f"a wrong key: {operation.name}")
    crawler.must_be_silent()


def test_who_only_reads_changes_nothing(crawler):
    reader = crawler.browser(crawler.acme, "viewer")
    for _, method, path, verb, body in all_of_acme(crawler):
        answer = crawler.ask(reader, method, path, body=body, may_see=True)
        if verb and Role.VIEWER not in VERBS[verb].roles and answer.status != 403:
            crawler.findings.append(f"a viewer: {method} {path}: {answer.status}")
    crawler.must_be_silent()


def test_a_reading_request_writes_nothing(crawler):
    for made, who in ((crawler.umbra, "owner"), (crawler.umbra, "key")):
        browser = crawler.browser(made, who)
        routes = crawl.page_routes() if who == "owner" else crawl.api_routes()
        for route in routes:
            if "GET" in route.methods and crawler.ask(browser, "GET", crawl.own_path(crawler, route)).wrote:
                crawler.findings.append(f"GET {route.template} wrote something")
    crawler.must_be_silent()


def test_a_link_of_another_organisation_that_was_altered_is_no_link(crawler):
    stranger, acme = crawler.browser(crawler.acme, "anonymous"), crawler.acme
    for path, token in (("/u/{hole}/", acme.ticket), ("/invitations/{hole}/", acme.invitation)):
        for wrong in (token[:-1] + ("a" if token[-1] != "a" else "b"), token[:-5], token.replace("1-", "2-", 1) + "x"):
            for method in ("GET", "POST"):
                pair = Pair("an altered link", wrong, "nobodys")

                def ask(value, path=path, method=method):
                    return crawler.ask(stranger, method, path.replace("{hole}", value), sent=(value,), form=[])

                answer = crawler.compare(f"{method} {path}", pair, ask)
                if answer.status != 404 or answer.wrote:
                    crawler.findings.append(f"{method} {path} {wrong[:12]}…: {answer.status}")
    crawler.must_be_silent()


def test_nobody_enters_an_organisation_by_its_name(crawler):
    browser = crawler.browser(crawler.umbra, "owner")

    def ask(slug):
        return crawler.ask(browser, "POST", "/switch-tenant/", sent=(slug,), form=[("tenant", slug)])

    assert crawler.compare("switch-tenant", Pair("a slug", "acme", "nobodys"), ask).status == 404
    crawler.must_be_silent()


def test_public_addresses_show_nothing(crawler):
    stranger = crawler.browser(crawler.acme, "anonymous")
    for route in all_routes():
        if not route.params and (
            route.name.startswith(("account_", "mfa_", "platform:")) or route.name in crawl.EXEMPT
        ):
            for method in route.methods:
                crawler.ask(stranger, method, route.template)
    # 503 is what it says when the last tick is long ago, as it is at the end of a long crawl.
    crawler.findings = [found for found in crawler.findings if "/readyz answered 503" not in found]
    crawler.must_be_silent()
