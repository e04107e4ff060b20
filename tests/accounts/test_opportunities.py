"""Deals, and the moment we know that one is won."""

from datetime import timedelta
from uuid import uuid4

import pytest

from accounts import selectors, services
from accounts.models import Opportunity
from accounts.services import OpportunityInput
from cs_platform.tenancy.scope import tenant_scope
from tests.accounts.seen import TESTER, facts, nothing_happens, verbs
from tests.cast import NOW, api

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=1)


@pytest.fixture(autouse=True)
def _today(clock_at):
    clock_at(NOW)


def sf(n):
    return f"006{n:012d}AAA"


def row(account, n, **values):
    return OpportunityInput(account.pk, {"name": f"Deal {n}", **values}, salesforce_id=sf(n))


def upsert(*rows, now=NOW, **more):
    return services.upsert_opportunities(list(rows), actor=TESTER, now=now, **more)


def results(found):
    return [result.result for result in found]


WON = {"is_closed": True, "is_won": True}


def test_rows_are_created_then_unchanged_then_updated(acme, globex, ben):
    deal = row(globex, 1, stage="Proposal", amount_minor=100, close_date="2026-12-01", owner_id=ben.pk)
    with tenant_scope(acme):
        first = upsert(deal)
        with nothing_happens():
            assert results(upsert(deal)) == ["unchanged"]
        assert results(upsert(row(globex, 1, stage="Closing"))) == ["updated"]
        assert verbs(first[0].id) == ["opportunity.create", "opportunity.edit"]
        assert not facts("accounts.opportunities_won")


def test_a_deal_that_is_won_is_told_once_by_kind(acme, globex, make_account):
    initech = make_account("Initech")
    with tenant_scope(acme):
        upsert(row(globex, 1, is_new_business=True), row(initech, 2))
        found = upsert(row(globex, 1, **WON), row(initech, 2, **WON), now=LATER)
        new, other = facts("accounts.opportunities_won")
        assert new == {
            "account_ids": [str(globex.pk)],
            "opportunity_ids": [str(found[0].id)],
            "new_business": True,
            "baseline": False,
        }
        assert (other["account_ids"], other["new_business"]) == ([str(initech.pk)], False)
        assert Opportunity.objects.get(pk=found[0].id).won_at == LATER
        with nothing_happens():
            upsert(row(globex, 1, **WON), row(initech, 2, **WON), now=LATER)


def test_a_deal_that_was_won_before_we_looked_says_so(acme, globex):
    with tenant_scope(acme):
        upsert(row(globex, 1, is_new_business=True, **WON), baseline=True)
        assert facts("accounts.opportunities_won")[0]["baseline"] is True


def test_a_won_deal_that_turns_out_to_be_new_business_is_told_as_that(acme, globex):
    with tenant_scope(acme):
        upsert(row(globex, 1, **WON))
        upsert(row(globex, 1, is_new_business=True))
        assert [fact["new_business"] for fact in facts("accounts.opportunities_won")] == [False, True]


def test_a_deal_that_opens_again_can_be_won_again(acme, globex):
    with tenant_scope(acme):
        upsert(row(globex, 1, **WON))
        upsert(row(globex, 1, is_won=False, is_closed=False))
        assert Opportunity.objects.get().won_at is None
        upsert(row(globex, 1, **WON), now=LATER)
        assert len(facts("accounts.opportunities_won")) == 2


def test_a_deleted_deal_is_kept_and_not_shown_and_not_won(acme, globex):
    with tenant_scope(acme):
        upsert(row(globex, 1, is_active=False, **WON))
        assert not facts("accounts.opportunities_won")
        assert not selectors.opportunities_of(globex.pk).exists() and Opportunity.objects.count() == 1


def test_what_is_wrong_rejects_only_its_row(acme, umbra, globex, make_account, otto):
    theirs = make_account("Theirs", tenant=umbra)
    with tenant_scope(acme):
        found = upsert(
            row(globex, 1),
            OpportunityInput(uuid4(), {"name": "x"}, salesforce_id=sf(2)),
            row(theirs, 3),
            row(globex, 4, owner_id=otto.pk),
            row(globex, 5, amount_minor="many", close_date="soon", is_won="yes", currency="Euro"),
            OpportunityInput(globex.pk, {}, salesforce_id=sf(6)),
            OpportunityInput(globex.pk, {"name": "keyless"}),
        )
        assert [[(e.field, e.code) for e in result.errors] for result in found] == [
            [],
            [("account_id", "not_found")],
            [("account_id", "not_found")],
            [("owner_id", "not_found")],
            [
                ("amount_minor", "not_a_number"),
                ("close_date", "invalid_date"),
                ("is_won", "not_a_flag"),
                ("currency", "invalid_currency"),
            ],
            [("name", "required")],
            [("salesforce_id", "required")],
        ]


def test_leadership_watches_the_open_new_business(acme, globex, make_account):
    archived = make_account("Gone", support_level="")
    with tenant_scope(acme):
        upsert(
            row(globex, 1, is_new_business=True, close_date="2027-02-01"),
            row(globex, 2, is_new_business=True, close_date="2026-12-01"),
            row(globex, 3, is_new_business=True),
            row(globex, 4, is_new_business=True, **WON),
            row(globex, 5),
            row(archived, 6, is_new_business=True),
        )
        assert [deal.name for deal in selectors.watch_list()] == ["Deal 2", "Deal 1", "Deal 3"]


def test_the_api_reads_and_does_not_write(acme, acme_api, umbra_api, globex, rhea):
    with tenant_scope(acme):
        (first, _) = upsert(row(globex, 1, amount_minor=150_050, is_new_business=True), row(globex, 2, **WON))
    reader = api(member=rhea)
    body = reader.get(f"opportunities/{first.id}/").json()
    assert (body["amount"], body["account_id"], body["is_won"]) == ("1500.50", str(globex.pk), False)
    assert [deal["name"] for deal in reader.get("opportunities/?is_won=true").json()["results"]] == ["Deal 2"]
    listed = reader.get(f"opportunities/?account_id={globex.pk}&q=deal&sort=name").json()
    assert [deal["name"] for deal in listed["results"]] == ["Deal 1", "Deal 2"]
    assert umbra_api.get(f"opportunities/{first.id}/").status_code == 404
    assert acme_api.post("opportunities/", {}).status_code == 405
    assert acme_api.get("opportunities/?owner_id=x").status_code == 400
