"""The organisation asks for a second factor: who is led where, and the way back for somebody who lost it."""

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from cs_platform import ledger
from cs_platform.ledger.models import AuditRow
from cs_platform.people import services
from cs_platform.tenancy.models import Tenant
from cs_platform.tenancy.scope import tenant_scope
from tests.cast import NOW, api, make_member, sign_in
from tests.people.factors import codes, log_in, with_app, with_codes  # noqa: F401
from tests.workspace.world import HTMX, form_of, text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("codes")]


@pytest.fixture(autouse=True)
def _today(clock_at):
    clock_at(NOW)


def rule(tenant, value):
    with tenant_scope(tenant):
        services.edit_tenant(tenant, {"second_factor": value}, actor=ledger.system("test"), now=NOW)


WHO = {"nobody": set(), "admins": {"ana", "adam"}, "everybody": {"ana", "adam", "ben", "rhea"}}


@pytest.mark.parametrize("value", WHO)
def test_the_rule_concerns_whom_it_names(acme, ana, ben, rhea, value):
    people = {"ana": ana, "ben": ben, "rhea": rhea, "adam": make_member(acme, "Adam", "admin", "csm")}
    rule(acme, value)
    for name, member in people.items():
        page, answer = sign_in(Client(), member).get("/accounts/"), api(member=member).get("accounts/")
        if name in WHO[value]:
            assert (page.status_code, page["Location"]) == (302, "/auth/2fa/")
            assert (answer.status_code, answer.json()["code"]) == (403, "second_factor_required")
        else:
            assert page.status_code == 200 and answer.status_code == 200


def test_a_factor_opens_the_door_and_recovery_codes_are_none(acme, ben):
    rule(acme, "everybody")
    with_codes(ben.user)
    browser = sign_in(Client(), ben)
    assert browser.get("/accounts/").status_code == 302
    with_app(ben.user)
    assert browser.get("/accounts/").status_code == 200
    assert api(member=ben).get("accounts/").status_code == 200


def test_the_page_where_it_is_set_up_is_open_and_says_why(acme, ben):
    rule(acme, "everybody")
    browser = sign_in(Client(), ben)
    page = browser.get("/accounts/", follow=True)
    assert page.status_code == 200 and "Acme asks for a second factor" in text(page)
    assert browser.get("/accounts/", headers=HTMX)["HX-Redirect"] == "/auth/2fa/"
    assert browser.post("/settings/teams/create/", {"name": "x"})["Location"] == "/auth/2fa/"


def test_api_keys_are_not_concerned(acme, acme_api):
    rule(acme, "everybody")
    assert acme_api.get("accounts/").status_code == 200


def test_another_organisation_of_the_person_has_its_own_rule(acme, umbra, ben):
    elsewhere = make_member(umbra, "Ben", "csm", email=ben.user.email)
    rule(acme, "everybody")
    assert sign_in(Client(), elsewhere).get("/accounts/").status_code == 200


def test_it_is_set_on_the_security_page_and_told(acme, ana, ben, client):
    sign_in(client, ana)
    with_app(ana.user)
    form = form_of(client.get("/settings/security/"), "/security/")
    assert client.post("/settings/security/", {**form, "second_factor": "everybody"}).status_code == 302
    assert Tenant.objects.get(pk=acme.pk).second_factor == "everybody"
    shown = text(client.get("/settings/security/"))
    assert "1 of 2 have a second factor" in shown and "Ben" in shown
    assert client.post("/settings/security/", {**form, "second_factor": "some"}).status_code == 422
    with tenant_scope(acme):
        assert AuditRow.objects.get(verb="tenant.edit").changes["second_factor"] == ["nobody", "everybody"]


# --- lost -----------------------------------------------------------------------------------------------------------


def test_an_administrator_takes_it_away_and_the_person_is_told(acme, ana, ben, client, mailbox):
    with_app(ben.user)
    with_codes(ben.user)
    page = sign_in(client, ana).get(f"/settings/members/{ben.pk}/")
    assert "Take it away" in text(page)
    assert client.post(f"/settings/members/{ben.pk}/reset-second-factor/").status_code == 302
    assert not Authenticator.objects.filter(user=ben.user).exists()
    with tenant_scope(acme):
        row = AuditRow.objects.select_related("call").get(verb="member.reset_second_factor")
        assert (row.object_id, row.call.actor_id) == (str(ben.pk), str(ana.pk))
    ledger.drain(NOW)
    (mail,) = mailbox.mails()
    body = mailbox.read(mail["file"]).decode().replace("=\n", "")
    assert mail["to"] == [ben.user.email] and "taken away by Ana of Acme" in body
    assert log_in(Client(), ben.user)["Location"] == "/"


def test_not_for_a_person_of_another_organisation_as_well(acme, umbra, ana, ben):
    make_member(umbra, "Ben", "csm", email=ben.user.email)
    with_app(ben.user)
    answer = api(member=ana).post(f"members/{ben.pk}/reset-second-factor")
    assert (answer.status_code, answer.json()["code"]) == (409, "belongs_elsewhere")
    assert Authenticator.objects.filter(user=ben.user).exists()


def test_what_else_is_refused(acme, ana, ben, tess):
    adam = make_member(acme, "Adam", "admin")
    for member in (ana, adam):
        with_app(member.user)
    for who, whose, status, code in (
        (ana, ana, 409, "own_second_factor"),
        (adam, ana, 409, "owner_only"),
        (ana, ben, 409, "no_second_factor"),
        (tess, adam, 403, "permission_denied"),
    ):
        answer = api(member=who).post(f"members/{whose.pk}/reset-second-factor")
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert Authenticator.objects.count() == 2
