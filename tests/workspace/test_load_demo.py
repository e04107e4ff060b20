"""The demo's data: loaded once, through the product's own verbs and the sandbox org."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import Account
from campaigns.models import Message
from cs_platform.ledger.models import AuditRow
from cs_platform.tenancy.models import Tenant
from cs_platform.tenancy.scope import tenant_scope
from integrations.salesforce.models import Connection
from integrations.salesforce.sandbox.org import SandboxOrg
from integrations.salesforce.sandbox.server import SandboxServer
from lifecycle import selectors as lifecycle
from onboarding.models import Handoff
from tests.workspace.world import text

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def surroundings(tmp_path, settings, mailbox):
    org = SandboxOrg(tmp_path / "sandbox", "demo")
    server = SandboxServer(org, 0)
    server.start()
    settings.CS_SANDBOX_URL, settings.CS_SALESFORCE_EXTRA_HOSTS = server.url, [server.url]
    settings.CS_DATA_DIR = tmp_path
    yield tmp_path
    server.stop()
    org.close()


def load():
    said = StringIO()
    call_command("load_demo", stdout=said)
    return said.getvalue()


def everything(tenant):
    with tenant_scope(tenant):
        accounts = sorted(Account.objects.values_list("name", "segment", "state", "version"))
        messages = sorted(Message.objects.values_list("name", "state"))
        return accounts, messages, AuditRow.objects.count()


def test_it_is_loaded_once_and_every_login_works(surroundings, mailbox):
    assert "Osprey Logistics signs" in load()
    acme, umbra = Tenant.objects.get(slug="acme"), Tenant.objects.get(slug="umbra")
    before = everything(acme), everything(umbra), len(mailbox.mails())
    assert "Acme Robotics is there" in load()
    assert (everything(acme), everything(umbra), len(mailbox.mails())) == before

    with tenant_scope(acme):
        assert Connection.objects.get().state == "connected"
        managed = list(Account.objects.filter(state="managed"))
        stages = lifecycle.current_stages([account.pk for account in managed], now=managed[0].updated_at)
        assert len({found["customer"].stage for found in stages.values()}) >= 4
        assert not Account.objects.filter(name__in=["Halden Robotics", "Brightwater Health"]).exists()
        seen = set(Handoff.objects.values_list("state", flat=True))
    with tenant_scope(umbra):
        seen |= set(Handoff.objects.values_list("state", flat=True))
    assert seen == set(Handoff.State.values)
    assert len(mailbox.mails()) >= 3
    assert len({(mail["subject"], *mail["to"]) for mail in mailbox.mails()}) == len(mailbox.mails())

    logins = json.loads((surroundings / "demo.json").read_text())["logins"]
    assert {"who", "email", "password", "role"} <= set(logins[0])
    for login in logins:
        client = Client()
        answer = client.post("/auth/login/", {"login": login["email"], "password": login["password"]}, follow=True)
        assert answer.status_code == 200 and login["who"].split(" ")[0] in text(answer), login


def test_without_the_sandbox_org_it_says_what_is_missing(db, settings, tmp_path):
    settings.CS_DATA_DIR, settings.CS_SANDBOX_URL = tmp_path, ""
    with pytest.raises(CommandError, match="CS_SANDBOX_URL"):
        load()
    settings.CS_SANDBOX_URL = settings.CS_SALESFORCE_EXTRA_HOSTS = "http://127.0.0.1:1"
    settings.CS_SALESFORCE_EXTRA_HOSTS = [settings.CS_SANDBOX_URL]
    with pytest.raises(CommandError):
        load()


def test_production_refuses_it(db, settings):
    settings.CS_ENV = "production"
    with pytest.raises(CommandError, match="not for production"):
        load()
