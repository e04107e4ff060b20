"""Contacts and opportunities come with their account, and wait for it."""

from __future__ import annotations

import pytest

from accounts.models import Account, Contact, Opportunity
from cs_platform import ledger
from tests.cast import NOW, make_member
from tests.integrations.salesforce.small_org import LEVEL
from tests.integrations.salesforce.test_managed_accounts import facts

pytestmark = pytest.mark.django_db


def test_people_and_deals_wait_and_come_with_the_level(sync, org):
    acme = org.account("Acme")
    org.contact(acme, "Doe", Email="Doe@Acme.com", Role__c="Champion;Instance Admin", Title="CTO")
    org.deal(acme, "Big deal", Amount=1000, CloseDate="2026-12-01")
    run = sync()
    assert (run.waiting, Contact.objects.count(), Opportunity.objects.count()) == (3, 0, 0)
    assert [(left["sobject"], left["reason"], left["count"]) for left in run.remains] == [
        ("Contact", "no_support_level", 1),
        ("Opportunity", "no_support_level", 1),
    ]
    org.later(minutes=5)
    org.put("Account", acme, **{LEVEL: "Named"})
    run = sync()
    contact, deal = Contact.objects.get(), Opportunity.objects.get()
    assert (contact.email, contact.roles, contact.title) == ("doe@acme.com", ["Champion", "Instance Admin"], "CTO")
    assert (deal.amount_minor, str(deal.close_date), deal.is_new_business) == (100000, "2026-12-01", True)
    assert (run.created, run.remains) == (3, [])


def test_one_without_an_account_waits(sync, org):
    org.account("Acme", "Named")
    person, deal = org.contact(None, "Nobody"), org.deal(None, "Lead")
    run = sync()
    assert run.waiting == 2
    assert {(left["sobject"], left["reason"]) for left in run.remains} == {
        ("Contact", "no_account"),
        ("Opportunity", "no_account"),
    }
    acme = Account.objects.get()
    org.later(minutes=5)
    org.put("Contact", person, AccountId=acme.salesforce_id)
    org.put("Opportunity", deal, AccountId=acme.salesforce_id)
    sync()
    assert Contact.objects.get().account == acme and Opportunity.objects.get().account == acme


def test_a_contact_moves_with_its_account(sync, org):
    one, two = org.account("One", "Named"), org.account("Two", "Named")
    person = org.contact(one, "Doe")
    sync()
    org.later(minutes=5)
    org.put("Contact", person, AccountId=two)
    sync()
    contact = Contact.objects.get()
    assert (contact.account.salesforce_id, contact.is_active) == (two, True)
    assert len(facts("accounts.contacts_changed")[-1]["account_ids"]) == 2


def test_a_contact_that_moves_to_an_account_without_level_is_not_written_to_until_that_is_managed(sync, org):
    one, two = org.account("One", "Named"), org.account("Two")
    person = org.contact(one, "Doe")
    sync()
    org.later(minutes=5)
    org.put("Contact", person, AccountId=two, Title="CEO")
    sync()
    assert not Contact.objects.get().is_active
    org.later(minutes=5)
    org.put("Account", two, **{LEVEL: "Named"})
    sync()
    contact = Contact.objects.get()
    assert (contact.account.salesforce_id, contact.is_active, contact.title) == (two, True, "CEO")


def test_a_deleted_contact_is_inactive_and_an_undeleted_one_is_back(sync, org):
    acme = org.account("Acme", "Named")
    person, deal = org.contact(acme, "Doe"), org.deal(acme, "Big deal")
    sync()
    org.later(minutes=5)
    org.delete("Contact", person)
    org.delete("Opportunity", deal)
    run = sync()
    assert (Contact.objects.get().is_active, Opportunity.objects.get().is_active, run.archived) == (False, False, 2)
    org.later(minutes=5)
    org.put("Contact", person, IsDeleted=False)
    org.put("Opportunity", deal, IsDeleted=False)
    sync()
    assert Contact.objects.get().is_active and Opportunity.objects.get().is_active


def test_one_that_was_deleted_before_we_knew_it_never_comes(sync, org):
    acme = org.account("Acme", "Named")
    org.put("Contact", AccountId=acme, LastName="Gone", Name="Gone", IsDeleted=True)
    run = sync()
    assert (Contact.objects.count(), run.unchanged) == (0, 1)


def test_people_of_an_archived_account_stay_as_they_are_and_catch_up_with_it(sync, org):
    acme = org.account("Acme", "Named")
    person, other = org.contact(acme, "Doe"), org.contact(acme, "Roe")
    sync()
    org.later(minutes=5)
    org.put("Account", acme, **{LEVEL: None})
    sync()
    org.later(minutes=5)
    org.put("Contact", person, Title="CEO")
    org.delete("Contact", other)
    sync()
    assert Contact.objects.get(salesforce_id=person).title == ""
    assert Contact.objects.get(salesforce_id=person).is_active
    org.later(minutes=5)
    org.put("Account", acme, **{LEVEL: "Named"})
    sync()
    assert Contact.objects.get(salesforce_id=person).title == "CEO"
    assert not Contact.objects.get(salesforce_id=other).is_active


