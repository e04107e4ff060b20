"""Events, tasks and files of ours in Salesforce: each once, whatever happens on the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Account
from cs_platform.ledger.models import Effect
from cs_platform.tenancy.scope import tenant_scope
from integrations.salesforce.models import Connection
from integrations.salesforce.writing import calls, deciding, noting
from integrations.salesforce.writing.fields import RECORDS
from integrations.salesforce.writing.noting import Line
from tests.integrations.salesforce.writing_back import ANA, Back, one_org

pytestmark = pytest.mark.django_db
KINDS = tuple(RECORDS)
BODIES: dict[str, dict[str, Any]] = {
    "tasks": {"Subject": "Deliver the licence", "Status": "Not Started"},
    "events": {
        "Subject": "Knowledge transfer",
        "StartDateTime": "2026-12-01T09:00:00.000+0000",
        "EndDateTime": "2026-12-01T10:00:00.000+0000",
    },
    "files": {"Title": "Hand-off", "PathOnClient": "hand-off.txt", "VersionData": "SGVsbG8="},
}


@pytest.fixture
def back(acme: Any, tmp_path: Path, settings: Any) -> Iterator[Back]:
    with one_org(acme, tmp_path, settings) as found:
        found.sf_id = found.play.account("Adler", "Named")  # type: ignore[attr-defined]
        found.sync()
        yield found


def leave(back: Back, kind: str, key: str = "thing/1", **more: Any) -> None:
    with tenant_scope(back.tenant):
        account = Account.objects.get(name="Adler")
        line = Line(account.pk, "", key, "A thing", {"fields": {**BODIES[kind], **more}, "owner": ""})
        connection = Connection.objects.get(pk=back.connection.pk)
        noting.leave_records(connection, kind, RECORDS[kind], [line], now=back.now())
    back.settle()


def made(back: Back, kind: str) -> list[dict[str, Any]]:
    return back.org.find(RECORDS[kind])


def without_key(back: Back) -> None:
    """An org that has no field for our key."""
    back.setting(write_map={"record_key": "Nowhere__c"})


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_is_made_at_its_account(back: Back, kind: str) -> None:
    leave(back, kind)
    (found,) = made(back, kind)
    place = "FirstPublishLocationId" if kind == "files" else "WhatId"
    assert found[place] == back.sf_id and found["Harbor_Id__c"] == "thing/1"
    (row,) = back.rows(kind="record")
    assert (row.state, row.made_id) == ("written", found["Id"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_lost_answer_makes_no_second_record(back: Back, kind: str) -> None:
    back.org.faults.switch("lost_answer", on="composite", times=1)
    leave(back, kind)
    back.settle(rounds=3)
    assert len(made(back, kind)) == 1 and back.rows(kind="record")[0].state == "written"


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("has_key", [True, False])
def test_a_crash_makes_no_second_record(back: Back, kind: str, has_key: bool, monkeypatch: Any) -> None:
    if not has_key:
        without_key(back)
    real = calls.patch

    def die(*args: Any, **kwargs: Any) -> Any:
        real(*args, **kwargs)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(calls, "patch", die)
        with pytest.raises(Killed):
            leave(back, kind)
    with tenant_scope(back.tenant):
        from cs_platform.ledger.models import Outbox

        Outbox.objects.filter(state="leased").update(state="pending")
    back.settle(rounds=2)
    assert len(made(back, kind)) == 1
    assert [row.state for row in back.rows(kind="record")] == ["written"]


def test_without_a_key_a_person_decides_what_nobody_knows(back: Back) -> None:
    without_key(back)
    back.org.faults.switch("maintenance", on="composite", times=1)
    leave(back, "tasks")
    back.settle(rounds=2)
    (row,) = back.rows(kind="record")
    assert row.state == "unknown" and not made(back, "tasks")
    with tenant_scope(back.tenant):
        assert Effect.objects.get(provider="salesforce").state == "unknown"
        assert not deciding.replay(back.connection, None, actor=ANA, now=back.now())
        assert deciding.replay(back.connection, [row.pk], actor=ANA, now=back.now())
    back.settle(rounds=2)
    assert len(made(back, "tasks")) == 1 and back.rows(kind="record")[0].state == "written"


def test_what_was_sent_again_is_looked_for_first(back: Back) -> None:
    without_key(back)
    back.org.faults.switch("maintenance", on="composite", times=1)
    leave(back, "tasks")
    back.settle(rounds=2)
    (row,) = back.rows(kind="record")
    back.org.create("Task", {"WhatId": back.sf_id, "Subject": BODIES["tasks"]["Subject"]})
    with tenant_scope(back.tenant):
        deciding.replay(back.connection, [row.pk], actor=ANA, now=back.now())
    back.settle(rounds=2)
    assert len(made(back, "tasks")) == 1 and back.rows(kind="record")[0].state == "written"


def test_a_task_that_changes_here_changes_there(back: Back) -> None:
    leave(back, "tasks")
    leave(back, "tasks", Status="Completed")
    (found,) = made(back, "tasks")
    assert found["Status"] == "Completed"
    calls_before = back.written()
    leave(back, "tasks", Status="Completed")
    assert back.written() == calls_before


def test_a_record_follows_the_merge_of_its_account(back: Back) -> None:
    master = back.play.account("Bauer", "Named")
    back.sync()
    back.org.faults.switch("maintenance", on="composite")
    leave(back, "events")
    back.org.faults.heal()
    back.org.merge(master, back.sf_id)
    back.sync()
    back.settle(rounds=3)
    (found,) = made(back, "events")
    assert found["WhatId"] == master


def test_a_refused_record_waits_for_a_person(back: Back) -> None:
    back.org.faults.switch("validation_rule", field="Task.Subject")
    leave(back, "tasks")
    (row,) = back.rows(kind="record")
    assert (row.state, row.code) == ("failed", "FIELD_CUSTOM_VALIDATION_EXCEPTION")
    back.org.faults.heal()
    with tenant_scope(back.tenant):
        deciding.replay(back.connection, None, actor=ANA, now=back.now())
    back.settle()
    assert len(made(back, "tasks")) == 1


def test_kinds_that_are_switched_off_are_not_written(back: Back) -> None:
    back.setting(directions={"tasks": "off"})
    leave(back, "tasks")
    assert not made(back, "tasks") and not back.rows(kind="record")
