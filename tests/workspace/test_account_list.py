"""The list of accounts."""

import re
from datetime import date, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from accounts import services as accounts
from cs_platform.tenancy.scope import tenant_scope
from tests.cast import NOW, sign_in
from tests.workspace.world import (
    HTMX,
    NOBODY,
    TEST,
    get,
    make_account,
    make_deal,
    make_many,
    queries,
    questions,
    text,
)

pytestmark = pytest.mark.django_db
LIST = "/accounts/"


@pytest.fixture(autouse=True)
def _at_nine(clock_at):
    clock_at(NOW)


def names(html):
    return re.findall(r'<th scope="row"><a href="[^"]+">([^<]+)</a>', html)


def test_it_says_what_an_account_is_in_one_line(client, acme, ana, ben):
    account = make_account(acme, "Initech", csm=ben, renewal_date=date(2027, 2, 1))
    with tenant_scope(acme):
        accounts.raise_alert([account.pk], "test", "Look.", actor=TEST, now=NOW)
    page = text(get(sign_in(client, ana), LIST))
    for words in ("Initech", "Prospect", "0 days", "Enterprise", "Enterprise TA team", "Named", "$250,000", "Ben"):
        assert words in page
    assert "in 2 months" in page


def test_a_prospect_shows_when_its_deal_is_to_close(client, acme, ana):
    make_deal(make_account(acme, "Initech"))
    assert "closes in 22 days" in text(get(sign_in(client, ana), LIST))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=init", ["Initech"]),
        ("segment=SMB", ["Globex"]),
        ("segment=none", ["Umbrella"]),
        ("level=Digital", []),
        ("owner=me", ["Globex"]),
        ("owner=none", ["Initech", "Umbrella"]),
        ("stage=0.+Prospect", ["Globex", "Initech", "Umbrella"]),
        ("stage=1.+Onboarding", []),
        ("state=archived", ["Gone"]),
        ("state=all&q=gone", ["Gone"]),
        ("sort=-arr", ["Initech", "Globex", "Umbrella"]),
        ("sort=stage", ["Globex", "Initech", "Umbrella"]),
    ],
)
def test_filters_narrow_it(client, acme, ana, query, found):
    make_account(acme, "Initech", domains=["initech.com"])
    make_account(acme, "Globex", developers=20, arr_minor=100, csm=ana)
    make_account(acme, "Umbrella", developers=None, arr_minor=None)
    gone = make_account(acme, "Gone")
    with tenant_scope(acme):
        accounts.archive_account(gone, "Left.", actor=TEST, now=NOW)
    listed = names(get(sign_in(client, ana), f"{LIST}?{query}"))
    assert (listed if "sort" in query else sorted(listed)) == found


def test_every_filter_is_a_sentence_that_can_be_taken_away(client, acme, ana, ben):
    make_account(acme, "Initech", csm=ben)
    page = get(sign_in(client, ana), f"{LIST}?q=init&segment=Enterprise&owner={ben.pk}&state=all")
    said = text(page)
    for sentence in ("Found by “init”", "Segment is Enterprise", "Owner is Ben", "Managed and archived"):
        assert sentence in said
    chips = re.findall(r'class="cs-plain" href="([^"]+)"', page)
    without_q = next(parse_qs(urlsplit(href.replace("&amp;", "&")).query) for href in chips if "q=" not in href)
    assert without_q["segment"] == ["Enterprise"] and without_q["state"] == ["all"]


def test_columns_sort_up_and_down_and_keep_the_filters(client, acme, ana):
    make_account(acme, "Initech")
    page = get(sign_in(client, ana), f"{LIST}?segment=Enterprise&sort=name")
    assert 'aria-sort="ascending"' in page
    assert "?segment=Enterprise&amp;sort=-arr" in page and "?segment=Enterprise&amp;sort=-name" in page


