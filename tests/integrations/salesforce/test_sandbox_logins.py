"""Getting a session from the sandbox: each kind of login, and each way of getting it wrong."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests

from integrations.salesforce.errors import SalesforceError
from integrations.salesforce.sandbox.server import SandboxServer
from tests.integrations.salesforce.sandboxed import Rest, client_of, sandbox

JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SandboxServer]:
    with sandbox(tmp_path) as server:
        yield server


@pytest.mark.parametrize("kind", ["client_credentials", "refresh_token", "password", "jwt"])
def test_our_client_logs_in(server: SandboxServer, kind: str) -> None:
    client = client_of(server, kind)
    assert client.count("SELECT COUNT() FROM User") == 1
    assert (client.usage.used, client.usage.total, client.logins) == (1, 15_000, 1)
    assert server.org.calls == {"login": 1, "query": 1}


@pytest.mark.parametrize(
    ("kind", "field", "code"),
    [
        ("client_credentials", "client_secret", "invalid_client"),
        ("client_credentials", "client_id", "invalid_client_id"),
        ("refresh_token", "refresh_token", "invalid_grant"),
        ("password", "password", "INVALID_LOGIN"),
        ("password", "security_token", "INVALID_LOGIN"),
        ("jwt", "username", "invalid_grant"),
        ("jwt", "client_id", "invalid_client_id"),
    ],
)
@pytest.mark.filterwarnings("ignore:\\s+If your connected app policy")
def test_wrong_credentials_are_refused_in_salesforces_words(
    server: SandboxServer, kind: str, field: str, code: str
) -> None:
    client = client_of(server, kind)
    client.credentials.values[field] = "wrong"  # type: ignore[index]
    with pytest.raises(SalesforceError) as caught:
        client.log_in()
    assert (caught.value.kind, caught.value.permanent, caught.value.code) == ("auth", True, code)


def claims(server: SandboxServer, **other: Any) -> dict[str, str]:
    known = server.credentials["jwt"]
    said = {
        "iss": known["client_id"],
        "sub": known["username"],
        "aud": "https://login.salesforce.com",
        "exp": int(time.time()) + 100,
        **other,
    }
    return {"grant_type": JWT, "assertion": jwt.encode(said, known["private_key"], algorithm="RS256")}


def test_assertions_have_a_server_and_an_end(server: SandboxServer) -> None:
    rest = Rest(server)
    assert rest.token(**claims(server)).status_code == 200
    for wrong in (
        {"aud": "https://elsewhere.example"},
        {"exp": int(time.time()) - 5},
        {"exp": int(time.time()) + 3600},
    ):
        answer = rest.token(**claims(server, **wrong))
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    for nonsense in ("", "a.b", "a.b.c", "é.é.é", "eyJhbGciOiJub25lIn0.e30."):
        answer = rest.token(grant_type=JWT, assertion=nonsense)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_the_client_may_stand_in_a_basic_header(server: SandboxServer) -> None:
    known = server.credentials["client_credentials"]
    where = f"{server.url}/services/oauth2/token"
    form = {"grant_type": "client_credentials"}
    answer = requests.post(where, form, auth=(known["client_id"], known["client_secret"]), timeout=10)
    assert answer.json()["instance_url"] == server.url
    answer = requests.post(where, form, auth=(known["client_id"], "wrong"), timeout=10)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client")
    assert requests.get(where, timeout=10).json()["error"] == "invalid_request"
    assert requests.post(where, {"grant_type": "magic"}, timeout=10).json()["error"] == "unsupported_grant_type"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not xml",
        b"<a/>",
        b'<!DOCTYPE a [<!ENTITY x "y">]><login>&x;</login>',
        b'<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]><login><username>&f;</username></login>',
    ],
)
def test_soap_that_is_no_login_is_a_fault(server: SandboxServer, body: bytes) -> None:
    answer = requests.post(f"{server.url}/services/Soap/u/59.0", body, timeout=10)
    assert answer.status_code == 500
    assert "exceptionCode" in answer.text
    assert "root:" not in answer.text


def test_a_session_ends_by_revocation_expiry_and_not_by_restart(tmp_path: Path) -> None:
    with sandbox(tmp_path) as server:
        rest = Rest(server)
        token = str(rest.http.headers["Authorization"]).removeprefix("Bearer ")
    with sandbox(tmp_path) as server:
        rest.url = server.url
        assert rest("GET", "limits").status_code == 200
        rest.http.post(f"{server.url}/services/oauth2/revoke", {"token": token}, timeout=10)
        answer = rest("GET", "limits")
        assert (answer.status_code, answer.json()[0]["errorCode"]) == (401, "INVALID_SESSION_ID")
        for header in ("", "Bearer", "Bearer x", "Basic x", "OAuth nothing"):
            assert rest("GET", "limits", headers={"Authorization": header}).status_code == 401
