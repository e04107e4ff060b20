"""Accounts and contacts that are merged in Salesforce: what belonged to the loser goes on with the winner."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts import services as accounts
from accounts.models import Account, Contact, Opportunity
from activities import services as activities
from activities.models import Task
from cs_platform import ledger
from cs_platform.ledger.models import AuditRow
from cs_platform.tenancy.scope import tenant_scope
from integrations.salesforce import selectors
from tests.cast import sign_in
from tests.integrations.salesforce.played import Played, played
from tests.integrations.salesforce.small_org import LEVEL

pytestmark = pytest.mark.django_db
ACTOR = ledger.system("test")


def account(sf_id: str) -> Account:
    return Account.objects.get(salesforce_id=sf_id)


@pytest.fixture
def two(org_of_acme: Played) -> tuple[Played, str, str]:
    """Globex and Initech, both managed and read; Initech has a person and a deal."""
    globex, initech = org_of_acme.account("Globex", "Named"), org_of_acme.account("Initech", "Scaled")
    org_of_acme.contact(initech, "Peter", Email="peter@example.com")
    org_of_acme.deal(initech, "Printers")
    org_of_acme.sync()
    org_of_acme.later(hours=1)
    return org_of_acme, globex, initech


def test_people_deals_and_open_work_go_to_the_account_that_stays(two: tuple[Played, str, str]) -> None:
    played, globex, initech = two
    now = played.now()
    lost = account(initech)
    ours = accounts.create_contact(lost, {"name": "Known here only"}, actor=ACTOR, now=now)
    given = {"title": "Call them", "account_id": lost.pk}
    todo = activities.create_task(given, actor=ACTOR, now=now)
    done = activities.create_task({**given, "title": "Was done"}, actor=ACTOR, now=now)
    activities.complete_task(done, actor=ACTOR, now=now)
    played.org.merge(globex, initech)
    run = played.sync()
    winner, lost = account(globex), account(initech)
    assert run.archived == 1 and lost.state == "archived"
    assert lost.archive_reason == f"Merged into Globex ({globex}) in Salesforce."
    assert Contact.objects.get(last_name="Peter").account_id == winner.pk
    assert Opportunity.objects.get(name="Printers").account_id == winner.pk
    ours.refresh_from_db()
    assert ours.account_id == winner.pk and ours.is_active
    assert Task.objects.get(pk=todo.pk).account_id == winner.pk
    assert Task.objects.get(pk=done.pk).account_id == lost.pk
    assert AuditRow.objects.filter(verb="account.take_over", account_id=winner.pk).count() == 1
    assert AuditRow.objects.filter(object_id=str(ours.pk), verb="contact.edit").exists()
    assert selectors.merged_into(lost) == winner
    assert selectors.merged_into(winner) is None


def test_a_second_sync_and_a_comparison_hand_over_nothing_more(two: tuple[Played, str, str]) -> None:
    played, globex, initech = two
    played.org.merge(globex, initech)
    played.sync()
    before = AuditRow.objects.exclude(object_type="sync_run").count()
    played.later(minutes=5)
    played.sync()
    played.compare()
    assert AuditRow.objects.exclude(object_type="sync_run").count() == before


def test_an_unmanaged_winner_that_takes_over_the_level_is_looked_after(org_of_acme: Played) -> None:
    played = org_of_acme
    unmanaged, managed = played.account("Umbrella"), played.account("Initech", "Named")
    played.contact(managed, "Peter")
    played.sync()
    played.later(hours=1)
    played.org.merge(unmanaged, managed)
    played.org.set(unmanaged, {LEVEL: "Named"})
    played.sync()
    assert account(unmanaged).state == "managed" and account(managed).state == "archived"
    assert Contact.objects.get(last_name="Peter").account_id == account(unmanaged).pk
    assert selectors.merged_into(account(managed)) == account(unmanaged)


def test_an_unmanaged_winner_without_a_level_stays_unmanaged_until_it_has_one(org_of_acme: Played) -> None:
    played = org_of_acme
    unmanaged, managed = played.account("Umbrella"), played.account("Initech", "Named")
    played.contact(managed, "Peter")
    played.sync()
    ours = accounts.create_contact(account(managed), {"name": "Known here only"}, actor=ACTOR, now=played.now())
    played.later(hours=1)
    played.org.merge(unmanaged, managed)
    played.sync()
    assert account(managed).state == "archived" and not Account.objects.filter(salesforce_id=unmanaged).exists()
    assert not Contact.objects.get(last_name="Peter").is_active
    assert selectors.merged_into(account(managed)) is None
    played.later(hours=1)
    played.org.set(unmanaged, {LEVEL: "Scaled"})
    played.sync()
    winner = account(unmanaged)
    assert Contact.objects.get(last_name="Peter").account_id == winner.pk
    assert Contact.objects.get(last_name="Peter").is_active
    ours.refresh_from_db()
    assert ours.account_id == winner.pk


def test_merged_contacts_leave_one_that_is_written_to(two: tuple[Played, str, str]) -> None:
    played, globex, _ = two
    kept = played.contact(globex, "Milton", Email="milton@example.com")
    double = played.contact(globex, "Milton W.", Email="m.waddams@example.com")
    played.sync()
    played.later(hours=1)
    played.org.merge(kept, double)
    played.sync()
    assert Contact.objects.get(salesforce_id=kept).is_active
    assert not Contact.objects.get(salesforce_id=double).is_active


def test_the_page_of_a_merged_account_leads_to_the_one_that_stays(
    acme: Any, ana: Any, client: Client, settings: Any, tmp_path: Path
) -> None:
    with tenant_scope(acme), played(tmp_path, settings) as found:
        globex, initech = found.account("Globex", "Named"), found.account("Initech", "Scaled")
        found.sync()
        found.org.merge(globex, initech)
        found.sync()
        winner, lost = account(globex), account(initech)
    page = sign_in(client, ana).get(f"/accounts/{lost.pk}/").content.decode()
    assert f'href="/accounts/{winner.pk}/"' in page
    assert "Go to Globex" in page
