"""The pages with which a person signs in, and comes back after forgetting the password."""

import re
from email import message_from_bytes
from email.policy import default

import pytest
from django.core.cache import cache
from django.test import Client

from tests.cast import PASSWORD, sign_in

pytestmark = pytest.mark.django_db
NEW = "seven quiet otters swim"


@pytest.fixture(autouse=True)
def _no_limit_is_left_over():
    cache.clear()


def test_a_person_signs_in_with_address_and_password(client, ana):
    assert client.get("/auth/login/").status_code == 200
    answer = client.post("/auth/login/?next=/accounts/", {"login": ana.user.email.upper(), "password": PASSWORD})
    assert answer.status_code == 302 and client.session["_auth_user_id"] == str(ana.user_id)


def test_where_one_wanted_to_go_is_kept(client, ana):
    assert 'name="next"' in client.get("/auth/login/?next=/accounts/").content.decode()
    answer = client.post("/auth/login/", {"login": ana.user.email, "password": PASSWORD, "next": "/accounts/"})
    assert answer["Location"] == "/accounts/"
    elsewhere = {"login": ana.user.email, "password": PASSWORD, "next": "https://evil.example/"}
    assert Client().post("/auth/login/", elsewhere)["Location"] == "/"


def test_a_wrong_password_and_an_unknown_address_are_the_same(client, ana):
    wrong = client.post("/auth/login/", {"login": ana.user.email, "password": "not the password"})
    unknown = client.post("/auth/login/", {"login": "nobody@acme.example.com", "password": "not the password"})
    said = [
        re.findall(r'class="cs-callout.*?</div></div>', answer.content.decode(), re.S) for answer in (wrong, unknown)
    ]
    assert said[0] and said[0] == said[1]
    assert ana.user.email in wrong.content.decode() and "not the password" not in wrong.content.decode()


def test_nobody_signs_up_by_himself(client):
    html = client.get("/auth/signup/").content.decode()
    assert "by invitation" in html and "<form" not in html
    assert (
        client.post("/auth/signup/", {"email": "eve@x.example", "password1": NEW, "password2": NEW}).status_code == 200
    )


def test_signing_out_asks_first_and_is_a_post(client, ana):
    sign_in(client, ana)
    assert "Sign out?" in client.get("/auth/logout/").content.decode()
    assert client.post("/auth/logout/").status_code == 302
    assert "_auth_user_id" not in client.session


def test_a_forgotten_password_is_replaced_by_mail(client, ana, mailbox):
    answer = client.post("/auth/password/reset/", {"email": ana.user.email}, follow=True)
    assert "Look into your mailbox" in answer.content.decode()
    [sent] = mailbox.mails()
    text = message_from_bytes(mailbox.read(sent["file"]), policy=default).get_content()
    assert sent["subject"].endswith("Reset your password")
    link = re.search(r"https?://[^/\s]+(/auth/password/reset/key/\S+/)", text)[1]
    form = client.get(link, follow=True)
    assert "Choose a new password" in form.content.decode()
    weak = client.post(form.request["PATH_INFO"], {"password1": "short", "password2": "short"})
    assert 'aria-invalid="true"' in weak.content.decode()
    assert client.post(form.request["PATH_INFO"], {"password1": NEW, "password2": NEW}).status_code == 302
    assert Client().post("/auth/login/", {"login": ana.user.email, "password": NEW}).status_code == 302
    assert "does not work any more" in Client().get(link, follow=True).content.decode()


def test_an_unknown_address_gets_the_same_page_and_no_mail(client, mailbox):
    answer = client.post("/auth/password/reset/", {"email": "nobody@x.example"}, follow=True)
    assert "Look into your mailbox" in answer.content.decode()
    assert mailbox.mails() == []


def test_the_password_is_changed_by_its_owner_only(client, ana, mailbox):
    sign_in(client, ana)
    page = "/auth/password/change/"
    refused = client.post(page, {"oldpassword": "wrong", "password1": NEW, "password2": NEW})
    assert refused.status_code == 200 and 'aria-invalid="true"' in refused.content.decode()
    assert client.post(page, {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}).status_code == 302
    ana.user.refresh_from_db()
    assert ana.user.check_password(NEW)


@pytest.mark.parametrize(
    "path", ["email/", "confirm-email/", "confirm-email/nonsense/", "inactive/", "reauthenticate/"]
)
def test_the_rarer_pages_have_our_face(client, ana, path):
    html = sign_in(client, ana).get(f"/auth/{path}", follow=True).content.decode()
    assert "css/product.css" in html and "<h1" in html
