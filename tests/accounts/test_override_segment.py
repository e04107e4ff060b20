"""A person's word against the rules: with a reason, an owner and an end."""

from datetime import date, timedelta

import pytest

from accounts import selectors, services
from accounts.models import Account, SegmentOverride
from cs_platform import ledger
from cs_platform.tenancy.scope import tenant_scope
from tests.accounts.seen import TESTER, facts, verbs
from tests.cast import NOW, api

pytestmark = pytest.mark.django_db
UNTIL = date(2026, 12, 24)
RULES = [{"when": {"all": []}, "segment": "Everybody", "service_model": "One team"}]


@pytest.fixture
def override(acme, globex, ben):
    def make(account=None, **more):
        given = {"segment": "Strategic", "reason": "Reference customer", "owner": ben, "expires_on": UNTIL, **more}
        with tenant_scope(acme):
            return services.override_segment(account or globex, **given, actor=TESTER, now=NOW)

    return make


def of(account):
    return Account.objects.get(pk=account.pk)


def test_it_counts_instead_of_the_rules_and_says_why(acme, globex, override):
    made = override()
    with tenant_scope(acme):
        assert (of(globex).segment, of(globex).service_model) == ("Strategic", "Scaled TA team")
        why = selectors.explain_segment(of(globex))
        assert why.words.startswith(
            "Strategic because it was set by hand until 24 Dec 2026 (Reference customer; Ben). The rules say Enterprise"
            " because developers = 1,200 (501–2,500), rule v1 of"
        )
        assert why.service_model_words.startswith("Scaled TA team because developers = 1,200")
        assert why.override["segment"] == "Enterprise"
        assert verbs(made.pk) == ["segment_override.create"]
        assert facts("accounts.segmented")[-1] == {"account_ids": [str(globex.pk)]}


def test_new_numbers_and_new_rules_do_not_move_it(acme, globex, override):
    override()
    with tenant_scope(acme):
        services.edit_account(globex, {"developers": 5}, actor=TESTER, now=NOW)
        assert of(globex).segment == "Strategic"
        draft = services.save_segmentation_draft(RULES, actor=TESTER, now=NOW)
        tried = services.simulate(RULES, now=NOW)
        assert (tried.overridden, tried.moving) == (1, 1)  # the service model follows the rules
        assert (tried.moves[0].to_segment, tried.moves[0].to_service_model) == ("Strategic", "One team")
        services.publish_segmentation(draft, actor=TESTER, now=NOW)
        assert (of(globex).segment, of(globex).service_model) == ("Strategic", "One team")


def test_it_ends_by_itself_after_its_last_day(acme, globex, override):
    made = override()
    ledger.tick(NOW.replace(month=12, day=24, hour=22))  # 23:00 in Berlin: it still holds
    with tenant_scope(acme):
        assert of(globex).segment == "Strategic"
    for _ in range(2):
        ledger.tick(NOW.replace(month=12, day=24, hour=23, minute=30))
    with tenant_scope(acme):
        assert of(globex).segment == "Enterprise"
        made = SegmentOverride.objects.get(pk=made.pk)
        assert made.ended_because == "expired"
        assert verbs(made.pk).count("segment_override.expire") == 1
        assert "by hand" not in selectors.explain_segment(of(globex)).words


def test_a_week_before_its_end_the_account_has_an_alert_once(acme, globex, override):
    override()
    for _ in range(2):
        ledger.tick(NOW.replace(month=12, day=18))
    with tenant_scope(acme):
        assert "24 Dec 2026" in selectors.open_alerts(globex.pk, kind="segment_override").get().message
    override(expires_on=date(2027, 3, 1))  # renewed
    with tenant_scope(acme):
        assert not selectors.open_alerts(globex.pk, kind="segment_override").exists()


def test_another_one_takes_its_place(acme, globex, override):
    first = override()
    override(segment="SMB")
    with tenant_scope(acme):
        assert SegmentOverride.objects.get(pk=first.pk).ended_because == "replaced"
        assert of(globex).segment == "SMB"
        assert selectors.overrides().count() == 1


