"""Sixty secrets and some personal words go through every door; afterwards nobody finds them where they must not be."""

import json
import logging
import os
import re
import secrets
import subprocess
import sys
from email import message_from_bytes, policy
from io import StringIO

import pytest
import redis
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client

from cs_platform import ledger, logs
from cs_platform.people import selectors as people_selectors
from cs_platform.people import services as people
from cs_platform.tenancy.scope import tenant_scope
from cs_platform.workspace import selectors
from tests.cast import NOW, PASSWORD, Api, make_key, make_member, make_tenant, sign_in
from tests.house.isolation.routes import all_routes
from tests.integrations.salesforce.sandboxed import sandbox

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
AUTHS = {
    "client_credentials": ("client_id", "client_secret"),
    "password": ("client_id", "client_secret", "username", "password", "security_token"),
    "refresh_token": ("client_id", "client_secret", "refresh_token"),
    "jwt": ("client_id", "username", "private_key"),
}
NOT_SECRET = {"client_id", "username"}
TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
AT_HOME = {"django_session"}  # the cookie's number is the key of its row


class Canaries:
    """Words that nobody else says, each with where it went in."""

    def __init__(self):
        self.told: dict[str, str] = {}

    def new(self, where):
        return self.keep(f"Canary{len(self.told):02d}{secrets.token_hex(9)}", where)

    def keep(self, secret, where):
        self.told[secret] = where
        return secret

    def found_in(self, text):
        return sorted(where for secret, where in self.told.items() if secret in text)


@pytest.fixture
def written(monkeypatch):
    """What the handler of the settings writes, as it would on stderr."""
    (handler,) = [h for h in logging.root.handlers if isinstance(h.formatter, logs.JsonFormatter)]
    stream = StringIO()
    before = handler.setStream(stream)
    for name in ("mail.log",):  # the mail server of the tests is not the product
        monkeypatch.setattr(logging.getLogger(name), "disabled", True)
    level = logging.root.level
    logging.root.setLevel(logging.DEBUG)  # as talkative as an operator can make it
    logging.getLogger("django.db.backends").setLevel(logging.INFO)
    yield stream
    logging.root.setLevel(level)
    handler.setStream(before)


@pytest.fixture(autouse=True)
def _at_nine(clock_at):
    clock_at(NOW)


def in_redis():
    """Everything in the tests' database of the broker, as text."""
    with redis.Redis.from_url(django_settings.REDIS_URL) as server:
        keys = list(server.scan_iter(count=1000))
        return "\n".join(f"{key!r} {server.dump(key)!r}" for key in keys)


def in_tables(tenant):
    """{table: its rows as text}, as the organisation sees them."""
    with tenant_scope(tenant), connection.cursor() as cursor:
        cursor.execute(TABLES)
        names = [name for (name,) in cursor.fetchall()]
        found = {}
        for name in names:
            cursor.execute(f"SELECT string_agg(t::text, E'\\n') FROM \"{name}\" t")
            found[name] = cursor.fetchone()[0] or ""
        return found


def everything_readable(client):
    """The answers of all lists of the API and of all pages without a parameter."""
    answers = []
    for route in all_routes():
        if not route.params and "GET" in route.methods and (route.is_api or route.is_page):
            answers.append(client.get(route.template).content.decode(errors="replace"))
    assert len(answers) > 40
    return "\n".join(answers)


