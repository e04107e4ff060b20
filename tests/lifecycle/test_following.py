"""What happens to the stage by itself when accounts come, win, go and come back."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import services as accounts
from accounts.models import Account
from accounts.services import AccountInput, OpportunityInput
from cs_platform import ledger
from cs_platform.ledger.models import FactRow, Outbox
from cs_platform.tenancy.scope import tenant_scope
from lifecycle import selectors, services
from lifecycle.models import AccountLifecycle
from tests.cast import NOW
from tests.lifecycle.standing import ADOPTING, DAY, ONBOARDING, PROSPECT, TEST, line, managed, move, stage_of

pytestmark = pytest.mark.django_db
WON = {"name": "Rollout", "is_closed": True, "is_won": True, "is_new_business": True, "close_date": date(2026, 11, 20)}


@pytest.fixture
def scope(acme):
    """Calls run in acme's scope, the queue runs outside of any."""

    class Scope:
        def __call__(self, function, *args, **given):
            with tenant_scope(acme):
                return function(*args, **given)

        def drain(self, now=NOW):
            ledger.drain(now)
            with tenant_scope(acme):
                assert not Outbox.objects.exclude(state="done").filter(kind__startswith="receive:lifecycle").exists()

    return Scope()


def win(account, *, baseline=False, now=NOW, number="006000000000000001", **values):
    row = OpportunityInput(account.pk, {**WON, **values}, salesforce_id=number)
    (result,) = accounts.upsert_opportunities([row], actor=TEST, now=now, baseline=baseline)
    assert not result.errors
    return result.id


def facts():
    return [
        (fact.payload["stage"], fact.payload["baseline"])
        for fact in FactRow.objects.filter(name="lifecycle.entered_stage").order_by("id")
    ]


def test_an_account_that_becomes_managed_is_a_prospect(scope):
    account = scope(managed)
    scope.drain()
    assert scope(stage_of, account) == PROSPECT
    assert scope(facts) == [(PROSPECT, False)]
    assert scope(selectors.explain_stage, account).words == (
        "0. Prospect since 23 Nov 2026 because the account became managed (support level Named), "
        "moved by lifecycle rules."
    )


def test_hearing_it_twice_changes_nothing(scope):
    account = scope(managed)
    scope.drain()
    rules = ledger.system("lifecycle rules")
    assert scope(services.follow_managed, [account.pk], actor=rules, now=NOW + DAY) == []
    assert scope(line, account) == [(PROSPECT, NOW, None)]
    assert scope(facts) == [(PROSPECT, False)]


def test_a_won_new_business_deal_starts_the_onboarding(scope):
    account = scope(managed)
    scope.drain()
    scope(win, account, now=NOW + DAY)
    scope.drain(NOW + DAY)
    assert scope(line, account) == [(PROSPECT, NOW, NOW + DAY), (ONBOARDING, NOW + DAY, None)]
    assert scope(facts) == [(PROSPECT, False), (ONBOARDING, False)]
    assert scope(selectors.explain_stage, account).words == (
        "1. Onboarding since 24 Nov 2026 because the new-business opportunity “Rollout” was won "
        "(close date 20 Nov 2026), moved by lifecycle rules."
    )


def test_other_deals_and_lost_ones_move_nobody(scope):
    account = scope(managed)
    scope(win, account, is_new_business=False)
    scope(win, account, is_won=False, number="006000000000000002")
    scope.drain()
    assert scope(stage_of, account) == PROSPECT


def test_a_second_deal_does_not_start_it_again(scope):
    account = scope(managed)
    scope(win, account)
    scope.drain()
    scope(move, account, ADOPTING, now=NOW + DAY)
    scope(win, account, number="006000000000000002", now=NOW + 2 * DAY)
    scope.drain(NOW + 2 * DAY)
    assert scope(stage_of, account) == ADOPTING


def test_one_that_was_put_back_by_hand_stays_there_until_another_deal_is_won(scope):
    account = scope(managed)
    scope(win, account)
    scope.drain()
    scope(move, account, PROSPECT, reason="Marked as won by mistake.", now=NOW + DAY)
    scope(services.follow_managed, [account.pk], actor=TEST, now=NOW + DAY)
    assert scope(stage_of, account) == PROSPECT
    scope(win, account, number="006000000000000002", now=NOW + 2 * DAY)
    scope.drain(NOW + 2 * DAY)
    assert scope(stage_of, account) == ONBOARDING


def test_a_deal_that_was_won_before_the_account_is_managed_leads_through_both_stages(scope):
    account = scope(accounts.create_account, {"name": "Globex"}, actor=TEST, now=NOW)
    scope(win, account)
    scope.drain()
    assert scope(stage_of, account) == ""
    scope(accounts.set_support_level, account, "Named", actor=TEST, now=NOW + DAY)
    scope.drain(NOW + DAY)
    assert [row[0] for row in scope(line, account)] == [PROSPECT, ONBOARDING]
    assert scope(facts) == [(PROSPECT, False), (ONBOARDING, False)]


def first_sync(name, close_date=None):
    row = AccountInput({"name": name, "support_level": "Named"}, external_id=name)
    (result,) = accounts.upsert_accounts([row], actor=TEST, now=NOW, baseline=True)
    account = Account.objects.get(pk=result.id)
    if close_date:
        win(account, baseline=True, close_date=close_date)
    return account