def test_ending_it_lets_the_rules_decide_and_twice_is_harmless(acme, globex, override):
    made = override()
    with tenant_scope(acme):
        for _ in range(2):
            made = services.end_override(made, actor=TESTER, now=NOW)
        assert (made.ended_because, of(globex).segment) == ("by_hand", "Enterprise")
        assert verbs(made.pk) == ["segment_override.create", "segment_override.end"]


def test_an_undecided_account_that_a_person_has_decided_needs_no_look(acme, make_account, override):
    unknown = make_account("Unknown")
    with tenant_scope(acme):
        assert selectors.open_alerts(unknown.pk, kind="segment").exists()
    override(unknown)
    with tenant_scope(acme):
        assert not selectors.open_alerts(unknown.pk, kind="segment").exists()


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"segment": "", "service_model": ""}, "required"),
        ({"segment": "Nonsense"}, "unknown_segment"),
        ({"service_model": "Nonsense"}, "unknown_service_model"),
        ({"reason": "  "}, "required"),
        ({"expires_on": date(2026, 11, 22)}, "out_of_range"),
        ({"expires_on": date(2028, 1, 1)}, "out_of_range"),
    ],
)
def test_what_is_refused(override, given, code):
    with pytest.raises(ledger.Refused) as refused:
        override(**given)
    assert refused.value.code == code


def test_an_archived_account_is_refused(acme, globex, override):
    with tenant_scope(acme):
        services.archive_account(globex, "Gone", actor=TESTER, now=NOW)
    with pytest.raises(ledger.Refused, match="archived"):
        override()


class TestThroughTheApi:
    @pytest.fixture(autouse=True)
    def _today(self, clock_at):
        clock_at(NOW)

    def body(self, ben, **more):
        return {"segment": "SMB", "reason": "Small team", "owner_id": str(ben.pk), "expires_on": "2026-12-24", **more}

    def test_set_list_end(self, acme, acme_api, globex, ben):
        made = acme_api.post(f"accounts/{globex.pk}/override-segment", self.body(ben))
        assert (made.status_code, made.json()["segment"]) == (201, "SMB")
        listed = acme_api.get("segment-overrides/").json()["results"]
        assert [row["account_id"] for row in listed] == [str(globex.pk)]
        assert acme_api.get(f"accounts/{globex.pk}/").json()["segment"] == "SMB"
        ended = acme_api.post(f"segment-overrides/{made.json()['id']}/end").json()
        assert ended["ended_because"] == "by_hand"
        assert acme_api.get("segment-overrides/").json()["results"] == []
        assert len(acme_api.get("segment-overrides/?active=false").json()["results"]) == 1

    @pytest.mark.parametrize(
        "wrong",
        [{"reason": None}, {"owner_id": None}, {"expires_on": "soon"}, {"segment": "Nonsense"}, {"colour": "red"}],
    )
    def test_what_is_wrong_is_named(self, acme_api, globex, ben, wrong):
        answer = acme_api.post(f"accounts/{globex.pk}/override-segment", self.body(ben, **wrong))
        assert answer.status_code in (400, 409)
        assert next(iter(wrong)) in answer.content.decode()

    def test_a_csm_may_not_and_another_tenant_does_not_find_it(self, umbra_api, globex, ben):
        assert api(member=ben).post(f"accounts/{globex.pk}/override-segment", self.body(ben)).status_code == 403
        assert umbra_api.post(f"accounts/{globex.pk}/override-segment", self.body(ben)).status_code == 404


def test_the_cost_of_segmenting_does_not_grow_with_overrides(acme, make_account, override):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def cost(number):
        made = [make_account(f"{number} {n}", developers=10) for n in range(number)]
        for account in made:
            override(account)
        with tenant_scope(acme), CaptureQueriesContext(connection) as asked:
            services.segment_accounts([account.pk for account in made], now=NOW + timedelta(hours=1))
        return len(asked)

    assert cost(2) == cost(6)
