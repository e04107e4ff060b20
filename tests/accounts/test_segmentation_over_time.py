"""Rules that count from a day, are rolled back, and are told apart in words; who would move, all of them."""

from datetime import date, timedelta

import pytest

from accounts import selectors, services
from accounts.models import Account, Decision, SegmentationRules
from cs_platform import ledger
from cs_platform.tenancy.scope import tenant_scope
from tests.accounts.seen import TESTER, verbs
from tests.cast import NOW, api

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=1)
SOON = date(2026, 12, 1)


def rule(op, developers, arr_op, segment):
    items = [{"field": "developers", "op": op, "value": developers}]
    if arr_op:
        items.append({"field": "arr", "op": arr_op, "value": 100_000})
    return {"when": {"all": items}, "segment": segment, "label": segment}


#: Commercial below 1,500 developers, split at an ARR of 100,000; first with the two signs swapped by mistake.
SWAPPED = [
    rule("gte", 10_000, "", "Strategic"),
    rule("gte", 1_500, "", "Enterprise"),
    rule("lt", 1_500, "lt", "Commercial"),
    rule("lt", 1_500, "gte", "Scaled"),
]
MENDED = [*SWAPPED[:2], rule("lt", 1_500, "gte", "Commercial"), rule("lt", 1_500, "lt", "Scaled")]


def draft(given, now=NOW):
    return services.save_segmentation_draft(given, actor=TESTER, now=now)


def publish(given, now=NOW, **more):
    return services.publish_segmentation(draft(given, now), actor=TESTER, now=now, **more)


def of(account):
    return Account.objects.get(pk=account.pk)


class TestTheSwappedSigns:
    def test_the_mistake_is_seen_before_it_counts_and_history_explains_each_decision(self, acme, make_account):
        small = make_account("Small", developers=50, arr_minor=2_000_000)
        rich = make_account("Rich", developers=800, arr_minor=20_000_000)
        with tenant_scope(acme):
            tried = services.simulate(SWAPPED, now=NOW)
            moves = {(move.from_segment, move.to_segment): move.accounts for move in tried.moves}
            assert moves == {("SMB", "Commercial"): 1, ("Enterprise", "Scaled"): 1}  # the wrong way round, seen here
            publish(SWAPPED, LATER)
            assert (of(small).segment, of(rich).segment) == ("Commercial", "Scaled")
            month = LATER + timedelta(days=30)
            mended = publish(MENDED, month)
            assert (of(small).segment, of(rich).segment) == ("Scaled", "Commercial")
            told = selectors.differences(SWAPPED, MENDED)
            assert [it.words for it in told if it.kind == "changed"] == [
                "If developers is below 1,500 and ARR is at least 100,000: segment Scaled becomes Commercial.",
                "If developers is below 1,500 and ARR is below 100,000: segment Commercial becomes Scaled.",
            ]
            decided = list(Decision.objects.filter(account=rich).order_by("pk").values_list("outcome__segment", "at"))
            assert decided == [("Enterprise", NOW), ("Scaled", LATER), ("Commercial", month)]
            assert f"rule v{mended.number}" in selectors.explain_segment(of(rich)).words


class TestFromADay:
    def test_it_waits_for_its_day_in_the_zone_of_the_tenant(self, acme, make_account):
        account = make_account(developers=50)
        with tenant_scope(acme):
            version = publish(MENDED, effective_on=SOON)
            assert (version.state, version.effective_on) == ("scheduled", SOON)
        ledger.tick(NOW.replace(month=11, day=30, hour=22, minute=59))  # 23:59 in Berlin
        with tenant_scope(acme):
            assert of(account).segment == "SMB"
        for _ in range(2):
            ledger.tick(NOW.replace(month=11, day=30, hour=23, minute=1))
        with tenant_scope(acme):
            assert of(account).segment == ""  # the ARR is unknown
            version = SegmentationRules.objects.get(pk=version.pk)
            assert version.state == "published"
            assert verbs(version.pk).count("segmentation_rules.publish") == 1
            assert SegmentationRules.objects.filter(state="published").count() == 1

    def test_it_can_be_taken_back_and_published_at_once(self, in_acme):
        version = publish(MENDED, effective_on=SOON)
        assert services.unschedule_segmentation(version, actor=TESTER, now=NOW).state == "draft"
        version = services.publish_segmentation(version, effective_on=SOON, actor=TESTER, now=NOW)
        assert services.publish_segmentation(version, actor=TESTER, now=NOW).state == "published"

    def test_it_can_not_be_edited_meanwhile(self, in_acme):
        version = publish(MENDED, effective_on=SOON)
        with pytest.raises(services.NotADraft):
            services.save_segmentation_draft(SWAPPED, draft=version, actor=TESTER, now=NOW)

    def test_a_day_that_has_passed_and_a_day_twice_are_refused(self, in_acme):
        with pytest.raises(ledger.Refused, match="passed"):
            publish(MENDED, effective_on=date(2026, 11, 22))
        publish(MENDED, effective_on=SOON)
        with pytest.raises(ledger.Refused, match="Version 3 is to count"):
            publish(MENDED, effective_on=SOON)

    def test_a_renamed_level_is_followed_in_what_waits(self, in_acme):
        waiting = [{"when": {"field": "support_level", "op": "eq", "value": "Scaled"}, "segment": "Scaled"}]
        version = publish(waiting, effective_on=SOON)
        level = selectors.support_levels().get(name="Scaled")
        services.rename_support_level(level, "Shared", actor=TESTER, now=NOW)
        assert SegmentationRules.objects.get(pk=version.pk).rules[0]["when"]["value"] == "Shared"

    def test_rules_that_can_not_be_used_on_their_day_become_a_draft_again(self, acme):
        with tenant_scope(acme):
            version = publish(MENDED, effective_on=SOON)
            SegmentationRules.objects.filter(pk=version.pk).update(rules=[{"when": {"field": "gone", "op": "exists"}}])
        ledger.tick(NOW + timedelta(days=10))
        with tenant_scope(acme):
            assert SegmentationRules.objects.get(pk=version.pk).state == "draft"
            assert selectors.segmentation_in_force().number == 1


