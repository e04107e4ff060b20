"""Both sides changed one field: no value is lost, and a person decides."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts import services as accounts
from accounts.models import Account, Contact
from cs_platform import ledger
from cs_platform.tenancy.scope import tenant_scope
from integrations.salesforce import conflicts
from tests.cast import make_member
from tests.integrations.salesforce.small_org import LEVEL
from tests.integrations.salesforce.writing_back import ANA, Back, one_org

pytestmark = pytest.mark.django_db


@pytest.fixture
def back(acme: Any, tmp_path: Path, settings: Any) -> Iterator[Back]:
    with one_org(acme, tmp_path, settings) as found:
        yield found


def both_changed(back: Back, *, met_by: str) -> str:
    """Adler is Scaled here and Digital there; a sync or the write finds out."""
    sf_id = back.play.account("Adler", "Named")
    back.sync()
    back.set_level("Adler", "Scaled", settle=False)
    back.change(sf_id, **{LEVEL: "Digital"})
    if met_by == "write":
        back.settle()
    back.sync()
    back.settle(rounds=2)
    back.sync()
    return sf_id


@pytest.mark.parametrize("met_by", ["sync", "write"])
def test_salesforce_is_right_at_once_and_both_values_are_kept(back: Back, met_by: str) -> None:
    sf_id = both_changed(back, met_by=met_by)
    assert (back.level("Adler"), back.there(sf_id)) == ("Digital", "Digital")
    (found,) = back.conflicts()
    assert (found.ours_words, found.theirs_words, found.base) == ("Scaled", "Digital", "Named")
    assert (found.ours_by, found.applied, found.state) == ("Ana", "salesforce", "open")
    assert found.ours_at is not None and found.theirs_at is not None
    assert found.theirs_by  # who was there last, by name


@pytest.mark.parametrize("met_by", ["sync", "write"])
def test_harbor_is_right_at_once_if_the_setting_says_so(back: Back, met_by: str) -> None:
    back.setting(master={"support_level": "harbor"})
    sf_id = both_changed(back, met_by=met_by)
    assert (back.level("Adler"), back.there(sf_id)) == ("Scaled", "Scaled")
    (found,) = back.conflicts()
    assert (found.theirs_words, found.applied) == ("Digital", "harbor")


@pytest.mark.parametrize(("keep", "level"), [("harbor", "Scaled"), ("salesforce", "Digital")])
@pytest.mark.parametrize("right", ["harbor", "salesforce"])
def test_one_click_decides_for_both_sides(back: Back, keep: str, level: str, right: str) -> None:
    back.setting(master={"support_level": right})
    sf_id = both_changed(back, met_by="sync")
    (found,) = back.conflicts()
    with tenant_scope(back.tenant):
        conflicts.resolve(found, keep, actor=ANA, now=back.now())
    back.settle(rounds=2)
    assert (back.level("Adler"), back.there(sf_id)) == (level, level)
    (found,) = back.conflicts()
    assert (found.state, found.kept, found.resolved_by) == ("resolved", keep, "Ana")
    with tenant_scope(back.tenant), pytest.raises(ledger.NotAllowed):
        conflicts.resolve(found, keep, actor=ANA, now=back.now())
    told = back.told()
    back.sync()
    assert back.told() == told


def test_the_same_change_on_both_sides_is_no_conflict(back: Back) -> None:
    sf_id = back.play.account("Adler", "Named")
    back.sync()
    back.set_level("Adler", "Scaled", settle=False)
    back.change(sf_id, **{LEVEL: "Scaled"})
    calls = back.written()
    back.sync()
    assert not back.conflicts() and {row.state for row in back.rows()} == {"written"}
    assert back.written() <= calls + 1  # the segment


def test_a_field_that_is_only_read_is_overwritten_as_before(back: Back) -> None:
    back.setting(directions={"support_level": "in"})
    sf_id = both_changed(back, met_by="sync")
    assert back.level("Adler") == "Digital" and not back.conflicts()
    assert not back.rows(key="support_level") and back.there(sf_id) == "Digital"


def test_a_field_that_is_only_written_is_not_taken_from_salesforce(back: Back) -> None:
    back.setting(directions={"industry": "out"})
    sf_id = back.play.account("Adler", "Named", Industry="Tech")
    back.sync()
    with tenant_scope(back.tenant):
        account = Account.objects.get()
        assert account.industry == ""
        accounts.edit_account(account, {"industry": "Law"}, actor=ANA, now=back.now())
    back.settle()
    assert back.there(sf_id, "Industry") == "Law"
    back.change(sf_id, Industry="Bank")
    back.sync()
    with tenant_scope(back.tenant):
        assert Account.objects.get().industry == "Law"
    assert not back.conflicts()


def test_a_field_that_is_left_alone_is_neither_read_nor_written(back: Back) -> None:
    back.setting(directions={"industry": "off", "segment": "off", "service_model": "off", "stage": "off"})
    sf_id = back.play.account("Adler", "Named", Industry="Tech")
    back.sync()
    with tenant_scope(back.tenant):
        account = Account.objects.get()
        accounts.edit_account(account, {"industry": "Law"}, actor=ANA, now=back.now())
    back.settle()
    assert back.there(sf_id, "Industry") == "Tech" and back.written() == 0


def test_roles_go_both_ways_and_unknown_ones_stay_there(back: Back) -> None:
    account = back.play.account("Adler", "Named")
    sf_id = back.play.contact(account, "Doe", Role__c="Champion;Instance Admin")
    back.sync()
    back.org.set(sf_id, {"Role__c": "Champion;Mascot"}, check=False)
    back.sync()
    with tenant_scope(back.tenant):
        contact = Contact.objects.get()
        assert contact.roles == ["Champion"]
        accounts.set_contact_roles(contact, ["Champion", "Executive"], actor=ANA, now=back.now())
    back.settle()
    assert back.there(sf_id, "Role__c") == "Champion;Executive;Mascot"
    told = back.told()
    back.sync()
    assert back.told() == told


def test_the_owner_goes_to_salesforce_as_its_user(back: Back) -> None:
    dora = make_member(back.tenant, "Dora", "csm")
    user = back.org.create("User", {"Username": "dora", "LastName": "Dora", "Email": dora.user.email, "IsActive": True})
    sf_id = back.play.account("Adler", "Named")
    back.sync()
    eve = make_member(back.tenant, "Eve", "csm")
    for member, there in ((dora, user), (eve, user), (None, None)):
        with tenant_scope(back.tenant):
            accounts.assign_owner(Account.objects.get(), member, actor=ANA, now=back.now())
        back.settle()
        if member is eve:
            row = back.row("csm")
            assert (row.state, row.code) == ("failed", "NO_USER") and "Eve" in row.reason
        assert back.there(sf_id, "CSM__c") == there


def test_many_conflicts_are_decided_at_once(back: Back) -> None:
    ids = [back.play.account(f"Account {number}", "Named") for number in range(3)]
    back.sync()
    for number, sf_id in enumerate(ids):
        back.set_level(f"Account {number}", "Scaled", settle=False)
        back.change(sf_id, **{LEVEL: "Digital"})
    back.sync()
    found = back.conflicts()
    assert len(found) == 3
    with tenant_scope(back.tenant):
        decision = conflicts.resolve_many([one.pk for one in found], "harbor", actor=ANA, now=back.now())
    assert len(decision.resolved) == 3 and not decision.refused
    back.settle(rounds=2)
    assert {back.there(sf_id) for sf_id in ids} == {"Scaled"}
