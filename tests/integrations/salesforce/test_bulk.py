"""A long pass goes on by a Bulk job, and no answer of a job costs a row."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Account, Contact
from integrations.salesforce import bulk_reading, services
from integrations.salesforce.models import MirrorRecord, SyncCursor
from tests.integrations.salesforce.played import Played
from tests.integrations.salesforce.small_org import LEVEL

pytestmark = pytest.mark.django_db
PAGE = 5


@pytest.fixture(autouse=True)
def _small(monkeypatch: Any) -> None:
    monkeypatch.setattr(bulk_reading, "COUNT_FROM", PAGE)
    monkeypatch.setattr(bulk_reading, "BULK_FROM", 12)
    monkeypatch.setattr(bulk_reading, "JOB_PAGE", 7)
    monkeypatch.setattr(bulk_reading, "PAUSES", (0.01,))


@pytest.fixture
def large(org_of_acme: Played) -> Played:
    """Thirty accounts, half of them managed, in three seconds; forty contacts in one."""
    rows = [
        {
            "Name": f"Account {n}",
            LEVEL: "Named" if n % 2 else None,
            "Industry": 'a "quoted"\nline' if n == 7 else "Tech",
        }
        for n in range(30)
    ]
    ids: list[str] = []
    for start in (0, 10, 20):
        ids += org_of_acme.org.bulk("Account", rows[start : start + 10])
        org_of_acme.later(seconds=1)
    org_of_acme.org.bulk("Contact", [{"AccountId": ids[n % 30], "LastName": f"Person {n}"} for n in range(40)])
    org_of_acme.later(minutes=5)
    return org_of_acme


def is_whole(played: Played) -> None:
    assert MirrorRecord.objects.filter(sobject="Account").count() == 30
    assert MirrorRecord.objects.filter(sobject="Contact").count() == 40
    assert Account.objects.count() == 15
    expected = sum(1 for row in played.org.find("Contact") if played.org.get(row["AccountId"])[LEVEL])  # type: ignore[index]
    assert Contact.objects.count() == expected
    assert not SyncCursor.objects.exclude(job_id="").exists()


def test_a_long_pass_is_brought_by_a_job_and_the_job_is_deleted(large: Played) -> None:
    run = large.sync(page_size=PAGE)
    assert run.state == "done", run.error
    is_whole(large)
    assert Account.objects.get(name="Account 7").industry == 'a "quoted" line'
    assert large.org.calls["bulk"] > 6
    assert not large.server._http.gateway.jobs._jobs
    assert run.expected == run.read


def test_a_short_pass_is_not(org_of_acme: Played) -> None:
    for n in range(8):
        org_of_acme.account(f"Account {n}", "Named")
    assert org_of_acme.sync(page_size=PAGE).state == "done"
    assert org_of_acme.org.calls["bulk"] == 0
    assert Account.objects.count() == 8


def test_a_crash_after_every_portion_goes_on_in_the_same_job(large: Played) -> None:
    run, deaths = large.start(), 0

    def die(_: Any) -> None:
        raise RuntimeError

    while True:
        try:
            if large.by_hand.stretch(run, page_size=PAGE, tell=die):
                break
        except RuntimeError:
            deaths += 1
    run.refresh_from_db()
    assert run.state == "done" and deaths > 14
    assert run.read == 30 + 40 + large.org.count("User")
    created = [call for call in large.org.log if call.method == "POST" and "jobs" in call.path]
    assert len(created) == 2  # one for the accounts, one for the contacts
    large.later(hours=1)
    large.sync(page_size=PAGE)
    is_whole(large)


@pytest.mark.parametrize(
    ("fault", "options"),
    [
        ("truncated_json", {"on": "bulk", "after": 2, "times": 2}),
        ("maintenance", {"on": "bulk", "after": 2, "times": 2}),
        ("empty_body", {"on": "bulk", "after": 2, "times": 2}),
        ("unauthorized", {"on": "bulk", "after": 1, "times": 1}),
        ("lost_answer", {"on": "bulk", "after": 2, "times": 2}),
        ("bulk_expired", {"after": 1, "times": 1}),
        ("bulk_slow", {"times": 3}),
        ("session_expiry", {"calls": 3}),
    ],
)
def test_bad_answers_of_a_job_cost_no_row(large: Played, fault: str, options: dict[str, Any]) -> None:
    large.org.faults.switch(fault, **options)
    run = large.sync(page_size=PAGE)
    assert run.state == "done", run.error
    is_whole(large)
    assert run.read >= 30 + 40


@pytest.mark.parametrize("fault", ["bulk_refused", "bulk_failed", "bulk_expired"])
def test_an_org_without_bulk_is_read_by_plain_pages(large: Played, fault: str) -> None:
    large.org.faults.switch(fault)
    run = large.sync(page_size=PAGE)
    assert run.state == "done", run.error
    is_whole(large)
    assert any("plain pages" in words for words in run.warnings)


def test_a_job_that_never_ends_is_left_after_half_an_hour(large: Played) -> None:
    large.org.faults.switch("bulk_slow")
    run = large.start()
    assert not large.by_hand.stretch(run, page_size=PAGE, seconds=0.1)
    run.refresh_from_db()
    assert run.attempts == 0  # waiting is no failed attempt
    for _ in range(8):
        large.later(minutes=31)
        if large.by_hand.stretch(run, page_size=PAGE, seconds=1):
            break
    run.refresh_from_db()
    assert run.state == "done", run.error
    is_whole(large)


def test_a_cancelled_run_takes_its_job_along(large: Played) -> None:
    large.org.faults.switch("bulk_slow")
    run = large.start()
    large.by_hand.stretch(run, page_size=PAGE, seconds=1)
    assert len(large.server._http.gateway.jobs._jobs) == 1
    from cs_platform import ledger
    from integrations.salesforce import lease

    services.cancel_sync(run, actor=ledger.system("test"), now=large.now())
    large.connection.refresh_from_db()
    lease.release(large.connection.pk, large.connection.fence)
    large.by_hand.stretch(run, page_size=PAGE)
    assert not large.server._http.gateway.jobs._jobs
    large.org.faults.heal()
    assert large.sync(page_size=PAGE).state == "done"
    is_whole(large)


def test_a_job_with_fewer_rows_than_promised_is_not_believed(large: Played, monkeypatch: Any) -> None:
    from integrations.salesforce.sandbox import bulk

    said = bulk._said
    monkeypatch.setattr(bulk, "_said", lambda job, base: {**said(job, base), "numberRecordsProcessed": 999})
    run = large.sync(page_size=PAGE)
    assert run.state == "failed" and "999" in run.error
    assert SyncCursor.objects.get(sobject="Account").reading
    monkeypatch.undo()
    assert large.sync(page_size=2000).state == "done"
    is_whole(large)