class TestRollingBack:
    def test_the_old_rules_count_again_as_a_new_version(self, in_acme, make_account):
        account = make_account(developers=50)
        first = selectors.segmentation_in_force()
        publish(MENDED, LATER)
        first = SegmentationRules.objects.get(pk=first.pk)
        again = services.roll_back_segmentation(first, actor=TESTER, now=LATER + timedelta(hours=1))
        assert (again.number, again.restores, again.rules, again.state) == (3, 1, first.rules, "published")
        assert of(account).segment == "SMB"
        assert again.label == "Back to version 1"

    def test_only_what_was_in_force_can_be_brought_back(self, in_acme):
        for version in (selectors.segmentation_in_force(), draft(MENDED), publish(MENDED, effective_on=SOON)):
            with pytest.raises(ledger.Refused, match="was in force before"):
                services.roll_back_segmentation(version, actor=TESTER, now=NOW)


class TestWhoWouldMove:
    def test_the_matrix_has_every_account(self, in_acme, make_account):
        for n, developers in enumerate((10, 20, 3000)):
            make_account(f"A{n}", developers=developers, arr_minor=100)
        make_account("Unknown")
        tried = services.simulate(MENDED, now=NOW)
        cells = {(cell.from_segment, cell.to_segment): cell.accounts for cell in tried.matrix}
        assert cells == {("SMB", "Scaled"): 2, ("Strategic", "Enterprise"): 1, ("", ""): 1}
        assert sum(cells.values()) == tried.accounts

    def test_the_list_can_be_one_cell(self, in_acme, make_account):
        make_account("One", developers=10, arr_minor=100)
        make_account("Two", developers=3000, arr_minor=100)
        rows = services.movers(MENDED, now=NOW, moved=("SMB", "Scaled"))
        assert [mover.name for mover in services.as_movers(rows, MENDED)] == ["One"]


class TestDifferences:
    def test_added_removed_moved_and_changed(self):
        one, two, three = rule("gte", 1, "", "A"), rule("gte", 2, "", "B"), rule("gte", 3, "", "C")
        kinds = {it.kind for it in selectors.differences([one, two], [two, one])}
        assert kinds == {"moved"}
        assert [it.kind for it in selectors.differences([one], [one, two])] == ["added"]
        assert [it.kind for it in selectors.differences([one, two], [two])] == ["removed"]
        (changed,) = selectors.differences([three], [{**three, "segment": "D"}])
        assert changed.words == "If developers is at least 3: segment C becomes D."
        assert selectors.differences([one, two], [one, two]) == []


class TestThroughTheApi:
    @pytest.fixture(autouse=True)
    def _today(self, clock_at):
        clock_at(NOW)

    def test_schedule_take_back_publish_roll_back(self, acme_api, make_account):
        make_account("One", developers=10, arr_minor=100)
        made = acme_api.post("segmentation-rules/", {"rules": MENDED}).json()
        path = f"segmentation-rules/{made['id']}"
        tried = acme_api.post(f"{path}/simulate").json()
        assert tried["matrix"] == [{"from_segment": "SMB", "to_segment": "Scaled", "accounts": 1}]
        assert acme_api.get(f"{path}/movers").json()["results"][0]["name"] == "One"
        assert acme_api.get(f"{path}/differences").json()["before"] == 1
        answer = acme_api.post(f"{path}/publish", {"effective_on": "2026-12-01"}).json()
        assert (answer["state"], answer["effective_on"]) == ("scheduled", "2026-12-01")
        assert acme_api.post(f"{path}/unschedule").json()["state"] == "draft"
        assert acme_api.post(f"{path}/unschedule").status_code == 409
        assert acme_api.post(f"{path}/publish").json()["state"] == "published"
        first = acme_api.get("segmentation-rules/?state=retired").json()["results"][0]
        again = acme_api.post(f"segmentation-rules/{first['id']}/roll-back")
        assert (again.status_code, again.json()["restores"]) == (201, 1)

    @pytest.mark.parametrize("day", ["x", "2020-01-01", 5])
    def test_a_bad_day_is_400(self, acme_api, day):
        made = acme_api.post("segmentation-rules/", {"rules": MENDED}).json()
        answer = acme_api.post(f"segmentation-rules/{made['id']}/publish", {"effective_on": day})
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["field"] == "effective_on"

    def test_a_csm_may_look_and_not_roll_back(self, acme, ben):
        client = api(member=ben)
        version = client.get("segmentation-rules/").json()["results"][0]["id"]
        assert client.get(f"segmentation-rules/{version}/movers").status_code == 200
        for verb in ("roll-back", "unschedule"):
            assert client.post(f"segmentation-rules/{version}/{verb}").status_code == 403
