"""accounts/bulk-set-support-level, accounts/bulk-update, and opportunities by their close."""

from datetime import date
from uuid import uuid4

import pytest

from accounts import services
from accounts.models import Account
from cs_platform.tenancy.scope import tenant_scope
from tests.accounts.seen import TESTER
from tests.cast import NOW, api

pytestmark = pytest.mark.django_db
LEVELS = "accounts/bulk-set-support-level"


@pytest.fixture(autouse=True)
def _today(clock_at):
    clock_at(NOW)


@pytest.fixture
def three(make_account):
    return [make_account(f"Account {n}", developers=n * 300) for n in range(3)]


def ids(accounts):
    return [str(account.pk) for account in accounts]


def test_looked_at_and_confirmed(acme, acme_api, three):
    asked = {"account_ids": ids(three), "support_level": "Scaled"}
    shown = acme_api.post(LEVELS, asked).json()
    assert (shown["changed"], shown["applied_at"]) == (3, None)
    assert shown["results"][0]["after"]["segment"] == "Scaled"
    assert {"what": "segment", "before": "SMB", "after": "Scaled", "accounts": 1, "number": 0} in shown["summary"]
    with tenant_scope(acme):
        assert not Account.objects.filter(segment="Scaled").exists()
    done = acme_api.post(LEVELS, {**asked, "dry_run": False, "fingerprint": shown["fingerprint"]}).json()
    assert (done["changed"], done["applied_at"] is not None) == (3, True)
    again = acme_api.post(LEVELS, {"dry_run": False, "fingerprint": shown["fingerprint"]})
    assert (again.status_code, again.json()["changed"]) == (200, 3)


def test_by_a_rule(acme_api, three):
    rule = {"field": "developers", "op": "gte", "value": 300}
    shown = acme_api.post(LEVELS, {"filter": rule, "support_level": None}).json()
    assert [row["name"] for row in shown["results"]] == ["Account 1", "Account 2"]
    assert shown["results"][0]["after"]["state"] == "archived"


def test_what_changed_since_is_stale(acme, acme_api, three):
    shown = acme_api.post(LEVELS, {"account_ids": ids(three), "support_level": "Scaled"}).json()
    with tenant_scope(acme):
        services.edit_account(three[1], {"developers": 7}, actor=TESTER, now=NOW)
    done = acme_api.post(LEVELS, {"dry_run": False, "fingerprint": shown["fingerprint"]}).json()
    assert [row["result"] for row in done["results"]] == ["changed", "stale", "changed"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"support_level": "Scaled"}, 409, "nobody"),
        ({"account_ids": []}, 400, "required"),
        ({"dry_run": False, "support_level": "Scaled"}, 409, "not_previewed"),
        ({"dry_run": False, "fingerprint": str(uuid4())}, 404, "not_found"),
        ({"account_ids": ["x"], "support_level": "Scaled"}, 400, "invalid"),
        ({"filter": {"field": "colour"}, "support_level": "Scaled"}, 400, "unknown_field"),
        ({"filter": {"all": []}, "account_ids": [], "support_level": "Scaled"}, 400, "invalid"),
        ({"account_ids": [str(uuid4())], "support_level": "Nonsense"}, 400, "unknown_support_level"),
    ],
)
def test_what_is_refused(acme_api, three, body, status, code):
    answer = acme_api.post(LEVELS, body)
    assert answer.status_code == status, answer.json()
    assert code in answer.content.decode()


def test_a_fingerprint_is_of_one_change(acme_api, three, ben):
    shown = acme_api.post(LEVELS, {"account_ids": ids(three), "support_level": "Scaled"}).json()
    confirm = {"dry_run": False, "fingerprint": shown["fingerprint"]}
    assert acme_api.post(LEVELS, {**confirm, "support_level": "Digital"}).json()["code"] == "another_change"
    owner = acme_api.post("accounts/bulk-update", {"account_ids": ids(three), "change": {"csm_id": str(ben.pk)}}).json()
    answer = acme_api.post(LEVELS, {"dry_run": False, "fingerprint": owner["fingerprint"]})
    assert answer.json()["code"] == "another_change"


def test_bulk_update_of_values_owner_and_level(acme, acme_api, three, ben):
    change = {
        "region": "EMEA",
        "arr": "1200.50",
        "renewal_date": "2027-01-31",
        "csm_id": str(ben.pk),
        "support_level": "Digital",
    }
    shown = acme_api.post("accounts/bulk-update", {"account_ids": ids(three), "change": change}).json()
    assert shown["changed"] == 3
    acme_api.post("accounts/bulk-update", {"dry_run": False, "fingerprint": shown["fingerprint"]})
    with tenant_scope(acme):
        rows = set(Account.objects.values_list("region", "arr_minor", "renewal_date", "csm", "support_level__name"))
    assert rows == {("EMEA", 120_050, date(2027, 1, 31), ben.pk, "Digital")}


@pytest.mark.parametrize(
    "change", [{"name": "Same"}, {"external_id": "x"}, {"csm_id": str(uuid4())}, {"colour": "red"}, {}]
)
def test_bulk_update_of_what_is_each_accounts_own_is_400(acme_api, three, change):
    assert acme_api.post("accounts/bulk-update", {"account_ids": ids(three), "change": change}).status_code == 400


def test_who_may(acme, three, ben, tess, umbra_api):
    body = {"account_ids": ids(three), "support_level": "Scaled"}
    assert api(member=ben).post(LEVELS, body).status_code == 403
    update = {"account_ids": ids(three), "change": {"support_level": "Scaled"}}
    assert api(member=ben).post("accounts/bulk-update", update).status_code == 403
    shown = api(member=tess).post(LEVELS, body).json()
    assert umbra_api.post(LEVELS, {"dry_run": False, "fingerprint": shown["fingerprint"]}).status_code == 404
    assert umbra_api.post(LEVELS, body).json()["results"] == []
    reader = api(tenant=acme, scopes=("accounts:read",))
    assert reader.post(LEVELS, body).status_code == 403


class TestOpportunities:
    @pytest.fixture
    def deals(self, acme, globex):
        rows = [
            ("Soon", date(2026, 12, 1), False),
            ("Late", date(2027, 6, 1), False),
            ("Over", date(2026, 11, 1), True),
        ]
        inputs = [
            services.OpportunityInput(
                globex.pk, {"name": name, "close_date": day, "is_closed": closed}, salesforce_id=f"006{n:015d}"
            )
            for n, (name, day, closed) in enumerate(rows)
        ]
        with tenant_scope(acme):
            services.upsert_opportunities(inputs, actor=TESTER, now=NOW)

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("open=true&closing_within=45", ["Soon"]),
            ("open=true", ["Late", "Soon"]),
            ("open=false", ["Over"]),
            ("closing_within=0", ["Over"]),
            ("open=true&is_closed=false", ["Late", "Soon"]),
        ],
    )
    def test_by_their_close(self, acme_api, deals, query, names):
        found = acme_api.get(f"opportunities/?{query}").json()["results"]
        assert [row["name"] for row in found] == names

    @pytest.mark.parametrize(
        "query",
        ["closing_within=x", "closing_within=-1", "closing_within=99999", "open=maybe", "open=true&is_closed=true"],
    )
    def test_what_can_not_be_asked_is_400(self, acme_api, query):
        assert acme_api.get(f"opportunities/?{query}").status_code == 400