def test_no_secret_gets_where_it_must_not_be(written, mailbox, settings, tmp_path, monkeypatch):
    with redis.Redis.from_url(django_settings.REDIS_URL) as server:
        server.flushdb()
    canaries, private, answers = Canaries(), Canaries(), []
    acme = make_tenant("acme", "Acme", "UTC")
    ana = make_member(acme, "Ana", "owner")
    browser = sign_in(Client(raise_request_exception=False), ana)
    key = canaries.keep(make_key(acme, "admin"), "an API key that works")
    program = Api(key, Client(raise_request_exception=False))
    stranger = Client(raise_request_exception=False)

    # signing in and out, with a wrong password, a right one, and one typed where the address goes
    for number in range(4):
        wrong = canaries.new(f"wrong password {number}")
        answers.append(stranger.post("/auth/login/", {"login": ana.user.email, "password": wrong}))
    canaries.keep(PASSWORD, "the right password")
    answers.append(stranger.post("/auth/login/", {"login": ana.user.email, "password": PASSWORD}))
    canaries.keep(stranger.cookies["sessionid"].value, "session cookie")
    canaries.keep(stranger.cookies["csrftoken"].value, "CSRF token") if "csrftoken" in stranger.cookies else None
    new = {"password1": canaries.new("a new password"), "password2": canaries.new("a new password, mistyped")}
    answers.append(stranger.post("/auth/password/change/", {"oldpassword": canaries.new("an old password"), **new}))

    # keys that do not work, in every place where somebody may put them
    for header in ("Bearer {}", "Basic {}", "Token {}", "{}"):
        told = header.format(canaries.new(f"Authorization: {header}"))
        answers.append(stranger.get("/api/v1/accounts/", headers={"Authorization": told}))
    for name in ("token", "api_key", "password", "access_token", "client_secret", "q", "next"):
        secret = canaries.new(f"?{name}=")
        answers.append(stranger.get(f"/api/v1/accounts/?{name}={secret}"))
        browser.get(f"/accounts/?{name}={secret}")
        stranger.get(f"/auth/login/?{name}={secret}")

    # links that are secrets, and addresses that look like them
    with tenant_scope(acme):
        people.invite_member("nia@acme.example.com", ["csm"], by=ana, actor=ana.actor, now=NOW)
    ledger.drain(NOW)
    stranger.post("/auth/password/reset/", {"email": ana.user.email})
    ledger.drain(NOW)
    links = [link for mail in mailbox.mails() for link in re.findall(r"https?://[^\s<>\"]+", text_of(mailbox, mail))]
    for link in links:
        path = re.sub(r"^https?://[^/]+", "", link)
        for part in re.findall(r"[\w-]{24,}", path):
            canaries.keep(part, "a link that was mailed")
        stranger.get(path)
    assert any("/invitations/" in link for link in links)
    for path in ("/invitations/{}/", "/u/{}/", "/auth/password/reset/key/1-{}/", "/{}", "/api/v1/{}/", "/brand/{}"):
        stranger.get(path.format(canaries.new(path)))

    # connections: made, refused for their body, edited, tested, synced, with logins that are refused
    with sandbox(tmp_path / "org", "empty") as server:
        settings.CS_SALESFORCE_EXTRA_HOSTS = [server.url]
        for auth, fields in AUTHS.items():
            given = {field: canaries.new(f"{auth}: {field}") for field in fields if field not in NOT_SECRET}
            given |= {field: f"public-{field}" for field in fields if field in NOT_SECRET}
            body = {"kind": "salesforce", "name": auth, "auth": auth, "login_url": server.url, **given}
            answers.append(program.post("connections/", {**body, "surplus": canaries.new("a field that is not there")}))
            answers.append(program.post("connections/", {**body, "name": ["no", "name"]}))
            answers.append(program.post("connections/", json.dumps(body)[:-1]))
            made = program.post("connections/", body)
            answers.append(made)
            if made.status_code == 201:
                pk = made.json()["id"]
                secret = next(field for field in given if field not in NOT_SECRET)
                changed = {field: canaries.new(f"{auth}: {field}, edited") for field in given if field == secret}
                answers += [
                    program.patch(f"connections/{pk}/", {**given, **changed}),
                    program.post(f"connections/{pk}/test"),
                ]
                answers.append(program.post(f"connections/{pk}/sync", {"full": True}))
                ledger.drain(NOW)
                answers.append(browser.get(f"/integrations/salesforce/{pk}/"))
        good = {"kind": "salesforce", "name": "Good", "auth": "client_credentials", "login_url": server.url}
        good |= server.credentials["client_credentials"]
        canaries.keep(good["client_secret"], "a client secret that works")
        pk = program.post("connections/", good).json()["id"]
        answers += [program.post(f"connections/{pk}/test"), program.post(f"connections/{pk}/sync", {"full": True})]
        ledger.drain(NOW)
        assert tokens_of(server)
        for token in tokens_of(server):
            canaries.keep(token, "an access token of the org")

    # people, whose words are no business of a log
    person = {
        "name": private.new("name of a person"),
        "email": f"{private.new('address of a person')}@example.com",
        "phone": private.new("telephone"),
    }
    account = program.post("accounts/", {"name": private.new("name of an account"), "external_id": "x"}).json()["id"]
    program.post("contacts/", {"account_id": account, **person})
    program.post("contacts/", {"account_id": account, **person})
    program.get(f"contacts/?q={person['name']}")
    browser.get(f"/accounts/?q={private.new('a search')}")

    # something fails, with secrets in its words and in what was sent
    for path, words in ERRORS.items():
        secret = canaries.new(f"error at {path}")

        def fail(*_, secret=secret, words=words, **__):
            raise RuntimeError(words.format(secret))

        with monkeypatch.context() as patched:
            patched.setattr(selectors, "queue_state", fail)
            patched.setattr(people, "note_key_use", fail)
            for who, method in ((browser, "get"), (stranger, "post")):
                body = {"password": canaries.new("body of a request that fails")} if method == "post" else {}
                told = {"Authorization": f"Bearer {key}", "Cookie": f"sessionid={canaries.new('cookie of a failure')}"}
                answer = getattr(who, method)(path, body, headers=told if method == "post" else {})
                answers.append(answer)
    with monkeypatch.context() as patched:  # a page that fails, at an address that is a secret
        patched.setattr(people_selectors, "invitation_for", lambda *_, **__: 1 / 0)
        failed = stranger.get(f"/invitations/{canaries.new('the address of a page that fails')}/")
        assert failed.status_code == 500
        answers.append(failed)
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "us", canaries.new("password of the mail server")
    with tenant_scope(acme):
        people.invite_member("noa@acme.example.com", ["csm"], by=ana, actor=ana.actor, now=NOW)
    ledger.drain(NOW)

    assert len(canaries.told) >= 50
    log = written.getvalue()
    assert log.count("\n") > 100 and '"level": "error"' in log
    assert canaries.found_in(log) == [] and private.found_in(log) == [], log_lines(log, canaries, private)
    assert canaries.found_in(in_redis()) == [] and private.found_in(in_redis()) == []
    for table, rows in in_tables(acme).items():
        assert table in AT_HOME or canaries.found_in(rows) == [], table
    told = "\n".join(answer.content.decode(errors="replace") for answer in answers)
    assert _other_than(canaries.found_in(told)) == []
    assert canaries.found_in(everything_readable(program)) == canaries.found_in(everything_readable(browser)) == []


