"""The main flow through the real parts in one process: the org on a socket, PostgreSQL, SMTP; the clock is moved."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from cs_platform import ledger
from cs_platform.tenancy import clock
from cs_platform.tenancy.scope import tenant_scope
from integrations.salesforce import services as salesforce
from integrations.salesforce import syncing
from integrations.salesforce.sandbox.org import SandboxOrg
from integrations.salesforce.sandbox.server import SandboxServer
from tests.cast import api

pytestmark = pytest.mark.django_db

START = datetime(2026, 11, 30, 7, 30, tzinfo=UTC)  # Monday, 08:30 in Berlin
ACTOR = ledger.system("test")


class World:
    """The org, the product and the clock they share."""

    def __init__(self, tenant, org, server, mailbox, file):
        self.tenant, self.org, self.mailbox, self.file = tenant, org, mailbox, file
        self.now = START
        with tenant_scope(tenant):
            given = salesforce.ConnectionInput(
                name="Sandbox",
                auth="client_credentials",
                login_url=server.url,
                secrets=server.credentials["client_credentials"],
            )
            self.connection = salesforce.create_connection(given, actor=ACTOR, now=self.now)
            salesforce.test_connection(self.connection, actor=ACTOR, now=self.now)

    def at(self, moment):
        self.now = moment
        self.file.write_text(moment.isoformat())

    def sync(self):
        with tenant_scope(self.tenant):
            run = salesforce.start_sync(self.connection, actor=ACTOR, now=self.now, in_background=False)
            run = syncing.in_foreground(run, actor=ACTOR, clock=lambda: self.now, tell=lambda run: None)
            assert run.state == "done", run.error
        ledger.drain(self.now)
        return run

    def pass_minute(self):
        ledger.tick(self.now)
        ledger.drain(self.now)

    def mails(self):
        lines = self.mailbox.mails()
        return [(line["to"][0], message_from_bytes(self.mailbox.read(line["file"]), policy=policy.default))
                for line in lines]  # fmt: skip


@pytest.fixture
def world(acme, mailbox, settings, tmp_path, monkeypatch):
    type(acme).objects.filter(pk=acme.pk).update(holiday_country="DE", holiday_subdivision="BE")
    acme.refresh_from_db()
    file = tmp_path / "clock"
    file.write_text(START.isoformat())
    monkeypatch.setenv("CS_CLOCK_FILE", str(file))  # the product and the org read it at each look
    org = SandboxOrg(tmp_path / "org")
    with SandboxServer(org) as server:
        settings.CS_SALESFORCE_EXTRA_HOSTS = [server.url]
        yield World(acme, org, server, mailbox, file)
    org.close()


def account_named(reader, name):
    found = reader.get(f"accounts/?q={name}&state=all").json()["results"]
    return found[0] if found else None


def test_the_main_flow(world):
    reader = api(tenant=world.tenant)
    (halden,) = world.org.find("Account", Name="Halden Robotics")
    world.sync()
    assert account_named(reader, "Halden") is None, "without a support level it is not looked after here"

    # TA leadership sets the support level in Salesforce.
    world.at(START + timedelta(minutes=10))
    world.org.set(halden["Id"], Technical_Advisor_Support_Level__c="Named")
    world.at(START + timedelta(minutes=15))
    world.sync()
    account = account_named(reader, "Halden")
    assert (account["segment"], account["support_level"]) == ("Enterprise", "Named")
    why = reader.get(f"accounts/{account['id']}/explain/segment").json()
    assert "1,200" in why["words"] and "501" in why["words"]
    assert account["stages"]["customer"]["stage"] == "0. Prospect"
    people = reader.get(f"contacts/?account_id={account['id']}").json()["results"]
    assert {"Program Contact", "Champion"} <= {role for person in people for role in person["roles"]}
    assert world.mails() == []

    # The deal is won.
    (deal,) = world.org.find("Opportunity", AccountId=halden["Id"])
    world.at(START + timedelta(minutes=20))
    world.org.set(deal["Id"], StageName="Closed Won")
    world.at(START + timedelta(minutes=25))
    world.sync()
    account = account_named(reader, "Halden")
    assert account["stages"]["customer"]["stage"] == "1. Onboarding"

    # Five weeks go by, with a public holiday in them (25 December is a Friday).
    written_to = [p for p in people if {"Program Contact", "Instance Admin"} & set(p["roles"])]
    assert len(written_to) == 2
    sent_on = []
    for day in range(45):
        for minutes in (29, 31, 270):  # a minute before nine in Berlin, a minute after, and noon
            world.at(START + timedelta(days=day, minutes=minutes))
            before = len(world.mails())
            world.pass_minute()
            if len(world.mails()) > before:
                sent_on.append(world.now.astimezone(ZoneInfo("Europe/Berlin")))
    mails = world.mails()
    counts = Counter(to for to, _ in mails)
    assert counts == {person["email"]: 15 for person in written_to}
    for address in counts:
        subjects = [mail["Subject"] for to, mail in mails if to == address]
        assert len(set(subjects)) == 15, "no mail went twice"
    assert {day.weekday() for day in sent_on} == {0, 2, 4}
    assert all(day.date().isoformat() not in ("2026-12-25", "2027-01-01") for day in sent_on)
    assert all((day.hour, day.minute) == (9, 1) for day in sent_on)
    assert len({mail["Message-ID"] for _, mail in mails}) == 30
    timeline = reader.get(f"accounts/{account['id']}/timeline").json()["results"]
    assert any("Onboarding" in str(entry) for entry in timeline)

    # A second sync without changes changes nothing.
    rows = [r["version"] for r in reader.get("accounts/?limit=200").json()["results"]]
    run = world.sync()
    assert (run.created, run.updated, run.archived) == (0, 0, 0)
    assert [r["version"] for r in reader.get("accounts/?limit=200").json()["results"]] == rows


def test_who_unsubscribes_gets_nothing_more(world):
    reader = api(tenant=world.tenant)
    (halden,) = world.org.find("Account", Name="Halden Robotics")
    world.sync()
    (deal,) = world.org.find("Opportunity", AccountId=halden["Id"])
    world.at(START + timedelta(minutes=5))
    world.org.set(halden["Id"], Technical_Advisor_Support_Level__c="Named")
    world.org.set(deal["Id"], StageName="Closed Won")
    world.at(START + timedelta(minutes=10))
    world.sync()
    world.at(START.replace(hour=8, minute=1))
    world.pass_minute()
    (first, mail), (second, _) = world.mails()
    link = mail["List-Unsubscribe"].strip("<>").split(">")[0]
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    path = "/" + link.split("/", 3)[3]
    visitor = Client()
    for _ in range(10):
        assert visitor.get(path).status_code == 200
        assert visitor.head(path).status_code == 200
    contact = next(c for c in reader.get("contacts/?limit=200").json()["results"] if c["email"] == first)
    assert contact["suppressed"] is False
    assert visitor.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    world.at(START.replace(month=12, day=2, hour=8, minute=1))
    world.pass_minute()
    assert Counter(to for to, _ in world.mails()) == {first: 1, second: 2}
    contact = reader.get(f"contacts/{contact['id']}/").json()
    assert contact["suppressed"] is True or False in contact["subscribed"].values()
    assert clock.now() == world.now
