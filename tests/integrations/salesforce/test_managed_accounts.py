"""What makes an account ours, and what ends it."""

from __future__ import annotations

import pytest

from accounts.models import Account, Decision
from integrations.salesforce.models import MirrorRecord
from tests.integrations.salesforce.small_org import LEVEL

pytestmark = pytest.mark.django_db


def facts(name: str) -> list[dict]:
    from cs_platform.ledger.models import FactRow

    return [row.payload for row in FactRow.objects.filter(name=name).order_by("id")]


def test_an_account_without_a_support_level_waits_in_the_mirror(sync, org):
    org.account("Quiet GmbH")
    run = sync()
    assert (run.state, run.read, run.waiting) == ("done", 1, 1)
    assert not Account.objects.exists()
    assert MirrorRecord.objects.get().values["account_name"] == "Quiet GmbH"


def test_setting_the_level_creates_it_once(sync, org):
    acme = org.account("Acme", Developers__c=900, ARR__c=120000.5, Website="https://www.acme.com/x", Industry="Tech")
    sync()
    org.later(minutes=5)
    org.put("Account", acme, **{LEVEL: "Named"})
    run = sync()
    account = Account.objects.get()
    assert (account.name, account.support_level.name, account.state) == ("Acme", "Named", "managed")
    assert (account.developers, account.arr_minor, account.domains) == (900, 12000050, ["acme.com"])
    assert account.salesforce_id == acme
    assert account.segment and Decision.objects.filter(account=account).exists()
    assert run.created == 1
    org.later(minutes=5)
    run = sync()
    assert (run.created, run.updated, Account.objects.count()) == (0, 0, 1)
    assert facts("accounts.managed") == [{"account_ids": [str(account.pk)], "baseline": False}]


def test_a_changed_value_updates_it(sync, org):
    acme = org.account("Acme", "Named", Developers__c=10)
    sync()
    org.later(minutes=5)
    org.put("Account", acme, Developers__c=3000, Name="Acme & Söhne", **{LEVEL: "Scaled"})
    run = sync()
    account = Account.objects.get()
    assert (account.name, account.developers, account.support_level.name) == ("Acme & Söhne", 3000, "Scaled")
    assert (run.updated, run.created) == (1, 0)


def test_what_a_person_changed_here_stays_until_salesforce_says_something_new(sync, org, ana):
    from accounts import services as accounts

    acme = org.account("Acme", "Named", Industry="Tech")
    sync()
    account = Account.objects.get()
    accounts.edit_account(account, {"industry": "Finance"}, actor=ana.actor, now=org.clock)
    org.later(minutes=5)
    org.put("Account", acme, Developers__c=12)
    sync()
    assert Account.objects.get().industry == "Finance"
    org.later(minutes=5)
    org.put("Account", acme, Industry="Law")
    sync()
    assert Account.objects.get().industry == "Law"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({LEVEL: None}, "The support level was cleared."),
        ({"Type": "(5) Attrited Customer"}, "The account type is (5) Attrited Customer."),
        ({"IsDeleted": True}, "Deleted in Salesforce."),
    ],
)
def test_it_is_archived_and_never_deleted(sync, org, change, reason):
    acme = org.account("Acme", "Named")
    sync()
    org.later(minutes=5)
    org.put("Account", acme, **change)
    run = sync()
    account = Account.objects.get()
    assert (account.state, account.archive_reason) == ("archived", reason)
    assert run.archived == 1
    assert len(facts("accounts.archived")) == 1
    org.later(minutes=5)
    org.put("Account", acme, Name="Acme 2")
    sync()
    assert Account.objects.get().state == "archived"


@pytest.mark.parametrize("change", [{LEVEL: None}, {"Type": "(5) Attrited Customer"}, {"IsDeleted": True}])
def test_setting_it_again_brings_it_back_with_what_changed_meanwhile(sync, org, change):
    acme = org.account("Acme", "Named", Type="Customer")
    sync()
    before = Account.objects.get()
    org.later(minutes=5)
    org.put("Account", acme, **change)
    sync()
    org.later(minutes=5)
    org.put("Account", acme, Name="Acme reborn")
    sync()
    org.later(minutes=5)
    org.put("Account", acme, Type="Customer", IsDeleted=False, **{LEVEL: "Digital"})
    sync()
    after = Account.objects.get()
    assert after.pk == before.pk
    assert (after.state, after.name, after.support_level.name) == ("managed", "Acme reborn", "Digital")


def test_a_merged_account_says_into_which_one_and_its_people_follow(sync, org):
    loser, winner = org.account("Acme Ltd", "Named"), org.account("Acme Inc", "Named")
    contact, deal = org.contact(loser, "Doe"), org.deal(loser, "Big deal")
    sync()
    org.later(minutes=5)
    org.delete("Account", loser, MasterRecordId=winner)
    org.put("Contact", contact, AccountId=winner)
    org.put("Opportunity", deal, AccountId=winner)
    sync()
    archived, kept = Account.objects.get(salesforce_id=loser), Account.objects.get(salesforce_id=winner)
    assert archived.archive_reason == f"Merged into Acme Inc ({winner}) in Salesforce."
    assert [c.salesforce_id for c in kept.contacts.filter(is_active=True)] == [contact]
    assert [d.salesforce_id for d in kept.opportunities.filter(is_active=True)] == [deal]


def test_an_unknown_level_is_added_to_the_list(sync, org):
    from accounts.models import SupportLevel

    org.account("Acme", "Platinum Plus")
    sync()
    assert Account.objects.get().support_level.name == "Platinum Plus"
    assert SupportLevel.objects.get(name="Platinum Plus").is_active


def test_parents_are_linked_whoever_comes_first(sync, org):
    late = "001000000009999"
    from integrations.salesforce.values import id18

    parent = id18(late)
    child = org.account("Child", "Named", ParentId=parent)
    sync()
    assert Account.objects.get().parent is None
    org.later(minutes=5)
    org.put("Account", parent, Name="Parent", **{LEVEL: "Named"})
    second = org.account("Second child", "Named", ParentId=parent)
    sync()
    mother = Account.objects.get(salesforce_id=parent)
    assert {a.salesforce_id for a in mother.children.all()} == {child, second}
    org.later(minutes=5)
    org.put("Account", child, ParentId=None)
    sync()
    assert {a.salesforce_id for a in mother.children.all()} == {second}


def test_the_first_sync_of_an_org_is_told_as_history(sync, org):
    acme = org.account("Acme", "Named")
    org.deal(acme, "Won long ago", won=True)
    sync()
    (managed,) = facts("accounts.managed")
    (won,) = facts("accounts.opportunities_won")
    assert managed["baseline"] and won["baseline"] and won["new_business"]
    org.later(minutes=5)
    org.account("Beta", "Named")
    org.deal(acme, "Won now", won=True)
    sync()
    assert not facts("accounts.managed")[1]["baseline"]
    assert not facts("accounts.opportunities_won")[1]["baseline"]


def test_the_first_reading_is_the_one_that_can_see_the_level(sync, org):
    org.fields["Account"].remove(LEVEL)
    acme = org.account("Acme", "Named")
    org.deal(acme, "Won long ago", won=True)
    run = sync()
    assert any(LEVEL in warning for warning in run.warnings)
    assert not Account.objects.exists()
    org.later(hours=2)
    org.fields["Account"].append(LEVEL)
    sync()
    assert facts("accounts.managed")[0]["baseline"] and facts("accounts.opportunities_won")[0]["baseline"]
