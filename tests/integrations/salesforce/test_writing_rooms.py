"""What other rooms make at an account, there as a record: tasks, the hand-off's meeting and its document."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Account
from activities import services as activities
from activities.models import Task
from cs_platform.tenancy.scope import tenant_scope
from onboarding import services as onboarding
from onboarding.models import Handoff, HandoffDocument
from tests.cast import make_member
from tests.integrations.salesforce.writing_back import ANA, Back, one_org

pytestmark = pytest.mark.django_db


@pytest.fixture
def back(acme: Any, tmp_path: Path, settings: Any) -> Iterator[Back]:
    with one_org(acme, tmp_path, settings) as found:
        found.sf_id = found.play.account("Adler", "Named")  # type: ignore[attr-defined]
        deal = found.play.deal(found.sf_id, "First deal", Type="New Business", CloseDate="2026-12-01")  # type: ignore[attr-defined]
        found.sync()
        found.change(deal, StageName="Closed Won")
        found.sync()
        yield found


def test_a_task_goes_there_and_follows_what_becomes_of_it(back: Back) -> None:
    with tenant_scope(back.tenant):
        values = {"title": "Call them", "account_id": Account.objects.get().pk, "due_date": "2026-12-01"}
        task = activities.create_task(values, actor=ANA, now=back.now())
    back.settle()
    (found,) = back.org.find("Task", Subject="Call them")
    assert (found["WhatId"], found["Status"], found["ActivityDate"]) == (back.sf_id, "Not Started", "2026-12-01")
    with tenant_scope(back.tenant):
        activities.complete_task(Task.objects.get(pk=task.pk), outcome="They are happy.", actor=ANA, now=back.now())
    back.settle()
    (found,) = back.org.find("Task", Subject="Call them")
    assert found["Status"] == "Completed" and "They are happy." in found["Description"]


def test_a_task_without_an_account_stays_here(back: Back) -> None:
    before = back.org.count("Task")
    with tenant_scope(back.tenant):
        activities.create_task({"title": "Tidy up"}, actor=ANA, now=back.now())
    back.settle()
    assert back.org.count("Task") == before


def test_the_meeting_is_one_event_however_often_it_is_planned(back: Back) -> None:
    carla = make_member(back.tenant, "Carla", "presales_ce")
    for hour in (9, 14):
        with tenant_scope(back.tenant):
            starts_at = datetime(2026, 12, 3, hour, tzinfo=UTC)
            given = onboarding.MeetingInput(starts_at, customer_engineer_id=carla.pk)
            onboarding.plan_meeting(Handoff.objects.get(), given, actor=ANA, now=back.now())
        back.settle()
    (found,) = back.org.find("Event")
    assert found["WhatId"] == back.sf_id and "Adler" in found["Subject"]
    assert found["StartDateTime"].startswith("2026-12-03T14:00:00")
    with tenant_scope(back.tenant):
        onboarding.call_off_meeting(Handoff.objects.get(), actor=ANA, now=back.now())
    back.settle()
    (found,) = back.org.find("Event")
    assert found["Subject"].startswith("Called off: ")


def test_a_finished_document_is_a_file_at_the_account(back: Back) -> None:
    with tenant_scope(back.tenant):
        document = HandoffDocument.objects.get()
        onboarding.finish_document(document, actor=ANA, now=back.now())
    back.settle()
    (found,) = back.org.find("ContentVersion")
    assert found["FirstPublishLocationId"] == back.sf_id and found["Title"] == "Hand-off: Adler"
    assert base64.b64decode(found["VersionData"]).decode().strip()
