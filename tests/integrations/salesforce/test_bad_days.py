"""What Salesforce does on bad days, and what the connection and the run say of it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Account, Contact
from cs_platform import ledger
from integrations.salesforce import connecting, services, syncing
from integrations.salesforce.models import MirrorRecord, SyncCursor
from tests.integrations.salesforce.scripted import Handler
from tests.integrations.salesforce.small_org import LEVEL

pytestmark = pytest.mark.django_db
SYSTEM = ledger.system("test")
JSON = "application/json"
EXPIRED = [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]
WRONG = {"error": "invalid_client", "error_description": "invalid client credentials"}


def pages(path: str) -> bool:
    return path.endswith(("/query", "/queryAll"))


def wrong_secret(handler: Handler) -> None:
    handler.send(WRONG, status=400)


def test_a_session_that_expires_at_every_page_is_renewed(sync, org, server):
    for number in range(9):
        org.account(f"Account {number}", "Named")
    state = {"expired": False}

    def expire(handler: Handler, path: str) -> bool:
        if pages(path):
            state["expired"] = not state["expired"]
            if state["expired"]:
                org.send(handler, EXPIRED, status=401)
                return True
        return False

    org.before_answer = expire
    run = sync(page_size=2)
    assert run.state == "done" and Account.objects.count() == 9
    assert run.created == 9
    assert server.logins == 1 + state_count(org)


def state_count(org: Any) -> int:
    """One renewed session for each query that was answered."""
    return len(org.queries)


def test_a_wrong_secret_breaks_the_connection_with_its_reason(sync, org, server):
    org.account("Acme", "Named")
    server.login = wrong_secret
    run = sync()
    assert (run.state, sync.connection.state) == ("failed", "broken")
    assert "invalid client credentials" in sync.connection.state_reason and run.error == sync.connection.state_reason
    assert server.logins == 1
    with pytest.raises(ledger.Refused, match="broken"):
        sync.start()


def test_an_org_that_accepts_the_login_and_nothing_after_it_is_asked_three_times(sync, org, server):
    def expired(handler: Handler, path: str) -> bool:
        org.send(handler, EXPIRED, status=401)
        return True

    org.before_answer = expired
    run = sync.start()
    for _ in range(20):
        try:
            if sync.stretch(run):
                break
        except syncing.TryLater:
            org.later(seconds=20)
    run.refresh_from_db()
    sync.connection.refresh_from_db()
    assert (run.state, sync.connection.state) == ("failed", "broken")
    assert server.logins <= 3
    assert "3 logins within 15 minutes" in sync.connection.state_reason


def test_new_credentials_mend_it(sync, org, server):
    acme = org.account("Acme", "Named")
    login, server.login = server.login, wrong_secret
    sync()
    server.login = login
    given = services.ConnectionInput(secrets={"client_secret": "another-secret"})
    services.edit_connection(sync.connection, given, actor=SYSTEM, now=org.clock)
    result = services.test_connection(sync.connection, actor=SYSTEM, now=org.clock)
    assert result.ok and "14,9" in result.message
    sync.connection.refresh_from_db()
    assert (sync.connection.state, sync.connection.state_reason) == ("connected", "")
    sync()
    assert Account.objects.get().salesforce_id == acme


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        ("<html><body>Down for maintenance</body></html>", "text/html", "not JSON"),
        ('{"totalSize": 2, "done": true, "records": [{"Id": "00', "application/json", "not JSON"),
        (json.dumps({"totalSize": 5, "done": True, "records": []}), "application/json", "promised 5 records"),
        (json.dumps({"totalSize": 5, "done": False, "records": []}), "application/json", "not where"),
        (json.dumps({"totalSize": 1, "done": True, "records": ["?"]}), "application/json", "no list of records"),
        (
            json.dumps({"totalSize": 1, "done": True, "records": [{"Id": "x"}]}),
            "application/json",
            "not a Salesforce id",
        ),
    ],
)
def test_an_answer_that_makes_no_sense_is_no_end_of_the_data(sync, org, body, kind, words):
    org.account("Acme", "Named")
    sync()
    mark = SyncCursor.objects.get(sobject="Account").mark
    org.later(minutes=5)
    org.account("Beta", "Named")

    def nonsense(handler: Handler, path: str) -> bool:
        if pages(path) and "FROM Account" in handler.query["q"]:
            org.send(handler, body.encode(), Content_Type=kind)
            return True
        return False

    org.before_answer = nonsense
    run = sync.start()
    for _ in range(5):
        try:
            if sync.stretch(run):
                break
        except syncing.TryLater as later:
            assert words in later.reason
    run.refresh_from_db()
    assert run.state == "failed" and words in run.error
    assert SyncCursor.objects.get(sobject="Account").mark == mark
    org.before_answer = lambda handler, path: False
    sync()
    assert Account.objects.count() == 2


def test_an_unavailable_org_is_tried_again_and_the_run_says_so(sync, org):
    org.account("Acme", "Named")
    answers = [503, 503]

    def busy(handler: Handler, path: str) -> bool:
        if answers and pages(path):
            org.send(handler, [{"errorCode": "SERVER_UNAVAILABLE", "message": "busy"}], status=answers.pop())
            return True
        return False

    org.before_answer = busy
    run = sync.start()
    for _ in range(2):
        with pytest.raises(syncing.TryLater):
            sync.stretch(run)
        run.refresh_from_db()
        assert run.state == "running" and "not available" in run.note
    assert sync.stretch(run)
    run.refresh_from_db()
    assert (run.state, run.note, Account.objects.count()) == ("done", "", 1)


def test_a_used_up_day_holds_the_connection_until_the_next(sync, org):
    org.account("Acme", "Named")

    def used_up(handler: Handler, path: str) -> bool:
        words = "TotalRequests Limit exceeded."
        org.send(handler, [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": words}], status=403)
        return True

    org.before_answer = used_up
    run = sync()
    assert run.state == "failed" and sync.connection.state == "connected"
    assert sync.connection.hold_until == connecting.next_reset(org.clock)
    with pytest.raises(ledger.Refused, match="Goes on after 2026-11-24"):
        sync.start()
    org.before_answer = lambda handler, path: False
    org.clock = sync.connection.hold_until + timedelta(minutes=1)
    sync()
    assert Account.objects.count() == 1 and sync.connection.hold_until is None


def test_our_share_of_the_day_is_never_passed(sync, org):
    org.total = 50  # 20 % of it is ours: ten calls
    for number in range(30):
        org.account(f"Account {number}", "Named")
    run = sync(page_size=1)
    assert run.state == "failed" and "share of 20%" in run.error
    assert org.calls <= 10 and sync.connection.calls_count == org.calls
    org.clock = sync.connection.hold_until + timedelta(minutes=1)
    sync(page_size=20)
    assert Account.objects.count() == 30


# --- bad rows ---------------------------------------------------------------------------------------------------------


def test_a_bad_value_is_told_and_the_rest_of_the_row_is_taken(sync, org):
    acme = org.account("Acme", "Named", Developers__c=-5, Website="not a site", Industry="Tech")
    run = sync()
    account = Account.objects.get()
    assert (account.industry, account.developers, account.domains) == ("Tech", None, [])
    assert {(p["row"], p["field"]) for p in run.row_errors} == {(acme, "Developers__c"), (acme, "Website")}


def test_what_only_the_book_refuses_is_left_out_and_told(sync, org):
    acme = org.account("Acme", "Named", Website="https://foo_bar.example.com", Industry="Tech")
    run = sync()
    assert Account.objects.get().industry == "Tech"
    assert [(p["row"], p["field"]) for p in run.row_errors] == [(acme, "domains")]
    assert run.row_errors[0]["message"].startswith("Web domain: ")
    assert MirrorRecord.objects.get().incomplete


def test_a_row_that_cannot_be_taken_is_kept_and_tried_again(sync, org):
    acme = org.account("Acme", "Named")
    person = org.contact(acme, "")
    run = sync()
    assert (run.rejected, Contact.objects.count()) == (1, 0)
    assert [(p["row"], p["field"]) for p in run.row_errors] == [(person, "name")]
    assert {"sobject": "Contact", "reason": "refused", "count": 1, "who": ""} in run.remains
    org.later(minutes=5)
    run = sync(full=True)
    assert run.rejected == 1
    org.later(minutes=5)
    org.put("Contact", person, LastName="Doe", Name="Doe")
    run = sync()
    assert (run.created, run.remains, Contact.objects.get().name) == (1, [], "Doe")
    assert not MirrorRecord.objects.filter(incomplete=True).exists()


def test_a_row_with_a_broken_id_is_told_and_the_others_go_on(sync, org):
    org.put("Account", "001000000000001AAB", Name="Bad", **{LEVEL: "Named"})
    org.later(seconds=1)
    org.account("Good", "Named")
    run = sync()
    assert (run.rejected, Account.objects.get().name) == (1, "Good")
    assert "check characters" in run.row_errors[0]["message"]


HOSTILE = [
    "<script>alert(1)</script>",
    '=HYPERLINK("http://x","y")',
    "'; DROP TABLE accounts_account; --",
    "{{ settings.SECRET_KEY }}",
    "مرحبا‏ 🦄 ﬁ",
    "x" * 255,
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_only_names(sync, org, name):
    import unicodedata

    org.account(name, "Named")
    run = sync()
    assert run.row_errors == [] and Account.objects.get().name == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize("name", ["a\x00b", "\ud800", "x" * 256])
def test_names_that_are_none_are_told(sync, org, name):
    org.account(name, "Named")
    run = sync()
    assert run.state == "done" and not Account.objects.exists()
    assert run.row_errors[0]["field"] == "Name"


def test_the_row_errors_are_bounded_and_the_count_is_exact(sync, org):
    for _ in range(250):
        org.put("Account", Name="", **{LEVEL: "Named"})
    run = sync()
    assert (run.rejected, len(run.row_errors)) == (250, 200)
