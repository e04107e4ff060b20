"""The support-level console: who is watched, what a level would do, and doing it."""

import re
from datetime import date, timedelta

import pytest

from accounts import services as accounts
from accounts.models import Account, BulkChange, Contact, Opportunity
from cs_platform import ledger
from cs_platform.tenancy.scope import tenant_scope
from integrations.salesforce import services as salesforce
from integrations.salesforce.models import MirrorRecord
from tests.cast import NOW, sign_in
from tests.workspace.world import HTMX, TEST, fresh, get, make_account, make_deal, make_many, queries, questions, text

pytestmark = pytest.mark.django_db
PAGE = "/console/"
REF = "001000000000077AAA"


@pytest.fixture(autouse=True)
def _at_nine(clock_at):
    clock_at(NOW)


@pytest.fixture
def leader(client, tess):
    return sign_in(client, tess)


@pytest.fixture
def prospect(acme, tess):
    """An account that only Salesforce knows, with a person and an open new-business deal."""
    with tenant_scope(acme):
        given = salesforce.ConnectionInput(
            name="Org", auth="client_credentials", login_url="https://example.my.salesforce.com",
            secrets={"client_id": "id", "client_secret": "secret"},
        )  # fmt: skip
        connection = salesforce.create_connection(given, actor=TEST, now=NOW)
        mirrored(connection, "Account", REF, {"account_name": "Hooli", "developers": 900, "arr": 20_000_000})
        deal = {
            "opportunity_account": REF, "opportunity_name": "Hooli first", "opportunity_stage": "Negotiation",
            "opportunity_type": "New Business", "opportunity_amount": 7_000_000, "opportunity_closed": False,
            "opportunity_won": False, "opportunity_close_date": "2026-12-10",
        }  # fmt: skip
        mirrored(connection, "Opportunity", "006000000000077AAA", deal, REF)
        person = {"contact_account": REF, "contact_name": "Gavin", "contact_email": "gavin@hooli.example"}
        mirrored(connection, "Contact", "003000000000077AAA", person, REF)
    return connection


def mirrored(connection, sobject, sf_id, values, ref=None):
    MirrorRecord.objects.create(
        connection=connection, sobject=sobject, sf_id=sf_id, account_ref=ref, stamp=NOW, digest=f"d{sf_id}",
        values=values,
    )  # fmt: skip


def preview(client, rows, level="Scaled", query="", **more):
    return client.post(f"/console/preview/{query}", {"row": rows, "level": level, **more})


def key(account):
    return f"a{account.pk}"


def change_of(answer):
    return re.search(r"/changes/([0-9a-f-]{36})/", answer["Location"])[1]


