"""What a person should look at on an account."""

from datetime import timedelta
from uuid import uuid4

import pytest

from accounts import selectors, services
from accounts.models import AccountAlert
from cs_platform.tenancy.scope import tenant_scope
from tests.accounts.seen import TESTER, nothing_happens, verbs
from tests.cast import NOW, api

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=1)


@pytest.fixture(autouse=True)
def _today(clock_at):
    clock_at(LATER)


def raise_it(*ids, message="Nobody to write to."):
    return services.raise_alert(ids, "recipients", message, actor=TESTER, now=NOW)


def test_it_is_raised_once_and_cleared_once(acme, globex):
    with tenant_scope(acme):
        assert raise_it(globex.pk) == [globex.pk]
        with nothing_happens():
            assert raise_it(str(globex.pk)) == []
        alert = selectors.open_alerts(globex.pk).get()
        assert (alert.message, alert.raised_at) == ("Nobody to write to.", NOW)
        assert services.clear_alert([globex.pk], "recipients", actor=TESTER, now=LATER) == 1
        with nothing_happens():
            assert services.clear_alert([globex.pk], "recipients", actor=TESTER, now=LATER) == 0
        assert verbs(alert.pk) == ["alert.raise", "alert.clear"]
        assert raise_it(globex.pk) == [globex.pk]
        assert AccountAlert.objects.count() == 2


def test_newer_words_replace_the_older_ones(acme, globex):
    with tenant_scope(acme):
        raise_it(globex.pk)
        assert raise_it(globex.pk, message="Two of three bounced.") == []
        assert selectors.open_alerts(globex.pk).get().message == "Two of three bounced."


def test_accounts_that_are_not_there_are_left_out(acme, umbra, make_account, globex):
    theirs = make_account("Theirs", tenant=umbra, developers=5)
    with tenant_scope(acme):
        assert raise_it(globex.pk, theirs.pk, uuid4()) == [globex.pk]
    with tenant_scope(umbra):
        assert not AccountAlert.objects.exists()


def test_through_the_api(acme, acme_api, umbra_api, globex, rhea, ben):
    with tenant_scope(acme):
        raise_it(globex.pk)
    (alert,) = acme_api.get("alerts/").json()["results"]
    assert (alert["account_id"], alert["kind"]) == (str(globex.pk), "recipients")
    assert acme_api.get(f"accounts/{globex.pk}/alerts").json()["results"] == [alert]
    assert acme_api.get("alerts/?kind=segment").json()["results"] == []
    path = f"alerts/{alert['id']}/resolve"
    assert api(member=rhea).post(path).status_code == 403
    assert umbra_api.post(path).status_code == 404
    assert api(member=ben).post(path).json()["cleared_at"] == "2026-11-24T09:00:00Z"
    with nothing_happens(acme):
        assert api(member=ben).post(path).status_code == 200
    assert acme_api.get(f"alerts/?account_id={globex.pk}").json()["results"] == []
