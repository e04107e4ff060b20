"""Stages and moves are the tenant's: added, renamed, reordered, switched off; the end flag stays."""

import pytest

from cs_platform import ledger
from cs_platform.ledger.models import AuditRow
from cs_platform.tenancy.scope import tenant_scope
from lifecycle import selectors, services
from lifecycle.models import AccountLifecycle, Stage, StageMove
from lifecycle.services import StageInput
from tests.cast import NOW, api
from tests.lifecycle import standing
from tests.lifecycle.standing import ADOPTING, ONBOARDING, PROSPECT, RENEWING, TEST

pytestmark = pytest.mark.django_db


@pytest.fixture
def stages(acme_api):
    return {row["name"]: row for row in acme_api.get("stages/?lifecycle=customer").json()["results"]}


def names(acme_api):
    return [row["name"] for row in acme_api.get("stages/?lifecycle=customer").json()["results"]]


def test_a_new_tenant_has_the_customer_lifecycle(acme_api, stages):
    assert [(row["name"], row["key"], row["expected_days"], row["is_end"]) for row in stages.values()] == [
        ("0. Prospect", "prospect", 45, False),
        ("1. Onboarding", "onboarding", 60, False),
        ("2. Adopting", "adopting", 180, False),
        ("3. Nurturing", "nurturing", 365, False),
        ("4. Renewing", "renewing", 120, False),
    ]
    (lifecycle,) = acme_api.get("lifecycles/").json()["results"]
    assert (lifecycle["key"], lifecycle["is_default"]) == ("customer", True)
    assert [row["name"] for row in lifecycle["stages"]] == list(stages)
    assert len(lifecycle["moves"]) == 17


def test_a_stage_is_added_in_its_place_and_joined_like_the_others(acme_api, stages, acme):
    body = {"lifecycle": "customer", "name": "1b. Training", "expected_days": 14, "position": 2}
    answer = acme_api.post("stages/", body)
    assert (answer.status_code, answer.json()["key"], answer.json()["position"]) == (201, "1b_training", 2)
    assert names(acme_api) == [PROSPECT, ONBOARDING, "1b. Training", ADOPTING, "3. Nurturing", RENEWING]
    with tenant_scope(acme):
        account = standing.staged(ONBOARDING)
        standing.move(account, "1b. Training")
        with pytest.raises(ledger.Refused):
            standing.move(account, ONBOARDING)
        standing.move(account, ONBOARDING, reason="Back.")


def test_a_renamed_stage_is_renamed_on_its_accounts(acme_api, stages, acme):
    with tenant_scope(acme):
        account = standing.staged(ONBOARDING)
    stage = stages[ONBOARDING]
    answer = acme_api.patch(f"stages/{stage['id']}", {"name": "Go-live"}, If_Match='"1"')
    assert (answer.json()["name"], answer.json()["key"]) == ("Go-live", "onboarding")
    assert acme_api.get(f"accounts/{account.pk}/stages/").json()["results"][0]["stage"] == "Go-live"
    assert acme_api.patch(f"stages/{stage['id']}", {"name": "Once more"}, If_Match='"1"').status_code == 412


def test_stages_are_dragged_into_order(acme_api, stages):
    acme_api.patch(f"stages/{stages[RENEWING]['id']}", {"position": 0})
    assert names(acme_api)[0] == RENEWING
    (lifecycle,) = acme_api.get("lifecycles/").json()["results"]
    order = [stages[PROSPECT]["id"], stages[ADOPTING]["id"]]
    acme_api.patch(f"lifecycles/{lifecycle['id']}", {"stages": order})
    assert names(acme_api) == [PROSPECT, ADOPTING, RENEWING, ONBOARDING, "3. Nurturing"]


def test_expected_days_are_set_and_cleared(acme_api, stages):
    address = f"stages/{stages[ADOPTING]['id']}"
    assert acme_api.patch(address, {"expected_days": 90}).json()["expected_days"] == 90
    assert acme_api.patch(address, {"description": "Usage grows."}).json()["expected_days"] == 90
    assert acme_api.patch(address, {"expected_days": None}).json()["expected_days"] is None
    assert acme_api.patch(address, {"expected_days": 0}).status_code == 400


def test_the_end_flag_of_a_stage_that_is_there_can_not_be_edited(acme_api, stages):
    answer = acme_api.patch(f"stages/{stages[RENEWING]['id']}", {"is_end": True, "name": "The end"})
    assert (answer.status_code, answer.json()["code"]) == (409, "end_flag_fixed")
    assert RENEWING in names(acme_api)
    assert acme_api.patch(f"stages/{stages[RENEWING]['id']}", {"is_end": False}).status_code == 200


def test_switching_off_shows_what_depends_on_the_stage_and_wants_it_confirmed(acme_api, stages, acme):
    with tenant_scope(acme):
        account = standing.staged(ONBOARDING)
    address = f"stages/{stages[ONBOARDING]['id']}"
    uses = ["1 account is in it", "accounts come here when a new-business opportunity is won"]
    assert acme_api.get(f"{address}/used-by").json()["uses"] == uses
    refused = acme_api.post(f"{address}/disable")
    assert (refused.status_code, refused.json()["code"]) == (409, "stage_in_use")
    assert all(use in refused.json()["detail"] for use in uses)
    assert acme_api.post(f"{address}/disable", {"confirmed": True}).json()["is_active"] is False
    with tenant_scope(acme):
        assert standing.stage_of(account) == ONBOARDING
        assert standing.move(account, ADOPTING).stage_name == ADOPTING
    assert acme_api.post(f"{address}/enable").json()["is_active"] is True


