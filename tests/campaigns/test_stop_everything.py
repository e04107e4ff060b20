"""The switch of all mail: seen everywhere, with who, when and why; and what the API can do of it and of late runs."""

from datetime import timedelta

import pytest
from django.test import Client

from campaigns import selectors, services
from campaigns.models import AudienceStart, Enrolment, SendingControl, SeriesRun
from cs_platform import ledger
from cs_platform.tenancy.scope import tenant_scope
from tests.campaigns.stage import TEST, at, enrol, make_account, make_contact, make_series, minute, subjects
from tests.cast import api, sign_in

pytestmark = pytest.mark.django_db
WEDNESDAY = at("2026-11-25", 8)
EVERYWHERE = ("/", "/accounts/", "/campaigns/", "/campaigns/calendar/", "/campaigns/messages/", "/campaigns/why/")


@pytest.fixture
def tips(acme):
    with tenant_scope(acme):
        series = make_series()
        enrol(series, make_contact(make_account()))
    return series


def test_every_page_says_who_stopped_all_mail_when_and_why(acme, ana, rhea, otto, tips, clock_at):
    clock_at(WEDNESDAY)
    page = sign_in(Client(), ana)
    assert page.post("/campaigns/sending/stop/", {"why": " "}).status_code == 422
    page.post("/campaigns/sending/stop/", {"why": "wrong prices in the text"})
    reader = sign_in(Client(), rhea)
    for path in (*EVERYWHERE, f"/campaigns/series/{tips.pk}/"):
        shown = reader.get(path).content.decode()
        assert "All mail to customers is stopped" in shown and "wrong prices in the text" in shown, path
        assert "Ana" in shown and "25 Nov" in shown, path
    assert "All mail to customers is stopped" not in sign_in(Client(), otto).get("/").content.decode()
    page.post("/campaigns/sending/start/")
    assert "All mail to customers is stopped" not in reader.get("/").content.decode()


def test_it_needs_a_reason_and_a_second_stop_keeps_the_first(acme, tips):
    with tenant_scope(acme):
        with pytest.raises(ledger.Refused, match="Say why"):
            services.stop_sending("  ", actor=TEST, now=WEDNESDAY)
        services.stop_sending("first", actor=TEST, now=WEDNESDAY)
        services.stop_sending("second", actor=TEST, now=WEDNESDAY + timedelta(hours=1))
        row = SendingControl.objects.get()
        assert (row.stopped_why, row.stopped_by, row.stopped_at) == ("first", "test", WEDNESDAY)


def test_the_api_stops_and_starts_and_says_who(acme, acme_api, tips, clock_at):
    clock_at(WEDNESDAY)
    assert acme_api.post("sending/stop", {"why": ""}).status_code == 400
    body = acme_api.post("sending/stop", {"why": "wrong prices"}).json()
    assert body["is_on"] is False and body["stopped_by"] and body["stopped_at"].startswith("2026-11-25T08:00")
    assert acme_api.post("sending/start").json()["is_on"] is True


def test_a_late_run_is_sent_by_hand_through_the_api(acme, acme_api, umbra, tips, mailbox, clock_at):
    minute(WEDNESDAY - timedelta(minutes=5))
    minute(WEDNESDAY + timedelta(hours=5))
    clock_at(WEDNESDAY + timedelta(hours=6))
    (run,) = acme_api.get(f"series-runs/?series_id={tips.pk}&reason=late").json()["results"]
    assert (run["local_date"], run["state"]) == ("2026-11-25", "skipped")
    assert api(tenant=umbra).post(f"series-runs/{run['id']}/send-late").status_code == 404
    assert acme_api.post(f"series-runs/{run['id']}/send-late").json()["state"] == "expanding"
    assert acme_api.post(f"series-runs/{run['id']}/send-late").status_code == 409
    minute(WEDNESDAY + timedelta(hours=6))
    assert subjects(mailbox) == ["Tips 1 for Ada"]
    with tenant_scope(acme):
        assert SeriesRun.objects.get(pk=run["id"]).state == "finished"


def test_the_audience_of_a_series_is_started_and_ended_through_the_api(acme, acme_api, clock_at):
    clock_at(WEDNESDAY)
    with tenant_scope(acme):
        account = make_account()
        make_contact(account)
        series, nobody = make_series(audience_roles=["Program Contact"]), make_series("For nobody")
    body = {"account_ids": [str(account.pk)]}
    assert acme_api.post(f"series/{series.pk}/start-audience", body).json() == {"enrolled": 1}
    assert acme_api.post(f"series/{series.pk}/start-audience", body).json() == {"enrolled": 0}
    assert acme_api.post(f"series/{nobody.pk}/start-audience", body).json()["code"] == "no_roles"
    acme_api.post(f"series/{series.pk}/end-audience", body)
    with tenant_scope(acme):
        assert AudienceStart.objects.get(series=series).ended_at == WEDNESDAY
        assert Enrolment.objects.get(series=series).state == "active"


def test_a_copy_is_made_the_one_that_sends_through_the_api(acme, acme_api, tips, settings):
    settings.CS_INSTALLATION_ID = "the copy"
    assert "another installation" in acme_api.get("sending").json()["why_not"]
    assert acme_api.post("sending/adopt").json()["why_not"] == ""
    with tenant_scope(acme):
        assert selectors.why_nothing_is_sent() == ""
