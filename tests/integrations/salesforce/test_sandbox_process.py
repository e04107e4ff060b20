"""The sandbox as a process of its own: what it says, what survives a kill, whose clock it takes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from cs_platform.supervisor.services import BASE_DIR
from integrations.salesforce.sandbox.org import AlreadySeeded, SandboxOrg
from integrations.salesforce.sandbox.seed import COMPANIES, USERS
from tests.integrations.salesforce.sandboxed import sandbox

MODULE = "integrations.salesforce.sandbox"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def process(data: Path, *words: str, **env: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    port = free_port()
    argv = [sys.executable, "-m", MODULE, "--port", str(port), "--data", str(data), *words]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("CS_", "DJANGO", "DATABASE"))}
    child = subprocess.Popen(
        argv, cwd=BASE_DIR, env={**clean, **env}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert child.stdout is not None
        said = child.stdout.readline()
        assert f"http://127.0.0.1:{port}" in said, said + child.stdout.read()
        yield child, f"http://127.0.0.1:{port}"
    finally:
        child.kill()
        child.wait(10)


def post(url: str, path: str, given: dict[str, Any]) -> Any:
    answer = requests.post(f"{url}/sandbox/{path}", json=given, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_every_answered_change_survives_a_kill(tmp_path: Path) -> None:
    with process(tmp_path / "org", "--empty") as (child, url):
        made = [post(url, "records/Account", {"values": {"Name": f"A{number}"}})["id"] for number in range(20)]
        post(url, "delete", {"id": made[0]})
        post(url, "faults", {"late_commit": {"seconds": 1.0}})
        post(url, f"records/Account/{made[1]}", {"values": {"Name": "Late"}})
        child.send_signal(signal.SIGKILL)
        child.wait(10)
    time.sleep(1.1)
    with process(tmp_path / "org") as (_, url):
        assert requests.get(f"{url}/sandbox/status", timeout=10).json()["records"]["Account"] == 19
        assert "Late" in requests.get(f"{url}/accounts/{made[1]}", timeout=10).text
        new = post(url, "records/Account", {"values": {"Name": "New"}})["id"]
        assert new not in made


def test_the_clock_file_is_the_orgs_clock(tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    clock.write_text("2031-05-05T10:00:00+00:00")
    with process(tmp_path / "org", CS_ENV="test", CS_CLOCK_FILE=str(clock)) as (_, url):
        assert requests.get(url, timeout=10).headers["Date"] == "Mon, 05 May 2031 10:00:00 GMT"
        clock.write_text("2031-06-09T10:00:00+00:00")
        assert requests.get(url, timeout=10).headers["Date"] == "Mon, 09 Jun 2031 10:00:00 GMT"
        post(url, "records/Account", {"values": {"Name": "In June"}})
    with process(tmp_path / "org") as (_, url):
        status = requests.get(f"{url}/sandbox/status", timeout=10).json()
        assert datetime.fromisoformat(status["now"]) >= datetime.fromisoformat("2031-06-09T10:00:00+00:00")


def test_sigterm_ends_it_at_once_and_a_taken_port_is_said(tmp_path: Path) -> None:
    with process(tmp_path / "org") as (child, url):
        port = url.rpartition(":")[2]
        argv = [sys.executable, "-m", MODULE, "--port", port, "--data", str(tmp_path / "two")]
        second = subprocess.run(argv, cwd=BASE_DIR, capture_output=True, text=True, timeout=20)
        assert second.returncode == 1
        assert "Address already in use" in second.stderr and "Traceback" not in second.stderr
        post(url, "faults", {"black_hole": True})
        child.send_signal(signal.SIGTERM)
        assert child.wait(5) == 0


def test_it_runs_without_django_and_without_any_package(tmp_path: Path) -> None:
    code = f"import runpy, sys; sys.argv = ['x', '--help']; runpy.run_module('{MODULE}', run_name='__main__')"
    argv = [sys.executable, "-S", "-c", code]
    done = subprocess.run(argv, cwd=BASE_DIR, capture_output=True, text=True, timeout=20, env={"PATH": ""})
    assert done.returncode == 0, done.stderr
    assert "--pipeline" in done.stdout


def test_the_demo_org_has_named_companies_with_people_and_deals(tmp_path: Path) -> None:
    org = SandboxOrg(tmp_path)
    accounts = {row["Name"]: row for row in org.find("Account")}
    assert set(accounts) == {company.name for company in COMPANIES}
    without_level = [row for row in accounts.values() if not row["Technical_Advisor_Support_Level__c"]]
    assert len(without_level) >= 6
    contacts, deals = org.find("Contact"), org.find("Opportunity")
    for row in accounts.values():
        roles = {contact["Role__c"] for contact in contacts if contact["AccountId"] == row["Id"]}
        assert roles and all(roles)
    waiting = {deal["AccountId"] for deal in deals if deal["Type"] == "New Business" and not deal["IsClosed"]}
    assert waiting == {row["Id"] for row in without_level} | {accounts["Juniper Street Games"]["Id"]}
    emails = {row["Email"] for row in org.find("User")}
    assert {email for _, _, email, _ in USERS} <= emails
    assert accounts["Kestrel Bank Asia"]["ParentId"] == accounts["Kestrel Bank"]["Id"]
    org.close()


def test_content_is_made_once_and_never_replaced(tmp_path: Path) -> None:
    org = SandboxOrg(tmp_path, "empty")
    org.create("Account", {"Name": "Mine"})
    org.close()
    again = SandboxOrg(tmp_path)
    assert [row["Name"] for row in again.find("Account")] == ["Mine"]
    again.close()
    with pytest.raises(AlreadySeeded):
        SandboxOrg(tmp_path, "pipeline", pipeline_dir=tmp_path)


def test_a_damaged_file_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "org.sqlite3").write_bytes(b"not a database, but long enough to look at" * 100)
    argv = [sys.executable, "-m", MODULE, "--port", str(free_port()), "--data", str(tmp_path)]
    done = subprocess.run(argv, cwd=BASE_DIR, capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert "not a database" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"GET http://[bad/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
        (b"GET /%ff%00/%2e%2e/x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 404),
        (b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        (b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"BREW / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 501),
    ],
)
def test_broken_requests_are_answered(tmp_path: Path, raw: bytes, status: int) -> None:
    with sandbox(tmp_path) as server, socket.create_connection(("127.0.0.1", server.port), 5) as line:
        line.sendall(raw)
        assert line.recv(100).startswith(b"HTTP/1.1 %d " % status)
        assert requests.get(server.url, timeout=10).status_code == 200
