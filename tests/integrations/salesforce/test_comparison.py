"""The nightly comparison finds what no sync could see, mends it, and says how much that was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import Account, Contact
from cs_platform import ledger
from cs_platform.ledger.models import AuditRow, FactRow, Outbox
from integrations.salesforce import comparing, health, nightly, services
from integrations.salesforce.models import Connection, Hint, MirrorRecord, SeenRecord, SyncRun
from tests.integrations.salesforce.played import Played
from tests.integrations.salesforce.small_org import LEVEL

pytestmark = pytest.mark.django_db


@pytest.fixture
def read(org_of_acme: Played) -> Played:
    """An org that was read an hour ago."""
    for n in range(6):
        account = org_of_acme.account(f"Account {n}", "Named", Industry="Tech")
        org_of_acme.contact(account, f"Person {n}", Email=f"p{n}@example.com")
    org_of_acme.sync()
    org_of_acme.later(hours=1)
    org_of_acme.sync()
    return org_of_acme


def level_facts(account: Account) -> int:
    rows = FactRow.objects.filter(name="accounts.support_levels_changed")
    return sum(str(account.pk) in row.payload["account_ids"] for row in rows)


def one(played: Played, name: str) -> str:
    return str(played.org.find("Account", Name=name)[0]["Id"])


def test_a_quiet_org_has_not_drifted(read: Played) -> None:
    run = read.compare()
    assert run.state == "done" and run.kind == "nightly"
    assert comparing.total(run) == {
        "compared": 12 + read.org.count("User"), "missed": 0, "unstamped": 0, "returned": 0, "gone": 0,
    }  # fmt: skip
    assert not comparing.is_alarming(run)
    assert not SeenRecord.objects.exists()


def test_a_row_deleted_for_good_is_archived_with_the_reason(read: Played) -> None:
    read.org.purge(one(read, "Account 1"))
    person = read.org.find("Contact", LastName="Person 2")[0]["Id"]
    read.org.purge(person)
    assert read.sync().archived == 0
    run = read.compare()
    account = Account.objects.get(name="Account 1")
    assert account.state == "archived" and "deleted there for good" in account.archive_reason
    assert not Contact.objects.get(salesforce_id=person).is_active
    assert comparing.total(run)["gone"] == 2 and run.archived == 2
    assert read.compare().archived == 0


def test_a_row_that_comes_back_is_looked_after_again(read: Played) -> None:
    gone = one(read, "Account 1")
    kept = read.org.store.rows(read.org.sobject("Account"), '"Id" = ?', [gone])
    read.org.purge(gone)
    read.compare()
    read.org.store.put_many(read.org.sobject("Account"), kept)
    run = read.compare()
    assert Account.objects.get(salesforce_id=gone).state == "managed"
    assert comparing.total(run)["returned"] == 1


def test_a_formula_that_changed_without_a_stamp_is_found(read: Played) -> None:
    read.org.set(one(read, "Account 3"), Industry="Retail", silent=True)
    assert read.sync().updated == 0
    run = read.compare()
    assert Account.objects.get(name="Account 3").industry == "Retail"
    assert comparing.total(run)["unstamped"] == 1 and run.updated == 1
    assert comparing.words(run).endswith("1 changed without a time stamp.")


def test_a_level_that_was_committed_later_than_any_overlap_is_one_event(read: Played) -> None:
    account = Account.objects.get(name="Account 4")
    before = level_facts(account)
    read.org.faults.switch("late_commit", seconds=3600)
    read.org.set(account.salesforce_id, {LEVEL: "Scaled"})
    read.org.faults.heal()
    read.later(minutes=45)
    read.sync()  # its mark passes the stamp of the row, which is not visible yet
    read.later(minutes=30)
    assert read.sync().updated == 0
    run = read.compare()
    account.refresh_from_db()
    assert account.support_level.name == "Scaled"
    assert comparing.total(run)["missed"] == 1
    assert level_facts(account) == before + 1
    read.compare()
    assert level_facts(account) == before + 1


def test_what_changed_since_the_last_sync_is_no_drift(read: Played) -> None:
    read.later(minutes=5)
    read.account("Brand new", "Named")
    read.org.set(one(read, "Account 0"), Industry="Steel")
    run = read.compare()
    assert (run.created, run.updated) == (1, 1)
    assert comparing.share(run) == 0


def test_drift_above_one_in_a_thousand_is_an_alarm_on_the_connection(read: Played) -> None:
    read.org.set(one(read, "Account 3"), Industry="Retail", silent=True)
    run = read.compare()
    assert comparing.is_alarming(run)
    assert AuditRow.objects.filter(verb="connection.drift").count() == 1
    found = health.of(read.connection, run, read.now(), night=run)
    assert found.tone == "watch" and "1 changed without a time stamp" in found.message
    assert health.of(read.connection, run, read.now(), night=read.compare()).tone == "good"


def test_a_login_that_sees_less_deletes_nothing(read: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "FEW", 2)
    for n in range(4):
        read.org.purge(one(read, f"Account {n}"))
    run = read.compare()
    assert run.archived == 0 and Account.objects.filter(state="managed").count() == 6
    assert any("4 of 6 Account rows are not shown" in words for words in run.warnings)
    run = read.compare(takes_missing=True)
    assert run.archived == 4 and Account.objects.filter(state="managed").count() == 2


def test_a_row_with_an_unreadable_value_is_there(read: Played) -> None:
    account = one(read, "Account 5")
    read.org.set(account, {"MasterRecordId": "not an id"}, check=False, silent=True)
    run = read.compare()
    assert run.rejected == 1 and run.archived == 0
    assert MirrorRecord.objects.filter(sobject="Account", deleted=False).count() == 6


def test_a_comparison_cut_after_every_page_ends_as_a_whole_one(read: Played) -> None:
    for n in range(3):
        read.org.purge(one(read, f"Account {n}"))
    run = read.start(compare=True)

    def die(_: SyncRun) -> None:
        raise RuntimeError

    deaths = 0
    while True:
        try:
            if read.by_hand.stretch(run, page_size=2, tell=die):
                break
        except RuntimeError:
            deaths += 1
    run.refresh_from_db()
    assert run.state == "done" and deaths > 8
    assert comparing.total(run)["gone"] == 3 == run.archived


# --- when -----------------------------------------------------------------------------------------------------------


def planned() -> int:
    return Outbox.objects.filter(kind="salesforce.compare").count()


def test_one_comparison_for_each_local_night_whoever_ticks(read: Played) -> None:
    evening = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
    for minutes in range(0, 24 * 60, 7):
        nightly.plan_comparisons(now=evening + timedelta(minutes=minutes))
        nightly.plan_comparisons(now=evening + timedelta(minutes=minutes))
    assert planned() == 1  # Berlin's night of the 24th
    row = Outbox.objects.get(kind="salesforce.compare")
    assert 0 <= (row.due_at - datetime(2026, 11, 24, 0, 0, tzinfo=UTC)).total_seconds() < 3 * 3600


def test_a_paused_unread_or_unwilling_connection_is_not_compared(read: Played) -> None:
    night = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
    Connection.objects.update(last_done_at=None)
    nightly.plan_comparisons(now=night)
    Connection.objects.update(last_done_at=night)
    services.edit_connection(
        read.connection,
        services.ConnectionInput(settings={"compare_nightly": False}),
        actor=ledger.system("test"),
        now=night,
    )
    nightly.plan_comparisons(now=night)
    assert planned() == 0


def test_the_comparison_waits_for_a_sync_and_not_beyond_the_night(read: Played) -> None:
    payload = {"connection_id": str(read.connection.pk), "until": "2026-11-24T06:00:00+01:00"}
    night = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
    run = read.start()
    with pytest.raises(ledger.RetryLater):
        nightly.compare(payload, now=night, lease=None)
    nightly.compare(payload, now=night + timedelta(hours=6), lease=None)
    read.run(run)
    assert not SyncRun.objects.filter(kind="nightly").exists()
    Hint.objects.create(connection=read.connection, external_id="old", received_at=night - timedelta(days=8))
    nightly.compare(payload, now=night, lease=None)
    assert SyncRun.objects.filter(kind="nightly").count() == 1
    assert not Hint.objects.exists()
