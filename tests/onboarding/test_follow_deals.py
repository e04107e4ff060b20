import pytest

from accounts import services as accounts
from accounts.models import Account
from cs_platform.ledger.models import FactRow
from cs_platform.tenancy.scope import tenant_scope
from onboarding import services
from onboarding.items import REQUIRED
from onboarding.models import Handoff, HandoffMeeting
from tests.cast import NOW, make_member
from tests.onboarding.deals import (
    DAY,
    TEST,
    alerts,
    change_deal,
    contact,
    customer,
    deal,
    handoffs,
    item,
    items,
    lose,
    open_again,
    settle,
    state,
    win,
    written,
)

pytestmark = pytest.mark.django_db
CHECKLIST = {"document", "meeting", "licence", "cloud", "mapping", "roles", "introduction", "name_ta"}


def make(tenant, **values):
    with tenant_scope(tenant):
        account = customer()
        found = deal(account, **values)
    settle(tenant)
    return account, found


def test_a_deal_that_closes_within_the_lead_time_is_watched(acme):
    make(acme, closes_in=45)
    assert state(acme) == ["watching"]
    assert items(acme) == {}


def test_a_deal_further_away_is_watched_when_the_day_comes(acme):
    make(acme, closes_in=50)
    assert state(acme) == []
    settle(acme, NOW + 4 * DAY)
    assert state(acme) == []
    settle(acme, NOW + 5 * DAY)
    assert state(acme) == ["watching"]


@pytest.mark.parametrize("values", [{"is_new_business": False}, {"is_active": False}, {"is_closed": True}])
def test_other_deals_are_not_watched(acme, values):
    make(acme, closes_in=20, **values)
    assert state(acme) == []


def test_a_deal_of_an_account_that_nobody_looks_after_is_not_watched(acme):
    with tenant_scope(acme):
        account = customer(support_level="")
        deal(account)
    settle(acme)
    assert state(acme) == []
    with tenant_scope(acme):
        accounts.set_support_level(account, "Named", actor=TEST, now=NOW)
    settle(acme)
    assert state(acme) == ["watching"]


def test_leadership_is_asked_for_an_advisor_and_the_advisor_is_told(acme, ben):
    account, _ = make(acme, closes_in=36)
    assert items(acme) == {}
    settle(acme, NOW + DAY)
    assert items(acme) == {"name_ta": "to_do"}
    assert item(acme, "name_ta").role == "ta_leader"
    assert "handoff_no_ta" in alerts(acme)
    with tenant_scope(acme):
        accounts.assign_owner(account, ben, actor=TEST, now=NOW + DAY)
    settle(acme, NOW + DAY)
    assert items(acme) == {"name_ta": "completed", "know_customer": "to_do"}
    assert item(acme, "know_customer").assignee == ben
    assert "handoff_ta_named" in alerts(acme) and "handoff_no_ta" not in alerts(acme)


def test_another_advisor_gets_the_work_of_the_first(acme, ben, tess):
    account, _ = make(acme, closes_in=30)
    with tenant_scope(acme):
        accounts.assign_owner(account, ben, actor=TEST, now=NOW)
    settle(acme)
    with tenant_scope(acme):
        accounts.assign_owner(account, tess, actor=TEST, now=NOW)
    settle(acme)
    assert item(acme, "know_customer").assignee == tess


def test_thirty_days_before_close_it_is_prepared(acme):
    make(acme, closes_in=31)
    settle(acme, NOW + DAY)
    assert state(acme) == ["preparing"]
    assert {"document", "meeting"} <= set(items(acme))
    assert item(acme, "document").role == "presales_ce"


def test_winning_the_deal_opens_the_checklist(acme):
    _, found = make(acme, closes_in=20)
    with tenant_scope(acme):
        win(found)
    settle(acme)
    assert state(acme) == ["closing"]
    assert set(items(acme)) == CHECKLIST
    licence = item(acme, "licence")
    assert licence.role == "presales_ce" and licence.due_date == (NOW + 5 * DAY).date()
    assert item(acme, "roles").due_date == (NOW + 7 * DAY).date()


def test_a_deal_that_nobody_watched_opens_its_checklist_when_it_is_won(acme):
    with tenant_scope(acme):
        won = win(deal(customer(), closes_in=300))
    settle(acme)
    assert state(acme) == ["closing"]
    assert handoffs(acme)[0].opportunity == won


def test_what_was_won_before_the_first_sync_is_history(acme):
    with tenant_scope(acme):
        row = accounts.AccountInput({"name": "Old", "support_level": "Named"}, external_id="old")
        (made,) = accounts.upsert_accounts([row], actor=TEST, now=NOW, baseline=True)
        deal(Account.objects.get(pk=made.id), closes_in=-5, is_closed=True, is_won=True, baseline=True)
    settle(acme)
    assert state(acme) == []


