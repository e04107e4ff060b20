"""A customer is not looked after any more, and is again."""

import pytest

from accounts import services
from accounts.models import Account
from cs_platform import ledger
from cs_platform.tenancy.scope import tenant_scope
from tests.accounts.seen import TESTER, facts, nothing_happens, verbs
from tests.cast import NOW, api

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(clock_at):
    clock_at(NOW)


def archive(account, reason="Contract ended"):
    return services.archive_account(account, reason, actor=TESTER, now=NOW)


def restore(account):
    return services.restore_account(account, actor=TESTER, now=NOW)


def test_nothing_is_deleted_and_it_is_told_once(acme, globex):
    with tenant_scope(acme):
        account = archive(globex)
        assert (account.state, account.archived_at, account.archive_reason) == ("archived", NOW, "Contract ended")
        assert account.support_level.name == "Named"
        assert verbs(globex.pk)[-1] == "account.archive"
        assert [fact["account_ids"] for fact in facts("accounts.archived")] == [[str(globex.pk)]]


def test_twice_is_refused_and_in_sets_harmless(acme, globex):
    with tenant_scope(acme):
        archive(globex)
        with nothing_happens():
            with pytest.raises(ledger.NotAllowed):
                archive(globex)
            assert services.archive_accounts([globex.pk], "again", actor=TESTER, now=NOW) == []


def test_a_reason_is_needed(acme, globex):
    with tenant_scope(acme):
        with pytest.raises(ledger.Refused, match="reason"):
            archive(globex, "  ")


def test_restoring_makes_it_managed_again(acme, globex):
    with tenant_scope(acme):
        archive(globex)
        account = restore(globex)
        assert (account.state, account.archived_at, account.archive_reason) == ("managed", None, "")
        assert len(facts("accounts.restored")) == 1 and len(facts("accounts.managed")) == 2
        with nothing_happens():
            with pytest.raises(ledger.NotAllowed):
                restore(globex)
            assert services.restore_accounts([globex.pk], actor=TESTER, now=NOW) == []


def test_without_a_level_or_attrited_it_is_not_restored(acme, make_account):
    bare = make_account("Bare", support_level="")
    gone = make_account("Gone", account_type="(5) Attrited Customer")
    with tenant_scope(acme):
        for account, code in ((bare, "no_support_level"), (gone, "attrited")):
            with pytest.raises(ledger.Refused) as refused:
                restore(account)
            assert refused.value.code == code
        assert services.restore_accounts([bare.pk, gone.pk], actor=TESTER, now=NOW) == []


def test_the_set_forms_agree_with_the_single_ones(acme, make_account):
    one, two = make_account("One", developers=5), make_account("Two", developers=5)
    with tenant_scope(acme):
        archive(one, "gone")
        assert services.archive_accounts([two.pk], "gone", actor=TESTER, now=NOW) == [two.pk]
        same = ("state", "archived_at", "archive_reason", "version")
        pairs = {tuple(getattr(Account.objects.get(pk=a.pk), name) for name in same) for a in (one, two)}
        assert len(pairs) == 1
        restore(one)
        assert services.restore_accounts([two.pk], actor=TESTER, now=NOW) == [two.pk]
        assert verbs(one.pk) == verbs(two.pk)


def test_sets_leave_out_what_is_not_there(acme, umbra, globex, make_account):
    theirs = make_account("Theirs", tenant=umbra)
    with tenant_scope(acme):
        assert services.archive_accounts([globex.pk, theirs.pk], "gone", actor=TESTER, now=NOW) == [globex.pk]
    with tenant_scope(umbra):
        assert Account.objects.get().state == "managed"


def test_the_state_changes_through_the_ledger_only(acme, globex):
    from django.db import IntegrityError, transaction

    with tenant_scope(acme):
        with pytest.raises(IntegrityError, match="through the ledger"), transaction.atomic():
            Account.objects.update(state="archived", archived_at=NOW)


def test_through_the_api(acme_api, globex):
    path = f"accounts/{globex.pk}"
    assert acme_api.post(f"{path}/archive", {"reason": "Contract ended"}).json()["state"] == "archived"
    assert acme_api.post(f"{path}/archive", {"reason": "x"}).json()["code"] == "not_allowed"
    assert acme_api.post(f"{path}/restore").json()["state"] == "managed"
    assert acme_api.post(f"{path}/restore").status_code == 409


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": None}, {"reason": 5}, {"reason": "x" * 501}])
def test_a_reason_that_is_none_is_400(acme_api, globex, body):
    assert acme_api.post(f"accounts/{globex.pk}/archive", body).status_code == 400


@pytest.mark.parametrize("verb", ["archive", "restore"])
def test_others_may_not(globex, ben, rhea, umbra_api, verb):
    body = {"reason": "x"} if verb == "archive" else {}
    for member in (ben, rhea):
        assert api(member=member).post(f"accounts/{globex.pk}/{verb}", body).status_code == 403
    assert umbra_api.post(f"accounts/{globex.pk}/{verb}", body).status_code == 404
