"""Whatever happens to an account in whatever order: its intervals are one line, and its clock agrees with them."""

from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts import services as accounts
from cs_platform import ledger
from lifecycle import defaults, selectors, services
from lifecycle.models import AccountLifecycle, StageInterval
from tests.cast import NOW
from tests.lifecycle.standing import TEST, fresh, managed, move

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_acme")]
NAMES = [stage.name for stage in defaults.STAGES]
stages = st.sampled_from(NAMES)
FORWARD = {(a, b) for a in range(5) for b in range(5) if a < b}
EXPLAINED = {(1, 0), (2, 1), (3, 1), (3, 2), (4, 1)}
FREE = FORWARD | {(4, 2), (4, 3)}


class Standing(RuleBasedStateMachine):
    """One account, a clock that only runs forward, and everything that people and rules do."""

    def __init__(self):
        super().__init__()
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()

    def teardown(self):
        transaction.set_rollback(True)
        self.savepoint.__exit__(None, None, None)

    @initialize(stage=stages)
    def arrive(self, stage):
        self.now = NOW
        self.account = managed()
        self.stage, self.is_archived = stage, False
        services.enter_accounts([self.account.pk], "customer", stage, actor=TEST, now=self.now)

    @rule(passed=st.timedeltas(timedelta(0), timedelta(days=90)))
    def time_passes(self, passed):
        self.now += passed

    def allowed(self, to, reason):
        pair = NAMES.index(self.stage), NAMES.index(to)
        return not self.is_archived and (pair in FREE or (pair in EXPLAINED and bool(reason)))

    @rule(to=stages, reason=st.sampled_from(["", "Because."]))
    def move(self, to, reason):
        self.attempt(to, reason, None, self.allowed(to, reason))

    @rule(to=stages, ago=st.timedeltas(timedelta(0), timedelta(days=60)))
    def enter_late(self, to, ago):
        moment = self.now - ago
        since = AccountLifecycle.objects.get().since
        self.attempt(to, "Because.", moment, self.allowed(to, "Because.") and moment >= since)

    def attempt(self, to, reason, moment, should_go):
        try:
            with transaction.atomic():
                move(self.account, to, reason=reason, effective_at=moment, now=self.now)
            went = True
        except ledger.Refused:
            went = False
        assert went is should_go
        if went:
            self.stage = to

    @rule(to=stages)
    def move_in_a_set(self, to):
        moved = services.move_accounts([self.account.pk], "customer", to, actor=TEST, now=self.now)
        assert bool(moved) is self.allowed(to, "")
        if moved:
            self.stage = to

    @precondition(lambda self: not self.is_archived)
    @rule()
    def archive(self):
        accounts.archive_account(fresh(self.account), "Gone.", actor=TEST, now=self.now)
        self.is_archived = True

    @precondition(lambda self: self.is_archived)
    @rule()
    def restore(self):
        accounts.restore_account(fresh(self.account), actor=TEST, now=self.now)
        self.is_archived = False

    @rule()
    def hear_of_the_archiving(self):
        services.stop_clocks([self.account.pk], actor=TEST, now=self.now)

    @rule()
    def hear_of_the_account(self):
        services.follow_managed([self.account.pk], actor=TEST, now=self.now)

    @invariant()
    def there_is_one_unbroken_line(self):
        line = list(StageInterval.objects.order_by("entered_at", "id"))
        open_ones = [row for row in line if row.left_at is None]
        assert len(open_ones) == 1 and line[-1] is open_ones[0]
        assert line[0].entered_at == NOW
        for earlier, later in zip(line, line[1:], strict=False):
            assert earlier.left_at == later.entered_at
        elapsed = sum(((row.left_at or self.now) - row.entered_at for row in line), timedelta())
        assert elapsed == self.now - NOW

    @invariant()
    def the_row_agrees_with_the_line(self):
        row = AccountLifecycle.objects.get()
        last = StageInterval.objects.get(left_at__isnull=True)
        assert row.stage_name == self.stage
        assert (row.stage, row.since, row.entered_at) == (last.stage_id, last.entered_at, last.stay_from)
        assert (row.clock_from is not None) is last.counted
        stay = StageInterval.objects.filter(stage=row.stage, stay_from=row.entered_at, counted=True)
        counted = sum(((part.left_at or self.now) - part.entered_at for part in stay), timedelta())
        assert row.counted(self.now) == counted
        times = {time.stage: time for time in selectors.stage_times(self.account.pk, now=self.now)}
        assert times[self.stage].latest == counted


def test_the_line_is_never_broken():
    run_state_machine_as_test(
        Standing, settings=settings(max_examples=25, stateful_step_count=25, deadline=None, derandomize=True)
    )
