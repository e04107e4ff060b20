"""Another version of the rules: tried, published, and what it leaves behind."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import rules, selectors, services
from accounts.defaults import SEGMENTATION
from accounts.models import Account, Decision, SegmentationRules
from cs_platform import ledger
from cs_platform.tenancy.scope import tenant_scope
from tests.accounts.seen import TESTER, facts, nothing_happens, verbs
from tests.cast import NOW, api

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=1)


def band(low, high, segment, **more):
    bounds = [{"field": "developers", "op": "gte", "value": low}, {"field": "developers", "op": "lte", "value": high}]
    return {"when": {"all": bounds}, "segment": segment, "label": f"{low}–{high}", **more}


TWO = [band(0, 999, "Commercial"), band(1000, 100_000, "Strategic", service_model="Field team")]


@pytest.fixture
def crowd(make_account):
    return [make_account(f"Account {n}", developers=n * 300) for n in range(6)]


def publish(given, now=LATER):
    draft = services.save_segmentation_draft(given, "Two bands", actor=TESTER, now=now)
    return services.publish_segmentation(draft, actor=TESTER, now=now)


def test_everybody_is_segmented_anew_and_the_old_version_retires(in_acme, crowd):
    version = publish(TWO)
    assert (version.number, version.state, version.published_at) == (2, "published", LATER)
    old = SegmentationRules.objects.get(number=1)
    assert (old.state, old.retired_at, old.rules) == ("retired", LATER, SEGMENTATION)
    now_in = list(Account.objects.order_by("developers").values_list("segment", "service_model"))
    assert now_in == [("Commercial", "")] * 4 + [("Strategic", "Field team")] * 2
    why = selectors.explain_segment(crowd[5])
    assert why.words == "Strategic because developers = 1,500 (1,000–100,000), rule v2 of 24 Nov 2026"
    assert verbs(version.pk) == ["segmentation_rules.create", "segmentation_rules.publish"]
    assert facts("accounts.segmentation_published")[-1] == {"number": 2}
    assert set(facts("accounts.segmented")[-1]["account_ids"]) == {str(account.pk) for account in crowd}


def test_the_decision_of_before_stays_readable(in_acme, crowd):
    publish(TWO)
    first = Decision.objects.filter(account=crowd[0]).order_by("pk").first()
    assert (first.rules_version, first.rule, first.outcome["segment"]) == (1, "0–99 developers", "SMB")


def test_simulating_says_who_would_move_and_writes_nothing(in_acme, crowd):
    with nothing_happens():
        tried = services.simulate(TWO, now=LATER)
    assert (tried.accounts, tried.moving, tried.undecided) == (6, 6, 0)
    assert sum(move.accounts for move in tried.moves) == 6
    assert [mover.name for mover in tried.sample] == [f"Account {n}" for n in range(6)]
    assert (tried.sample[0].from_segment, tried.sample[0].to_segment) == ("SMB", "Commercial")
    publish(TWO)
    assert services.simulate(TWO, now=LATER).moves == ()


def test_the_swapped_sign_of_history_shows_in_the_simulation(in_acme, crowd):
    """The original had two signs swapped for a month: small customers would have become Strategic."""
    swapped = [
        {"when": {"field": "developers", "op": "lte", "value": 10_000}, "segment": "Strategic"},
        {"when": {"field": "developers", "op": "gt", "value": 10_000}, "segment": "Commercial"},
    ]
    tried = services.simulate(swapped, now=LATER)
    assert {(move.from_segment, move.to_segment) for move in tried.moves} >= {("SMB", "Strategic")}


def test_publishing_twice_is_refused(in_acme, crowd):
    version = publish(TWO)
    with pytest.raises(ledger.NotAllowed), nothing_happens():
        services.publish_segmentation(version, actor=TESTER, now=LATER)
    assert selectors.segmentation_in_force() == version


def test_a_published_version_can_not_be_edited(in_acme, crowd):
    version = publish(TWO)
    with pytest.raises(services.NotADraft):
        services.save_segmentation_draft(SEGMENTATION, draft=version, actor=TESTER, now=LATER)


def test_a_draft_that_waited_gets_the_next_number(in_acme):
    waiting = services.save_segmentation_draft(SEGMENTATION, "waiting", actor=TESTER, now=NOW)
    publish(TWO)
    assert (waiting.number, services.publish_segmentation(waiting, actor=TESTER, now=LATER).number) == (2, 4)


def test_accounts_that_no_rule_matches_have_no_segment_and_an_alert(in_acme, crowd):
    publish([band(0, 100, "Tiny")])
    assert Account.objects.filter(segment="").count() == 5
    assert selectors.open_alerts(kind="segment").count() == 5
    assert selectors.explain_segment(crowd[5]).words.startswith("No segment because no rule matches (developers = 1,5")
    publish(SEGMENTATION, LATER + timedelta(hours=1))
    assert not selectors.open_alerts(kind="segment").exists()


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ([], "rules"),
        ("x", "rules"),
        ([5], "rules.0"),
        ([{"segment": "SMB"}], "rules.0.when"),
        ([band(0, 5, "SMB"), band(0, 5, "x" * 61)], "rules.1.segment"),
        ([band(0, 5, "SMB", colour="red")], "rules.0.colour"),
        ([band(0, 5, 7)], "rules.0.segment"),
        ([band(0, 5, "a\nb")], "rules.0.segment"),
        ([{"when": {"field": "segment", "op": "eq", "value": "SMB"}, "segment": "SMB"}], "rules.0.when.field"),
        ([{"when": {"all": [{"field": "arr", "op": "gt", "value": "x"}]}, "segment": ""}], "rules.0.when.all.0.value"),
        ([band(0, 5, "SMB")] * 51, "rules"),
        ([{"when": {"any": [band(0, 1, "")["when"]] * 90}, "segment": ""}] * 3, "rules"),
    ],
)
def test_malformed_rules_are_refused_with_their_place(in_acme, given, where):
    with pytest.raises(rules.BadRule) as refused:
        services.save_segmentation_draft(given, actor=TESTER, now=NOW)
    assert where in [problem.path for problem in refused.value.problems]


def test_the_cost_does_not_grow_with_the_accounts(in_acme, make_account):
    def cost(given, now):
        draft = services.save_segmentation_draft(given, actor=TESTER, now=now)
        with CaptureQueriesContext(connection) as queries:
            services.publish_segmentation(draft, actor=TESTER, now=now)
        return len(queries)

    make_account("First", developers=50)
    few = cost(TWO, LATER)
    for n in range(9):
        make_account(f"Account {n}", developers=50)
    assert cost(SEGMENTATION, LATER) == few


class TestThroughTheApi:
    @pytest.fixture(autouse=True)
    def _today(self, clock_at):
        clock_at(LATER)

    def test_from_draft_to_published(self, acme, acme_api, crowd):
        draft = acme_api.post("segmentation-rules/", {"rules": TWO, "label": "Two"})
        assert (draft.status_code, draft.json()["state"], draft.json()["number"]) == (201, "draft", 2)
        path = f"segmentation-rules/{draft.json()['id']}"
        assert acme_api.patch(f"{path}/", {"label": "Two bands"}).json()["label"] == "Two bands"
        tried = acme_api.post(f"{path}/simulate").json()
        assert (tried["moving"], tried["moves"][0]["accounts"]) == (6, 2)
        assert acme_api.post("segmentation-rules/simulate", {"rules": TWO}).json() == tried
        assert acme_api.post(f"{path}/publish").json()["state"] == "published"
        assert acme_api.post(f"{path}/publish").status_code == 409
        assert acme_api.patch(f"{path}/", {"label": "x"}).status_code == 409
        listed = acme_api.get("segmentation-rules/").json()["results"]
        assert [(row["number"], row["state"]) for row in listed] == [(2, "published"), (1, "retired")]
        why = acme_api.get(f"accounts/{crowd[5].pk}/explain/segment").json()
        assert why["words"] == "Strategic because developers = 1,500 (1,000–100,000), rule v2 of 24 Nov 2026"

    def test_malformed_rules_are_400_with_their_place(self, acme_api):
        answer = acme_api.post("segmentation-rules/", {"rules": [{"when": {"field": "arr"}, "segment": "x"}]})
        assert answer.status_code == 400
        assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [("rules.0.when.op", "unknown_op")]

    @pytest.mark.parametrize("body", [{}, {"rules": None}, {"rules": {}}, {"rules": [None]}, {"label": "x"}])
    def test_a_body_without_rules_is_400(self, acme_api, body):
        assert acme_api.post("segmentation-rules/", body).status_code == 400
        assert acme_api.post("segmentation-rules/simulate", body).status_code == 400

    def test_a_viewer_may_look_and_not_publish(self, acme, rhea, ben):
        for member in (rhea, ben):
            client = api(member=member)
            version = client.get("segmentation-rules/").json()["results"][0]
            assert client.post("segmentation-rules/", {"rules": TWO}).status_code == 403
            assert client.post(f"segmentation-rules/{version['id']}/publish").status_code == 403

    def test_another_tenant_does_not_see_it(self, acme, umbra_api):
        with tenant_scope(acme):
            version = SegmentationRules.objects.get()
        for answer in (
            umbra_api.get(f"segmentation-rules/{version.pk}/"),
            umbra_api.post(f"segmentation-rules/{version.pk}/publish"),
            umbra_api.patch(f"segmentation-rules/{version.pk}/", {"label": "x"}),
        ):
            assert answer.status_code == 404
