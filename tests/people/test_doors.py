"""The frame of every page."""

from uuid import uuid4

import pytest
from django.db import InternalError
from django.test import Client

from cs_platform.people import policies, services
from cs_platform.people.models import Membership
from cs_platform.tenancy.scope import current_tenant_id, tenant_scope
from tests.cast import NOW, make_member, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.people.door_urls")]
HTMX = {"HX-Request": "true"}


def test_a_stranger_is_sent_to_sign_in(acme):
    answer = Client().get("/who/?a=1")
    assert answer.status_code == 302
    assert "/login/" in answer["Location"] and "next=/who/%3Fa%3D1" in answer["Location"]


def test_a_stranger_with_htmx_is_sent_there_as_a_whole_page(acme):
    answer = Client().get("/who/", headers=HTMX)
    assert answer.status_code == 200 and "/login/" in answer["HX-Redirect"]


def test_a_member_sees_his_own_tenant_only(client, ana, ben, otto):
    assert sign_in(client, ana).get("/who/").content == b"Ana of acme: Ana,Ben"
    assert current_tenant_id() is None


def test_the_first_tenant_by_name_is_opened(client, ana):
    client.force_login(ana.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.get("/who/").content.startswith(b"Ana of acme")
    assert client.session["tenant_id"] == ana.tenant_id


def test_a_role_that_may_not_gets_403(client, ben, ana):
    assert sign_in(client, ben).get("/keys-door/").status_code == 403
    assert sign_in(client, ana).get("/keys-door/").status_code == 200


def test_foreign_and_absent_are_the_same_404(client, ana, otto):
    sign_in(client, ana)
    foreign, absent = client.get(f"/member/{otto.pk}/"), client.get(f"/member/{uuid4()}/")
    assert foreign.status_code == absent.status_code == 404
    assert client.get(f"/member/{ana.pk}/").status_code == 200


def test_a_removed_member_is_out_at_once_and_told_kindly(client, acme, ana, ben):
    sign_in(client, ben)
    assert client.get("/who/").status_code == 200
    with tenant_scope(acme):
        services.deactivate_member(ben, by=ana, actor=ana.actor, now=NOW)
    answer = client.get("/who/")
    assert answer.status_code == 403
    assert b"not a member of an organisation yet" in answer.content


def test_a_session_of_a_tenant_that_never_was_ours_gets_nothing(client, ana, umbra):
    sign_in(client, ana)
    session = client.session
    session["tenant_id"] = umbra.pk
    session.save()
    assert client.get("/who/").status_code == 403


def test_a_suspended_tenant_is_closed(client, acme, ana):
    type(acme).objects.filter(pk=acme.pk).update(status="suspended")
    assert sign_in(client, ana).get("/who/").status_code == 403


def test_reading_cannot_write(client, ben):
    with pytest.raises(InternalError, match="read-only"):
        sign_in(client, ben).get("/writes/")
    with tenant_scope(ben.tenant_id):
        assert Membership.objects.get(pk=ben.pk).roles == ["csm"]


def test_a_template_is_rendered_in_the_scope(client, ana):
    assert b"Ana" in sign_in(client, ana).get("/later/").content


def test_a_refusal_is_said_on_a_page_or_as_a_fragment(client, ana):
    sign_in(client, ana)
    page = client.post("/verb/", {"say": "no"})
    assert page.status_code == 422 and b"The checklist is open." in page.content and b"<html" in page.content
    part = client.post("/verb/", {"say": "no"}, headers=HTMX)
    assert part.status_code == 422 and b"<html" not in part.content
    assert part["HX-Retarget"] == "#toasts"
    assert client.post("/verb/", {"say": "form"}).status_code == 422


def test_what_is_done_redirects_or_answers_with_the_fragment(client, ana):
    sign_in(client, ana)
    assert client.post("/verb/").headers["Location"] == "/who/"
    assert client.post("/verb/", headers=HTMX)["HX-Redirect"] == "/who/"
    part = client.post("/verb/", {"fragment": "people/refused.html#fragment"}, headers=HTMX)
    assert part.status_code == 200 and b"alert" in part.content


class TestSwitch:
    def test_a_member_of_two_moves_and_gets_a_new_session_key(self, client, umbra, ana):
        make_member(umbra, "Ana", "viewer", email=ana.user.email)
        sign_in(client, ana)
        before = client.session.session_key
        answer = client.post("/switch-tenant/", {"tenant": "umbra", "next": "/who/"})
        assert answer.status_code == 302 and answer["Location"] == "/who/"
        assert client.session.session_key != before
        assert client.get("/who/").content.startswith(b"Ana of umbra")

    @pytest.mark.parametrize("slug", ["umbra", "nowhere", "", "acme'--"])
    def test_a_tenant_of_others_is_not_there(self, client, ana, umbra, slug):
        sign_in(client, ana)
        assert client.post("/switch-tenant/", {"tenant": slug}).status_code == 404
        assert client.get("/who/").content.startswith(b"Ana of acme")

    @pytest.mark.parametrize("target", ["//evil.example", "https://evil.example/", "javascript:alert(1)", "who"])
    def test_it_never_leads_elsewhere(self, client, ana, target):
        answer = sign_in(client, ana).post("/switch-tenant/", {"tenant": "acme", "next": target})
        assert answer["Location"] == "/"

    def test_a_get_is_refused(self, client, ana):
        assert sign_in(client, ana).get("/switch-tenant/").status_code == 405


def test_a_misspelt_verb_is_an_error_at_import():
    from cs_platform.people.doors import member_view

    with pytest.raises(KeyError):
        member_view("account.arcive")
    with pytest.raises(KeyError):
        policies.may(None, "account.arcive")
