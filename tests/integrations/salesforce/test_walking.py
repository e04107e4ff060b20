"""The walk through the org: complete, once, and indifferent to where it was cut."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Account, Contact, Opportunity
from cs_platform.ledger.models import AuditRow, FactRow
from cs_platform.tenancy.scope import tenant_scope
from integrations.salesforce import lease
from integrations.salesforce.models import MirrorRecord, SyncRun
from tests.integrations.salesforce.conftest import Sync, connect
from tests.integrations.salesforce.small_org import LEVEL

pytestmark = pytest.mark.django_db


def everything() -> list[Any]:
    """All that a sync may have written, without its own notes."""
    return [
        sorted(Account.objects.values_list("salesforce_id", "name", "state", "version", "parent__salesforce_id")),
        sorted(Contact.objects.values_list("salesforce_id", "name", "account__salesforce_id", "version")),
        sorted(Opportunity.objects.values_list("salesforce_id", "name", "account__salesforce_id", "version")),
        sorted(MirrorRecord.objects.values_list("sobject", "sf_id", "digest", "managed", "settle")),
    ]


def told() -> tuple[int, int]:
    return AuditRow.objects.exclude(object_type="sync_run").count(), FactRow.objects.count()


def fill(org: Any, accounts: int = 7) -> None:
    """Every second account managed, with people, deals and parents; all in one second."""
    parent = None
    for number in range(accounts):
        sf_id = org.account(f"Account {number}", "Named" if number % 2 == 0 else None, ParentId=parent)
        org.contact(sf_id, f"Person {number}")
        org.contact(sf_id, f"Other {number}")
        org.deal(sf_id, f"Deal {number}", won=number % 3 == 0)
        parent = sf_id if number % 2 == 0 else parent


def test_a_second_sync_changes_nothing(sync, org, server):
    fill(org)
    sync()
    before, count = everything(), told()
    org.later(minutes=5)
    org.queries.clear()
    run = sync()
    assert everything() == before and told() == count
    assert (run.created, run.updated, run.archived, run.rejected) == (0, 0, 0, 0)
    assert run.read == run.unchanged
    assert (run.api_calls, len(org.queries)) == (4, 4)


def test_a_quiet_org_is_asked_for_its_window_only(sync, org):
    fill(org)
    sync()
    org.later(hours=1)
    sync()
    org.later(minutes=5)
    assert sync().read == 0


def test_the_run_counts_every_row_once(sync, org):
    fill(org)
    org.contact(None, "Nobody")
    run = sync(page_size=3)
    shares = (run.created, run.updated, run.archived, run.unchanged, run.waiting, run.rejected)
    assert run.read == 7 * 4 + 1 == sum(shares)


@pytest.mark.parametrize("page_size", [1, 2, 3, 5])
def test_rows_with_one_stamp_cross_page_borders_without_loss(sync, org, page_size):
    fill(org)
    sync(page_size=page_size)
    assert (Account.objects.count(), Contact.objects.count(), Opportunity.objects.count()) == (4, 8, 4)
    assert MirrorRecord.objects.count() == 28


class Killed(Exception):
    """The process is gone: nothing after this line runs."""


def test_a_sync_killed_after_every_page_ends_as_one_that_was_not(acme, umbra, org):
    fill(org, 5)
    with tenant_scope(umbra):
        whole = Sync(connect(org.origin), lambda: org.clock)(page_size=2)
        expected, facts = everything(), FactRow.objects.count()

    def die(run: SyncRun) -> None:
        raise Killed

    with tenant_scope(acme):
        sync = Sync(connect(org.origin), lambda: org.clock)
        run, kills = sync.start(), 0
        while True:
            try:
                if sync.stretch(run, page_size=2, tell=die):
                    break
            except Killed:
                kills += 1  # its lease is still there; the next stretch of the same run takes it over
        run.refresh_from_db()
        assert run.state == "done" and kills > 10
        assert everything() == expected and FactRow.objects.count() == facts
        assert (run.read, run.created, run.waiting) == (whole.read, whole.created, whole.waiting)


def test_who_lost_the_lease_at_the_end_does_not_end_the_run(sync, org):
    fill(org)
    run = sync.start()

    def lose(run: SyncRun) -> None:
        if len(run.done_objects) == 4:
            lease.acquire(run.connection_id, "test", take_over_own=True)  # another process of ours took over

    with pytest.raises(lease.LeaseLost):
        sync.stretch(run, tell=lose)
    run.refresh_from_db()
    assert run.state == "running"
    assert sync.stretch(run)
    run.refresh_from_db()
    assert run.state == "done"


def test_a_page_that_breaks_off_leaves_nothing_half_done(sync, org, monkeypatch):
    fill(org)
    from integrations.salesforce import reading

    def break_off(*args: Any, **kwargs: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(reading.lease, "renew", break_off)
        run = sync.start()
        with pytest.raises(Killed):
            sync.stretch(run)
    assert not MirrorRecord.objects.exists() and not Account.objects.exists()
    assert sync().state == "done"
    assert Account.objects.count() == 4


def test_a_stretch_ends_in_time_and_the_next_goes_on(sync, org):
    fill(org)
    run = sync.start()
    stretches = 1
    while not sync.stretch(run, page_size=2, seconds=0.03):
        stretches += 1
    run.refresh_from_db()
    assert run.state == "done" and run.chunks == stretches > 1
    assert Account.objects.count() == 4


def test_rows_that_become_visible_late_are_found(sync, org):
    early = org.account("Early", "Named")
    late = org.account("Late", "Named")
    org.hidden = {late}
    org.later(minutes=2)
    sync()
    assert [a.salesforce_id for a in Account.objects.all()] == [early]
    org.hidden = set()
    org.later(minutes=5)
    sync()
    assert Account.objects.filter(salesforce_id=late).exists()


def test_rows_that_change_while_we_walk_are_found(sync, org):
    ids = [org.account(f"Account {n}", "Named") for n in range(6)]
    org.later(minutes=1)

    def change_behind(run: SyncRun) -> None:
        if run.read == 4:
            org.put("Account", ids[0], Name="Changed behind us", at=org.clock)

    run = sync.start()
    sync.stretch(run, page_size=2, tell=change_behind)
    org.later(minutes=5)
    sync()
    assert Account.objects.get(salesforce_id=ids[0]).name == "Changed behind us"


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_clock_that_differs_loses_nothing_and_is_told(sync, org, minutes):
    org.account("One", "Named")
    ours = sync.clock
    sync.clock = lambda: ours() + timedelta(minutes=minutes)
    run = sync()
    assert any("clock" in warning for warning in run.warnings)
    for number in range(3):
        org.later(minutes=5)
        org.account(f"Another {number}", "Named")
        sync()
    assert Account.objects.count() == 4


def test_older_news_does_not_overwrite_newer(sync, org):
    acme = org.account("New name", "Named", at=org.clock)
    sync()
    org.later(minutes=1)
    org.put("Account", acme, at=org.clock - timedelta(minutes=5), Name="Old name")
    sync()
    assert Account.objects.get().name == "New name"


def test_a_full_sync_reads_all_and_changes_nothing_by_itself(sync, org):
    fill(org)
    sync()
    org.later(hours=3)
    before, count = everything(), told()
    run = sync(full=True)
    assert (run.read, run.unchanged) == (28, 28)
    assert everything() == before and told() == count


def test_another_field_is_read_for_all_rows(sync, org):
    from cs_platform import ledger
    from integrations.salesforce import services

    org.fields["Account"].append("Region__c")
    org.account("Acme", "Named", Region__c="EMEA")
    sync()
    assert Account.objects.get().region == ""
    org.later(hours=2)
    given = services.ConnectionInput(settings={"field_map": {"region": "Region__c"}})
    services.edit_connection(sync.connection, given, actor=ledger.system("test"), now=org.clock)
    sync()
    assert Account.objects.get().region == "EMEA"


def test_a_field_that_vanishes_in_the_middle_keeps_its_values(sync, org):
    acme = org.account("Acme", "Named", Industry="Tech")
    sync()
    org.later(minutes=5)
    org.fields["Account"].remove("Industry")
    org.put("Account", acme, Name="Acme 2", Industry=None)
    run = sync()
    account = Account.objects.get()
    assert (run.state, account.name, account.industry) == ("done", "Acme 2", "Tech")
    assert any("Industry is missing" in warning for warning in run.warnings)


def test_two_readers_of_one_connection_do_not_meet(sync, org):
    fill(org)
    lease.acquire(sync.connection.pk, "somebody else", take_over_own=False)
    with pytest.raises(lease.LeaseHeld):
        sync.stretch(sync.start())
    assert not MirrorRecord.objects.exists()


def test_a_reader_that_lost_its_lease_writes_nothing_more(sync, org):
    fill(org)
    run = sync.start()

    def taken_over(run: SyncRun) -> None:
        if run.read == 2:
            lease.acquire(sync.connection.pk, "test", take_over_own=True)

    with pytest.raises(lease.LeaseLost):
        sync.stretch(run, page_size=2, tell=taken_over)
    assert MirrorRecord.objects.count() == 2


def test_pausing_stops_at_the_next_page(sync, org):
    from cs_platform import ledger
    from integrations.salesforce import services

    fill(org)

    def pause(run: SyncRun) -> None:
        if run.read == 2:
            services.pause_connection(sync.connection, actor=ledger.system("test"), now=org.clock)

    run = sync.start()
    assert sync.stretch(run, page_size=2, tell=pause)
    run.refresh_from_db()
    assert (run.state, run.read) == ("cancelled", 2)


def test_cancelling_stops_at_the_next_page_and_the_next_sync_goes_on(sync, org):
    from cs_platform import ledger
    from integrations.salesforce import services

    fill(org)

    def cancel(run: SyncRun) -> None:
        if run.read == 4:
            services.cancel_sync(run, actor=ledger.system("test"), now=org.clock)

    run = sync.start()
    assert sync.stretch(run, page_size=2, tell=cancel)
    run.refresh_from_db()
    assert (run.state, run.read) == ("cancelled", 4)
    after = sync(page_size=2)
    assert (after.state, after.read) == ("done", 24)
    assert Account.objects.count() == 4


def test_two_orgs_of_one_tenant_are_kept_apart(sync, org, settings):
    from tests.integrations.salesforce.small_org import small_org

    with small_org() as (other, server):
        settings.CS_SALESFORCE_EXTRA_HOSTS = [org.origin, server.origin]
        second = Sync(connect(server.origin, name="EMEA org"), lambda: other.clock)
        org.account("Acme", "Named")
        other._next = 5000
        emea = other.account("Acme EMEA", "Digital")
        other.contact(emea, "Doe")
        sync()
        second()
        assert Account.objects.count() == 2
        other.later(minutes=5)
        other.put("Account", emea, **{LEVEL: None})
        second()
        assert sorted(Account.objects.values_list("name", "state")) == [("Acme", "managed"), ("Acme EMEA", "archived")]