ERRORS = {
    "/settings/queue/": "the password={} was not taken",
    "/api/v1/queue/state": "Authorization: Bearer {}",
    "/settings/queue/?again": "postgresql://us:{}@db.example.com/cs does not answer",
    "/api/v1/queue/state?fields=due": "{{'client_secret': '{}', 'name': 'x'}}",
    "/settings/queue/?third": "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----",
    "/settings/queue/?fourth": "access_token={}&instance_url=x",
}


def _other_than(found):
    """What a page says back to the one who typed it: the search field and where to go after the login."""
    return [where for where in found if where not in ("?q=", "?next=")]


def tokens_of(server):
    return [str(row[0]) for row in server.org.store.read('SELECT "token" FROM "session"', ())]


def text_of(mailbox, mail):
    message = message_from_bytes((mailbox.folder / mail["file"]).read_bytes(), policy=policy.default)
    return message.get_body(("plain", "html")).get_content()


def log_lines(log, *several):
    lines = [line for line in log.splitlines() if any(canaries.found_in(line) for canaries in several)]
    return "\n".join(line[:600] for line in lines[:8])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EMAIL_URL", "smtp://us:{}@:bad/"),
        ("DATABASE_URL", "mysql://us:{}@db/cs"),
        ("CS_ENCRYPTION_KEYS", "k1:{}"),
        ("CS_METRICS_TOKEN", "{}"),
        ("CS_BASE_URL", "ftp://us:{}@host"),
    ],
)
def test_a_setting_that_is_refused_does_not_show_its_secret(name, value):
    secret = "Cnry" + secrets.token_hex(3)
    env = os.environ | {name: value.format(secret)}
    argv = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "ERROR"]
    found = subprocess.run(argv, env=env, cwd=django_settings.BASE_DIR, capture_output=True, text=True)
    assert found.returncode != 0
    assert secret not in found.stdout + found.stderr