class TestTheList:
    def test_only_whoever_may_set_levels_sees_it(self, client, ben, rhea, ana):
        for member, status in ((ben, 403), (rhea, 403), (ana, 200)):
            assert sign_in(client, member).get(PAGE).status_code == status

    def test_it_is_in_the_rail_of_whoever_may(self, client, tess, ben):
        assert 'href="/console/"' in get(sign_in(client, tess), "/")
        assert 'href="/console/"' not in get(sign_in(client, ben), "/")

    def test_a_deal_stands_with_its_days_and_what_follows(self, leader, acme):
        account = make_account(acme)
        make_deal(account, close_date=date(2026, 12, 15))
        page = text(leader.get(PAGE))
        for words in ("Initech", "Rollout", "Proposal", "22 days", "Named", "Enterprise", "0. Prospect", "90,000"):
            assert words in page

    def test_an_account_without_a_deal_stands_under_all_accounts(self, leader, acme):
        make_account(acme)
        assert "Initech" not in text(leader.get(PAGE))
        assert "Initech" in text(leader.get(PAGE + "?tab=accounts"))

    def test_what_only_salesforce_knows_stands_there_too(self, leader, prospect):
        page = text(leader.get(PAGE))
        for words in ("Hooli", "only in Salesforce", "Hooli first", "Negotiation", "17 days", "no level, closing soon"):
            assert words in page
        assert "Hooli" not in text(leader.get(PAGE + "?tab=accounts"))

    @pytest.mark.parametrize(
        "changed",
        [
            {"opportunity_closed": True},
            {"opportunity_type": "Renewal"},
        ],
    )
    def test_other_deals_of_salesforce_do_not(self, leader, prospect, acme, changed):
        with tenant_scope(acme):
            deal = MirrorRecord.objects.get(sobject="Opportunity")
            MirrorRecord.objects.filter(pk=deal.pk).update(values={**deal.values, **changed})
        assert "Hooli" not in text(leader.get(PAGE))

    @pytest.mark.parametrize("sort", ["close", "-close", "name", "-name", "amount", "-amount", "level", "segment"])
    def test_every_row_is_met_once_in_every_order(self, leader, acme, prospect, sort, monkeypatch):
        monkeypatch.setattr("cs_platform.workspace.console.listing.ROWS", 4)
        make_many(acme, 9)
        seen, where = [], f"{PAGE}?sort={sort}"
        for _ in range(5):
            page = get(leader, where)
            seen += re.findall(r'name="row" value="([^"]+)"', page)
            following = re.search(r'rel="next" href="([^"]+)"', page)
            if following is None:
                break
            where = PAGE + following[1].replace("&amp;", "&")
        assert len(seen) == len(set(seen)) == 10

    def test_the_earliest_close_stands_first_and_no_date_last(self, leader, acme, prospect):
        make_deal(make_account(acme, "Later"), close_date=date(2027, 1, 5), number=1)
        make_deal(make_account(acme, "Never"), close_date=None, number=2)
        make_deal(make_account(acme, "Sooner"), close_date=date(2026, 11, 30), number=3)
        page = text(leader.get(PAGE))
        places = [page.index(name) for name in ("Sooner", "Hooli", "Later", "Never")]
        assert places == sorted(places)

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("?q=tiny", {"Tiny"}),
            ("?q=HOOLI", {"Hooli"}),
            ("?level=none", {"Hooli"}),
            ("?level=Scaled", {"Tiny"}),
            ("?segment=Scaled", {"Tiny"}),
            ("?owner=none", {"Tiny", "Initech", "Hooli"}),
            ("?owner=me", set()),
            ("?owner=nonsense", set()),
            ("?closing=30", {"Tiny", "Hooli"}),
            ("?closing=overdue", set()),
            ("?problem=no_level", {"Hooli"}),
            ("?tab=exceptions&problem=unknown", {"Tiny"}),
        ],
    )
    def test_filters_narrow_both_sides(self, leader, acme, prospect, query, names):
        make_deal(make_account(acme), close_date=date(2027, 2, 1), number=1)
        tiny = make_account(acme, "Tiny", support_level="Scaled", developers=None)
        make_deal(tiny, close_date=date(2026, 12, 1), number=2)
        page = get(leader, PAGE + query)
        found = {name for name in ("Tiny", "Initech", "Hooli") if f"Select {name}" in page}
        assert found == names

    def test_a_cursor_that_is_none_starts_again_and_says_so(self, leader, prospect):
        page = text(leader.get(PAGE + "?cursor=nonsense"))
        assert "Hooli" in page and "not found again" in page

    def test_htmx_gets_the_list_and_the_address(self, leader, prospect):
        answer = leader.get(PAGE + "?q=hooli", headers=HTMX)
        assert answer["HX-Push-Url"] == "/console/?q=hooli"
        assert "<html" not in answer.content.decode()

    def test_it_does_not_ask_more_for_more_rows(self, leader, acme, prospect):
        get(leader, PAGE)
        make_many(acme, 2)
        with queries() as few:
            get(leader, PAGE)
        make_many(acme, 12)
        with queries() as many:
            get(leader, PAGE)
        assert len(questions(many)) == len(questions(few))

    def test_an_outsider_sees_nothing_of_it(self, client, otto, prospect):
        page = text(sign_in(client, otto).get(PAGE))
        assert "Hooli" not in page and "No deal is about to close" in page

    def test_lead_times_of_the_tenant_colour_the_days(self, leader, acme):
        from onboarding.models import HandoffSettings

        make_deal(make_account(acme), close_date=date(2027, 1, 20))
        assert "tone-neutral" in get(leader, PAGE).split("58 days")[0][-300:]
        with tenant_scope(acme):
            HandoffSettings.objects.all().delete()
            HandoffSettings.objects.create(support_level_days=60, created_at=NOW, updated_at=NOW)
        assert "tone-info" in get(leader, PAGE).split("58 days")[0][-300:]


