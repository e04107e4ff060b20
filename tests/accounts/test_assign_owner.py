"""Who looks after a customer."""

from uuid import uuid4

import pytest

from accounts import services
from cs_platform import ledger
from cs_platform.people import services as people
from cs_platform.people.models import Membership
from cs_platform.tenancy.scope import tenant_scope
from tests.accounts.seen import TESTER, facts, nothing_happens, verbs
from tests.cast import NOW, api

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(clock_at):
    clock_at(NOW)


def assign(account, member):
    return services.assign_owner(account, member, actor=TESTER, now=NOW)


def test_the_owner_changes_once(acme, globex, ben):
    with tenant_scope(acme):
        assert assign(globex, ben).csm == ben
        assert verbs(globex.pk)[-1] == "account.assign_owner"
        assert facts("accounts.changed") == [{"account_ids": [str(globex.pk)], "fields": ["csm_id"]}]
        with nothing_happens():
            assign(globex, ben)
        assert assign(globex, None).csm is None


def test_the_set_form_tells_who_changed(acme, globex, make_account, ben):
    other = make_account("Other", csm_id=ben.pk)
    with tenant_scope(acme):
        assert services.assign_owners([globex.pk, other.pk], ben, actor=TESTER, now=NOW) == [globex.pk]


def test_one_who_left_gets_no_customers(acme, globex, ben, ana):
    with tenant_scope(acme):
        gone = people.deactivate_member(ben, by=ana, actor=ana.actor, now=NOW)
        with pytest.raises(ledger.Refused, match="not active"):
            assign(globex, gone)


def test_one_who_left_keeps_a_row_that_is_edited_otherwise(acme, make_account, ben, ana):
    account = make_account("Kept", csm_id=ben.pk)
    with tenant_scope(acme):
        Membership.objects.filter(pk=ben.pk).update(is_active=False)  # as it was before a member had to hand over first
        again = services.edit_account(account, {"csm_id": ben.pk, "region": "North"}, actor=TESTER, now=NOW)
        assert (again.csm_id, again.region) == (ben.pk, "North")


def test_through_the_api(acme_api, globex, ben):
    path = f"accounts/{globex.pk}/assign-owner"
    assert acme_api.post(path, {"csm_id": str(ben.pk)}).json()["csm_id"] == str(ben.pk)
    assert acme_api.post(path, {"csm_id": None}).json()["csm_id"] is None


def test_a_member_who_is_none_is_400(acme_api, globex, otto):
    for wrong in ({}, {"csm_id": "ben"}, {"csm_id": 5}, {"csm_id": str(uuid4())}, {"csm_id": str(otto.pk)}):
        assert acme_api.post(f"accounts/{globex.pk}/assign-owner", wrong).status_code == 400


def test_others_may_not(globex, ben, rhea, umbra_api):
    for member in (ben, rhea):
        assert api(member=member).post(f"accounts/{globex.pk}/assign-owner", {"csm_id": None}).status_code == 403
    assert umbra_api.post(f"accounts/{globex.pk}/assign-owner", {"csm_id": None}).status_code == 404
