"""A move that is entered later than it happened."""

from datetime import datetime, timedelta

import pytest

from cs_platform import ledger
from lifecycle import selectors
from lifecycle.models import StageInterval
from tests.cast import NOW
from tests.lifecycle.standing import ADOPTING, DAY, NURTURING, ONBOARDING, line, move, staged

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_acme")]
TODAY = NOW + 30 * DAY


def test_it_counts_from_the_day_it_happened_and_says_when_it_was_entered():
    account = staged(ONBOARDING)
    happened = NOW + 10 * DAY
    standing = move(account, ADOPTING, effective_at=happened, now=TODAY)
    assert line(account) == [(ONBOARDING, NOW, happened), (ADOPTING, happened, None)]
    assert standing.days_in(TODAY) == 20
    assert StageInterval.objects.get(left_at__isnull=True).recorded_at == TODAY
    assert "entered on" in selectors.explain_stage(account).words


def test_figures_follow():
    lifecycle = selectors.default_lifecycle()
    move(staged(ONBOARDING), ADOPTING, effective_at=NOW + 10 * DAY, now=TODAY)
    onboarding = next(row for row in selectors.durations(lifecycle) if row.stage == ONBOARDING)
    assert onboarding.median_days == 10


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        (NOW - timedelta(seconds=1), "before_entry"),
        (TODAY + timedelta(seconds=1), "in_the_future"),
        (datetime(2026, 11, 25), "naive"),
    ],
)
def test_neither_before_the_entry_nor_in_the_future_nor_without_a_zone(moment, code):
    account = staged(ONBOARDING)
    with pytest.raises(ledger.Refused) as refusal:
        move(account, ADOPTING, effective_at=moment, now=TODAY)
    assert (refusal.value.code, refusal.value.field) == (code, "effective_at")
    assert line(account) == [(ONBOARDING, NOW, None)]


def test_the_moment_of_entry_itself_is_allowed_and_the_first_stage_is_only_passed_through():
    account = staged(ONBOARDING)
    move(account, ADOPTING, effective_at=NOW, now=TODAY)
    assert line(account) == [(ONBOARDING, NOW, NOW), (ADOPTING, NOW, None)]
    move(account, NURTURING, now=TODAY)
    rows = {row.stage: row for row in selectors.durations(selectors.default_lifecycle())}
    assert (rows[ONBOARDING].finished, rows[ONBOARDING].median_days) == (0, None)
    assert (rows[ADOPTING].finished, rows[ADOPTING].median_days) == (1, 30)
