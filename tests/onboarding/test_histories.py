"""Any history of deals, however often and in whatever order it is told, ends where its facts say, once."""

import random

import pytest

from accounts import services as accounts
from accounts.models import Account, Opportunity
from activities.models import Task
from cs_platform.tenancy.scope import tenant_scope
from onboarding import services
from onboarding.items import AFTER_WIN, KIND
from onboarding.models import Handoff
from tests.cast import NOW
from tests.onboarding.deals import DAY, TEST, change_deal, customer, deal, lose, open_again, settle, win, written

pytestmark = pytest.mark.django_db
STEPS = ("win", "lose", "open", "delete", "undelete", "archive", "restore", "move", "tick", "tick", "name", "again")


def step(dice, tenant, accounts_of, now, ben):
    verb = dice.choice(STEPS)
    with tenant_scope(tenant):
        found = dice.choice(list(Opportunity.objects.order_by("pk")))
        account = Account.objects.get(pk=dice.choice(accounts_of))
        who = {"actor": TEST, "now": now}
        if verb == "win":
            win(found, now=now)
        elif verb == "lose":
            lose(found, now=now)
        elif verb == "open":
            open_again(found, now=now)
        elif verb in ("delete", "undelete"):
            change_deal(found, is_active=verb == "undelete", now=now)
        elif verb == "archive":
            accounts.archive_accounts([account.pk], "gone", **who)
        elif verb == "restore":
            accounts.restore_accounts([account.pk], **who)
        elif verb == "move":
            change_deal(found, close_date=(now + dice.randint(-20, 80) * DAY).date(), now=now)
        elif verb == "name":
            accounts.assign_owner(account, dice.choice([ben, None]), **who)
        elif verb == "again":
            ids = list(Opportunity.objects.filter(is_won=True).values_list("pk", flat=True))
            services.follow(accounts_of, won_ids=ids, **who)


def check(tenant):
    with tenant_scope(tenant):
        live = Handoff.objects.filter(state__in=Handoff.OPEN).select_related("account", "opportunity")
        owners = [handoff.account_id for handoff in live]
        assert len(owners) == len(set(owners)), "an account has two open hand-offs"
        for handoff in live:
            assert handoff.account.is_managed
            found = handoff.opportunity
            assert found.is_active and (found.is_won or not found.is_closed)
            assert (handoff.state == "closing") == found.is_won
            parts = Task.objects.filter(source_kind=KIND, source_id=str(handoff.pk))
            opened = set(parts.filter(state__in=Task.OPEN).values_list("source_part", flat=True))
            if handoff.state != "closing":
                assert not opened & AFTER_WIN
            else:
                assert {"licence", "mapping"} <= set(parts.values_list("source_part", flat=True))
        over = Handoff.objects.filter(state="cancelled").values_list("pk", flat=True)
        stray = Task.objects.filter(source_kind=KIND, source_id__in=[str(pk) for pk in over], state__in=Task.OPEN)
        assert not stray.exists(), "a cancelled hand-off asks for work"


@pytest.mark.parametrize("seed", range(8))
def test_any_history_ends_in_one_hand_off_for_an_account_and_looking_again_writes_nothing(acme, ben, seed):
    dice, now = random.Random(seed), NOW
    with tenant_scope(acme):
        made = [customer(f"Customer {number}") for number in range(2)]
        for account in made:
            for number in range(2):
                deal(account, closes_in=dice.randint(-10, 60), name=f"Deal {number}")
    ids = [account.pk for account in made]
    for number in range(14):
        step(dice, acme, ids, now, ben)
        if number % 3 == 2:
            now += dice.randint(0, 9) * DAY
            settle(acme, now)
            check(acme)
    settle(acme, now)
    before = written(acme)
    with tenant_scope(acme):
        services.follow(actor=TEST, now=now)
        services.follow(ids, actor=TEST, now=now)
    settle(acme, now)
    assert written(acme) == before
    check(acme)
