"""Platform staff look at what is stored, and at nothing without a second factor, a reason, and somebody who is told."""

import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from cs_platform import ledger
from cs_platform.ledger.models import AuditCall, AuditRow, Outbox
from cs_platform.people import services, staff
from cs_platform.people.models import ApiKey, Membership, User
from cs_platform.people.platform import showing
from cs_platform.people.platform.site import site
from cs_platform.tenancy import crypto
from cs_platform.tenancy.models import TenantOwned
from cs_platform.tenancy.scope import tenant_scope
from integrations.salesforce import services as salesforce
from tests.cast import NOW, PASSWORD, api, make_key, sign_in
from tests.people.factors import codes, log_in, with_app  # noqa: F401
from tests.workspace.world import make_account, make_contact, text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("codes")]
REASON = "Ticket 4711: the sync stands still"


@pytest.fixture(autouse=True)
def _today(clock_at):
    clock_at(NOW)


@pytest.fixture
def kim(db):
    user = staff.create_staff("kim@platform.example", "Kim")
    user.set_password(PASSWORD)
    user.save()
    with_app(user)
    return user


@pytest.fixture
def inside(kim, codes):  # noqa: F811
    """kim has signed in with the code and said why."""
    browser = Client()
    log_in(browser, kim)
    browser.post("/auth/2fa/authenticate/", {"code": codes.code()})
    assert browser.get("/platform/")["Location"] == "/platform/reason/?next=%2Fplatform%2F"
    assert browser.post("/platform/reason/", {"reason": REASON, "next": "/platform/"})["Location"] == "/platform/"
    return browser


def look_into(browser, tenant, reason="They asked why a mail is missing"):
    return browser.post("/platform/organisation/", {"tenant": tenant.slug, "reason": reason})


def pages():
    """The list of each model, with whether its rows belong to an organisation."""
    for model in site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield model, reverse(f"{name}_changelist"), name


# --- who comes in ---------------------------------------------------------------------------------------------------


def test_nobody_of_an_organisation_finds_anything(acme, ana, otto, acme_api):
    addresses = ["/platform/", "/platform/reason/", "/platform/organisation/", *(path for _, path, _ in pages())]
    owner = sign_in(Client(), ana)
    for path in addresses:
        assert owner.get(path).status_code == 404 and owner.post(path).status_code == 404, path
        assert "/auth/login/" in Client().get(path)["Location"], path
        assert "/auth/login/" in Client(headers={"Authorization": f"Bearer {acme_api.key}"}).get(path)["Location"]


