"""Changing what we know of a customer."""

import pytest

from accounts import services
from accounts.models import Account
from cs_platform import ledger
from cs_platform.ledger.models import AuditRow
from cs_platform.tenancy.scope import tenant_scope
from tests.accounts.seen import TESTER, facts, nothing_happens, verbs
from tests.cast import NOW, api

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(clock_at):
    clock_at(NOW)


def edit(account, **values):
    return services.edit_account(account, values, actor=TESTER, now=NOW)


def test_only_what_is_given_changes_with_one_audit_row_and_fact(acme, globex):
    with tenant_scope(acme):
        account = edit(globex, industry="Toys", employees=40)
        assert (account.name, account.industry, account.employees) == ("Globex", "Toys", 40)
        assert verbs(globex.pk).count("account.edit") == 1
        row = AuditRow.objects.get(verb="account.edit")
        assert row.changes == {"industry": ["", "Toys"], "employees": [None, 40]}
        (fact,) = facts("accounts.changed")
        assert fact == {"account_ids": [str(globex.pk)], "fields": ["employees", "industry"]}


def test_the_same_again_changes_nothing(acme, globex):
    with tenant_scope(acme):
        edit(globex, industry="Toys")
        with nothing_happens():
            edit(globex, industry=" Toys ", developers=1200)


def test_none_clears(acme, globex):
    with tenant_scope(acme):
        account = edit(globex, external_id=None, developers=None, domains=None)
        assert (account.external_id, account.developers, account.domains) == (None, None, [])


def test_a_new_name_is_found_and_sorted(acme, globex):
    with tenant_scope(acme):
        account = edit(globex, name="Éclair & Co")
        assert account.sort_name == "éclair & co"
        assert Account.objects.filter(search_text__contains="éclair").exists()


def test_an_account_that_becomes_attrited_is_archived(acme, globex):
    with tenant_scope(acme):
        account = edit(globex, account_type="(5) Attrited Customer")
        assert (account.state, account.support_level.name) == ("archived", "Named")
        assert [fact["account_ids"] for fact in facts("accounts.archived")] == [[str(globex.pk)]]
        assert edit(globex, account_type="(1) Customer").state == "archived"


def test_nobody_is_above_itself(acme, make_account, globex):
    child = make_account("Child", parent_id=globex.pk)
    grandchild = make_account("Grandchild", parent_id=child.pk)
    with tenant_scope(acme):
        for above in (globex, child, grandchild):
            with pytest.raises(ledger.Refused) as refused:
                edit(globex, parent_id=above.pk)
            assert refused.value.code == "cycle"
        assert edit(grandchild, parent_id=globex.pk).parent_id == globex.pk


def test_through_the_api(acme_api, globex):
    answer = acme_api.patch(f"accounts/{globex.pk}/", {"arr": 1000.5, "country": "de", "renewal_date": "2027-01-31"})
    assert answer.status_code == 200
    body = answer.json()
    assert (body["arr"], body["country"], body["renewal_date"]) == ("1000.50", "DE", "2027-01-31")
    assert acme_api.patch(f"accounts/{globex.pk}/", {"arr": None}).json()["arr"] is None


def test_a_stale_etag_is_412_and_changes_nothing(acme_api, globex):
    tag = acme_api.get(f"accounts/{globex.pk}/")["ETag"]
    assert acme_api.patch(f"accounts/{globex.pk}/", {"region": "North"}, If_Match=tag).status_code == 200
    assert acme_api.patch(f"accounts/{globex.pk}/", {"region": "South"}, If_Match=tag).status_code == 412
    assert acme_api.get(f"accounts/{globex.pk}/").json()["region"] == "North"


@pytest.mark.parametrize("field", ["support_level", "csm_id", "state", "segment", "version", "id", "stages", "nose"])
def test_what_has_a_verb_of_its_own_is_not_edited(acme_api, globex, field):
    answer = acme_api.patch(f"accounts/{globex.pk}/", {field: None})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == field


@pytest.mark.parametrize("body", [[], "x", 5, {"name": None}, {"domains": {}}, {"timezone": 1}, {"employees": "many"}])
def test_a_body_of_another_shape_is_400(acme_api, globex, body):
    assert acme_api.patch(f"accounts/{globex.pk}/", body).status_code == 400


def test_a_csm_may_and_a_viewer_may_not(ben, rhea, globex):
    assert api(member=ben).patch(f"accounts/{globex.pk}/", {"region": "North"}).status_code == 200
    assert api(member=rhea).patch(f"accounts/{globex.pk}/", {"region": "South"}).status_code == 403


def test_another_tenant_does_not_find_it(umbra_api, acme_api, globex):
    theirs = umbra_api.patch(f"accounts/{globex.pk}/", {"region": "South"})
    absent = acme_api.patch("accounts/0190b6a0-0000-7000-8000-000000000000/", {"region": "South"})
    assert theirs.status_code == absent.status_code == 404
    assert theirs.json() == absent.json()
