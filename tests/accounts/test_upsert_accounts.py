"""A page of accounts, as another system has them."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import services
from accounts.models import Account, Decision, SupportLevel
from accounts.services import AccountInput
from tests.accounts.seen import TESTER, facts, nothing_happens, verbs
from tests.cast import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_acme")]


def sf(n):
    return f"001{n:012d}AAA"


def row(n, **values):
    return AccountInput({"name": f"Account {n}", "support_level": "Named", **values}, salesforce_id=sf(n))


def upsert(*rows, **more):
    return services.upsert_accounts(list(rows), actor=TESTER, now=NOW, **more)


def results(found):
    return [result.result for result in found]


def errors(result):
    return [(error.field, error.code) for error in result.errors]


def test_rows_are_created_then_unchanged_then_updated():
    assert results(upsert(row(1, developers=50), row(2))) == ["created", "created"]
    with nothing_happens():
        assert results(upsert(row(1, developers=50), row(2))) == ["unchanged", "unchanged"]
    assert results(upsert(row(1, developers=50), row(2, developers=700))) == ["unchanged", "updated"]
    assert list(Account.objects.order_by("name").values_list("segment", flat=True)) == ["SMB", "Enterprise"]


def test_results_come_in_the_order_of_the_rows_with_their_ids():
    first = upsert(row(2), row(1))
    assert [result.row for result in first] == [0, 1]
    assert Account.objects.get(pk=first[0].id).name == "Account 2"
    assert [result.id for result in upsert(row(1), row(2))] == [first[1].id, first[0].id]


def test_facts_are_told_once_for_the_page():
    found = upsert(row(1, developers=50), row(2, developers=50), row(3, support_level=""), baseline=True)
    ids = {str(result.id) for result in found[:2]}
    for name in ("managed", "support_levels_changed"):
        (fact,) = facts(f"accounts.{name}")
        assert (set(fact["account_ids"]), fact["baseline"]) == (ids, True)
    assert len(facts("accounts.segmented")) == 1


def test_only_given_values_are_touched():
    upsert(row(1, industry="Toys", developers=50))
    upsert(AccountInput({"region": "North"}, salesforce_id=sf(1)))
    account = Account.objects.get()
    assert (account.name, account.industry, account.region, account.state) == ("Account 1", "Toys", "North", "managed")


def test_a_cleared_level_archives_and_a_set_one_brings_back():
    (first,) = upsert(row(1, developers=50))
    assert results(upsert(row(1, support_level=""))) == ["updated"]
    account = Account.objects.get()
    assert (account.state, account.archive_reason) == ("archived", "The support level was cleared.")
    with nothing_happens():
        upsert(row(1, support_level=None))
    assert upsert(row(1, support_level="Digital"))[0].id == first.id
    account = Account.objects.get()
    assert (account.state, account.segment) == ("managed", "Scaled")
    assert [len(facts(f"accounts.{name}")) for name in ("managed", "archived", "restored")] == [2, 1, 1]


def test_attrition_archives_whatever_the_level_says():
    upsert(row(1))
    upsert(row(1, account_type="(5) Attrited Customer"))
    assert Account.objects.get().archive_reason == "The account type is (5) Attrited Customer."
    with nothing_happens():
        upsert(row(1, account_type="(5) Attrited Customer"))
    upsert(row(1, account_type="(1) Customer"))
    assert Account.objects.get().state == "managed"


def test_a_row_with_a_level_brings_back_what_was_archived_by_hand():
    (first,) = upsert(row(1))
    services.archive_accounts([first.id], "by hand", actor=TESTER, now=NOW)
    assert results(upsert(row(1))) == ["updated"]
    assert Account.objects.get().state == "managed"


def test_an_unknown_level_is_added_to_the_pick_list():
    upsert(row(1, support_level="Platinum"), row(2, support_level="platinum"), row(3, support_level="NAMED"))
    assert list(SupportLevel.objects.order_by("position").values_list("name", flat=True)) == [
        "Named",
        "Scaled",
        "Digital",
        "Platinum",
    ]
    platinum = SupportLevel.objects.get(name="Platinum")
    assert platinum.accounts.count() == 2 and verbs(platinum.pk) == ["support_level.create"]


def test_an_inactive_level_that_a_sync_brings_is_taken():
    services.deactivate_support_level(SupportLevel.objects.get(name="Scaled"), actor=TESTER, now=NOW)
    assert results(upsert(row(1, support_level="Scaled"))) == ["created"]


def test_a_bad_value_rejects_only_its_row():
    found = upsert(row(1, developers=-5, timezone="Mars", domains=["x y"]), row(2), AccountInput({}, salesforce_id="0"))
    assert results(found) == ["rejected", "created", "rejected"]
    assert errors(found[0]) == [
        ("developers", "out_of_range"),
        ("timezone", "invalid_timezone"),
        ("domains", "invalid_domain"),
    ]
    assert errors(found[2]) == [("salesforce_id", "invalid_salesforce_id"), ("name", "required")]
    assert Account.objects.count() == 1


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        (AccountInput({"name": "x"}), ("salesforce_id", "required")),
        (AccountInput({"name": "x"}, id=uuid4()), ("id", "not_found")),
        (AccountInput({}, external_id="x"), ("name", "required")),
        (AccountInput({"name": ""}, external_id="x"), ("name", "required")),
        (AccountInput({"name": "x", "nose": 1}, external_id="x"), ("nose", "unknown_field")),
        (AccountInput({"name": "x", "csm_id": uuid4()}, external_id="x"), ("csm_id", "not_found")),
        (AccountInput({"name": "x", "parent_id": uuid4()}, external_id="x"), ("parent_id", "not_found")),
        (AccountInput({"name": "x\x00"}, external_id="x"), ("name", "control_characters")),
        (AccountInput({"name": "x\ud800"}, external_id="x"), ("name", "malformed")),
        (AccountInput({"name": "x", "arr_minor": 10**18}, external_id="x"), ("arr_minor", "out_of_range")),
        (AccountInput({"name": "x"}, external_id="x" * 101), ("external_id", "too_long")),
    ],
)
def test_what_is_wrong_is_named(given, wrong):
    (result,) = upsert(given)
    assert result.result == "rejected" and wrong in errors(result)


def test_the_later_of_two_rows_with_one_key_counts():
    found = upsert(row(1, region="North"), row(2), row(1, region="South"))
    assert results(found) == ["rejected", "created", "created"]
    assert errors(found[0]) == [("salesforce_id", "repeated")] and "Row 2" in found[0].errors[0].message
    assert Account.objects.get(salesforce_id=sf(1)).region == "South"


def test_two_rows_that_mean_one_account_by_different_keys_count_once():
    (first,) = upsert(AccountInput({"name": "Globex"}, external_id="gx", salesforce_id=sf(1)))
    found = upsert(
        AccountInput({"region": "North"}, external_id="gx"),
        AccountInput({"region": "South"}, salesforce_id=sf(1)),
        AccountInput({"region": "West"}, id=first.id),
    )
    assert results(found) == ["rejected", "rejected", "updated"]
    assert Account.objects.get().region == "West"


def test_keys_that_mean_two_accounts_are_refused():
    upsert(AccountInput({"name": "One"}, external_id="one"), row(2))
    (result,) = upsert(AccountInput({"name": "x"}, external_id="one", salesforce_id=sf(2)))
    assert errors(result) == [("external_id", "taken")]


def test_a_salesforce_record_is_joined_once_and_never_swapped():
    upsert(AccountInput({"name": "One"}, external_id="one"))
    assert results(upsert(AccountInput({}, external_id="one", salesforce_id=sf(1)))) == ["updated"]
    (result,) = upsert(AccountInput({}, external_id="one", salesforce_id=sf(2)))
    assert errors(result) == [("salesforce_id", "mismatch")]


def test_parents_and_owners_are_taken_over(ben):
    (parent,) = upsert(row(1))
    upsert(row(2, parent_id=parent.id, csm_id=ben.pk))
    child = Account.objects.get(salesforce_id=sf(2))
    assert (child.parent_id, child.csm_id) == (parent.id, ben.pk)
    found = upsert(row(1, parent_id=child.pk, region="North"))
    assert errors(found[0]) == [("parent_id", "cycle")]


def test_two_rows_do_not_make_a_circle_together():
    one, two = upsert(row(1), row(2))
    found = upsert(row(1, parent_id=two.id), row(2, parent_id=one.id))
    assert sorted(results(found)) == ["rejected", "updated"]


def test_each_verb_is_audited_apart(ben):
    (first,) = upsert(row(1))
    upsert(row(1, region="North", csm_id=ben.pk, support_level="Digital"))
    assert sorted(verbs(first.id)) == [
        "account.assign_owner",
        "account.create",
        "account.edit",
        "account.segment",
        "account.set_support_level",
    ]


def test_a_page_costs_the_same_whatever_its_length():
    def cost(*rows):
        with CaptureQueriesContext(connection) as queries:
            upsert(*rows)
        return len(queries)

    upsert(row(9000, developers=50))
    created = cost(row(1, developers=50)), cost(*(row(n, developers=50) for n in range(100, 130)))
    changed = cost(row(1, developers=700)), cost(*(row(n, developers=700) for n in range(100, 130)))
    same = cost(row(1, developers=700)), cost(*(row(n, developers=700) for n in range(100, 130)))
    assert created[0] == created[1] and changed[0] == changed[1] and same[0] == same[1]
    assert max(created) < 36 and max(changed) < 36 and max(same) < 10


def test_a_page_of_two_thousand_is_quick_and_whole():
    from time import perf_counter

    page = [row(n, developers=n, arr_minor=n * 10_000, domains=[f"a{n}.com"]) for n in range(2000)]
    begun = perf_counter()
    assert set(results(upsert(*page))) == {"created"}
    assert perf_counter() - begun < 20
    assert Account.objects.exclude(segment="").count() == Decision.objects.count() == 2000
    begun = perf_counter()
    assert set(results(upsert(*page))) == {"unchanged"}
    assert perf_counter() - begun < 8
