"""What lists, rules, home and the account page ask of this room."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import rules
from accounts import services as accounts
from accounts.models import Account
from lifecycle import selectors, services
from lifecycle.services import StageInput
from tests.cast import NOW
from tests.lifecycle.standing import (
    ADOPTING,
    DAY,
    NURTURING,
    ONBOARDING,
    PROSPECT,
    RENEWING,
    TEST,
    managed,
    move,
    staged,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_acme")]


@pytest.fixture
def project():
    stages = [StageInput("Kick Off"), StageInput("Integration"), StageInput("Live", is_end=True)]
    return services.create_lifecycle("project", "Project", stages, actor=TEST, now=NOW)


def names(found):
    return sorted(found.values_list("name", flat=True))


def asked(rule, now=NOW):
    return names(Account.objects.filter(rules.predicate(rules.parse(rule, rules.ACCOUNTS), now=now)))


def test_a_page_of_accounts_is_one_question(project):
    chosen = [staged(ONBOARDING, f"Account {n}") for n in range(5)]
    move(chosen[0], "Kick Off", lifecycle="project")
    with CaptureQueriesContext(connection) as captured:
        found = selectors.current_stages([account.pk for account in chosen], now=NOW + 3 * DAY)
    assert len(captured) == 1
    assert {key: now.stage for key, now in found[chosen[0].pk].items()} == {
        "customer": ONBOARDING,
        "project": "Kick Off",
    }
    assert len(found) == 5
    assert selectors.current_stages([], now=NOW) == {}


@pytest.mark.parametrize(("days", "pace"), [(60, "on_track"), (61, "behind"), (120, "behind"), (121, "stuck")])
def test_the_pace_compares_the_days_with_the_expected_ones(days, pace):
    account = staged(ONBOARDING)
    now_there = selectors.current_stages([account.pk], now=NOW + days * DAY)[account.pk]["customer"]
    assert (now_there.days_in, now_there.pace) == (days, pace)


def test_an_end_stage_stops_the_count_and_leaving_it_starts_it_again(project):
    account = managed()
    move(account, "Kick Off", lifecycle="project")
    move(account, "Live", lifecycle="project", now=NOW + 10 * DAY)
    there = selectors.current_stages([account.pk], now=NOW + 50 * DAY)[account.pk]["project"]
    assert (there.days_in, there.status, there.pace) == (0, "completed", "")
    move(account, "Integration", lifecycle="project", now=NOW + 50 * DAY)
    there = selectors.current_stages([account.pk], now=NOW + 57 * DAY)[account.pk]["project"]
    assert (there.days_in, there.status) == (7, "running")
    counted = [row.counted for row in selectors.history(account.pk, "project")]
    assert counted == [True, False, True]


def test_archiving_in_an_end_stage_stops_nothing_and_restoring_starts_nothing(project):
    account = managed()
    move(account, "Live", lifecycle="project")
    accounts.archive_account(account, "Gone.", actor=TEST, now=NOW + DAY)
    assert services.stop_clocks([account.pk], actor=TEST, now=NOW + DAY) == []
    accounts.restore_account(account, actor=TEST, now=NOW + 2 * DAY)
    assert services.start_clocks([account.pk], actor=TEST, now=NOW + 2 * DAY) == []
    assert selectors.history(account.pk, "project").count() == 1


def test_lists_are_filtered_by_stage():
    staged(ONBOARDING, "One"), staged(ADOPTING, "Two"), staged(RENEWING, "Three"), managed("Four")
    within = Account.objects.filter(pk__in=selectors.accounts_in_stage("customer", ONBOARDING, RENEWING))
    assert names(within) == ["One", "Three"]
    assert names(Account.objects.filter(pk__in=selectors.accounts_in_stage("journey", ONBOARDING))) == []


def test_lists_are_filtered_by_days_in_the_stage():
    old, young, paused = (
        staged(ONBOARDING, "Old"),
        staged(ONBOARDING, "Young", now=NOW + 8 * DAY),
        staged(name="Paused"),
    )
    accounts.archive_account(paused, "Gone.", actor=TEST, now=NOW + 3 * DAY)
    services.stop_clocks([paused.pk], actor=TEST, now=NOW + 3 * DAY)
    today = NOW + 10 * DAY

    def within(**bounds):
        return names(Account.objects.filter(selectors.days_in_stage("customer", now=today, **bounds)))

    assert within(at_least=10) == [old.name]
    assert within(at_least=11) == []
    assert within(at_most=2) == [young.name]
    assert within(at_least=3, at_most=3) == [paused.name]


def test_rules_ask_for_the_stage_and_the_days_in_it():
    staged(ONBOARDING, "One"), staged(ADOPTING, "Two", now=NOW + 5 * DAY), managed("Three")
    today = NOW + 9 * DAY
    assert asked({"field": "stage", "op": "eq", "value": ONBOARDING}) == ["One"]
    assert asked({"field": "stage", "op": "ne", "value": ONBOARDING}) == ["Two"]
    assert asked({"field": "stage", "op": "in", "value": [ONBOARDING, ADOPTING]}) == ["One", "Two"]
    assert asked({"field": "stage", "op": "missing"}) == ["Three"]
    assert asked({"field": "stage", "op": "exists"}) == ["One", "Two"]
    assert asked({"field": "days_in_stage", "op": "gte", "value": 9}, today) == ["One"]
    assert asked({"field": "days_in_stage", "op": "eq", "value": 4}, today) == ["Two"]
    assert asked({"not": {"field": "days_in_stage", "op": "gt", "value": 8}}, today) == ["Three", "Two"]
    assert asked({"field": "stage_entered_at", "op": "within_last", "value": 5}, today) == ["Two"]


def test_home_counts_managed_accounts_by_stage():
    staged(ONBOARDING, "One"), staged(ONBOARDING, "Two"), staged(PROSPECT, "Three")
    gone = staged(ADOPTING, "Four")
    accounts.archive_account(gone, "Gone.", actor=TEST, now=NOW)
    counted = selectors.stage_counts(selectors.default_lifecycle())
    assert [(stage.name, count) for stage, count in counted] == [
        (PROSPECT, 1),
        (ONBOARDING, 2),
        (ADOPTING, 0),
        (NURTURING, 0),
        (RENEWING, 0),
    ]


def test_durations_are_the_middle_and_the_ninetieth_of_the_counted_days():
    lifecycle = selectors.default_lifecycle()
    for days in range(1, 11):
        move(staged(ONBOARDING, f"Account {days}"), ADOPTING, now=NOW + days * DAY)
    paused = staged(ONBOARDING, "Paused")
    accounts.archive_account(paused, "Gone.", actor=TEST, now=NOW + DAY)
    services.stop_clocks([paused.pk], actor=TEST, now=NOW + DAY)
    accounts.restore_account(paused, actor=TEST, now=NOW + 100 * DAY)
    services.start_clocks([paused.pk], actor=TEST, now=NOW + 100 * DAY)
    move(paused, ADOPTING, now=NOW + 110 * DAY)
    rows = {row.stage: row for row in selectors.durations(lifecycle)}
    found = rows[ONBOARDING]
    assert (found.finished, found.median_days, found.p90_days, found.in_stage) == (11, 6, 10, 0)
    assert (rows[ADOPTING].finished, rows[ADOPTING].median_days, rows[ADOPTING].in_stage) == (0, None, 11)
    assert rows[PROSPECT].finished == 0


def test_durations_by_the_month_in_which_stays_began():
    lifecycle = selectors.default_lifecycle()
    move(staged(ONBOARDING, "November"), ADOPTING, now=NOW + 4 * DAY)
    move(staged(ONBOARDING, "December", now=NOW + 10 * DAY), ADOPTING, now=NOW + 30 * DAY)
    rows = selectors.durations(lifecycle, by_month=True, zone="Europe/Berlin")
    assert [(row.cohort, row.median_days) for row in rows if row.stage == ONBOARDING] == [
        ("2026-11", 4),
        ("2026-12", 20),
    ]


def test_who_held_a_stage_for_long_enough():
    often, long_ago, never = staged(ONBOARDING, "Often"), staged(ONBOARDING, "Long ago"), staged(PROSPECT, "Never")
    move(often, ADOPTING, now=NOW + 5 * DAY)
    move(often, ONBOARDING, now=NOW + 90 * DAY, reason="Back.")
    move(long_ago, ADOPTING, now=NOW + 20 * DAY)
    today = NOW + 100 * DAY

    def held(days, within_days, **given):
        ids = selectors.accounts_that_held(
            "customer", ONBOARDING, days=days, within_days=within_days, now=today, **given
        )
        return names(Account.objects.filter(pk__in=ids))

    assert held(10, 30) == [often.name]
    assert held(11, 30) == []
    assert held(15, 100) == [long_ago.name, often.name]
    assert held(15, 30, all_time=True) == [often.name]
    assert held(15, 90, all_time=True) == [long_ago.name, often.name]
    assert held(16, 90, all_time=True) == [long_ago.name]
    assert never.name not in held(1, 1000)


def test_an_account_in_no_stage_is_explained_too():
    words = selectors.explain_stage(managed()).words
    assert words == "Globex is in no stage of Customer lifecycle."


def test_a_paused_stage_says_so():
    account = staged(ONBOARDING)
    accounts.archive_account(account, "Gone.", actor=TEST, now=NOW + DAY)
    services.stop_clocks([account.pk], actor=TEST, now=NOW + DAY)
    assert selectors.explain_stage(account).words == (
        "1. Onboarding since 23 Nov 2026 moved by test. The days do not count while the account is archived."
    )
