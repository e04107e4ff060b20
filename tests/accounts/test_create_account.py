"""A new customer."""

from uuid import uuid4

import pytest

from accounts import services
from accounts.models import Account
from cs_platform.tenancy.scope import tenant_scope
from tests.accounts.seen import TESTER, facts, nothing_happens, verbs
from tests.cast import NOW, api

pytestmark = pytest.mark.django_db
BODY = {"name": "Globex", "support_level": "Named", "developers": 1200, "arr": "150000.00"}


@pytest.fixture(autouse=True)
def _today(clock_at):
    clock_at(NOW)


def create(**values):
    return services.create_account({"name": "Globex", **values}, actor=TESTER, now=NOW)


def test_an_account_with_a_level_is_managed_segmented_and_told_once(in_acme):
    account = create(support_level="Named", developers=1200)
    assert (account.state, account.segment, account.service_model) == ("managed", "Enterprise", "Scaled TA team")
    assert (account.sort_name, account.created_at) == ("globex", NOW)
    assert verbs(account.pk) == ["account.create", "account.segment"]
    ids = [str(account.pk)]
    assert [(fact["account_ids"], fact["baseline"]) for fact in facts("accounts.managed")] == [(ids, False)]
    assert [fact["account_ids"] for fact in facts("accounts.support_levels_changed")] == [ids]
    assert [fact["account_ids"] for fact in facts("accounts.segmented")] == [ids]


def test_without_a_level_it_is_not_managed(in_acme):
    account = create(developers=1200)
    assert (account.state, account.archive_reason, account.segment) == ("archived", "No support level is set.", "")
    assert not facts("accounts.managed") and not facts("accounts.segmented")


def test_an_attrited_customer_is_not_managed_either(in_acme):
    account = create(support_level="Named", account_type="(5) Attrited Customer")
    assert (account.state, account.archive_reason) == ("archived", "The account type is (5) Attrited Customer.")


def test_it_is_found_by_its_words(in_acme):
    account = create(domains=["Globex.COM"], external_id="GX-7", lms_id="L9", support_level="Named")
    for word in ("globex.com", "gx-7", "l9", str(account.pk)):
        assert Account.objects.filter(search_text__contains=word).get() == account


@pytest.mark.parametrize("field", ["external_id", "salesforce_id"])
def test_a_taken_id_is_refused(in_acme, field):
    value = "001000000000001AAA"
    create(**{field: value})
    with pytest.raises(services.Invalid) as refused, nothing_happens():
        create(**{field: value})
    assert [(e.field, e.code) for e in refused.value.errors] == [(field, "taken")]


def test_the_same_id_in_another_tenant_is_another_account(acme, umbra):
    for tenant in (acme, umbra):
        with tenant_scope(tenant):
            create(external_id="x1", salesforce_id="001000000000001AAA")


def test_through_the_api(acme, acme_api, ben):
    answer = acme_api.post("accounts/", {**BODY, "csm_id": str(ben.pk), "domains": ["globex.com"]})
    assert answer.status_code == 201
    body = answer.json()
    assert (body["arr"], body["support_level"], body["segment"]) == ("150000.00", "Named", "Enterprise")
    assert (body["csm_id"], body["owners"]) == (str(ben.pk), {"csm": str(ben.pk)})
    assert (body["stages"], body["health"], body["attributes"], body["metrics"]) == ({}, None, {}, {})
    assert answer["ETag"] == f'"{body["version"]}"'
    assert acme_api.get(f"accounts/{body['id']}/").json() == body


def test_the_same_key_creates_once(acme, acme_api):
    first = acme_api.post("accounts/", BODY, Idempotency_Key="k1")
    second = acme_api.post("accounts/", BODY, Idempotency_Key="k1")
    assert first.json()["id"] == second.json()["id"]
    with tenant_scope(acme):
        assert Account.objects.count() == 1 and len(facts("accounts.managed")) == 1


def test_a_taken_id_is_409_through_the_api(acme_api):
    assert acme_api.post("accounts/", {**BODY, "external_id": "x"}).status_code == 201
    answer = acme_api.post("accounts/", {**BODY, "external_id": "x"})
    assert (answer.status_code, answer.json()["code"], answer.json()["errors"][0]["field"]) == (
        409,
        "taken",
        "external_id",
    )


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": None}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": "a\u0007b"}, "name"),
        ({"name": {"a": 1}}, "name"),
        ({"developers": -1}, "developers"),
        ({"developers": "12"}, "developers"),
        ({"developers": 2**31}, "developers"),
        ({"developers": 1.5}, "developers"),
        ({"developers": True}, "developers"),
        ({"arr": "1.234"}, "arr"),
        ({"arr": "many"}, "arr"),
        ({"arr": "1e400"}, "arr"),
        ({"arr": "NaN"}, "arr"),
        ({"arr": []}, "arr"),
        ({"arr": "9" * 30}, "arr"),
        ({"currency": "dollars"}, "currency"),
        ({"currency": None}, "currency"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"renewal_date": "2026-02-30"}, "renewal_date"),
        ({"renewal_date": "0001-01-01"}, "renewal_date"),
        ({"renewal_date": 20260101}, "renewal_date"),
        ({"domains": "globex.com"}, "domains"),
        ({"domains": ["globex"]}, "domains"),
        ({"domains": [None]}, "domains"),
        ({"domains": ["a.com"] * 51}, "domains"),
        ({"salesforce_id": "001"}, "salesforce_id"),
        ({"csm_id": "ben"}, "csm_id"),
        ({"csm_id": str(uuid4())}, "csm_id"),
        ({"parent_id": str(uuid4())}, "parent_id"),
        ({"support_level": "Platinum"}, "support_level"),
        ({"support_level": 5}, "support_level"),
        ({"segment": "SMB"}, "segment"),
        ({"state": "managed"}, "state"),
        ({"tenant_id": 1}, "tenant_id"),
    ],
)
def test_a_bad_value_is_400_and_named(acme, acme_api, wrong, field):
    answer = acme_api.post("accounts/", {**BODY, **wrong})
    assert answer.status_code == 400, answer.content
    assert field in {error["field"].split(".")[0] for error in answer.json()["errors"]}
    with tenant_scope(acme):
        assert not Account.objects.exists()


def test_hostile_words_are_kept_as_words(acme_api):
    name = '=cmd|"/c calc"!A1 <script>alert(1)</script> {{7*7}} \u202e'
    assert acme_api.post("accounts/", {**BODY, "name": name}).json()["name"] == name.strip()


@pytest.mark.parametrize("who", ["rhea", "ben"])
def test_others_may_not(request, acme, who):
    member = request.getfixturevalue(who)
    assert api(member=member).post("accounts/", BODY).status_code == 403


def test_a_key_needs_the_scope_of_what_it_sets(acme):
    writer = api(tenant=acme, scopes=("accounts:read", "accounts:write"))
    assert writer.post("accounts/", {"name": "Globex"}).status_code == 201
    assert writer.post("accounts/", BODY).json()["code"] == "missing_scope"


def test_what_belongs_to_another_tenant_can_not_be_referred_to(acme_api, otto, make_account, umbra):
    theirs = make_account("Theirs", tenant=umbra)
    for wrong in ({"csm_id": str(otto.pk)}, {"parent_id": str(theirs.pk)}):
        answer = acme_api.post("accounts/", {**BODY, **wrong})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "not_found")
