"""The pick-list: create, rename, reorder, deactivate."""

import pytest

from accounts import selectors, services
from accounts.models import Account, SegmentationRules, SupportLevel
from cs_platform import ledger
from cs_platform.tenancy.scope import tenant_scope
from tests.accounts.seen import TESTER, facts, nothing_happens, verbs
from tests.cast import NOW, api

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(clock_at):
    clock_at(NOW)


def names():
    return [level.name for level in selectors.support_levels()]


def named(name):
    return SupportLevel.objects.get(name=name)


def test_a_tenant_starts_with_three_and_published_rules(in_acme):
    assert names() == ["Named", "Scaled", "Digital"]
    rules = selectors.segmentation_in_force()
    assert (rules.number, rules.state, rules.label) == (1, "published", "As shipped")


def test_seeding_again_changes_nothing(in_acme):
    from accounts.defaults import seed

    with nothing_happens():
        seed(in_acme, actor=TESTER, now=NOW)


def test_a_new_level_stands_at_the_end(in_acme):
    level = services.create_support_level(" Platinum ", actor=TESTER, now=NOW)
    assert names() == ["Named", "Scaled", "Digital", "Platinum"]
    assert verbs(level.pk) == ["support_level.create"]


@pytest.mark.parametrize("name", ["Named", "nAMED", "", "  ", "x" * 101, "a\x00"])
def test_a_name_that_can_not_be_is_refused(in_acme, name):
    with pytest.raises(ledger.Refused), nothing_happens():
        services.create_support_level(name, actor=TESTER, now=NOW)


def test_a_renamed_level_stays_on_its_accounts_and_in_the_rules(acme, make_account):
    account = make_account("Globex", support_level="Digital")
    with tenant_scope(acme):
        segmented = len(facts("accounts.segmented"))
        services.rename_support_level(named("Digital"), "Tech touch", actor=TESTER, now=NOW)
        account = Account.objects.get(pk=account.pk)
        assert (account.support_level.name, account.segment) == ("Tech touch", "Scaled")
        rules = selectors.segmentation_in_force()
        assert (rules.number, rules.rules[0]["when"]["value"]) == (2, "Tech touch")
        assert SegmentationRules.objects.get(number=1).rules[0]["when"]["value"] == "Digital"
        assert len(facts("accounts.segmented")) == segmented
        assert selectors.explain_segment(account).words.startswith("Scaled because support level = Tech touch")


def test_a_level_that_no_rule_names_is_renamed_without_a_new_version(in_acme):
    services.rename_support_level(named("Named"), "High touch", actor=TESTER, now=NOW)
    assert selectors.segmentation_in_force().number == 1


def test_the_list_is_put_in_order(in_acme):
    digital = named("Digital")
    services.reorder_support_levels([digital.pk], actor=TESTER, now=NOW)
    assert names() == ["Digital", "Named", "Scaled"]
    services.move_support_level(digital, 1, actor=TESTER, now=NOW)
    assert names() == ["Named", "Digital", "Scaled"]
    with nothing_happens():
        services.move_support_level(digital, 1, actor=TESTER, now=NOW)


def test_deactivating_twice_is_harmless(in_acme):
    level = services.deactivate_support_level(named("Scaled"), actor=TESTER, now=NOW)
    with nothing_happens():
        services.deactivate_support_level(level, actor=TESTER, now=NOW)
    assert [found.name for found in selectors.support_levels(active_only=True)] == ["Named", "Digital"]
    assert services.activate_support_level(level, actor=TESTER, now=NOW).is_active


class TestThroughTheApi:
    def test_list_create_and_edit(self, acme_api, make_account):
        make_account("Globex")
        listed = acme_api.get("support-levels/").json()["results"]
        assert [(row["name"], row["account_count"]) for row in listed] == [("Named", 1), ("Scaled", 0), ("Digital", 0)]
        made = acme_api.post("support-levels/", {"name": "Platinum"})
        assert made.status_code == 201
        edited = acme_api.patch(
            f"support-levels/{made.json()['id']}/", {"name": "Gold", "position": 0, "is_active": False}
        )
        assert (edited.json()["name"], edited.json()["is_active"]) == ("Gold", False)
        assert acme_api.get("support-levels/").json()["results"][0]["name"] == "Gold"
        assert len(acme_api.get("support-levels/?is_active=true").json()["results"]) == 3

    def test_a_taken_name_is_409(self, acme_api):
        assert acme_api.post("support-levels/", {"name": "named"}).status_code == 409
        scaled = acme_api.get("support-levels/").json()["results"][1]
        assert acme_api.patch(f"support-levels/{scaled['id']}/", {"name": "Named"}).status_code == 409

    @pytest.mark.parametrize(
        "body",
        [
            {"name": None},
            {"name": 5},
            {"position": -1},
            {"position": "x"},
            {"is_active": 5},
            {"is_active": None},
            {"x": 1},
        ],
    )
    def test_a_bad_value_is_400(self, acme_api, body):
        scaled = acme_api.get("support-levels/").json()["results"][1]
        assert acme_api.patch(f"support-levels/{scaled['id']}/", body).status_code == 400
        assert acme_api.post("support-levels/", {"name": "x", **body}).status_code == 400

    def test_operations_edit_and_others_look(self, acme, tess, rhea, umbra_api):
        for member in (tess, rhea):
            client = api(member=member)
            scaled = client.get("support-levels/").json()["results"][1]
            assert client.patch(f"support-levels/{scaled['id']}/", {"name": "x"}).status_code == 403
            assert client.post("support-levels/", {"name": "x"}).status_code == 403
        assert umbra_api.get(f"support-levels/{scaled['id']}/").status_code == 404
        assert umbra_api.patch(f"support-levels/{scaled['id']}/", {"name": "x"}).status_code == 404