@pytest.mark.parametrize(
    ("close_date", "stage"),
    [
        (None, PROSPECT),
        (date(2026, 11, 20), ONBOARDING),
        (date(2026, 9, 24), ONBOARDING),
        (date(2026, 9, 23), ADOPTING),
        (date(2020, 1, 1), ADOPTING),
        (date(2026, 12, 24), ONBOARDING),
    ],
)
def test_what_was_there_at_the_first_sync_is_put_where_it_belongs_and_nobody_is_told_of_news(scope, close_date, stage):
    account = scope(first_sync, "Globex", close_date)
    scope.drain()
    assert scope(stage_of, account) == stage
    assert all(baseline for _, baseline in scope(facts))
    assert "at the first sync" in scope(selectors.explain_stage, account).words


def test_an_old_deal_of_an_account_that_becomes_managed_later_is_news(scope):
    account = scope(managed)
    scope(win, account, baseline=True, close_date=date(2020, 1, 1))
    scope.drain()
    assert scope(stage_of, account) == ONBOARDING
    assert scope(facts) == [(PROSPECT, False), (ONBOARDING, False)]


def test_the_first_deal_decides_how_old_a_customer_is(scope):
    account = scope(first_sync, "Globex", date(2026, 11, 20))
    scope(win, account, baseline=True, close_date=date(2021, 5, 1), number="006000000000000009")
    scope.drain()
    assert scope(stage_of, account) == ADOPTING


def test_an_archived_account_keeps_its_stage_and_its_days_stop(scope):
    account = scope(managed)
    scope.drain()
    scope(accounts.archive_account, account, "Lost.", actor=TEST, now=NOW + 10 * DAY)
    scope.drain(NOW + 15 * DAY)  # heard five days late
    now_there = scope(selectors.current_stages, [account.pk], now=NOW + 40 * DAY)[account.pk]["customer"]
    assert (now_there.stage, now_there.days_in, now_there.status, now_there.pace) == (PROSPECT, 10, "paused", "")
    scope(accounts.restore_account, account, actor=TEST, now=NOW + 20 * DAY)
    scope.drain(NOW + 20 * DAY)
    now_there = scope(selectors.current_stages, [account.pk], now=NOW + 25 * DAY)[account.pk]["customer"]
    assert (now_there.days_in, now_there.status, now_there.entered_at) == (15, "running", NOW)
    assert scope(line, account) == [
        (PROSPECT, NOW, NOW + 10 * DAY),
        (PROSPECT, NOW + 10 * DAY, NOW + 20 * DAY),
        (PROSPECT, NOW + 20 * DAY, None),
    ]
    assert scope(facts) == [(PROSPECT, False)]


def test_archived_and_back_before_anybody_heard_of_it_is_no_pause(scope):
    account = scope(managed)
    scope.drain()
    scope(accounts.archive_account, account, "Lost.", actor=TEST, now=NOW + DAY)
    scope(accounts.restore_account, account, actor=TEST, now=NOW + DAY + timedelta(minutes=1))
    scope.drain(NOW + 2 * DAY)
    assert scope(line, account) == [(PROSPECT, NOW, None)]


def test_a_deal_won_while_the_account_was_archived_counts_when_it_comes_back(scope):
    account = scope(managed)
    scope.drain()
    scope(accounts.archive_account, account, "Lost.", actor=TEST, now=NOW + DAY)
    scope.drain(NOW + DAY)
    scope(win, account, now=NOW + 2 * DAY)
    scope.drain(NOW + 2 * DAY)
    assert scope(stage_of, account) == PROSPECT
    scope(accounts.restore_account, account, actor=TEST, now=NOW + 3 * DAY)
    scope.drain(NOW + 3 * DAY)
    assert scope(stage_of, account) == ONBOARDING


def test_a_renamed_stage_is_still_the_one_the_rules_mean(scope):
    prospect, onboarding, *_ = scope(selectors.stages_of_lifecycle, "customer")
    scope(services.rename_stage, onboarding, "Getting started", actor=TEST, now=NOW)
    account = scope(managed)
    scope(win, account)
    scope.drain()
    assert scope(stage_of, account) == "Getting started"


def test_with_prospect_switched_off_accounts_enter_at_the_first_stage_that_is_on(scope):
    prospect, *_ = scope(selectors.stages_of_lifecycle, "customer")
    scope(services.disable_stage, prospect, confirmed=True, actor=TEST, now=NOW)
    account = scope(managed)
    scope.drain()
    assert scope(stage_of, account) == ONBOARDING


def followed(count, first):
    rows = [
        AccountInput({"name": f"Account {n}", "support_level": "Named"}, external_id=str(n))
        for n in range(first, first + count)
    ]
    ids = [result.id for result in accounts.upsert_accounts(rows, actor=TEST, now=NOW)]
    for account_id in ids:
        deal = OpportunityInput(account_id, WON, salesforce_id=f"{first + ids.index(account_id):018d}")
        accounts.upsert_opportunities([deal], actor=TEST, now=NOW)
    with CaptureQueriesContext(connection) as captured:
        services.follow_managed(ids, actor=TEST, now=NOW)
    assert AccountLifecycle.objects.filter(account_id__in=ids, stage_name=ONBOARDING).count() == count
    return len(captured)


def test_sixty_accounts_are_followed_in_as_many_statements_as_two(scope):
    for_two = scope(followed, 2, 1000)
    assert scope(followed, 60, 2000) == for_two <= 54


def test_another_tenant_hears_nothing(scope, umbra):
    scope(managed)
    scope.drain()
    with tenant_scope(umbra):
        assert not AccountLifecycle.objects.exists()
