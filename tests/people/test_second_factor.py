"""A code beside the password: set up, asked for, used once, lost and found."""

import re

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client

from cs_platform import ledger
from cs_platform.ledger.models import AuditRow
from cs_platform.people.second_factor import sealing
from cs_platform.tenancy.crypto import CannotOpen
from cs_platform.tenancy.scope import tenant_scope
from tests.cast import NOW, sign_in
from tests.people.factors import codes, confirm, is_in, log_in, secret_on, with_app, with_codes  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("codes")]


@pytest.fixture(autouse=True)
def _today(clock_at):
    clock_at(NOW)


@pytest.fixture
def set_up(ben, codes, django_capture_on_commit_callbacks):  # noqa: F811
    """ben sets up an app; the browser, the secret and the recovery codes."""
    client = sign_in(Client(), ben)
    assert client.get("/auth/2fa/totp/activate/").status_code == 302, "the password comes first"
    confirm(client)
    secret = secret_on(client.get("/auth/2fa/totp/activate/"))
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post("/auth/2fa/totp/activate/", {"code": codes.code(secret)})
    assert answer["Location"] == "/auth/2fa/recovery-codes/"
    shown = re.findall(r"<code>(\d{8})</code>", client.get(answer["Location"]).content.decode())
    assert len(shown) == 10
    return client, secret, shown


def test_a_wrong_code_sets_nothing_up(ben, codes):  # noqa: F811
    client = sign_in(Client(), ben)
    confirm(client)
    secret = secret_on(client.get("/auth/2fa/totp/activate/"))
    answer = client.post("/auth/2fa/totp/activate/", {"code": codes.code(secret, steps=7)})
    assert answer.status_code == 200 and "Incorrect code" in answer.content.decode()
    assert not Authenticator.objects.exists()


def test_after_the_password_the_code_is_asked_for(set_up, ben, codes):  # noqa: F811
    _, secret, _ = set_up
    codes.later()
    client = Client()
    assert log_in(client, ben.user)["Location"] == "/auth/2fa/authenticate/"
    assert not is_in(client)
    assert client.post("/auth/2fa/authenticate/", {"code": codes.code(secret, steps=9)}).status_code == 200
    assert not is_in(client)
    assert client.post("/auth/2fa/authenticate/", {"code": codes.code(secret)}).status_code == 302
    assert is_in(client)


@pytest.mark.parametrize("flushed", [False, True], ids=["", "the cache was flushed"])
@pytest.mark.parametrize("seconds", [0, 20, 40])
def test_a_code_that_was_used_is_refused(ben, codes, seconds, flushed):  # noqa: F811
    with_app(ben.user)
    code = codes.code()
    first = Client()
    log_in(first, ben.user)
    assert first.post("/auth/2fa/authenticate/", {"code": code}).status_code == 302
    codes.later(seconds)
    if flushed:
        cache.clear()
    second = Client()
    log_in(second, ben.user)
    answer = second.post("/auth/2fa/authenticate/", {"code": code})
    assert answer.status_code == 200 and "Incorrect code" in answer.content.decode()
    assert not is_in(second)


def test_an_older_code_does_not_work_after_a_newer_one(ben, codes):  # noqa: F811
    with_app(ben.user)
    older = codes.code(steps=-1)
    for client, code, worked in ((Client(), codes.code(), True), (Client(), older, False)):
        log_in(client, ben.user)
        client.post("/auth/2fa/authenticate/", {"code": code})
        assert is_in(client) == worked


def test_the_code_that_set_the_app_up_does_not_sign_in(set_up, ben, codes):  # noqa: F811
    client = Client()
    log_in(client, ben.user)
    cache.clear()
    client.post("/auth/2fa/authenticate/", {"code": codes.code(set_up[1])})
    assert not is_in(client)


def test_recovery_codes_are_shown_once_and_each_works_once(set_up, ben):
    owner, _, shown = set_up
    again = owner.get("/auth/2fa/recovery-codes/").content.decode()
    assert not any(code in again for code in shown)
    assert owner.get("/auth/2fa/recovery-codes/download/").status_code == 403
    for number, works in ((0, True), (0, False), (1, True)):
        client = Client()
        log_in(client, ben.user)
        client.post("/auth/2fa/authenticate/", {"code": shown[number]})
        assert is_in(client) == works


