"""Joining: the link, whom it is for, and what it cannot be used for."""

import re
from datetime import timedelta
from email import message_from_bytes, policy
from uuid import uuid4

import pytest
from django.test import Client

from cs_platform import ledger
from cs_platform.people import selectors, services
from cs_platform.people.models import Invitation, Membership, User
from cs_platform.tenancy.scope import tenant_scope
from tests.cast import NOW, PASSWORD, api, make_member, sign_in

pytestmark = pytest.mark.django_db
ADDRESS = "nia@acme.example.com"
FORM = {"name": "Nia", "password": "nine lazy foxes run"}


@pytest.fixture(autouse=True)
def _today(clock_at):
    clock_at(NOW)


@pytest.fixture
def token(acme):
    with tenant_scope(acme):
        return services._invitation(ADDRESS, ["csm"], None, actor=ledger.system("test"), now=NOW)[1]


def page(token):
    return f"/invitations/{token}/"


def test_a_new_person_chooses_a_password_and_is_in(acme, token):
    browser = Client()
    shown = browser.get(page(token))
    assert shown.status_code == 200 and ADDRESS in shown.content.decode()
    answer = browser.post(page(token), FORM)
    assert answer.status_code == 302
    assert browser.session["tenant_id"] == acme.pk
    with tenant_scope(acme):
        member = Membership.objects.get(user__email=ADDRESS)
        assert member.roles == ["csm"] and str(member) == "Nia"
    assert User.objects.get(email=ADDRESS).check_password(FORM["password"])


def test_the_link_works_once(token):
    assert Client().post(page(token), FORM).status_code == 302
    assert Client().get(page(token)).status_code == 404
    assert Client().post(page(token), {**FORM, "name": "Eve"}).status_code == 404


def test_an_expired_link_and_an_unknown_one_are_the_same(token, clock_at):
    unknown = Client().get(page("x" * 43))
    clock_at(NOW + timedelta(days=15))
    expired = Client().get(page(token))
    assert unknown.status_code == expired.status_code == 404
    assert strip(unknown) == strip(expired)


def strip(answer):
    return re.sub(r'(value|nonce|content)="[^"]*"', "", answer.content.decode())


@pytest.mark.parametrize("password", ["", "short", "password1234", "nia@acme.example.com"])
def test_a_weak_password_is_refused_at_the_field(acme, token, password):
    answer = Client().post(page(token), {"name": "Nia", "password": password})
    assert answer.status_code == 422
    assert not User.objects.filter(email=ADDRESS).exists()
    assert Client().get(page(token)).status_code == 200


def test_somebody_else_cannot_take_it(acme, umbra, token, otto):
    browser = sign_in(Client(), otto)
    assert "Sign out" in browser.get(page(token)).content.decode()
    assert browser.post(page(token), FORM).status_code == 200
    with tenant_scope(acme):
        assert not Membership.objects.filter(user=otto.user).exists()
        assert Invitation.objects.get(email=ADDRESS).accepted_at is None


def test_a_known_person_must_sign_in_first(acme, umbra, token):
    nia = make_member(umbra, "Nia", "viewer", email=ADDRESS)
    answer = Client().post(page(token), {"name": "Eve", "password": "a stolen password"})
    assert answer.status_code == 200 and "Sign in" in answer.content.decode()
    assert User.objects.get(pk=nia.user_id).check_password(PASSWORD)
    with tenant_scope(acme):
        assert not Membership.objects.filter(user=nia.user).exists()
    browser = sign_in(Client(), nia)
    assert browser.post(page(token)).status_code == 302
    assert {place.tenant.slug for place in selectors.places_of(nia.user)} == {"acme", "umbra"}


def test_the_service_refuses_another_user_as_well(acme, token, otto):
    invitation = selectors.invitation_for(token, now=NOW)
    with tenant_scope(acme), pytest.raises(services.InvitationUnusable):
        services.accept_invitation(invitation, user=otto.user, now=NOW)


def test_a_member_who_left_can_come_back(acme, ana, token):
    with tenant_scope(acme):
        services.accept_invitation(selectors.invitation_for(token, now=NOW), user=None, now=NOW, **FORM)
        member = Membership.objects.get(user__email=ADDRESS)
        services.deactivate_member(member, by=ana, actor=ana.actor, now=NOW)
        _, again = services._invitation(ADDRESS, ["sales"], None, actor=ana.actor, now=NOW)
        services.accept_invitation(selectors.invitation_for(again, now=NOW), user=member.user, now=NOW)
        assert Membership.objects.get(pk=member.pk).is_active


def test_the_link_goes_to_the_address_and_to_nobody_else(acme, mailbox, acme_api):
    answer = acme_api.post("invitations/", {"email": ADDRESS, "roles": ["csm"]})
    assert answer.status_code == 201
    assert "token" not in answer.content.decode() and "invitations/" not in answer.content.decode()
    ledger.drain(NOW)
    mails = mailbox.mails()
    assert len(mails) == 1
    assert mails[0]["to"] == [ADDRESS]
    body = message_from_bytes(mailbox.read(mails[0]["file"]), policy=policy.default).get_content()
    link = re.search(r"/invitations/(\S+)/", body)
    assert link and selectors.invitation_for(link[1], now=NOW) is not None