class TestChangingMany:
    def test_preview_then_confirm(self, leader, acme):
        first, second = make_account(acme, "First", developers=40), make_account(acme, "Second", developers=4000)
        answer = preview(leader, [key(first), key(second)])
        shown = text(leader.get(answer["Location"]))
        assert "SMB → Scaled" in shown and "Strategic → Scaled" in shown and "Change 2 accounts" in shown
        assert fresh(first).support_level.name == "Named"
        done = leader.post(f"{answer['Location']}confirm/", follow=True)
        assert "2 accounts changed" in text(done)
        assert fresh(first).segment == fresh(second).segment == "Scaled"

    def test_confirming_twice_is_harmless(self, leader, acme):
        account = make_account(acme)
        where = preview(leader, [key(account)])["Location"]
        leader.post(f"{where}confirm/")
        version = fresh(account).version
        assert leader.post(f"{where}confirm/", follow=True).status_code == 200
        assert fresh(account).version == version

    def test_what_changed_since_is_left_out_and_can_be_looked_at_again(self, leader, acme):
        first, second = make_account(acme, "First"), make_account(acme, "Second")
        where = preview(leader, [key(first), key(second)])["Location"]
        with tenant_scope(acme):
            accounts.edit_account(first, {"developers": 5}, actor=TEST, now=NOW)
        page = leader.post(f"{where}confirm/", follow=True)
        assert "1 account was left out" in text(page) and "Preview them again" in text(page)
        assert (fresh(first).support_level.name, fresh(second).support_level.name) == ("Named", "Scaled")
        again = preview(leader, re.findall(r'name="row" value="([^"]+)"', page.content.decode()))
        leader.post(f"{again['Location']}confirm/")
        assert fresh(first).support_level.name == "Scaled"

    def test_everything_that_fits_the_filters(self, leader, acme):
        make_many(acme, 60)
        answer = preview(leader, [], query="?tab=accounts&q=customer", all="1")
        with tenant_scope(acme):
            assert len(BulkChange.objects.get(pk=change_of(answer)).rows) == 60
        assert "101" not in text(leader.get(answer["Location"]))

    @pytest.mark.parametrize(
        ("rows", "level", "words"),
        [
            ([], "Scaled", "Choose at least one account"),
            (["x"], "Scaled", "at least one"),
            (None, "", "Choose a support level"),
        ],
    )
    def test_a_refusal_is_said_on_the_page_and_keeps_the_boxes(self, leader, acme, rows, level, words):
        account = make_account(acme)
        make_deal(account)
        answer = preview(leader, [key(account)] if rows is None else rows, level)
        assert answer.status_code == 422
        assert words in text(answer)
        assert (" checked" in answer.content.decode()) == (rows is None)

    def test_clearing_archives_and_says_so(self, leader, acme):
        account = make_account(acme)
        where = preview(leader, [key(account)], "-")["Location"]
        assert "are archived; nothing is deleted" in text(leader.get(where))
        leader.post(f"{where}confirm/")
        assert fresh(account).state == "archived"

    def test_a_viewer_and_a_csm_may_not(self, client, acme, ben, rhea, tess):
        account = make_account(acme)
        where = preview(sign_in(client, tess), [key(account)])["Location"]
        for member in (ben, rhea):
            sign_in(client, member)
            assert preview(client, [key(account)]).status_code == 403
            assert client.get(where).status_code == 403
            assert client.post(f"{where}confirm/").status_code == 403
        assert fresh(account).support_level.name == "Named"

    def test_another_tenant_does_not_find_it(self, client, acme, tess, otto):
        account = make_account(acme)
        where = preview(sign_in(client, tess), [key(account)])["Location"]
        sign_in(client, otto)
        assert client.get(where).status_code == client.post(f"{where}confirm/").status_code == 404
        answer = preview(client, [key(account)])
        with tenant_scope(otto.tenant):
            assert BulkChange.objects.get(pk=change_of(answer)).rows == []


class TestTakingOver:
    def test_a_level_brings_it_here_with_its_people_and_deals(self, leader, acme, prospect):
        where = preview(leader, [f"s{REF}"], "Named", note="We won the pilot")["Location"]
        shown = text(leader.get(where))
        assert "0. Prospect" in shown and "Enterprise" in shown
        with tenant_scope(acme):
            assert not Account.objects.exists() and not MirrorRecord.objects.filter(managed=True).exists()
        leader.post(f"{where}confirm/")
        ledger.drain(NOW)
        with tenant_scope(acme):
            account = Account.objects.get(salesforce_id=REF)
            assert (account.name, account.segment, account.support_level.name) == ("Hooli", "Enterprise", "Named")
            assert Contact.objects.get(account=account).name == "Gavin"
            assert Opportunity.objects.get(account=account).is_new_business
            assert MirrorRecord.objects.get(sobject="Account").managed
        assert "only in Salesforce" not in text(leader.get(PAGE))

    def test_one_that_salesforce_changed_since_is_left_out(self, leader, acme, prospect):
        where = preview(leader, [f"s{REF}"], "Named")["Location"]
        with tenant_scope(acme):
            MirrorRecord.objects.filter(sf_id=REF).update(digest="another")
        assert "1 account was left out" in text(leader.post(f"{where}confirm/", follow=True))
        with tenant_scope(acme):
            assert not Account.objects.exists()

    def test_an_archived_one_comes_back(self, leader, acme, prospect):
        with tenant_scope(acme):
            row = accounts.AccountInput({"name": "Hooli", "support_level": ""}, salesforce_id=REF)
            accounts.upsert_accounts([row], actor=TEST, now=NOW - timedelta(days=9))
        where = preview(leader, [f"s{REF}"], "Named")["Location"]
        leader.post(f"{where}confirm/")
        with tenant_scope(acme):
            assert Account.objects.get(salesforce_id=REF).state == "managed"

    def test_ours_and_theirs_together(self, leader, acme, prospect):
        account = make_account(acme, "First", developers=40)
        where = preview(leader, [key(account), f"s{REF}"], "Scaled")["Location"]
        assert "Change 2 accounts" in text(leader.get(where))
        assert "2 accounts changed" in text(leader.post(f"{where}confirm/", follow=True))
