"""The client against answers that Salesforce gives on bad days."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import SalesforceError
from integrations.salesforce.hosts import Hosts
from integrations.salesforce.login import Credentials
from tests.integrations.salesforce.scripted import Handler, Scripted, rows, serving, token

SECRETS = {"client_id": "id", "client_secret": "secret"}


def client_of(
    server: Scripted, auth: str = "client_credentials", secrets: dict[str, str] | None = None, **options: Any
) -> SalesforceClient:
    hosts = Hosts(extra=frozenset({server.origin}), allow_http=True)
    return SalesforceClient(Credentials(auth, server.origin, secrets or SECRETS), hosts, **options)


@contextmanager
def talking_to(answer: Any, login: Any = token, **options: Any) -> Iterator[tuple[SalesforceClient, Scripted]]:
    with serving(answer, login) as server:
        client = client_of(server, **options)
        yield client, server
        client.close()


def refused(answer: Any, **options: Any) -> SalesforceError:
    with talking_to(answer, **options) as (client, _), pytest.raises(SalesforceError) as caught:
        client.query_page("SELECT Id FROM Account", with_deleted=True)
    return caught.value


def test_a_page_is_read_with_rows_usage_and_server_time() -> None:
    def answer(handler: Handler) -> None:
        handler.send(rows({"Id": "1"}), Sforce_Limit_Info="api-usage=18/5000")

    with talking_to(answer) as (client, server):
        page = client.query_page("SELECT Id FROM Account", with_deleted=True)
        assert page.rows == [{"Id": "1"}]
        assert page.is_last
        assert (client.usage.used, client.usage.total, client.usage.calls) == (18, 5000, 1)
        assert abs(page.server_time.timestamp() - time.time()) < 5
        assert server.seen == ["/services/oauth2/token", "/services/data/v59.0/queryAll/"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("<html>Down for maintenance</html>", "not JSON"),
        ("", "not JSON"),
        ("[1, 2]", "not an object"),
        ('"text"', "not an object"),
        ('{"records": {}, "totalSize": 1, "done": true}', "no list"),
        ('{"records": [1], "totalSize": 1, "done": true}', "no list"),
        ('{"records": []}', "how many"),
        ('{"records": [], "totalSize": 5, "done": true}', "promised 5"),
        ('{"records": [{}], "totalSize": 5, "done": false}', "not where"),
        ('{"records": [], "totalSize": 5, "done": false, "nextRecordsUrl": "/x"}', "not where"),
        ('{"records": [{"Id": "1"}, {"I', "not JSON"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_half_and_foreign_answers_are_nonsense(body: str, words: str) -> None:
    error = refused(lambda handler: handler.send(body))
    assert (error.kind, error.permanent) == ("nonsense", False)
    assert words in error.message


def test_a_body_cut_by_the_network_is_transient() -> None:
    def cut(handler: Handler) -> None:
        handler.close_connection = True
        handler.send('{"records": [', Content_Length="5000")

    assert refused(cut).kind == "transient"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (403, [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}], "limit_daily"),
        (
            403,
            [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "ConcurrentPerOrgLongTxn Limit exceeded."}],
            "limit_concurrent",
        ),
        (400, [{"errorCode": "UNABLE_TO_LOCK_ROW", "message": "row"}], "lock"),
        (503, [{"errorCode": "SERVER_UNAVAILABLE", "message": "later"}], "transient"),
        (503, "<html>later</html>", "transient"),
        (500, "", "transient"),
        (429, "slow down", "transient"),
        (400, [{"errorCode": "INVALID_FIELD", "message": "No such column"}], "permanent"),
        (403, "<html>proxy</html>", "nonsense"),
        (302, "moved", "permanent"),
    ],
)
def test_refusals_are_told_apart(status: int, body: Any, kind: str) -> None:
    error = refused(lambda handler: handler.send(body, status=status, Location="http://127.0.0.1:1/"))
    assert error.kind == kind


def test_an_expired_session_is_renewed_once() -> None:
    answers = iter([401, 200])

    def answer(handler: Handler) -> None:
        if next(answers, 200) == 401 and client._session is not None and len(server.seen) > 3:
            handler.send([{"errorCode": "INVALID_SESSION_ID", "message": "expired"}], status=401)
        else:
            handler.send(rows())

    with talking_to(lambda handler: answer(handler)) as (client, server):
        answers = iter([200])
        client.query_page("SELECT Id FROM Account", with_deleted=True)
        client.query_page("SELECT Id FROM Account", with_deleted=True)
        answers = iter([401, 200])
        client.query_page("SELECT Id FROM Account", with_deleted=True)
        assert server.logins == 2


@pytest.mark.parametrize(
    "body", [[{"errorCode": "INVALID_SESSION_ID", "message": "expired"}], "<html>who are you</html>"]
)
def test_an_org_that_answers_401_for_ever_gets_few_logins(body: Any) -> None:
    with talking_to(lambda handler: handler.send(body, status=401)) as (client, server):
        for _ in range(2):
            with pytest.raises(SalesforceError) as caught:
                client.query_page("SELECT Id FROM Account", with_deleted=True)
            assert caught.value.kind == "auth"
        assert server.logins == 2


def test_a_wrong_secret_is_permanent_and_not_repeated() -> None:
    def login(handler: Handler) -> None:
        handler.send({"error": "invalid_client", "error_description": "invalid client credentials"}, status=400)

    with talking_to(lambda handler: handler.send(rows()), login=login) as (client, server):
        with pytest.raises(SalesforceError) as caught:
            client.query_page("SELECT Id FROM Account", with_deleted=True)
        assert (caught.value.kind, caught.value.permanent) == ("auth", True)
        assert "invalid client credentials" in caught.value.message
        assert server.logins == 1


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ("<html>login</html>", 200, "nonsense"),
        ("{}", 200, "nonsense"),
        ('{"access_token": 5, "instance_url": "http://127.0.0.1"}', 200, "nonsense"),
        ("[]", 200, "nonsense"),
        ("<html>oops</html>", 503, "transient"),
        ({"error": "server_error"}, 500, "transient"),
    ],
)
def test_a_login_page_that_makes_no_sense(body: Any, status: int, kind: str) -> None:
    assert (
        refused(lambda handler: handler.send(rows()), login=lambda handler: handler.send(body, status=status)).kind
        == kind
    )


def test_a_login_may_not_send_us_to_another_host() -> None:
    def login(handler: Handler) -> None:
        handler.send({"access_token": "T", "instance_url": "http://169.254.169.254"})

    error = refused(lambda handler: handler.send(rows()), login=login)
    assert error.code == "HOST_NOT_ALLOWED"


def test_an_answer_that_drips_ends_at_the_deadline() -> None:
    def drip(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.1)

    started = time.monotonic()
    assert refused(drip, deadline=1.0).kind == "transient"
    assert time.monotonic() - started < 3


def test_a_server_that_never_answers_ends_at_the_deadline() -> None:
    started = time.monotonic()
    assert refused(lambda handler: time.sleep(5), deadline=0.7).kind == "transient"
    assert time.monotonic() - started < 3


def test_a_gzip_bomb_counts_unpacked() -> None:
    bomb = gzip.compress(b"0" * 50_000_000)
    error = refused(lambda handler: handler.send(bomb, Content_Encoding="gzip"), max_body=1_000_000)
    assert error.kind == "nonsense"
    assert "larger" in error.message


def test_nobody_listens() -> None:
    with serving(token) as server:
        client = client_of(server)
    with pytest.raises(SalesforceError) as caught:
        client.log_in()
    assert caught.value.kind == "transient"


def test_jwt_and_refresh_token_send_what_salesforce_expects() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    bodies: list[bytes] = []

    def login(handler: Handler) -> None:
        bodies.append(handler.body)
        token(handler)

    with serving(lambda handler: handler.send(rows()), login) as server:
        client_of(server, "jwt", {"client_id": "c", "username": "u@x.io", "private_key": pem}).log_in()
        client_of(server, "refresh_token", {"client_id": "c", "refresh_token": "r"}).log_in()
    assert b"jwt-bearer" in bodies[0]
    assert b"assertion=" in bodies[0]
    assert bodies[1] == b"grant_type=refresh_token&client_id=c&refresh_token=r"


def test_a_private_key_that_is_none_is_said_in_words() -> None:
    with serving(token) as server:
        client = client_of(server, "jwt", {"client_id": "c", "username": "u", "private_key": "no key"})
        with pytest.raises(SalesforceError) as caught:
            client.log_in()
    assert "private key" in caught.value.message
    assert server.logins == 0


def test_password_and_token_go_through_soap() -> None:
    bodies: list[bytes] = []

    def login(handler: Handler) -> None:
        bodies.append(handler.body)
        url = f"https://{handler.headers['Host']}/services/Soap/u/59.0/00D"
        handler.send(f"<a><sessionId>S</sessionId><serverUrl>{url}</serverUrl></a>", kind="text/xml")

    with serving(lambda handler: handler.send(rows()), login) as server:
        secrets = {"username": "a<b", "password": "p&", "security_token": "<x/>"}
        client = client_of(server, "password", secrets)
        client.query_page("SELECT Id FROM User", with_deleted=False)
    assert b"<n1:username>a&lt;b</n1:username>" in bodies[0]
    assert b"<n1:password>p&amp;&lt;x/&gt;</n1:password>" in bodies[0]


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.com",
        "https://salesforce.com.evil.com",
        "http://acme.my.salesforce.com",
        "https://user:pw@acme.my.salesforce.com",
        "https://acme.my.salesforce.com:8443",
        "https://acme.my.salesforce.com/path",
        "https://acme.my.salesforce.com?x=1",
        "http://127.0.0.1:9",
        "file:///etc/passwd",
        "https://evil.com#.salesforce.com",
        "https://evil.com\\.salesforce.com",
        "https://x:99999999",
        "",
    ],
)
def test_addresses_that_are_refused(address: str) -> None:
    with pytest.raises((SalesforceError, ValueError)):
        Hosts().login_origin(address)


def test_addresses_that_are_allowed() -> None:
    assert Hosts().login_origin("acme.my.salesforce.com") == "https://acme.my.salesforce.com"
    assert Hosts().login_origin("https://login.salesforce.com/") == "https://login.salesforce.com"
    extra = Hosts(extra=frozenset({"http://127.0.0.1:18010"}), allow_http=True)
    assert extra.login_origin("http://127.0.0.1:18010") == "http://127.0.0.1:18010"
    assert extra.resolve("https://127.0.0.1:18010/x") == ("http://127.0.0.1:18010/x", True)
    with pytest.raises(SalesforceError):
        Hosts(extra=frozenset({"http://127.0.0.1:18010"})).resolve("https://127.0.0.1:18010/x")


def test_secrets_are_not_in_reprs() -> None:
    credentials = Credentials("client_credentials", "https://x.my.salesforce.com", {"client_secret": "hush"})
    assert "hush" not in repr(credentials)
    assert "hush" not in repr(SalesforceClient(credentials, Hosts()))