@pytest.mark.parametrize("email", ["", "x", "a@b", "a b@c.de", "a@b.de\n", "\x00@b.de", "x" * 250 + "@b.de", 5])
def test_an_address_that_is_none_is_400(acme_api, email):
    assert (
        acme_api.post("invitations/", {"email": email, "roles": ["csm"]}).status_code in (400,) or email == "a@b.de\n"
    )


def test_a_member_is_not_invited_again(acme_api, ben):
    answer = acme_api.post("invitations/", {"email": ben.user.email.upper(), "roles": ["csm"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "already_member")


def test_only_an_owner_makes_owners(acme, ana, acme_api):
    make_member(acme, "Adam", "admin")
    with tenant_scope(acme):
        adam = Membership.objects.get(user__name="Adam")
    body = {"email": ADDRESS, "roles": ["owner"]}
    assert api(member=adam).post("invitations/", body).status_code == 409
    assert acme_api.post("invitations/", body).status_code == 409
    assert api(member=ana).post("invitations/", body).status_code == 201
    assert api(member=adam).patch(f"members/{adam.pk}/", {"roles": ["owner"]}).status_code == 409
    assert api(member=adam).post(f"members/{ana.pk}/deactivate").status_code == 409


def test_the_last_owner_stays(acme, ana):
    answer = api(member=ana).patch(f"members/{ana.pk}/", {"roles": ["viewer"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "last_owner")
    assert api(member=ana).post(f"members/{ana.pk}/deactivate").json()["code"] == "last_owner"
    make_member(acme, "Olga", "owner")
    assert api(member=ana).post(f"members/{ana.pk}/deactivate").status_code == 200


# --- whose address ---------------------------------------------------------------------------------------------------


def address(user, email, *, verified):
    from allauth.account.models import EmailAddress

    return EmailAddress.objects.create(user=user, email=email, verified=verified, primary=False)


def join(user, token):
    browser = Client()
    if user is not None:
        browser.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return browser.post(page(token), FORM)


def is_member(acme, user):
    with tenant_scope(acme):
        return Membership.objects.filter(user=user, is_active=True).exists()


def test_an_address_that_somebody_only_claims_is_not_theirs(acme, token, otto):
    address(otto.user, ADDRESS, verified=False)
    assert "Sign out" in join(otto.user, token).content.decode() and not is_member(acme, otto.user)
    with tenant_scope(acme), pytest.raises(services.InvitationUnusable):
        services.accept_invitation(selectors.invitation_for(token, now=NOW), user=otto.user, now=NOW)
    assert join(None, token).status_code == 302
    nia = User.objects.get(email=ADDRESS)
    assert nia.pk != otto.user_id and is_member(acme, nia)
    assert not otto.user.emailaddress_set.filter(email=ADDRESS).exists()


def test_a_second_address_that_was_proved_is_as_good(acme, token, otto):
    address(otto.user, ADDRESS, verified=True)
    assert "Sign in" in join(None, token).content.decode() and not User.objects.filter(email=ADDRESS).exists()
    assert join(otto.user, token).status_code == 302 and is_member(acme, otto.user)
    assert otto.user.emailaddress_set.get(primary=True).email == otto.user.email


def test_who_has_moved_to_another_address_does_not_get_in_with_the_old_one(acme, umbra, token):
    nia = make_member(umbra, "Nia", "viewer", email=ADDRESS)
    nia.user.emailaddress_set.all().delete()
    User.objects.filter(pk=nia.user_id).update(email="nia@elsewhere.example.com")
    address(nia.user, "nia@elsewhere.example.com", verified=True)
    assert "Sign out" in join(User.objects.get(pk=nia.user_id), token).content.decode()
    assert not is_member(acme, nia.user)


def test_the_case_of_an_address_does_not_matter(acme, umbra):
    nia = make_member(umbra, "Nia", "viewer", email=ADDRESS)
    with tenant_scope(acme):
        _, token = services._invitation(ADDRESS.upper(), ["csm"], None, actor=ledger.system("test"), now=NOW)
    assert join(nia.user, token).status_code == 302 and is_member(acme, nia.user)


def test_a_link_of_one_organisation_opens_no_other(acme, umbra, token):
    join(None, token)
    nia = User.objects.get(email=ADDRESS)
    assert {place.tenant.slug for place in selectors.places_of(nia)} == {"acme"}
    with tenant_scope(umbra), pytest.raises(ledger.Refused):
        services.accept_invitation(Invitation(pk=uuid4(), tenant=umbra, email=ADDRESS), user=nia, now=NOW)


def test_a_revoked_link_is_the_same_as_an_unknown_one(acme, ana, token):
    with tenant_scope(acme):
        invitation = Invitation.objects.get(email=ADDRESS)
    answer = api(member=ana).post(f"invitations/{invitation.pk}/revoke")
    assert answer.status_code == 200
    assert Client().get(page(token)).status_code == 404 and join(None, token).status_code == 404
    assert api(member=ana).post(f"invitations/{invitation.pk}/revoke").json()["code"] == "not_open"


def test_a_link_that_is_used_twice_at_once_makes_one_member(acme, token):
    with tenant_scope(acme):
        first, second = (selectors.invitation_for(token, now=NOW) for _ in range(2))
        services.accept_invitation(first, user=None, now=NOW, **FORM)
        with pytest.raises(services.InvitationUnusable):
            services.accept_invitation(second, user=None, now=NOW, name="Eve", password="another long phrase")
        assert Membership.objects.filter(user__email=ADDRESS).count() == 1