def test_the_last_stage_that_is_on_stays_on(in_acme):
    only = services.create_lifecycle("risk", "Risk", [StageInput("At risk")], actor=TEST, now=NOW).stages.get()
    with pytest.raises(ledger.Refused) as refusal:
        services.disable_stage(only, actor=TEST, now=NOW)
    assert refusal.value.code == "last_stage"


def test_the_moves_of_the_tenant_replace_the_shipped_ones(acme_api, stages, acme):
    (lifecycle,) = acme_api.get("lifecycles/").json()["results"]
    there = {"from_id": stages[ONBOARDING]["id"], "to_id": stages[ADOPTING]["id"], "needs_reason": True}
    answer = acme_api.patch(f"lifecycles/{lifecycle['id']}", {"moves": [there]})
    assert answer.json()["moves"] == [there]
    with tenant_scope(acme):
        row = AuditRow.objects.filter(verb="lifecycle.set_moves").latest("id")
        assert row.changes["moves"][1] == ["1. Onboarding → 2. Adopting (with a reason)"]
    assert acme_api.patch(f"lifecycles/{lifecycle['id']}", {"moves": []}).json()["moves"] == []
    with tenant_scope(acme):
        assert not StageMove.objects.exists()
        assert standing.move(standing.staged(RENEWING), PROSPECT).stage_name == PROSPECT


def test_a_foreign_stage_is_no_end_of_a_move(acme_api, umbra_api, stages):
    (foreign,) = [row for row in umbra_api.get("stages/").json()["results"] if row["name"] == ADOPTING]
    (lifecycle,) = acme_api.get("lifecycles/").json()["results"]
    moves = [{"from_id": stages[ONBOARDING]["id"], "to_id": foreign["id"]}]
    assert acme_api.patch(f"lifecycles/{lifecycle['id']}", {"moves": moves}).status_code == 400
    assert acme_api.get(f"stages/{foreign['id']}").status_code == 404
    assert acme_api.patch(f"stages/{foreign['id']}", {"name": "Mine"}).status_code == 404


def test_another_lifecycle_with_an_end_stage(acme_api):
    body = {
        "key": "onboarding_project",
        "name": "Onboarding project",
        "stages": [{"name": "Kick Off", "expected_days": 7}, {"name": "Integration"}, {"name": "Live", "is_end": True}],
    }
    answer = acme_api.post("lifecycles/", body)
    assert answer.status_code == 201
    assert [(row["name"], row["is_end"]) for row in answer.json()["stages"]] == [
        ("Kick Off", False),
        ("Integration", False),
        ("Live", True),
    ]
    assert acme_api.post("lifecycles/", body).json()["code"] == "taken"


@pytest.mark.parametrize(
    "body",
    [
        {"key": "Not a key", "name": "X", "stages": [{"name": "A"}]},
        {"key": "x", "name": "", "stages": [{"name": "A"}]},
        {"key": "x", "name": "X", "stages": []},
        {"key": "x", "name": "X", "stages": [{"name": "A", "expected_days": -1}]},
        {"key": "x", "name": "X\x07", "stages": [{"name": "A"}]},
        {"key": "x", "name": "X", "stages": [{"name": "A", "weight": 1}]},
        {"key": "x", "name": "X", "stages": "A"},
    ],
)
def test_a_lifecycle_that_can_not_be_is_a_400(acme_api, body):
    assert acme_api.post("lifecycles/", body).status_code == 400


def test_two_stages_of_one_name_are_refused(acme_api, stages):
    body = {"key": "x", "name": "X", "stages": [{"name": "A"}, {"name": "a"}]}
    assert acme_api.post("lifecycles/", body).json()["code"] == "taken"
    assert acme_api.post("stages/", {"lifecycle": "customer", "name": "2. ADOPTING"}).json()["code"] == "taken"
    assert acme_api.patch(f"stages/{stages[RENEWING]['id']}", {"name": ADOPTING}).json()["code"] == "taken"
    assert acme_api.post("stages/", {"lifecycle": "journey", "name": "A"}).status_code == 400


def test_only_operations_configure(acme, ben, stages):
    csm = api(member=ben)
    assert csm.get("stages/").status_code == 200
    assert csm.post("stages/", {"lifecycle": "customer", "name": "5. Gone"}).status_code == 403
    assert csm.patch(f"stages/{stages[RENEWING]['id']}", {"name": "X"}).status_code == 403
    assert csm.post(f"stages/{stages[RENEWING]['id']}/disable").status_code == 403


def test_seeding_again_changes_nothing(in_acme):
    from lifecycle import defaults

    before = Stage.objects.count(), AuditRow.objects.count()
    defaults.seed(in_acme, actor=TEST, now=NOW)
    assert (Stage.objects.count(), AuditRow.objects.count()) == before
    assert selectors.default_lifecycle().key == "customer"
    assert not AccountLifecycle.objects.exists()
