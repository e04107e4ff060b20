"""How a customer is looked after; empty means not at all."""

import pytest

from accounts import services
from accounts.models import Account, SupportLevel
from cs_platform import ledger
from cs_platform.tenancy.scope import tenant_scope
from tests.accounts.seen import TESTER, facts, nothing_happens, verbs
from tests.cast import NOW, api

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(clock_at):
    clock_at(NOW)


def set_level(account, name):
    return services.set_support_level(account, name, actor=TESTER, now=NOW)


def test_a_first_level_brings_the_account_in(acme, make_account):
    account = make_account("Globex", support_level="", developers=50)
    with tenant_scope(acme):
        account = set_level(account, "Named")
        assert (account.state, account.segment, account.archived_at) == ("managed", "SMB", None)
        ids = [[str(account.pk)]]
        for name in ("managed", "restored", "support_levels_changed", "segmented"):
            assert [fact["account_ids"] for fact in facts(f"accounts.{name}")] == ids
        assert verbs(account.pk) == [
            "account.create",
            "account.set_support_level",
            "account.restore",
            "account.segment",
        ]


def test_another_level_segments_anew_and_is_no_new_account(acme, globex):
    with tenant_scope(acme):
        account = set_level(globex, "digital")
        assert (account.support_level.name, account.segment) == ("Digital", "Scaled")
        assert len(facts("accounts.managed")) == 1 and len(facts("accounts.support_levels_changed")) == 2


def test_clearing_it_archives_with_the_reason(acme, globex):
    with tenant_scope(acme):
        account = set_level(globex, "")
        assert (account.state, account.support_level, account.archive_reason) == (
            "archived",
            None,
            "The support level was cleared.",
        )
        assert len(facts("accounts.archived")) == 1
        assert Account.objects.filter(pk=globex.pk).exists()


@pytest.mark.parametrize("level", ["Named", ""])
def test_twice_is_harmless(acme, globex, level):
    with tenant_scope(acme):
        set_level(globex, level)
        with nothing_happens():
            set_level(globex, level)


def test_an_inactive_level_stays_and_is_given_to_nobody_else(acme, make_account, globex):
    other = make_account("Other", support_level="Digital")
    with tenant_scope(acme):
        named = SupportLevel.objects.get(name="Named")
        services.deactivate_support_level(named, actor=TESTER, now=NOW)
        with pytest.raises(services.InactiveLevel):
            set_level(other, "Named")
        with nothing_happens():
            assert set_level(globex, "Named").support_level == named
        with pytest.raises(services.InactiveLevel):
            services.set_support_levels([globex.pk, other.pk], "Named", actor=TESTER, now=NOW)


def test_an_attrited_customer_is_not_brought_in(acme, globex, make_account):
    gone = make_account("Gone", account_type="(5) Attrited Customer")
    with tenant_scope(acme):
        with pytest.raises(ledger.Refused, match="attrited"):
            set_level(gone, "Digital")
        assert services.set_support_levels([gone.pk, globex.pk], "Digital", actor=TESTER, now=NOW) == [globex.pk]


@pytest.mark.parametrize("start", ["Named", "Digital", ""])
@pytest.mark.parametrize("level", ["Named", "Digital", ""])
def test_the_single_form_and_the_set_form_agree(acme, make_account, start, level):
    one, many = make_account("One", support_level=start), make_account("Many", support_level=start)
    with tenant_scope(acme):
        set_level(one, level)
        services.set_support_levels([many.pk], level, actor=TESTER, now=NOW)
        one, many = Account.objects.get(pk=one.pk), Account.objects.get(pk=many.pk)
        same = ("state", "support_level_id", "segment", "service_model", "archived_at", "archive_reason", "version")
        assert [getattr(one, name) for name in same] == [getattr(many, name) for name in same]
        assert verbs(one.pk) == verbs(many.pk)


class TestThroughTheApi:
    def test_a_name_sets_and_null_clears(self, acme_api, globex):
        path = f"accounts/{globex.pk}/set-support-level"
        assert acme_api.post(path, {"support_level": "Digital", "note": "tech touch"}).json()["segment"] == "Scaled"
        cleared = acme_api.post(path, {"support_level": None})
        assert (cleared.status_code, cleared.json()["support_level"]) == (200, None)
        assert cleared.json()["archived_at"]
        assert acme_api.get("accounts/").json()["results"] == []
        assert acme_api.get(f"accounts/{globex.pk}/").status_code == 200

    @pytest.mark.parametrize(
        "body", [{}, {"support_level": 5}, {"support_level": "Platinum"}, {"support_level": ["Named"]}, {"level": "x"}]
    )
    def test_a_level_that_is_none_is_400(self, acme_api, globex, body):
        assert acme_api.post(f"accounts/{globex.pk}/set-support-level", body).status_code == 400

    def test_leadership_decides_and_nobody_else(self, globex, tess, ben, rhea):
        path, body = f"accounts/{globex.pk}/set-support-level", {"support_level": "Scaled"}
        assert api(member=tess).post(path, body).status_code == 200
        assert api(member=ben).post(path, body).status_code == 403
        assert api(member=rhea).post(path, body).status_code == 403

    def test_a_key_needs_its_own_scope(self, acme, globex):
        path, body = f"accounts/{globex.pk}/set-support-level", {"support_level": "Scaled"}
        assert api(tenant=acme, scopes=("accounts:write",)).post(path, body).json()["code"] == "missing_scope"
        assert api(tenant=acme, scopes=("support-levels:write",)).post(path, body).status_code == 200

    def test_another_tenant_does_not_find_it(self, umbra_api, globex):
        body = {"support_level": "Scaled"}
        assert umbra_api.post(f"accounts/{globex.pk}/set-support-level", body).status_code == 404