def test_an_unknown_role_is_told_and_the_others_are_kept(sync, org):
    acme = org.account("Acme", "Named")
    person = org.contact(acme, "Doe", Role__c="Champion;Grand Vizier")
    run = sync()
    assert Contact.objects.get().roles == ["Champion"]
    (problem,) = run.row_errors
    assert (problem["row"], problem["field"]) == (person, "Role__c")
    assert "Grand Vizier" in problem["message"]


def test_roles_given_here_last_until_salesforce_changes_them(sync, org, ana):
    from accounts import services as accounts

    acme = org.account("Acme", "Named")
    person = org.contact(acme, "Doe", Role__c="Champion")
    sync()
    accounts.set_contact_roles(Contact.objects.get(), ["Program Contact"], actor=ana.actor, now=NOW)
    org.later(minutes=5)
    org.put("Contact", person, Title="CEO")
    sync()
    assert Contact.objects.get().roles == ["Program Contact"]
    org.later(minutes=5)
    org.put("Contact", person, Role__c="Executive")
    sync()
    assert Contact.objects.get().roles == ["Executive"]


def test_the_setting_says_which_deals_make_a_customer(sync, org):
    from integrations.salesforce import services

    acme = org.account("Acme", "Named")
    org.deal(acme, "Renewed", won=True, Type="Renewal")
    org.deal(acme, "Untyped", won=True, Type=None)
    sync()
    assert not Opportunity.objects.get(name="Renewed").is_new_business
    assert Opportunity.objects.get(name="Untyped").is_new_business
    given = services.ConnectionInput(settings={"new_business_types": ["renewal"]})
    services.edit_connection(sync.connection, given, actor=ledger.system("test"), now=NOW)
    org.later(minutes=5)
    sync()
    assert Opportunity.objects.get(name="Renewed").is_new_business
    assert not Opportunity.objects.get(name="Untyped").is_new_business


# --- owners -----------------------------------------------------------------------------------------------------------


def test_the_csm_is_the_member_with_the_users_address(sync, org, acme, ben):
    jane, john = org.user("Jane", "BEN@acme.example.com"), org.user("John", "john@elsewhere.com")
    one = org.account("One", "Named", CSM__c=jane, OwnerId=john)
    org.account("Two", "Named", CSM__c=john, OwnerId=jane)
    org.deal(one, "Deal", OwnerId=jane)
    run = sync()
    assert Account.objects.get(name="One").csm_id == ben.pk
    assert Account.objects.get(name="Two").csm_id is None
    assert Opportunity.objects.get().owner_id == ben.pk
    assert {"sobject": "Account", "reason": "no_member", "count": 1, "who": "John <john@elsewhere.com>"} in run.remains


def test_without_a_csm_field_the_owner_counts(sync, org, ben):
    org.fields["Account"].remove("CSM__c")
    org.account("One", "Named", OwnerId=org.user("Ben", ben.user.email))
    sync()
    assert Account.objects.get().csm_id == ben.pk


def test_a_member_who_comes_later_gets_the_accounts(sync, org, acme):
    one = org.account("One", "Named", CSM__c=org.user("Cleo", "cleo@acme.example.com"))
    org.deal(one, "Deal", OwnerId=org.user("Dan", "dan@acme.example.com"))
    sync()
    cleo, dan = make_member(acme, "Cleo", "csm"), make_member(acme, "Dan", "sales")
    org.later(minutes=5)
    run = sync()
    assert Account.objects.get().csm_id == cleo.pk
    assert Opportunity.objects.get().owner_id == dan.pk
    assert run.updated == 2


def test_an_account_that_was_given_to_somebody_else_here_stays_there(sync, org, acme, ben):
    from accounts import services as accounts

    org.account("One", "Named", CSM__c=org.user("Cleo", "cleo@acme.example.com"))
    sync()
    accounts.assign_owner(Account.objects.get(), ben, actor=ben.actor, now=NOW)
    make_member(acme, "Cleo", "csm")
    org.later(minutes=5)
    sync()
    assert Account.objects.get().csm_id == ben.pk


def test_a_member_who_left_owns_nothing_any_more(sync, org, acme, ana, ben):
    from cs_platform.people import services as people

    org.account("One", "Named", CSM__c=org.user("Ben", ben.user.email))
    sync()
    assert Account.objects.get().csm_id == ben.pk
    people.deactivate_member(ben, by=ana, actor=ana.actor, now=NOW, plan={"accounts": "unassign"})
    org.later(minutes=5)
    sync()
    assert Account.objects.get().csm_id is None


def test_another_csm_in_salesforce_is_another_here(sync, org, acme, ben, tess):
    one = org.account("One", "Named", CSM__c=org.user("Ben", ben.user.email))
    sync()
    org.later(minutes=5)
    org.put("Account", one, CSM__c=org.user("Tess", tess.user.email))
    sync()
    assert Account.objects.get().csm_id == tess.pk