def test_a_deal_that_closed_long_before_the_account_was_managed_is_history(acme):
    with tenant_scope(acme):
        account = customer(support_level="")
        deal(account, closes_in=-400, is_closed=True, is_won=True, baseline=True)
        accounts.set_support_level(account, "Named", actor=TEST, now=NOW)
    settle(acme)
    assert state(acme) == []


def test_a_deal_won_shortly_before_the_account_was_managed_counts(acme):
    with tenant_scope(acme):
        account = customer(support_level="")
        win(deal(account))
    settle(acme)
    assert state(acme) == []
    with tenant_scope(acme):
        accounts.set_support_level(account, "Named", actor=TEST, now=NOW + DAY)
    settle(acme, NOW + DAY)
    assert state(acme) == ["closing"]


@pytest.mark.parametrize(
    "deployment, there", [("cloud", True), ("", True), ("Self-hosted", False), ("on-premise", False)]
)
def test_a_cloud_instance_is_asked_for_where_it_may_be_needed(acme, deployment, there):
    with tenant_scope(acme):
        win(deal(customer(deployment=deployment)))
    settle(acme)
    assert ("cloud" in items(acme)) is there


def test_the_answer_takes_the_cloud_instance_off_the_list(acme):
    with tenant_scope(acme):
        win(deal(customer()))
    settle(acme)
    (handoff,) = handoffs(acme)
    with tenant_scope(acme):
        services.answer_cloud(handoff, False, actor=TEST, now=NOW)
    assert items(acme)["cloud"] == "cancelled"
    with tenant_scope(acme):
        services.answer_cloud(handoff, True, actor=TEST, now=NOW)
    assert items(acme)["cloud"] == "to_do"


def test_a_lost_deal_cancels_and_takes_its_work_back(acme):
    _, found = make(acme, closes_in=20)
    with tenant_scope(acme):
        lose(found)
    settle(acme)
    assert state(acme) == ["cancelled"]
    assert set(items(acme).values()) == {"cancelled"}
    assert not alerts(acme)
    assert handoffs(acme)[0].why_cancelled == "The deal was lost."


def test_a_lost_deal_calls_its_meeting_off(acme):
    _, found = make(acme, closes_in=20)
    with tenant_scope(acme):
        carla = make_member(acme, "Carla", "presales_ce")
        given = services.MeetingInput(NOW + 2 * DAY, customer_engineer_id=carla.pk)
        services.plan_meeting(Handoff.objects.get(), given, actor=TEST, now=NOW)
        lose(found)
    settle(acme)
    with tenant_scope(acme):
        assert HandoffMeeting.objects.get().state == "called_off"
        told = FactRow.objects.filter(name="onboarding.handoff_meetings_planned")
        assert told.count() == 2


def test_a_deal_that_is_open_again_takes_the_same_hand_off_up(acme):
    _, found = make(acme, closes_in=20)
    with tenant_scope(acme):
        lose(found)
    settle(acme)
    with tenant_scope(acme):
        open_again(found)
    settle(acme)
    assert state(acme) == ["preparing"]
    assert items(acme)["document"] == "to_do"


def test_won_open_again_and_won_again_is_one_checklist(acme):
    _, found = make(acme, closes_in=20)
    with tenant_scope(acme):
        win(found)
    settle(acme)
    with tenant_scope(acme):
        from activities import services as activities

        activities.complete_task(item_of(acme, "licence"), actor=TEST, now=NOW)
        open_again(found)
    settle(acme)
    assert state(acme) == ["preparing"]
    assert items(acme)["mapping"] == "cancelled" and items(acme)["licence"] == "completed"
    with tenant_scope(acme):
        win(found)
    settle(acme)
    assert state(acme) == ["closing"]
    assert items(acme)["mapping"] == "to_do" and items(acme)["licence"] == "completed"


def item_of(tenant, part):
    return item(tenant, part)


def test_an_archived_account_cancels_and_a_restored_one_goes_on(acme):
    account, _ = make(acme, closes_in=20)
    with tenant_scope(acme):
        accounts.archive_account(account, "They are gone.", actor=TEST, now=NOW)
    settle(acme)
    assert state(acme) == ["cancelled"]
    with tenant_scope(acme):
        accounts.restore_account(account, actor=TEST, now=NOW)
    settle(acme)
    assert state(acme) == ["preparing"]


def test_two_deals_of_an_account_are_one_hand_off_that_follows_the_next_close(acme):
    with tenant_scope(acme):
        account = customer()
        later, sooner = deal(account, closes_in=40), deal(account, closes_in=33)
    settle(acme)
    assert [h.opportunity for h in handoffs(acme)] == [sooner]
    with tenant_scope(acme):
        lose(sooner)
    settle(acme)
    (handoff,) = handoffs(acme)
    assert handoff.opportunity == later and handoff.state == "watching"