def test_guessing_is_slowed_down(ben, codes):  # noqa: F811
    with_app(ben.user)
    client = Client()
    log_in(client, ben.user)
    for _ in range(5):
        client.post("/auth/2fa/authenticate/", {"code": "000000"})
    answer = client.post("/auth/2fa/authenticate/", {"code": codes.code()})
    assert answer.status_code == 200 and "Too many" in answer.content.decode()


def test_nothing_is_changed_without_the_password_once_more(ben):
    with_app(ben.user)
    client = sign_in(Client(), ben)
    for path in ("totp/deactivate/", "recovery-codes/generate/", "webauthn/add/"):
        assert "reauthenticate" in client.post(f"/auth/2fa/{path}")["Location"], path
    assert Authenticator.objects.filter(user=ben.user).count() == 1


def test_removing_the_app_takes_the_codes_with_it(ben, mailbox):
    with_app(ben.user)
    with_codes(ben.user)
    client = sign_in(Client(), ben)
    confirm(client)
    assert client.post("/auth/2fa/totp/deactivate/").status_code == 302
    assert not Authenticator.objects.filter(user=ben.user).exists()
    ledger.drain(NOW)
    assert [mail["to"] for mail in mailbox.mails()] == [[ben.user.email]]


def test_each_organisation_and_the_person_hear_of_it(set_up, ben, acme, mailbox):
    ledger.drain(NOW)
    with tenant_scope(acme):
        told = AuditRow.objects.filter(verb="member.added_second_factor", object_id=str(ben.pk))
        assert {row.changes["second factor"][1] for row in told} == {"an authenticator app", "recovery codes"}
    (mail,) = mailbox.mails()
    body = mailbox.read(mail["file"]).decode()
    assert "An authenticator app was added" in body and set_up[1] not in body


def test_the_secrets_are_sealed_for_their_user(set_up, ben, ana):
    app = Authenticator.objects.get(user=ben.user, type="totp")
    assert set_up[1] not in str(app.data) and sealing.open_sealed(app.data["secret"]) == set_up[1]
    Authenticator.objects.filter(pk=app.pk).update(user=ana.user)
    with pytest.raises(CannotOpen, match="another user"):
        Authenticator.objects.get(pk=app.pk)
    renamed = app.data["secret"].replace(f"u1.{ben.user_id}.", f"u1.{ana.user_id}.")
    with pytest.raises(CannotOpen):
        sealing.open_sealed(renamed)


MADE_UP = (
    "",
    "5",
    "[]",
    "null",
    "{}",
    "{" * 99,
    '{"id": 5}',
    '{"response": []}',
    '{"response": {"userHandle": "MQ"}}',
    '{"id":"a","rawId":"a","type":"public-key","response":{}}',
)


@pytest.mark.parametrize("credential", MADE_UP)
@pytest.mark.parametrize("path", ["webauthn/login/", "webauthn/add/", "webauthn/reauthenticate/", "authenticate/"])
def test_a_made_up_credential_is_refused_and_nothing_breaks(ben, path, credential):
    with_app(ben.user)
    client = Client()
    if path == "authenticate/":
        log_in(client, ben.user)
    elif path != "webauthn/login/":
        confirm(sign_in(client, ben))
    client.get(f"/auth/2fa/{path}", headers={"Accept": "application/json"})
    answer = client.post(f"/auth/2fa/{path}", {"credential": credential, "name": "x"})
    assert answer.status_code in (200, 302)
    assert Authenticator.objects.filter(type="webauthn").count() == 0
    assert path not in ("webauthn/login/", "authenticate/") or not is_in(client)


def test_a_stranger_finds_no_page_of_it(acme):
    for path in ("", "totp/activate/", "recovery-codes/", "webauthn/", "webauthn/add/"):
        assert "/auth/login/" in Client().get(f"/auth/2fa/{path}")["Location"]


def test_the_pages_of_somebody_else_are_not_there(ben, ana):
    theirs = Authenticator.objects.create(user=ben.user, type="webauthn", data={"name": "Ben's", "credential": {}})
    client = sign_in(Client(), ana)
    confirm(client)
    for verb in ("edit", "remove"):
        assert client.get(f"/auth/2fa/webauthn/keys/{theirs.pk}/{verb}/").status_code == 404