def test_staff_without_a_factor_set_one_up_first(kim):
    kim.authenticator_set.all().delete()
    browser = Client()
    browser.force_login(kim, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert browser.get("/platform/")["Location"] == "/auth/2fa/"


def test_a_factor_that_was_not_used_in_this_session_is_asked_for(kim, codes):  # noqa: F811
    browser = Client()
    browser.force_login(kim, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert browser.get("/platform/")["Location"].startswith("/auth/2fa/reauthenticate/?next=")
    browser.post("/auth/2fa/reauthenticate/?next=/platform/", {"code": codes.code()})
    assert browser.get("/platform/")["Location"].startswith("/platform/reason/")


@pytest.mark.parametrize("reason", ["", "x", " " * 40, "x" * 301])
def test_a_reason_that_says_nothing_is_refused(inside, reason, clock_at):
    clock_at(NOW + timedelta(minutes=31))
    assert inside.post("/platform/reason/", {"reason": reason}).status_code == 422
    assert inside.get("/platform/").status_code == 302


def test_the_reason_counts_for_half_an_hour(inside, clock_at):
    clock_at(NOW + timedelta(minutes=29))
    assert inside.get("/platform/").status_code == 200
    clock_at(NOW + timedelta(minutes=30))
    assert inside.get("/platform/")["Location"].startswith("/platform/reason/")


def test_the_way_on_stays_on_the_platform(inside):
    for target in ("https://evil.example/", "//evil.example/platform/", "/accounts/", "javascript:alert(1)"):
        assert inside.post("/platform/reason/", {"reason": REASON, "next": target})["Location"] == "/platform/"


def test_staff_who_are_shut_out_are_out_at_once(inside, kim):
    User.objects.filter(pk=kim.pk).update(is_staff=False)
    assert inside.get("/platform/").status_code == 404


# --- what they see --------------------------------------------------------------------------------------------------


def test_rows_of_an_organisation_need_it_to_be_chosen(inside, acme):
    for model, path, _ in pages():
        answer = inside.get(path)
        if issubclass(model, TenantOwned):
            assert answer["Location"].startswith("/platform/organisation/"), path
        else:
            assert answer.status_code == 200, path


def test_what_is_looked_at_stands_in_the_audit_log_of_the_organisation(inside, acme, ana, umbra, kim):
    assert look_into(inside, acme).status_code == 302
    shown = text(inside.get("/platform/people/membership/"))
    assert str(ana.pk) in shown
    inside.get(f"/platform/people/membership/{ana.pk}/change/")
    with tenant_scope(acme):
        rows = list(AuditRow.objects.select_related("call").filter(verb="tenant.look_into").order_by("id"))
    assert [row.changes["page"][1] for row in rows] == ["list of memberships", f"membership {ana.pk}"]
    assert {row.call.actor_words for row in rows} == {"platform staff Kim"}
    assert {row.call.note for row in rows} == {"They asked why a mail is missing"}
    with tenant_scope(umbra):
        assert not AuditCall.objects.filter(verb="tenant.look_into").exists()
    seen = text(sign_in(Client(), ana).get("/settings/audit/"))
    assert "platform staff Kim" in seen and "looked into Acme" in seen and "They asked why a mail is missing" in seen


def test_another_organisation_is_not_shown_meanwhile(inside, acme, ana, umbra, otto):
    look_into(inside, acme)
    assert str(otto.pk) not in text(inside.get("/platform/people/membership/"))
    answer = inside.get(f"/platform/people/membership/{otto.pk}/change/", follow=True)
    assert "Otto" not in text(answer).replace("Otto’s", "")


def test_the_look_ends_by_itself_and_by_leaving(inside, acme, clock_at):
    look_into(inside, acme)
    assert inside.get("/platform/people/membership/").status_code == 200
    clock_at(NOW + timedelta(minutes=29))
    inside.post("/platform/reason/", {"reason": REASON})
    clock_at(NOW + timedelta(minutes=31))
    assert inside.get("/platform/people/membership/")["Location"].startswith("/platform/organisation/")
    look_into(inside, acme)
    inside.post("/platform/organisation/leave/")
    assert inside.get("/platform/people/membership/")["Location"].startswith("/platform/organisation/")


def test_nothing_can_be_changed(inside, acme, ana):
    look_into(inside, acme)
    for _, path, _ in pages():
        assert inside.post(path, {"action": "delete_selected", "_selected_action": "1"}).status_code == 405, path
        for verb in ("add/", "1/delete/", "1/history/", "autocomplete/"):
            assert inside.get(path + verb).status_code == 404, path + verb
    assert inside.post(f"/platform/people/membership/{ana.pk}/change/", {"roles": "viewer"}).status_code == 405
    for other in ("autocomplete/", "password_change/", "logout/", "login/", "r/1/1/"):
        assert inside.get(f"/platform/{other}").status_code == 404, other
    with tenant_scope(acme):
        assert Membership.objects.get(pk=ana.pk).roles == ["owner"]


def test_a_filter_in_the_address_tells_nothing(inside, acme, kim):
    for query in (f"password__startswith={kim.password[:10]}", "email__startswith=k", "o=1", "all=", "e=1"):
        assert inside.get(f"/platform/people/user/?{query}", follow=True).status_code in (200, 400), query
    hit = inside.get(f"/platform/people/user/?password__startswith={kim.password[:10]}", follow=True)
    miss = inside.get("/platform/people/user/?password__startswith=nothing", follow=True)
    assert text(hit).count("kim@") == text(miss).count("kim@")


def test_secrets_are_on_no_page(inside, acme, ana, kim, settings):
    """Every row of every kind is opened; nothing that opens something, and nothing sealed, is there."""
    account = make_account(acme)
    make_contact(account)
    plain = make_key(acme, "audit:read")
    with tenant_scope(acme):
        salesforce.create_connection(
            salesforce.ConnectionInput(
                name="Org",
                auth="client_credentials",
                login_url="https://example.my.salesforce.com",
                secrets={"client_id": "the-client-id-4711", "client_secret": "the-client-secret-4711"},
            ),
            actor=ana.actor,
            now=NOW,
        )
        services.invite_member("new@acme.example.com", ["csm"], by=ana, actor=ana.actor, now=NOW)
        sealed = Outbox.objects.get(kind="people.mail_invitation").payload["sealed"]
        digest = ApiKey.objects.get().digest
        crypto.seal("x", tenant_id=acme.pk, table="t", row="1", field="f")
    factor = kim.authenticator_set.get().data["secret"]
    secrets = [plain, digest, sealed, "the-client-secret-4711", kim.password, ana.user.password, factor]
    look_into(inside, acme)
    seen = 0
    for model, path, name in pages():
        with tenant_scope(acme):
            keys = [str(row.pk) for row in model._default_manager.all()[:20]]
        for address in (path, *(reverse(f"{name}_change", args=[key]) for key in keys)):
            answer = inside.get(address)
            assert answer.status_code == 200, address
            page = answer.content.decode()
            assert not any(secret in page for secret in secrets), address
            assert not re.search(r"(v1|u1)\.[\w+/=.-]{30,}", page), address
            assert not re.search(r"\b[0-9a-f]{64}\b", page), address
            seen += 1
    assert seen > 60


def test_hidden_fields_are_what_one_would_hide():
    hidden = {
        f"{model._meta.label}.{field.name}"
        for model in site._registry
        for field in model._meta.concrete_fields
        if showing.is_hidden(model, field)
    }
    assert hidden >= {
        "people.User.password",
        "people.ApiKey.digest",
        "people.Invitation.digest",
        "tenancy.TenantKey.wrapped",
        "salesforce.Connection.secrets",
        "ledger.Outbox.payload",
        "mfa.Authenticator.data",
    }


# --- becoming one ---------------------------------------------------------------------------------------------------


def test_the_command_prints_a_link_that_sets_the_password(db):
    out = StringIO()
    call_command("create_staff", "lou@platform.example", stdout=out, stderr=StringIO())
    path = out.getvalue().strip().split("127.0.0.1:18000")[-1]
    browser = Client()
    form = browser.get(path, follow=True)
    answer = browser.post(form.redirect_chain[-1][0], {"password1": "nine lazy foxes", "password2": "nine lazy foxes"})
    assert answer.status_code == 302
    lou = User.objects.get(email="lou@platform.example")
    assert lou.is_staff and lou.check_password("nine lazy foxes")
    assert log_in(browser, lou, "nine lazy foxes").status_code == 302
    assert browser.get("/")["Location"] == "/platform/"


def test_members_do_not_become_staff_and_staff_not_members(acme, ana, kim):
    with pytest.raises(CommandError, match="works in an organisation"):
        call_command("create_staff", ana.user.email.upper())
    with tenant_scope(acme):
        invitation, token = services._invitation(kim.email, ["csm"], None, actor=ledger.system("test"), now=NOW)
        with pytest.raises(services.InvitationUnusable):
            services.accept_invitation(invitation, user=kim, now=NOW)
    browser = Client()
    browser.force_login(kim, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert browser.post(f"/invitations/{token}/").status_code in (404, 422)
    with tenant_scope(acme):
        assert not Membership.objects.filter(user=kim).exists()


def test_staff_get_nothing_from_the_api(acme, kim):
    browser = Client()
    browser.force_login(kim, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert browser.get("/api/v1/accounts/").status_code == 403
    assert api(member=None, tenant=acme).get("accounts/").status_code == 200