def test_pages_follow_each_other_without_gap_or_repetition(client, acme, ana):
    make_many(acme, 120)
    sign_in(client, ana)
    seen, path = [], f"{LIST}?sort=-arr"
    while path:
        page = get(client, path)
        seen += names(page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        path = LIST + following[1].replace("&amp;", "&") if following else ""
    assert len(seen) == len(set(seen)) == 120
    assert seen[0] == "Customer 120" and seen[-1] == "Customer 001"


def test_the_exact_number_is_counted_when_it_is_asked_for(client, acme, ana):
    make_many(acme, 60)
    sign_in(client, ana)
    page = get(client, LIST)
    assert "50 shown" in text(page) and "Count all" in page
    assert "60 accounts" in text(get(client, f"{LIST}?count=exact"))


def test_htmx_gets_the_rows_and_the_address_to_show(client, acme, ana):
    make_account(acme, "Initech")
    answer = sign_in(client, ana).get(f"{LIST}?q=init&segment=&owner=", headers=HTMX)
    html = answer.content.decode()
    assert html.strip().startswith('<div id="list"') and "<html" not in html
    assert answer["HX-Push-Url"] == "/accounts/?q=init"


@pytest.mark.parametrize(
    "query",
    [
        "cursor=made-up",
        "sort=password",
        "sort=--name",
        "state=deleted",
        "owner=%27%3B--",
        f"owner={NOBODY}",
        "q=" + "x" * 10_000,
        "segment=%3Cscript%3E",
        "stage=%3D1%2B1",
        "count=exact&cursor=" + "A" * 3000,
    ],
)
def test_an_address_that_makes_no_sense_still_gives_a_list(client, acme, ana, query):
    make_account(acme, "Initech")
    page = get(sign_in(client, ana), f"{LIST}?{query}")
    assert "<script>" not in page


def test_a_nul_character_is_refused_before_anything_is_asked(client, ana):
    assert sign_in(client, ana).get(LIST, {"q": "a\x00b"}).status_code == 400


def test_it_says_why_it_is_empty(client, acme, ana):
    sign_in(client, ana)
    assert "No accounts yet" in text(get(client, LIST))
    assert "The archive is empty" in text(get(client, f"{LIST}?state=archived"))
    make_account(acme)
    assert "No account fits" in text(get(client, f"{LIST}?q=nothing-like-it"))


def test_markup_and_formulas_in_names_are_text(client, acme, ana):
    make_account(acme, '<script>alert("x")</script>')
    make_account(acme, "=HYPERLINK(1)")
    page = get(sign_in(client, ana), LIST)
    assert "<script>alert" not in page and "&lt;script&gt;" in page and "=HYPERLINK(1)" in page


def test_the_button_to_add_is_for_those_who_may(client, acme, ana, ben):
    assert "Add account" in get(sign_in(client, ana), LIST)
    assert "Add account" not in get(sign_in(client, ben), LIST)


def test_it_asks_the_same_of_the_database_however_many_rows_there_are(client, acme, ana):
    sign_in(client, ana)
    counts = []
    for number in (1, 10, 50, 120):
        make_many(acme, number, csm=ana)
        client.get(LIST)
        with queries() as captured:
            client.get(LIST)
        counts.append(len(questions(captured)))
    assert len(set(counts)) == 1, counts
    with queries() as captured:
        client.get(f"{LIST}?sort=days&late=1&stage=0.+Prospect&count=exact", headers=HTMX)
    frame = 3  # session, user, member
    assert len(questions(captured)) - frame <= 5


def test_only_the_own_tenants_accounts_are_there(client, acme, umbra, otto):
    make_account(acme, "Initech")
    make_account(umbra, "Tyrell")
    assert names(get(sign_in(client, otto), f"{LIST}?state=all")) == ["Tyrell"]


def test_a_stranger_is_asked_to_sign_in(client, acme):
    assert "/auth/login/" in client.get(LIST)["Location"]


def test_late_accounts_can_be_asked_for(client, acme, ana, clock_at):
    make_account(acme, "Slowpoke")
    sign_in(client, ana)
    assert names(get(client, f"{LIST}?late=1")) == []
    clock_at(NOW + timedelta(days=60))
    assert names(get(client, f"{LIST}?late=1")) == ["Slowpoke"]
