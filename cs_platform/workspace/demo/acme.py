"""Acme Robotics: its customers come from the sandbox org, its first sync was eighteen days ago."""

from datetime import datetime
from typing import Any

from accounts.models import Account
from campaigns import services as campaigns
from campaigns.models import Series
from cs_platform import ledger
from cs_platform.tenancy.scope import tenant_scope
from cs_platform.workspace.demo import handoffs
from cs_platform.workspace.demo.cast import member
from cs_platform.workspace.demo.org import APP, Org
from cs_platform.workspace.demo.story import Story
from integrations.salesforce import services as salesforce
from integrations.salesforce import syncing
from integrations.salesforce.models import Connection, SyncRun
from lifecycle import services as lifecycle

READER = ledger.system("salesforce sync")
CUSTOMER, PROSPECT = "customer", "prospect"


def tell(story: Story, org: Org) -> None:
    """Each step looks first whether it was done before."""
    _connect(story, org)
    if not _has_read(story):
        story.say("Cobalt Aerospace and Osprey Logistics get their support levels in Salesforce; first sync")
        org.set_level("Cobalt Aerospace", "Named")
        org.set_level("Osprey Logistics", "Scaled")
        _read(story, story.ago(18))
    if _account(story, "Meridian Foods") is None:
        story.say("Meridian Foods and Fjordline Shipping follow")
        org.set_level("Meridian Foods", "Digital")
        org.set_level("Fjordline Shipping", "Named")
        _read(story, story.ago(12))
    if _stage_key(story, "Osprey Logistics") == PROSPECT:
        story.say("Osprey Logistics signs: onboarding begins, and with it its e-mails")
        org.win("Osprey Logistics", story.ago(10).date())
        _read(story, story.ago(10))
        story.let_mails_go(story.ago(9.9))
    _look_after(story)
    handoffs.tell_acme(story)


def _connect(story: Story, org: Org) -> None:
    with tenant_scope(story.tenant):
        if Connection.objects.exists():
            return
        ana = member("ana@acme.example").actor
        given = salesforce.ConnectionInput(
            name="Sandbox org", auth="client_credentials", login_url=org.url, secrets=APP
        )
        connection = salesforce.create_connection(given, actor=ana, now=story.ago(18.1))
        result = salesforce.test_connection(connection, actor=ana, now=story.ago(18.1))
    story.say(f"connected to the sandbox org: {result.message}")


def _has_read(story: Story) -> bool:
    with tenant_scope(story.tenant):
        return SyncRun.objects.filter(state=SyncRun.State.DONE).exists()


def _read(story: Story, at: datetime) -> None:
    with tenant_scope(story.tenant):
        connection = Connection.objects.get()
        run = salesforce.start_sync(connection, actor=READER, now=at, in_background=False)
        run = syncing.in_foreground(run, actor=READER, clock=lambda: at, tell=lambda _: None)
        if run.state != SyncRun.State.DONE:
            raise RuntimeError(f"the sync of the demo failed: {run.error}")
    story.settle(at)
    story.say(f"  read {run.read:,} rows, {run.created:,} created, {run.updated:,} updated")


def _account(story: Story, name: str) -> Account | None:
    with tenant_scope(story.tenant):
        return Account.objects.filter(name=name).first()


def _stage_key(story: Story, name: str) -> str:
    from lifecycle import selectors

    with tenant_scope(story.tenant):
        account = Account.objects.get(name=name)
        standing = selectors.current_stages([account.pk], now=story.now).get(account.pk, {})
        return standing[CUSTOMER].stage_key if CUSTOMER in standing else ""


def _look_after(story: Story) -> None:
    """What the team did since then."""
    story.say("the team works: stages, owners, e-mails")
    with tenant_scope(story.tenant):
        ana, carla, dev = (member(f"{name}@acme.example").actor for name in ("ana", "carla", "dev"))
        _move("Kestrel Bank", "4. Renewing", "The contract ends in 45 days.", actor=ana, now=story.ago(6))
        _move(
            "Sable Insurance Group", "3. Nurturing", "Both adoption targets are reached.", actor=carla, now=story.ago(4)
        )
        tidewater = Account.objects.get(name="Tidewater Energy")
        series = Series.objects.get(shipped_key="onboarding")
        campaigns.start_audience(series, [tidewater.pk], actor=dev, now=story.ago(3))
    story.settle(story.ago(3))
    story.let_mails_go(story.ago(2.9))


def _move(name: str, stage: str, reason: str, **who: Any) -> None:
    try:
        lifecycle.move_stage(Account.objects.get(name=name), CUSTOMER, stage, reason=reason, **who)
    except ledger.Refused:
        return  # it is there already
