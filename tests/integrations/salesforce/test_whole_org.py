"""The sync and the sandbox org, each unmodified, over a socket: logins, a whole org, and days on which it fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from accounts.models import Account, Contact, Opportunity
from cs_platform import ledger
from integrations.salesforce import services, syncing
from integrations.salesforce.models import Connection
from integrations.salesforce.sandbox.org import SandboxOrg
from integrations.salesforce.sandbox.server import SandboxServer
from tests.cast import NOW
from tests.integrations.salesforce.conftest import Sync, connect
from tests.integrations.salesforce.small_org import LEVEL

pytestmark = pytest.mark.django_db
SYSTEM = ledger.system("test")


@pytest.fixture
def sandbox(settings: Any, tmp_path: Path) -> Iterator[SandboxServer]:
    org = SandboxOrg(tmp_path)
    with SandboxServer(org) as server:
        settings.CS_SALESFORCE_EXTRA_HOSTS = [server.url]
        yield server
    org.close()


@pytest.fixture
def walk(in_acme: Any, sandbox: SandboxServer) -> Sync:
    made = connect(sandbox.url, secrets=sandbox.credentials["client_credentials"])
    return Sync(made, sandbox.org.now)


def to_the_end(sync: Sync, **options: Any) -> Any:
    """A run with the pauses that the queue would make."""
    run = sync.start(full=options.pop("full", False))
    for _ in range(40):
        try:
            if sync.stretch(run, **options):
                break
        except syncing.TryLater:
            continue
    run.refresh_from_db()
    sync.connection.refresh_from_db()
    return run


def is_like(org: SandboxOrg) -> None:
    """Every account with a level is managed here with its people and deals; nothing else is."""
    theirs = {row["Id"]: row for row in org.find("Account") if row[LEVEL] and not str(row["Type"]).startswith("(5)")}
    ours = {account.salesforce_id: account for account in Account.objects.filter(state="managed")}
    assert set(ours) == set(theirs)
    assert {pk: account.name for pk, account in ours.items()} == {pk: row["Name"] for pk, row in theirs.items()}
    for model, sobject in ((Contact, "Contact"), (Opportunity, "Opportunity")):
        here = set(
            model.objects.filter(is_active=True, account__state="managed").values_list("salesforce_id", flat=True)
        )
        assert here == {row["Id"] for row in org.find(sobject) if row["AccountId"] in theirs}


def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


@pytest.mark.parametrize("kind", ["client_credentials", "refresh_token", "password", "jwt"])
def test_each_kind_of_login_works(in_acme, sandbox, kind):
    secrets = sandbox.credentials[kind]
    if kind == "jwt":
        secrets["private_key"] = private_key()
    given = services.ConnectionInput(name=kind, auth=kind, login_url=sandbox.url, secrets=secrets)
    made = services.create_connection(given, actor=SYSTEM, now=NOW)
    result = services.test_connection(made, actor=SYSTEM, now=NOW)
    assert result.ok, result.message
    assert Connection.objects.get(pk=made.pk).state_reason == ""


def test_a_whole_org_and_what_its_people_do_next(walk, sandbox):
    org = sandbox.org
    run = to_the_end(walk)
    assert run.state == "done" and run.row_errors == []
    is_like(org)
    waiting = next(row for row in org.find("Account") if not row[LEVEL])
    master, loser, deleted = list(Account.objects.filter(state="managed").order_by("name"))[:3]
    org.set(waiting["Id"], {LEVEL: "Named"})
    org.merge(master.salesforce_id, loser.salesforce_id)
    org.delete(deleted.salesforce_id)
    to_the_end(walk)
    is_like(org)
    assert Account.objects.get(pk=loser.pk).archive_reason.startswith(f"Merged into {master.name} (")
    assert Account.objects.get(pk=deleted.pk).archive_reason == "Deleted in Salesforce."
    org.undelete(deleted.salesforce_id)
    to_the_end(walk)
    is_like(org)
    assert Account.objects.get(pk=deleted.pk).state == "managed"


FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("session_expiry", {"calls": 1}),
    ("unauthorized_html", {"times": 1}),
    ("server_error", {"times": 2}),
    ("limit_concurrent", {"times": 2}),
    ("maintenance", {"times": 1, "status": 503}),
    ("maintenance", {"times": 1, "status": 200}),
    ("truncated_json", {"times": 2}),
    ("wrong_total", {"times": 1}),
    ("wrong_shape", {"times": 1}),
    ("empty_body", {"times": 1}),
    ("gzip_bomb", {"times": 1}),
    ("lost_answer", {"times": 1}),
]


@pytest.mark.parametrize(("name", "options"), FAULTS, ids=[f"{name}-{options}" for name, options in FAULTS])
def test_a_sync_survives_what_heals(walk, sandbox, name, options):
    sandbox.org.faults.switch(name, **options)
    run = to_the_end(walk, page_size=5)
    assert run.state == "done", run.error
    is_like(sandbox.org)


def test_late_commits_are_found(walk, sandbox):
    org = sandbox.org
    to_the_end(walk)
    org.faults.switch("late_commit", seconds=120.0)
    unmanaged = next(row for row in org.find("Account") if not row[LEVEL])
    org.set(unmanaged["Id"], {LEVEL: "Scaled"})
    org.faults.heal()
    to_the_end(walk)
    assert not Account.objects.filter(salesforce_id=unmanaged["Id"]).exists()
    org.clock.advance(130)
    to_the_end(walk)
    is_like(org)


@pytest.mark.parametrize("name", ["unauthorized", "login_refused"])
def test_what_does_not_heal_breaks_the_connection_after_few_logins(walk, sandbox, name):
    sandbox.org.faults.switch(name)
    run = to_the_end(walk)
    assert run.state == "failed" and walk.connection.state == "broken"
    assert sandbox.org.calls["login"] <= 3
    with pytest.raises(ledger.Refused):
        walk.start()


def test_a_hidden_field_pauses_its_mapping_and_nothing_else(walk, sandbox):
    to_the_end(walk)
    industries = dict(Account.objects.values_list("salesforce_id", "industry"))
    renamed = sandbox.org.find("Account", **{LEVEL: "Named"})[0]["Id"]
    sandbox.org.set(renamed, {"Name": "Renamed", "Industry": "Other"})
    sandbox.org.faults.switch("hidden_field", field="Account.Industry")
    run = to_the_end(walk)
    assert run.state == "done" and any("Account.Industry is missing" in words for words in run.warnings)
    assert Account.objects.get(salesforce_id=renamed).name == "Renamed"
    assert dict(Account.objects.values_list("salesforce_id", "industry")) == industries
