"""One account to another stage, through the service."""

from datetime import timedelta

import pytest

from accounts import services as accounts
from cs_platform import ledger
from cs_platform.ledger.models import AuditRow, FactRow
from lifecycle import selectors, services
from lifecycle.models import Stage, StageInterval
from tests.cast import NOW
from tests.lifecycle.standing import (
    ADOPTING,
    DAY,
    NURTURING,
    ONBOARDING,
    PROSPECT,
    RENEWING,
    TEST,
    line,
    managed,
    move,
    stage_of,
    staged,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_acme")]


def refused(account, stage, **given):
    with pytest.raises(ledger.Refused) as refusal:
        move(account, stage, **given)
    return refusal.value.code


def test_a_move_changes_the_stage_and_turns_the_page():
    account = staged(ONBOARDING)
    later = NOW + 3 * DAY
    standing = move(account, ADOPTING, now=later)
    assert (standing.stage_name, standing.entered_at, standing.status) == (ADOPTING, later, "running")
    assert standing.version == 2
    assert line(account) == [(ONBOARDING, NOW, later), (ADOPTING, later, None)]


def test_it_leaves_one_audit_row_and_one_fact(ben):
    account = staged(ONBOARDING)
    services.move_stage(account, "customer", ADOPTING, reason="Usage is there.", actor=ben.actor, now=NOW + DAY)
    (row,) = AuditRow.objects.select_related("call").filter(verb="stage.move")
    assert row.account_id == account.pk
    assert row.changes["stage_name"] == [ONBOARDING, ADOPTING]
    assert (row.call.actor_words, row.call.note) == ("Ben", "To 2. Adopting. Usage is there.")
    fact = FactRow.objects.filter(name="lifecycle.entered_stage").order_by("-id").first()
    assert fact.payload == {
        "account_ids": [str(account.pk)],
        "lifecycle": "customer",
        "stage": ADOPTING,
        "baseline": False,
        "stage_id": str(Stage.objects.get(name=ADOPTING).pk),
        "stage_key": "adopting",
    }


def test_the_stage_it_is_in_is_refused():
    assert refused(staged(ONBOARDING), ONBOARDING) == "already_there"


def test_a_way_that_is_not_in_the_graph_is_refused():
    account = staged(NURTURING)
    assert refused(account, PROSPECT, reason="A try.") == "move_not_allowed"
    assert stage_of(account) == NURTURING


def test_going_back_needs_a_reason():
    account = staged(NURTURING)
    assert refused(account, ADOPTING) == "reason_needed"
    move(account, ADOPTING, reason="Usage fell below the target.")
    assert stage_of(account) == ADOPTING
    assert StageInterval.objects.get(left_at__isnull=True).reason == "Usage fell below the target."


def test_after_a_renewal_no_reason_is_needed():
    assert move(staged(RENEWING), NURTURING, now=NOW + DAY).stage_name == NURTURING


def test_an_unknown_stage_an_unknown_lifecycle_and_another_case_are_refused():
    account = staged(ONBOARDING)
    assert refused(account, "2. adopting") == "unknown_stage"
    assert refused(account, "Live") == "unknown_stage"
    assert refused(account, ADOPTING, lifecycle="journey") == "unknown_lifecycle"


def test_a_stage_that_is_switched_off_takes_nobody():
    services.disable_stage(selectors.stages_of_lifecycle("customer")[3], confirmed=True, actor=TEST, now=NOW)
    assert refused(staged(ONBOARDING), NURTURING) == "stage_disabled"


def test_an_account_that_is_in_no_stage_enters_at_any():
    account = managed()
    standing = move(account, NURTURING)
    assert line(account) == [(NURTURING, NOW, None)]
    assert standing.entered_at == NOW
    assert FactRow.objects.filter(name="lifecycle.entered_stage").count() == 1


def test_an_archived_account_does_not_move():
    account = staged(ONBOARDING)
    accounts.archive_account(account, "Gone.", actor=TEST, now=NOW)
    assert refused(account, ADOPTING) == "archived"


def test_a_clock_that_lags_behind_does_not_make_a_move_fail():
    account = staged(ONBOARDING)
    standing = move(account, ADOPTING, now=NOW - timedelta(seconds=2))
    assert standing.entered_at == NOW
    assert line(account) == [(ONBOARDING, NOW, NOW), (ADOPTING, NOW, None)]


@pytest.mark.parametrize("reason", ["x" * 1001, "bell \x07"])
def test_a_reason_that_no_column_holds_is_refused(reason):
    assert refused(staged(ONBOARDING), ADOPTING, reason=reason) in ("too_long", "control_characters")
