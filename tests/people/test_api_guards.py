"""Who gets past the frame of the API, and what the others are told."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client

from cs_platform.people import services
from cs_platform.people.models import ApiKey, Invitation, Membership
from cs_platform.tenancy.scope import tenant_scope
from tests.cast import NOW, api, make_key, sign_in

pytestmark = pytest.mark.django_db


def test_no_key_is_401_with_a_challenge(acme):
    answer = Client().get("/api/v1/members/")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "not_authenticated"


@pytest.mark.parametrize("key", ["", "x", "cs_", "cs_abc_def", "cs_\u00e4_x", "cs__", "cs_a_b_c", "cs_" + "a" * 500])
def test_a_wrong_key_is_401(acme, key):
    answer = Client().get("/api/v1/members/", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 401


def test_a_key_with_one_wrong_character_is_401(acme):
    key = make_key(acme, "admin")
    wrong = key[:-1] + ("a" if key[-1] != "a" else "b")
    assert api(wrong).get("members/").status_code == 401
    assert api(key).get("members/").status_code == 200


def test_the_key_is_not_stored(acme):
    key = make_key(acme, "admin")
    with tenant_scope(acme):
        row = ApiKey.objects.get(name="test")
    assert key not in str(vars(row)) and key.split("_", 2)[2] not in str(vars(row))


def test_a_revoked_key_is_401_at_once(acme):
    key = make_key(acme, "admin")
    assert api(key).get("members/").status_code == 200
    with tenant_scope(acme):
        services.revoke_api_key(ApiKey.objects.get(), actor=ApiKey.objects.get().actor, now=NOW)
    assert api(key).get("members/").status_code == 401


def test_an_expired_key_is_401(acme, clock_at):
    key = make_key(acme, "admin", expires_at=NOW + timedelta(days=1))
    clock_at(NOW)
    assert api(key).get("members/").status_code == 200
    clock_at(NOW + timedelta(days=1))
    assert api(key).get("members/").status_code == 401


def test_the_key_of_a_suspended_tenant_is_401(acme):
    key = make_key(acme, "admin")
    type(acme).objects.filter(pk=acme.pk).update(status="suspended")
    assert api(key).get("members/").status_code == 401


def test_a_missing_scope_is_403_and_names_it(acme):
    answer = api(tenant=acme, scopes=("accounts:read",)).get("members/")
    assert answer.status_code == 403
    assert answer.json()["code"] == "missing_scope"
    assert "members:read" in answer.json()["detail"]


def test_a_role_that_may_not_is_403(ben):
    assert api(member=ben).get("members/").status_code == 200
    assert api(member=ben).get("api-keys/").status_code == 403


def test_foreign_and_absent_are_the_same_404(acme_api, otto):
    foreign, absent = acme_api.get(f"members/{otto.pk}/"), acme_api.get(f"members/{uuid4()}/")
    malformed, unknown = acme_api.get("members/%00/"), acme_api.get("nowhere/at/all/")
    assert {a.status_code for a in (foreign, absent, malformed, unknown)} == {404}
    assert foreign.content == absent.content == malformed.content == unknown.content
    assert foreign["Content-Type"] == "application/problem+json"


def test_a_foreign_row_cannot_be_changed(acme_api, otto, umbra):
    assert acme_api.post(f"members/{otto.pk}/deactivate").status_code == 404
    assert acme_api.patch(f"members/{otto.pk}/", {"roles": ["viewer"]}).status_code == 404
    with tenant_scope(umbra):
        assert Membership.objects.get(pk=otto.pk).roles == ["owner"]


def test_a_session_needs_the_csrf_token(ana):
    client = sign_in(Client(enforce_csrf_checks=True), ana)
    answer = client.post("/api/v1/api-keys/", "{}", content_type="application/json")
    assert answer.status_code == 403
    assert answer["Content-Type"] == "application/problem+json"


def test_a_removed_member_is_out_at_once(acme, ana, ben):
    browser = api(member=ben)
    assert browser.get("members/").status_code == 200
    with tenant_scope(acme):
        services.deactivate_member(ben, by=ana, actor=ana.actor, now=NOW)
    answer = browser.get("members/")
    assert answer.status_code == 403
    assert answer.json()["code"] == "no_membership"


def test_a_removed_role_counts_at_once(acme, ana, ben):
    with tenant_scope(acme):
        services.edit_roles(ben, ["admin"], by=ana, actor=ana.actor, now=NOW)
    browser = api(member=ben)
    assert browser.get("api-keys/").status_code == 200
    with tenant_scope(acme):
        services.edit_roles(Membership.objects.get(pk=ben.pk), ["viewer"], by=ana, actor=ana.actor, now=NOW)
    assert browser.get("api-keys/").status_code == 403


def test_a_method_that_is_not_there_is_405(acme_api):
    answer = acme_api.delete("members/")
    assert answer.status_code == 405
    assert answer.json()["code"] == "method_not_allowed"


def test_the_slash_at_the_end_may_be_left_out(acme_api):
    assert acme_api.get("members").content == acme_api.get("members/").content


def test_the_last_use_of_a_key_is_noted(acme, acme_api):
    acme_api.get("members/")
    with tenant_scope(acme):
        assert ApiKey.objects.get().last_used_at is not None


def test_an_invitation_of_another_tenant_is_not_listed(acme_api, umbra):
    with tenant_scope(umbra):
        foreign = Invitation.objects.get()
    body = acme_api.get("invitations/").json()
    assert str(foreign.pk) not in str(body)
    assert acme_api.get(f"invitations/{foreign.pk}/").status_code == 404


def test_a_crash_is_a_problem_with_a_reference(acme_api, monkeypatch):
    from cs_platform.people.api.resources import MemberViewSet

    monkeypatch.setattr(MemberViewSet, "rows", lambda self: 1 / 0)
    acme_api.client.raise_request_exception = False
    answer = acme_api.get("members/")
    assert answer.status_code == 500
    assert answer["Content-Type"] == "application/problem+json"
    assert "ZeroDivision" not in answer.content.decode()
