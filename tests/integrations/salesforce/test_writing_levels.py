"""A support level decided here: once there, and no news when it comes back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts import services as accounts
from accounts.models import Account, Contact, Opportunity
from cs_platform.tenancy.scope import tenant_scope
from integrations.salesforce import selectors
from integrations.salesforce.adopting import FromMirror
from integrations.salesforce.models import MirrorRecord
from tests.integrations.salesforce.small_org import LEVEL
from tests.integrations.salesforce.writing_back import ANA, Back, join, one_org

pytestmark = pytest.mark.django_db


@pytest.fixture
def back(acme: Any, tmp_path: Path, settings: Any) -> Iterator[Back]:
    with one_org(acme, tmp_path, settings) as found:
        yield found


def test_a_level_set_here_is_written_once_and_comes_back_as_no_news(back: Back) -> None:
    sf_id = back.play.account("Adler", "Named")
    back.sync()
    calls = back.written()
    back.set_level("Adler", "Scaled")
    assert back.there(sf_id) == "Scaled"
    assert back.row().state == "written" and back.row().written == "Scaled"
    assert back.written() == calls + 1  # level, segment and service model in one call
    told = back.told()
    for _ in range(5):
        back.later(minutes=5)
        run = back.sync()
        assert (run.updated, run.rejected) == (0, 0)
    assert back.told() == told and back.written() == calls + 1 and not back.conflicts()


def test_what_salesforce_says_is_not_written_back_to_it(back: Back) -> None:
    sf_id = back.play.account("Adler", "Named")
    back.sync()
    assert not back.rows(key="support_level")
    calls = back.written()
    back.change(sf_id, **{LEVEL: "Digital"})
    back.sync()
    assert back.level("Adler") == "Digital"
    assert not back.rows(key="support_level")
    told, calls = back.told(), back.written()
    back.sync()
    assert back.told() == told and back.written() == calls


def test_several_changes_before_a_call_are_one_write_of_the_newest(back: Back) -> None:
    sf_id = back.play.account("Adler", "Named")
    back.sync()
    before = back.written()
    for level in ("Scaled", "Digital", "Scaled", "Digital"):
        back.set_level("Adler", level, settle=False)
    back.settle()
    assert back.there(sf_id) == "Digital" and back.written() == before + 1


def test_a_change_that_was_taken_back_is_not_written(back: Back) -> None:
    back.play.account("Adler", "Named")
    back.sync()
    for level in ("Scaled", "Named"):
        back.set_level("Adler", level, settle=False)
    back.settle()
    assert not [row for row in back.rows(key="support_level") if row.state != "written"]


@pytest.mark.parametrize("times", [1, 3])
def test_an_answer_that_was_lost_is_known_when_it_comes_back(back: Back, times: int) -> None:
    sf_id = back.play.account("Adler", "Named")
    back.sync()
    back.org.faults.switch("lost_answer", on="composite", times=times)
    back.set_level("Adler", "Scaled")
    assert back.there(sf_id) == "Scaled" and back.row().state == "waiting"
    told = back.told()
    back.later(minutes=6)
    back.sync()
    assert back.told() == told
    back.settle(rounds=4)
    assert back.row().state == "written" and not back.conflicts() and back.told() == told


def test_the_lost_word_is_ours_though_a_newer_one_follows_it(back: Back) -> None:
    sf_id = back.play.account("Adler", "Named")
    back.sync()
    back.org.faults.switch("lost_answer", on="composite", times=1)
    back.set_level("Adler", "Scaled")
    back.org.faults.switch("maintenance", on="composite")
    back.set_level("Adler", "Digital")
    back.sync()
    assert back.level("Adler") == "Digital" and not back.conflicts()
    back.org.faults.heal()
    back.settle(rounds=4)
    assert back.there(sf_id) == "Digital" and not back.conflicts()


def test_a_word_that_arrived_is_no_conflict_with_the_next_one(back: Back) -> None:
    sf_id = back.play.account("Adler", "Named")
    back.sync()
    back.set_level("Adler", "Scaled")
    back.org.faults.switch("maintenance", on="composite")
    back.set_level("Adler", "Digital")
    back.sync()
    assert back.level("Adler") == "Digital" and not back.conflicts()
    back.org.faults.heal()
    back.settle(rounds=4)
    assert back.there(sf_id) == "Digital" and not back.conflicts()


def test_a_503_before_it_was_done_is_tried_again(back: Back) -> None:
    sf_id = back.play.account("Adler", "Named")
    back.sync()
    back.org.faults.switch("maintenance", on="composite", times=2)
    back.set_level("Adler", "Scaled")
    assert back.there(sf_id) == "Named"
    back.settle(rounds=5)
    assert back.there(sf_id) == "Scaled" and back.row().state == "written"


def test_a_level_cleared_here_is_cleared_there(back: Back) -> None:
    sf_id = back.play.account("Adler", "Named")
    back.sync()
    back.set_level("Adler", "")
    assert back.there(sf_id) is None
    told = back.told()
    back.change(sf_id, Industry="Law")
    back.sync()
    with tenant_scope(back.tenant):
        assert Account.objects.get().state == "archived" and not MirrorRecord.objects.get(sobject="Account").managed
    assert back.told() == told
    back.change(sf_id, **{LEVEL: "Named"})
    back.sync()
    with tenant_scope(back.tenant):
        account = Account.objects.get()
        assert (account.state, account.industry) == ("managed", "Law")


def test_a_level_given_here_survives_news_from_salesforce_until_it_is_written(back: Back) -> None:
    sf_id = back.play.account("Adler", "Named")
    back.sync()
    back.org.faults.switch("maintenance", on="composite")
    back.set_level("Adler", "Scaled")
    back.change(sf_id, Industry="Law")
    back.sync()
    assert back.level("Adler") == "Scaled" and not back.conflicts()
    back.org.faults.heal()
    back.settle(rounds=4)
    assert back.there(sf_id) == "Scaled"


def test_two_organisations_at_one_org_do_not_play_ping_pong(back: Back, umbra: Any) -> None:
    other = join(back, umbra)
    sf_id = back.play.account("Adler", "Named")
    back.sync()
    other.sync()
    back.set_level("Adler", "Scaled")
    other.sync()
    assert other.level("Adler") == "Scaled" and back.there(sf_id) == "Scaled"
    back.sync()
    other.sync()
    calls, mine, theirs = back.written(), back.told(), other.told()
    for _ in range(5):
        back.later(minutes=5)
        back.sync()
        other.sync()
    assert back.written() == calls and (back.told(), other.told()) == (mine, theirs)


def test_two_hundred_records_are_one_call(back: Back) -> None:
    for number in range(205):
        back.play.account(f"Account {number}", "Named")
    back.sync()
    calls = back.written()
    with tenant_scope(back.tenant):
        accounts.set_support_levels(Account.objects.values_list("pk", flat=True), "Digital", actor=ANA, now=back.now())
    back.settle()
    assert back.written() == calls + 2
    assert {back.there(row["Id"]) for row in back.org.find("Account")} == {"Digital"}


def test_the_states_of_many_accounts_are_one_question(back: Back, django_assert_num_queries: Any) -> None:
    back.play.account("Adler", "Named")
    back.play.account("Bauer", "Named")
    back.sync()
    back.org.faults.switch("maintenance", on="composite")
    back.set_level("Adler", "Scaled")
    with tenant_scope(back.tenant):
        adler, bauer = Account.objects.order_by("name")
        with django_assert_num_queries(1):
            states = selectors.write_states([adler.pk, bauer.pk])
        assert (states[adler.pk].state, states[bauer.pk].state) == ("waiting", "written")


def test_an_account_that_was_made_here_first_keeps_its_level_and_gets_its_people(back: Back) -> None:
    sf_id = back.play.account("Adler GmbH", None, Developers__c=90)
    back.play.contact(sf_id, "Doe", Role__c="Champion")
    with tenant_scope(back.tenant):
        values = {"name": "Adler", "salesforce_id": sf_id, "support_level": "Named", "developers": 10}
        accounts.create_account(values, actor=ANA, now=back.now())
    back.settle()
    back.sync()
    back.sync()
    assert back.there(sf_id) == "Named" and back.there(sf_id, "Customer_Segment__c")
    assert back.there(sf_id, "Lifecycle_Stage__c") == "0. Prospect"
    with tenant_scope(back.tenant):
        account = Account.objects.get()
        assert (account.state, account.support_level.name) == ("managed", "Named")
        assert Contact.objects.get().account_id == account.pk
    back.change(sf_id, Industry="Law")
    back.sync()
    assert back.level("Adler GmbH") == "Named"


def test_an_account_that_waits_in_the_mirror_is_taken_over_and_written(back: Back) -> None:
    sf_id = back.play.account("Adler", None)
    back.play.contact(sf_id, "Doe")
    back.play.deal(sf_id, "Big deal")
    back.sync()
    with tenant_scope(back.tenant):
        assert not Account.objects.exists()
        FromMirror().adopt([sf_id], "Scaled", actor=ANA, now=back.now())
        assert Contact.objects.exists() and Opportunity.objects.exists()
    back.settle()
    assert back.there(sf_id) == "Scaled"
    told = back.told()
    back.sync()
    assert back.told() == told and back.level("Adler") == "Scaled"
