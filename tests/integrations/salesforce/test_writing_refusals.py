"""What Salesforce does not take: retried where it passes, else kept with its reason until a person acts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts import services as accounts
from accounts.models import Account
from cs_platform import ledger
from cs_platform.ledger.models import Outbox
from cs_platform.tenancy.scope import tenant_scope
from integrations.salesforce.models import Connection
from integrations.salesforce.writing import deciding, refusals
from tests.integrations.salesforce.small_org import LEVEL
from tests.integrations.salesforce.writing_back import ANA, Back, one_org

pytestmark = pytest.mark.django_db


@pytest.fixture
def back(acme: Any, tmp_path: Path, settings: Any) -> Iterator[Back]:
    with one_org(acme, tmp_path, settings) as found:
        yield found


@pytest.fixture
def adler(back: Back) -> str:
    sf_id = back.play.account("Adler", "Named")
    back.sync()
    return sf_id


def test_locked_rows_are_tried_again_until_all_are_written_once(back: Back) -> None:
    ids = [back.play.account(f"Account {number}", "Named") for number in range(30)]
    back.sync()
    back.org.faults.switch("lock_errors", probability=0.3, seed=7)
    with tenant_scope(back.tenant):
        accounts.set_support_levels(Account.objects.values_list("pk", flat=True), "Scaled", actor=ANA, now=back.now())
    back.settle(rounds=8)
    assert {back.there(sf_id) for sf_id in ids} == {"Scaled"}
    assert {row.state for row in back.rows(key="support_level")} == {"written"}


def test_a_lock_that_never_opens_ends_with_a_person(back: Back, adler: str) -> None:
    back.org.faults.switch("lock_errors")
    back.set_level("Adler", "Scaled")
    back.settle(rounds=12)
    row = back.row()
    assert (row.state, row.code, row.attempts) == ("failed", "UNABLE_TO_LOCK_ROW", 8)
    back.org.faults.heal()
    with tenant_scope(back.tenant):
        assert deciding.replay(back.connection, None, actor=ANA, now=back.now())
    back.settle()
    assert back.there(adler) == "Scaled" and back.row().state == "written"


def test_the_field_that_is_to_blame_fails_and_the_others_go_on(back: Back, adler: str) -> None:
    back.org.faults.switch("validation_rule", field="Account.Customer_Segment__c")
    with tenant_scope(back.tenant):
        accounts.edit_account(Account.objects.get(), {"developers": 5000}, actor=ANA, now=back.now())
    back.set_level("Adler", "Digital")
    assert back.there(adler) == "Digital" and back.row().state == "written"
    row = back.row("segment")
    assert (row.state, row.code) == ("failed", "FIELD_CUSTOM_VALIDATION_EXCEPTION")
    assert "rule" in row.reason and "replay" in refusals.advice(row.code)


def test_a_refusal_that_names_no_field_is_tried_field_by_field(back: Back, adler: str) -> None:
    back.org.faults.switch("validation_rule", field="Account.Customer_Segment__c", names_field=False)
    with tenant_scope(back.tenant):
        accounts.edit_account(Account.objects.get(), {"developers": 5000}, actor=ANA, now=back.now())
    back.set_level("Adler", "Digital")
    back.settle(rounds=2)
    assert back.there(adler) == "Digital"
    assert [row.key for row in back.rows(state="failed")] == ["segment"]


def test_what_was_discarded_stays_and_a_later_change_is_written(back: Back, adler: str) -> None:
    back.org.faults.switch("validation_rule", field=f"Account.{LEVEL}")
    back.set_level("Adler", "Scaled")
    row = back.row()
    with tenant_scope(back.tenant):
        with pytest.raises(ledger.Refused):
            deciding.discard(back.connection, [row.pk], " ", actor=ANA, now=back.now())
        assert deciding.discard(back.connection, [row.pk], "Not now", actor=ANA, now=back.now()) == [row.pk]
    back.org.faults.heal()
    back.settle(rounds=2)
    assert back.row().state == "discarded" and back.there(adler) == "Named"
    back.set_level("Adler", "Digital")
    assert back.there(adler) == "Digital"


def test_a_field_that_the_org_lacks_waits_for_it_and_is_no_failure(back: Back, adler: str) -> None:
    back.setting(write_map={"segment": "Segment_Of_Ours__c"})
    with tenant_scope(back.tenant):
        accounts.edit_account(Account.objects.get(), {"developers": 5000}, actor=ANA, now=back.now())
    back.settle()
    row = back.row("segment")
    assert (row.state, row.code) == ("blocked", "NOT_WRITABLE") and "Segment_Of_Ours__c" in row.reason
    back.org.add_field("Account", "Segment_Of_Ours__c")
    back.later(hours=2)
    back.sync()
    ledger.tick(back.now())
    back.settle()
    assert back.there(adler, "Segment_Of_Ours__c") == row.wanted and back.row("segment").state == "written"


@pytest.mark.parametrize("free", [True, False])
def test_a_merge_is_followed_if_the_other_record_has_no_value(back: Back, adler: str, free: bool) -> None:
    master = back.play.account("Bauer", None if free else "Digital")
    back.sync()
    back.org.faults.switch("maintenance", on="composite")
    back.set_level("Adler", "Scaled")
    back.org.faults.heal()
    back.org.merge(master, adler)
    back.settle(rounds=3)
    assert back.there(master) == ("Scaled" if free else "Digital")
    if not free:
        row = back.row(sf_id=adler)
        assert (row.state, row.code) == ("failed", "MERGED") and "Bauer" in row.reason
    back.sync()
    assert back.level("Bauer") == ("Scaled" if free else "Digital")


def test_a_deleted_record_is_told_and_not_written_again(back: Back, adler: str) -> None:
    back.org.faults.switch("maintenance", on="composite")
    back.set_level("Adler", "Scaled")
    back.org.faults.heal()
    back.org.delete(adler)
    back.settle(rounds=3)
    assert (back.row().state, back.row().code) == ("failed", "ENTITY_IS_DELETED")


def test_a_paused_connection_waits_and_goes_on(back: Back, adler: str) -> None:
    from integrations.salesforce import services

    with tenant_scope(back.tenant):
        services.pause_connection(back.connection, actor=ANA, now=back.now())
    calls = sum(back.org.calls.values())
    back.set_level("Adler", "Scaled")
    assert sum(back.org.calls.values()) == calls and back.row().state == "waiting"
    with tenant_scope(back.tenant):
        services.resume_connection(back.connection, actor=ANA, now=back.now())
    ledger.tick(back.now())
    back.settle()
    assert back.there(adler) == "Scaled"


def test_the_share_of_calls_is_kept_and_the_rest_follows_the_next_day(back: Back, adler: str) -> None:
    with tenant_scope(back.tenant):
        used = {"calls_count": 3000, "calls_day": back.now().date(), "limit_total": 15_000}
        Connection.objects.filter(pk=back.connection.pk).update(**used)
    back.set_level("Adler", "Scaled")
    with tenant_scope(back.tenant):
        assert Connection.objects.get().hold_until is not None
    assert back.there(adler) == "Named" and back.row().state == "waiting"
    back.later(hours=30)
    ledger.tick(back.now())
    back.settle()
    assert back.there(adler) == "Scaled"


def test_a_session_that_ended_is_opened_once_more(back: Back, adler: str) -> None:
    back.org.faults.switch("session_expiry", calls=2)
    logins = back.org.calls["login"]
    back.set_level("Adler", "Scaled")
    assert back.there(adler) == "Scaled" and back.org.calls["login"] - logins <= 2


def test_a_connection_that_is_refused_breaks_and_asks_no_more(back: Back, adler: str) -> None:
    back.org.faults.switch("unauthorized")
    logins = back.org.calls["login"]
    back.set_level("Adler", "Scaled")
    for _ in range(6):
        back.later(seconds=60)
        back.settle()
    with tenant_scope(back.tenant):
        assert Connection.objects.get().state == "broken"
    assert back.org.calls["login"] - logins <= 3 and back.row().state == "waiting"


def test_rows_that_nobody_is_about_to_write_are_found_by_the_clock(back: Back, adler: str) -> None:
    back.org.faults.switch("maintenance", on="composite")
    back.set_level("Adler", "Scaled")
    back.org.faults.heal()
    with tenant_scope(back.tenant):
        Outbox.objects.filter(kind="salesforce.write").update(state="dead")
    back.later(minutes=10)
    ledger.tick(back.now())
    back.settle()
    assert back.there(adler) == "Scaled"


def test_an_unexpected_answer_is_taken_for_a_lost_one(back: Back, adler: str) -> None:
    back.org.faults.switch("wrong_shape", on="composite", times=1)
    back.set_level("Adler", "Scaled")
    assert back.row().state == "waiting" and back.row().sent == ["Scaled"]
    back.later(seconds=60)
    back.settle()
    assert back.row().state == "written" and back.there(adler) == "Scaled"
