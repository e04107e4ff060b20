"""The pages on which a person plays the Salesforce user: forms over HTTP, and in a browser by their names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from integrations.salesforce.sandbox.server import SandboxServer
from tests.chrome import chrome
from tests.integrations.salesforce.sandboxed import Rest, sandbox

LEVEL = "Technical_Advisor_Support_Level__c"
HOSTILE = '<script>alert(1)</script>"\'{name}&amp;\x00\u202e=HYPERLINK("x")'


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SandboxServer]:
    with sandbox(tmp_path, "demo") as server:
        yield server


@pytest.fixture
def account(server: SandboxServer) -> dict[str, Any]:
    return server.org.find("Account", Name="Halden Robotics")[0]


def post(server: SandboxServer, path: str, form: Any = None, **headers: str) -> requests.Response:
    """A posted form, its redirect not followed."""
    return requests.post(server.url + path, form or {}, headers=headers, allow_redirects=False, timeout=10)


def get(server: SandboxServer, path: str) -> requests.Response:
    return requests.get(server.url + path, timeout=10)


def test_a_saved_level_has_the_orgs_stamp_and_is_told_after_a_redirect(server: SandboxServer, account: Any) -> None:
    here = f"/accounts/{account['Id']}"
    answer = post(server, here, {LEVEL: "Named", "Developers__c": "1300", "ARR__c": "84000.50"})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{here}?done=saved")
    assert "Saved." in get(server, f"{here}?done=saved").text
    row = server.org.get(account["Id"]) or {}
    assert (row[LEVEL], row["Developers__c"], row["ARR__c"]) == ("Named", 1300.0, 84000.5)
    assert row["SystemModstamp"] > account["SystemModstamp"]
    assert post(server, here, {LEVEL: "Named"}).headers["Location"].endswith("done=nothing")
    assert server.org.get(account["Id"]) == row


def test_a_refused_form_keeps_what_was_typed_and_says_why(server: SandboxServer, account: Any) -> None:
    answer = post(server, f"/accounts/{account['Id']}", {LEVEL: "Named", "Developers__c": "many"})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text and "value not of required type" in answer.text
    assert 'value="many"' in answer.text
    assert server.org.get(account["Id"]) == account
    answer = post(server, f"/accounts/{account['Id']}/contacts", {"FirstName": "No", "Email": "x"})
    assert answer.status_code == 422
    assert 'value="No"' in answer.text


def test_contacts_and_opportunities(server: SandboxServer, account: Any) -> None:
    org, here = server.org, f"/accounts/{account['Id']}"
    post(server, f"{here}/contacts", [("LastName", "New"), ("Role__c", "Champion"), ("Role__c", "End User")])
    contact = org.find("Contact", Name="New")[0]
    assert (contact["Role__c"], contact["AccountId"]) == ("Champion;End User", account["Id"])
    post(server, f"{here}/contacts/{contact['Id']}", {"LastName": "Newer"})
    assert (org.get(contact["Id"]) or {})["Role__c"] is None
    post(server, f"{here}/contacts/{contact['Id']}/delete")
    assert (org.get(contact["Id"]) or {})["IsDeleted"] is True
    deal = org.find("Opportunity", AccountId=account["Id"])[0]
    for word, stage in (("won", "Closed Won"), ("reopen", "Negotiation/Review"), ("lost", "Closed Lost")):
        assert post(server, f"{here}/opportunities/{deal['Id']}/{word}").status_code == 303
        assert (org.get(deal["Id"]) or {})["StageName"] == stage
    assert (org.get(deal["Id"]) or {})["CloseDate"] == org.now().date().isoformat()
    given = {"Name": "More", "StageName": "Prospecting", "CloseDate": "2027-01-01", "Type": "New Business"}
    post(server, f"{here}/opportunities", given)
    assert org.find("Opportunity", Name="More")[0]["AccountId"] == account["Id"]


def test_a_record_of_another_account_is_not_found_here(server: SandboxServer, account: Any) -> None:
    other = server.org.find("Account", Name="Kestrel Bank")[0]["Id"]
    deal = server.org.find("Opportunity", AccountId=other)[0]["Id"]
    assert post(server, f"/accounts/{account['Id']}/opportunities/{deal}/won").status_code == 404
    assert post(server, f"/accounts/{account['Id']}/nothing").status_code == 404
    for path in ("/accounts", "/accounts/nothing", "/accounts/001gK0000000001QAA/x", "/nothing", "/faults/x", "/log/x"):
        assert get(server, path).status_code == 404, path
    assert requests.put(f"{server.url}/", timeout=10).status_code == 405


def test_delete_undelete_and_merge(server: SandboxServer, account: Any) -> None:
    here = f"/accounts/{account['Id']}"
    post(server, f"{here}/delete")
    assert "Halden" not in get(server, "/").text
    assert "Halden" in get(server, "/?view=deleted").text
    assert "Undelete account" in get(server, here).text
    post(server, f"{here}/undelete")
    other = server.org.find("Account", Name="Fjordline Shipping")[0]["Id"]
    assert post(server, f"{here}/merge", {"other": "nonsense"}).status_code == 422
    post(server, f"{here}/merge", {"other": other})
    assert (server.org.get(other) or {})["MasterRecordId"] == account["Id"]
    assert "was merged into" in get(server, f"/accounts/{other}").text


def test_hostile_names_stay_text_on_every_page(server: SandboxServer) -> None:
    org = server.org
    row_id = org.create("Account", {"Name": HOSTILE, "Industry": HOSTILE, "Type": HOSTILE, LEVEL: HOSTILE}, check=False)
    org.create("Contact", {"LastName": HOSTILE, "AccountId": row_id, "Role__c": HOSTILE, "Title": HOSTILE}, check=False)
    deal = {"Name": HOSTILE, "AccountId": row_id, "StageName": HOSTILE, "Amount": HOSTILE, "CloseDate": HOSTILE}
    org.create("Opportunity", deal, check=False)
    rest = Rest(server)
    rest("GET", "query", params={"q": f"SELECT Id FROM Account WHERE Name = '{HOSTILE}'"})
    rest("GET", "sobjects/%3Cscript%3Ealert(1)")
    org.faults.switch("hidden_field", field=HOSTILE)
    for path in (
        "/",
        f"/accounts/{row_id}",
        "/log",
        "/faults",
        "/connect",
        "/?q=%3Cscript%3E&view=%22",
        f"/?done={HOSTILE}",
    ):
        answer = get(server, path)
        assert answer.status_code == 200, path
        assert "<script" not in answer.text and "onerror" not in answer.text
    assert post(server, f"/accounts/{row_id}", {"Name": "<b>x</b>" * 100}).status_code == 422


def test_pages_allow_nothing_from_elsewhere(server: SandboxServer, account: Any) -> None:
    for path in ("/", f"/accounts/{account['Id']}", "/nothing", "/style.css"):
        policy = get(server, path).headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'")
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": server.url},
    ):
        assert post(server, f"/accounts/{account['Id']}", {LEVEL: "Named"}, **headers).status_code == 403
    assert post(server, f"/accounts/{account['Id']}", {LEVEL: "Named"}, Host="evil.example").status_code == 421
    assert server.org.get(account["Id"]) == account
    assert post(server, f"/accounts/{account['Id']}", {LEVEL: "Named"}, Origin=server.url).status_code == 303


def test_the_list_searches_pages_and_sets_one_level_for_all_found(server: SandboxServer) -> None:
    server.org.bulk("Account", [{"Name": f"Big {number:05}"} for number in range(3_000)])
    text = get(server, "/?q=big+0001").text
    assert "10 accounts" in text and "Big 00010" in text and "Kestrel" not in text
    assert "Page 121 of 121" in get(server, "/?page=999").text
    assert get(server, "/?page=nonsense&view=nonsense").status_code == 200
    assert post(server, "/levels", {"q": "big 0001", "view": "all", "level": "Scaled"}).status_code == 303
    assert len(server.org.find("Account", **{LEVEL: "Scaled"})) == 10 + 1
    for form in ({"view": "all", "level": "nonsense"}, {"view": "all"}, b"\xff\xfe=", {"view": "deleted", "level": ""}):
        assert post(server, "/levels", form).status_code == 422


def test_faults_are_switched_with_their_options(server: SandboxServer) -> None:
    post(server, "/faults/slow_drip/on", {"seconds": "0.5", "times": "2", "on": "login"})
    assert server.org.faults.options("slow_drip")["seconds"] == 0.5  # type: ignore[index]
    text = get(server, "/faults").text
    assert "1 switched on" in text and "1 on" in text
    assert post(server, "/faults/slow_drip/on", {"times": "often"}).status_code == 422
    assert post(server, "/faults/limit", {"daily": "lots"}).status_code == 422
    post(server, "/faults/heal")
    assert server.org.faults.active() == []
    post(server, "/faults/late_commit/on", {"seconds": "60", "spread": "true"})
    row_id = server.org.find("Account")[0]["Id"]
    post(server, f"/accounts/{row_id}", {"Industry": "Later"})
    assert "1 change has its stamp and waits" in get(server, "/").text


@pytest.mark.browser
@pytest.mark.parametrize("width", [1440, 390])
def test_the_main_flow_in_a_browser_by_accessible_names(server: SandboxServer, width: int) -> None:
    with chrome(server, width=width, scripts=False) as page:
        page.goto("/")
        page.get_by_label("Search accounts").fill("halden")
        page.get_by_role("button", name="Search").click()
        page.get_by_role("link", name="Halden Robotics").click()
        page.get_by_label("Support level").select_option("Named")
        page.get_by_role("button", name="Save").click()
        assert page.get_by_role("status").inner_text() == "Saved."
        page.get_by_role("button", name="Close as won").click()
        assert "closed as won" in page.get_by_role("status").inner_text()
        page.get_by_text("New contact").click()
        form = page.get_by_role("form", name="Add contact")
        form.get_by_label("Last name").fill("Keller")
        form.get_by_label("E-mail").fill("keller@haldenrobotics.example")
        form.get_by_label("Program Contact").check()
        form.get_by_role("button", name="Add contact").click()
        assert page.get_by_role("article", name="Keller").get_by_text("Program Contact", exact=True).first.is_visible()
        page.get_by_role("link", name="Faults").click()
        page.get_by_role("button", name="Switch on: Slow drip").click()
        assert page.get_by_text("on, 0 strikes").is_visible()
        page.get_by_role("button", name="Switch off: Slow drip").click()
        for name in ("API log", "Connect", "Accounts"):
            page.get_by_role("link", name=name).click()
            assert page.get_by_role("heading", level=1).inner_text() == name
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.faults == []
    org = server.org
    account = org.find("Account", Name="Halden Robotics")[0]
    assert account[LEVEL] == "Named"
    assert org.find("Opportunity", AccountId=account["Id"])[0]["IsWon"] is True
    assert org.find("Contact", LastName="Keller")[0]["Role__c"] == "Program Contact"


def test_every_box_has_a_label(server: SandboxServer, account: Any) -> None:
    for path in ("/", f"/accounts/{account['Id']}", "/faults"):
        text = get(server, path).text
        boxes = re.findall(r"<(?:input|select)\b[^>]*>", text)
        labelled = set(re.findall(r'<label for="([^"]+)"', text))
        assert len(labelled) > 0
        for box in boxes:
            if 'type="hidden"' not in box:
                found = re.search(r'id="([^"]+)"', box)
                assert found and found[1] in labelled, box
        identifiers = re.findall(r'\bid="([^"]+)"', text)
        assert len(identifiers) == len(set(identifiers)), path
