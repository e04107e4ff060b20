"""Many accounts to another stage: the same rule as one by one, in a handful of statements."""

from itertools import product

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import services as accounts
from accounts.models import Account
from cs_platform import ledger
from cs_platform.ledger.models import AuditCall, AuditRow, FactRow
from lifecycle import selectors, services
from lifecycle.models import StageInterval
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
STAGES = [PROSPECT, ONBOARDING, ADOPTING, NURTURING, RENEWING]


def move_all(ids, stage, *, now=NOW, **given):
    return services.move_accounts(ids, "customer", stage, actor=TEST, now=now, **given)


def test_one_call_is_one_audit_call_one_fact_and_one_page_for_each():
    chosen = [staged(ONBOARDING, f"Account {n}") for n in range(3)]
    moved = move_all([account.pk for account in chosen], ADOPTING, now=NOW + DAY)
    assert sorted(moved) == sorted(account.pk for account in chosen)
    assert AuditCall.objects.filter(verb="stage.move").count() == 1
    assert AuditRow.objects.filter(verb="stage.move").count() == 3
    assert {tuple(row.changes["stage_name"]) for row in AuditRow.objects.filter(verb="stage.move")} == {
        (ONBOARDING, ADOPTING)
    }
    fact = FactRow.objects.filter(name="lifecycle.entered_stage").latest("id")
    assert sorted(fact.payload["account_ids"]) == sorted(str(pk) for pk in moved)
    assert line(chosen[0]) == [(ONBOARDING, NOW, NOW + DAY), (ADOPTING, NOW + DAY, None)]


def standing_places():
    """Every place an account can be in: each stage, in none, out of sight."""
    return [*STAGES, "in none", "archived"]


def put(place, name):
    account = managed(name)
    if place == "archived":
        services.enter_accounts([account.pk], "customer", ONBOARDING, actor=TEST, now=NOW)
        accounts.archive_account(account, "Gone.", actor=TEST, now=NOW)
    elif place != "in none":
        services.enter_accounts([account.pk], "customer", place, actor=TEST, now=NOW)
    return account


@pytest.mark.parametrize("target", STAGES)
@pytest.mark.parametrize("given", [{}, {"reason": "Because."}, {"effective_at": NOW - DAY}], ids=str)
def test_the_single_form_and_the_set_form_agree(target, given):
    later = NOW + DAY
    singly = {place: put(place, f"single {place}") for place in standing_places()}
    together = {place: put(place, f"set {place}") for place in standing_places()}
    went = set()
    for place, account in singly.items():
        try:
            move(account, target, now=later, **given)
            went.add(place)
        except ledger.Refused:
            pass
    moved = move_all([account.pk for account in together.values()], target, now=later, **given)
    assert {place for place, account in together.items() if account.pk in moved} == went
    for place in standing_places():
        assert line(singly[place]) == line(together[place])
        assert stage_of(singly[place]) == stage_of(together[place])


def test_both_agree_on_a_graph_of_the_tenant():
    lifecycle = selectors.default_lifecycle()
    by_name = {stage.name: stage.pk for stage in selectors.stages_of_lifecycle("customer")}
    services.set_moves(lifecycle, [(by_name[PROSPECT], by_name[RENEWING], True)], actor=TEST, now=NOW)
    for source, target in product(STAGES, STAGES):
        single, other = staged(source, f"{source} {target} 1"), staged(source, f"{source} {target} 2")
        moved = move_all([other.pk], target, reason="Because.")
        assert bool(moved) is ((source, target) == (PROSPECT, RENEWING))
        if moved:
            move(single, target, reason="Because.")
        else:
            with pytest.raises(ledger.Refused):
                move(single, target, reason="Because.")


def test_only_from_leaves_the_others_where_they_are():
    prospect, onboarding, nowhere = staged(PROSPECT, "One"), staged(ONBOARDING, "Two"), managed("Three")
    ids = [prospect.pk, onboarding.pk, nowhere.pk]
    assert move_all(ids, ADOPTING, only_from=[PROSPECT]) == [prospect.pk]
    assert (stage_of(onboarding), stage_of(nowhere)) == (ONBOARDING, "")


def test_only_from_an_unknown_stage_is_refused():
    with pytest.raises(ledger.Refused, match="no stage 'Live'"):
        move_all([], ADOPTING, only_from=["Live"])


def test_a_row_whose_clock_is_ahead_is_moved_too():
    ahead, here = staged(ONBOARDING, "Ahead"), staged(ONBOARDING, "Here")
    move(ahead, ADOPTING, now=NOW + DAY)
    assert sorted(move_all([ahead.pk, here.pk], NURTURING)) == sorted([ahead.pk, here.pk])
    assert line(ahead)[-1] == (NURTURING, NOW + DAY, None)
    assert line(here)[-1] == (NURTURING, NOW, None)


def test_nobody_moves_twice_and_nothing_is_written_for_nobody():
    account = staged(ONBOARDING)
    assert move_all([account.pk], ADOPTING) == [account.pk]
    before = (AuditCall.objects.count(), FactRow.objects.count(), StageInterval.objects.count())
    assert move_all([account.pk], ADOPTING) == []
    assert move_all([], ADOPTING) == []
    assert (AuditCall.objects.count(), FactRow.objects.count(), StageInterval.objects.count()) == before


def statements_of(ids, stage, now):
    with CaptureQueriesContext(connection) as captured:
        moved = move_all(ids, stage, now=now)
    assert len(moved) == len(ids)
    return len(captured)


def test_three_hundred_accounts_cost_as_many_statements_as_two():
    rows = [
        accounts.AccountInput({"name": f"Account {n}", "support_level": "Named"}, external_id=str(n))
        for n in range(302)
    ]
    accounts.upsert_accounts(rows, actor=TEST, now=NOW)
    ids = list(Account.objects.values_list("pk", flat=True))
    services.enter_accounts(ids, "customer", ONBOARDING, actor=TEST, now=NOW)
    for_two = statements_of(ids[:2], ADOPTING, NOW + DAY)
    assert statements_of(ids[2:], ADOPTING, NOW + DAY) == for_two <= 20