@pytest.mark.parametrize(
    "words",
    [
        "password=S3CRET", "password: 'S3CRET and more'", '{"client_secret": "S3CRET"}', "{'refresh_token': 'S3CRET'}",
        "Authorization: Bearer S3CRET-S3CRET", "authorization: basic UzNDUkVUOlMzQ1JFVA==", "x-api-key=S3CRET",
        "redis://:S3CRET@127.0.0.1:6379/0", "smtp://us:S3CRET@mail.example.com", "sessionid=S3CRET; csrftoken=S3CRET",
        "cs_ab12_S3CRETS3CRETS3CRET", "00D000000000001!AQ.S3CRETS3CRET", "CS_METRICS_TOKEN=S3CRET",
        "SECRET_KEY='S3CRET'", "CS_ENCRYPTION_KEYS=k1:S3CRET",
        "passphrase => S3CRET", "-----BEGIN RSA PRIVATE KEY-----\nS3CRET\n-----END RSA PRIVATE KEY-----",
        "duplicate key\nDETAIL:  Key (email)=(S3CRET) already exists.", "to S3CRET@example.com", "private_key=S3CRET",
    ],
)  # fmt: skip
def test_the_last_net_cuts_out_what_looks_like_a_secret(words):
    assert "S3CRET" not in logs.scrub(words) and "UzND" not in logs.scrub(words)


@pytest.mark.parametrize("words", ["ran 3 rows of accounts.segment", "the token of the page is stale", "8 secrets"])
def test_plain_words_stay(words):
    assert logs.scrub(words) == words


class TestWhoAndWhere:
    @pytest.fixture
    def lines(self, written):
        return lambda: [json.loads(line) for line in written.getvalue().splitlines()]

    def test_a_line_of_a_page_names_request_organisation_and_member(self, lines, ana):
        answer = sign_in(Client(), ana).get("/accounts/")
        (line,) = [line for line in lines() if line["logger"] == "cs_platform.request"]
        assert line["request_id"] == answer["X-Request-ID"] and line["tenant"] == str(ana.tenant_id)
        assert line["actor"] == f"member:{ana.pk}" and line["route"] == "workspace:account-list"
        assert line["status"] == 200 and "ms" in line

    def test_a_line_of_the_api_names_the_key(self, lines, acme):
        Api(make_key(acme, "admin")).get("accounts/")
        (line,) = [line for line in lines() if line["logger"] == "cs_platform.request"]
        assert line["actor"].startswith("api_key:") and line["tenant"] == str(acme.pk)

    def test_a_line_of_the_queue_names_its_row_and_organisation(self, lines, acme):
        with tenant_scope(acme), ledger.unit():
            ledger.enqueue("nobody.knows.this", {}, due_at=NOW)
        ledger.drain(NOW)
        (line,) = [line for line in lines() if line["message"].startswith("gave up")]
        assert (line["kind"], line["tenant"], line["actor"]) == ("nobody.knows.this", str(acme.pk), "system")
        assert isinstance(line["outbox"], int)

    def test_a_line_of_the_minute_names_its_function(self, lines, acme, monkeypatch):
        from cs_platform.ledger import registry

        monkeypatch.setattr(registry, "tickers", lambda: {"some.ticker": lambda **_: logging.warning("looked")})
        ledger.tick(NOW)
        (line,) = [line for line in lines() if line["message"] == "looked"]
        assert (line["kind"], line["tenant"]) == ("some.ticker", str(acme.pk))

    def test_health_checks_fill_no_log(self, lines):
        Client().get("/healthz")
        assert [line for line in lines() if line["logger"] == "cs_platform.request"] == []

    def test_a_celery_worker_writes_the_same_lines(self):
        from celery import signals

        from cs_platform import celery

        assert any(
            celery.keep_our_logs in (ref() if callable(ref) else ref,) for _, ref in signals.setup_logging.receivers
        )
