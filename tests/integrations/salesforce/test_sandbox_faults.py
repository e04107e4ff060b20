"""Each fault as our client sees it, and how it heals."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from integrations.salesforce.errors import SalesforceError
from integrations.salesforce.sandbox.faults import CATALOGUE
from integrations.salesforce.sandbox.problems import Problem
from integrations.salesforce.sandbox.server import SandboxServer
from tests.integrations.salesforce.sandboxed import Rest, client_of, sandbox

QUERY = "SELECT Id, Name FROM Account"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SandboxServer]:
    with sandbox(tmp_path) as server:
        server.org.bulk("Account", [{"Name": f"Company {number}"} for number in range(20)])
        yield server


def failure(
    server: SandboxServer, name: str, *, deadline: float = 10.0, max_body: int = 10_000_000, **options: Any
) -> SalesforceError:
    """What our client makes of it, with its session already open; afterwards it is healed and works again."""
    client = client_of(server, deadline=deadline, max_body=max_body)
    client.log_in()
    server.org.faults.switch(name, **options)
    with pytest.raises(SalesforceError) as caught:
        client.query_page(QUERY, with_deleted=True)
    server.org.faults.heal()
    assert len(client.query_page(QUERY, with_deleted=True).rows) == 20
    return caught.value


@pytest.mark.parametrize(
    ("name", "options", "kind"),
    [
        ("unauthorized", {}, "auth"),
        ("unauthorized_html", {}, "auth"),
        ("limit_daily", {}, "limit_daily"),
        ("limit_concurrent", {}, "limit_concurrent"),
        ("maintenance", {"status": 503}, "transient"),
        ("maintenance", {"status": 200}, "nonsense"),
        ("server_error", {}, "transient"),
        ("truncated_json", {}, "nonsense"),
        ("wrong_total", {}, "nonsense"),
        ("wrong_shape", {}, "nonsense"),
        ("empty_body", {}, "nonsense"),
        ("gzip_bomb", {}, "nonsense"),
        ("slow_drip", {"seconds": 0.2}, "transient"),
        ("black_hole", {}, "transient"),
        ("lost_answer", {}, "transient"),
    ],
)
def test_a_fault_is_what_its_name_says(server: SandboxServer, name: str, options: dict[str, Any], kind: str) -> None:
    began = time.monotonic()
    deadline = 0.8 if name in ("slow_drip", "black_hole") else 10.0
    assert failure(server, name, deadline=deadline, **options).kind == kind
    assert time.monotonic() - began < 5


def test_sessions_end_after_so_many_calls_and_a_login_mends_it(server: SandboxServer) -> None:
    server.org.faults.switch("session_expiry", calls=2)
    client = client_of(server)
    for _ in range(7):
        assert client.count("SELECT COUNT() FROM Account") == 20
    assert client.logins == server.org.calls["login"] == 4
    assert [call.status for call in server.org.log if call.kind == "query"].count(401) == 3


def test_refused_logins_can_be_switched_on_without_touching_open_sessions(server: SandboxServer) -> None:
    client = client_of(server)
    client.log_in()
    server.org.faults.switch("login_refused")
    assert client.count("SELECT COUNT() FROM Account") == 20
    for kind in ("client_credentials", "password"):
        with pytest.raises(SalesforceError) as caught:
            client_of(server, kind).log_in()
        assert (caught.value.kind, caught.value.permanent) == ("auth", True)


def test_a_fault_strikes_the_calls_that_it_is_meant_for_and_heals_after_its_times(server: SandboxServer) -> None:
    client = client_of(server)
    server.org.faults.switch("server_error", on="queryAll", times=2, after=1)
    found = []
    for number in range(5):
        assert client.count("SELECT COUNT() FROM Account") == 20, number
        try:
            client.query_page(QUERY, with_deleted=True)
            found.append("ok")
        except SalesforceError as error:
            found.append(error.kind)
    assert found == ["ok", "transient", "transient", "ok", "ok"]
    assert server.org.faults.active() == []


def test_thirty_percent_of_the_writes_meet_a_lock_and_none_is_done_twice(server: SandboxServer) -> None:
    rest = Rest(server)
    server.org.faults.switch("lock_errors", probability=0.3, seed=7)
    tries = 0
    for number in range(40):
        while True:
            tries += 1
            answer = rest("PATCH", f"sobjects/Contact/External_Id__c/{number}", {"LastName": str(number)})
            if answer.status_code < 300:
                break
            assert answer.json()[0]["errorCode"] == "UNABLE_TO_LOCK_ROW"
    assert server.org.count("Contact") == 40
    assert 45 < tries < 75
    results = rest("POST", "composite/sobjects", {"records": [_contact(number) for number in range(50)]}).json()
    codes = [result["errors"][0]["statusCode"] for result in results if not result["success"]]
    assert 5 < len(codes) < 30
    assert set(codes) == {"UNABLE_TO_LOCK_ROW"}


def _contact(number: int) -> dict[str, Any]:
    return {"attributes": {"type": "Contact"}, "LastName": str(number)}


def test_a_write_whose_answer_is_lost_was_done(server: SandboxServer) -> None:
    rest = Rest(server)
    server.org.faults.switch("lost_answer", on="create", times=1)
    with pytest.raises(requests.ConnectionError):
        rest("POST", "sobjects/Contact", {"LastName": "Once"})
    assert server.org.count("Contact") == 1


def test_a_late_commit_has_its_stamp_long_before_it_shows(server: SandboxServer) -> None:
    org, rest = server.org, Rest(server)
    org.clock.set(org.now().replace(microsecond=0))
    account = org.find("Account")[0]["Id"]
    org.faults.switch("late_commit", seconds=300.0, times=2)
    org.set(account, Name="Late")
    org.set(account, Industry="Later")
    at = org.now()
    assert org.store.pending() == 1
    org.clock.advance(299)
    assert rest.names("Name = 'Late'") == []
    org.clock.advance(2)
    assert rest.names("Name = 'Late' AND Industry = 'Later'") == ["Late"]
    assert (org.get(account) or {})["SystemModstamp"].startswith(f"{at:%Y-%m-%dT%H:%M:%S}")
    assert org.store.pending() == 0


def test_a_wrong_clock_shows_in_the_date_header_and_in_stamps(server: SandboxServer) -> None:
    right = server.org.clock.now()
    for seconds in (600.0, -600.0):
        server.org.faults.switch("clock_skew", seconds=seconds)
        page = client_of(server).query_page(QUERY, with_deleted=True)
        assert abs(page.server_time - right - timedelta(seconds=seconds)) < timedelta(seconds=5)


def test_a_hidden_field_is_gone_everywhere(server: SandboxServer) -> None:
    rest = Rest(server)
    server.org.faults.switch("hidden_field", field="Account.Industry")
    assert "Industry" not in client_of(server).describe("Account")
    assert rest.error("SELECT Industry FROM Account") == "INVALID_FIELD"
    account = server.org.find("Account")[0]["Id"]
    assert "Industry" not in rest("GET", f"sobjects/Account/{account}").json()
    assert rest("PATCH", f"sobjects/Account/{account}", {"Industry": "x"}).json()[0]["errorCode"] == "INVALID_FIELD"
    server.org.faults.heal()
    assert "Industry" in client_of(server).describe("Account")


def test_the_daily_limit_is_real_and_begins_anew(server: SandboxServer) -> None:
    org = server.org
    org.clock.set(org.now().replace(hour=12))
    org.daily_limit = 3
    client = client_of(server)
    for _ in range(3):
        client.count("SELECT COUNT() FROM Account")
    with pytest.raises(SalesforceError) as caught:
        client.count("SELECT COUNT() FROM Account")
    assert caught.value.kind == "limit_daily"
    assert (client.usage.used, client.usage.total) == (3, 3)
    org.clock.advance(13 * 3600)
    assert client.count("SELECT COUNT() FROM Account") == 20
    assert client.usage.used == 1


def test_the_remote_control_switches_all_or_nothing(server: SandboxServer) -> None:
    rest = Rest(server)
    rest.http.headers.pop("Authorization")
    answer = rest("POST", "/sandbox/faults", {"slow_drip": {"times": 3}, "maintenance": True})
    assert {name: fault["times"] for name, fault in answer.json().items()} == {"slow_drip": 3, "maintenance": None}
    for wrong in ({"nothing": True}, {"black_hole": {"times": 0}}, {"black_hole": {"pace": 1}}, {"heal": 1, "x": {}}):
        answer = rest("POST", "/sandbox/faults", {"gzip_bomb": True, **wrong})
        assert answer.status_code == 400, wrong
    assert "gzip_bomb" not in rest("GET", "/sandbox/faults").json()
    assert rest("POST", "/sandbox/faults", {"heal": True, "empty_body": {}}).json().keys() == {"empty_body"}
    assert rest("DELETE", "/sandbox/faults/empty_body").json() == {}
    evil = rest("POST", "/sandbox/faults", {"black_hole": True}, headers={"Origin": "https://evil.example"})
    assert evil.status_code == 403
    assert rest("GET", "/sandbox/status", headers={"Host": "evil.example"}).status_code == 421
    status = rest("GET", "/sandbox/status").json()
    assert (status["records"]["Account"], status["pending"], status["faults"]) == (20, 0, {})


def test_every_fault_has_options_that_are_checked(server: SandboxServer) -> None:
    for name in CATALOGUE:
        server.org.faults.switch(name, probability=0.0)
    assert len(server.org.faults.active()) == len(CATALOGUE)
    with pytest.raises(Problem):
        server.org.faults.switch("slow_drip", seconds="slowly")
    with pytest.raises(Problem):
        server.org.faults.switch("slow_drip", colour="red")


def test_stopping_ends_answers_that_hang_on_purpose(tmp_path: Path) -> None:
    with sandbox(tmp_path / "other") as server:
        server.org.faults.switch("black_hole")
        with pytest.raises(SalesforceError):
            client_of(server, deadline=0.3).log_in()
        began = time.monotonic()
    assert time.monotonic() - began < 2