def test_of_two_deals_the_one_that_is_won_is_followed(acme):
    with tenant_scope(acme):
        account = customer()
        later, _ = deal(account, closes_in=40), deal(account, closes_in=33)
    settle(acme)
    with tenant_scope(acme):
        win(later, now=NOW + DAY)
    settle(acme, NOW + DAY)
    (handoff,) = handoffs(acme)
    assert handoff.opportunity == later and handoff.state == "closing"


def test_contacts_without_a_role_are_flagged_once_after_seven_days(acme):
    account, found = make(acme, closes_in=20)
    with tenant_scope(acme):
        ada = contact(account, roles=())
        win(found)
    settle(acme)
    settle(acme, NOW + 6 * DAY)
    assert "handoff_contact_roles" not in alerts(acme)
    settle(acme, NOW + 7 * DAY)
    assert "handoff_contact_roles" in alerts(acme)
    assert handoffs(acme)[0].roles_flagged_at is not None
    with tenant_scope(acme):
        accounts.set_contact_roles(ada, ["Champion"], actor=TEST, now=NOW + 8 * DAY)
    settle(acme, NOW + 8 * DAY)
    assert "handoff_contact_roles" not in alerts(acme)
    assert items(acme)["roles"] == "completed"


def test_an_alert_that_a_person_cleared_is_not_raised_again(acme):
    from accounts.models import AccountAlert

    account, found = make(acme, closes_in=20)
    with tenant_scope(acme):
        contact(account, roles=())
        win(found)
    settle(acme)
    settle(acme, NOW + 7 * DAY)
    with tenant_scope(acme):
        accounts.resolve_alert(AccountAlert.objects.get(kind="handoff_contact_roles"), actor=TEST, now=NOW + 7 * DAY)
    settle(acme, NOW + 9 * DAY)
    assert "handoff_contact_roles" not in alerts(acme)


def test_the_licence_starts_the_kick_off(acme, ben):
    from activities import services as activities

    account, found = make(acme, closes_in=20)
    with tenant_scope(acme):
        accounts.assign_owner(account, ben, actor=TEST, now=NOW)
        win(found)
    settle(acme)
    assert "kick_off" not in items(acme)
    with tenant_scope(acme):
        activities.complete_task(item(acme, "licence"), actor=TEST, now=NOW)
    settle(acme)
    assert item(acme, "kick_off").assignee == ben


def test_it_is_handed_over_when_every_item_is_done_or_left_out(acme):
    _, found = make(acme, closes_in=20)
    with tenant_scope(acme):
        win(found)
    settle(acme)
    (handoff,) = handoffs(acme)
    for part in sorted(REQUIRED):
        assert state(acme) == ["closing"]
        with tenant_scope(acme):
            services.skip_item(handoff, part, "They run without it.", actor=TEST, now=NOW)
        settle(acme)
    assert state(acme) == ["handed_over"]
    with tenant_scope(acme):
        lose(found)
    settle(acme)
    assert state(acme) == ["handed_over"]


def test_a_second_look_writes_nothing(acme, ben):
    account, found = make(acme, closes_in=20)
    with tenant_scope(acme):
        accounts.assign_owner(account, ben, actor=TEST, now=NOW)
        win(found)
    settle(acme)
    before = written(acme)
    with tenant_scope(acme):
        services.follow(actor=TEST, now=NOW)
        services.follow([account.pk], won_ids=[found.pk], actor=TEST, now=NOW)
    settle(acme)
    assert written(acme) == before


def test_open_items_move_with_the_close_of_the_deal(acme):
    _, found = make(acme, closes_in=20)
    assert item(acme, "document").due_date == (NOW + 20 * DAY).date()
    with tenant_scope(acme):
        change_deal(found, close_date=(NOW + 25 * DAY).date())
    settle(acme)
    assert item(acme, "document").due_date == (NOW + 25 * DAY).date()


def test_a_deal_that_belongs_to_another_customer_takes_its_hand_off_along(acme):
    account, found = make(acme, closes_in=20)
    with tenant_scope(acme):
        other = customer("Initech")
        row = accounts.OpportunityInput(other.pk, {}, id=found.pk)
        accounts.upsert_opportunities([row], actor=TEST, now=NOW)
        accounts.archive_account(account, "It is the same customer.", actor=TEST, now=NOW)
    settle(acme)
    (handoff,) = handoffs(acme)
    assert (handoff.account.name, handoff.state) == ("Initech", "preparing")
    assert item(acme, "document").account_id == other.pk


def test_a_close_date_that_moves_away_keeps_the_hand_off(acme):
    _, found = make(acme, closes_in=40)
    with tenant_scope(acme):
        change_deal(found, close_date=(NOW + 200 * DAY).date())
    settle(acme)
    assert state(acme) == ["watching"]
