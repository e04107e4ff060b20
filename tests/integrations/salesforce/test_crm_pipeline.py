"""A public CRM export, served by the sandbox org and synced in full: 85 accounts, 8,800 opportunities."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts import selectors as accounts
from accounts.models import Account, AccountAlert, Decision, Opportunity
from integrations.salesforce.models import MirrorRecord
from integrations.salesforce.sandbox.org import SandboxOrg
from integrations.salesforce.sandbox.server import SandboxServer
from tests.integrations.salesforce.conftest import Sync, connect
from tests.integrations.salesforce.small_org import LEVEL

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
LEVELS = ("Named", "Scaled", "Digital")


@pytest.fixture
def crm(settings: Any, tmp_path: Path) -> Iterator[SandboxServer]:
    folder = Path(settings.CS_SAMPLE_DATA) / "crm_pipeline"
    if not (folder / "accounts.csv").exists():
        pytest.skip(f"the public data set is not in {folder}; CS_SAMPLE_DATA names its folder")
    org = SandboxOrg(tmp_path, "pipeline", pipeline_dir=folder)
    with SandboxServer(org) as server:
        settings.CS_SALESFORCE_EXTRA_HOSTS = [server.url]
        yield server
    org.close()


def test_the_whole_export_arrives_or_waits_with_its_reason(in_acme, crm):
    org = crm.org
    sync = Sync(connect(crm.url, secrets=crm.credentials["client_credentials"]), org.now)
    run = sync()
    assert run.state == "done" and run.row_errors == []
    assert run.read == 85 + 8800 + org.count("User")
    assert run.waiting == 85 + 8800 and not Account.objects.exists()
    for number, row in enumerate(org.find("Account")):
        org.set(row["Id"], {LEVEL: LEVELS[number % 3]})
    run = sync()
    assert run.state == "done" and run.row_errors == []
    assert Account.objects.filter(state="managed").count() == 85
    waiting = {left["reason"]: left["count"] for left in run.remains if left["sobject"] == "Opportunity"}
    assert set(waiting) == {"no_account"}
    assert Opportunity.objects.count() + waiting["no_account"] == 8800
    assert MirrorRecord.objects.filter(sobject="Opportunity").count() == 8800
    _is_like_the_org(org)
    _is_segmented_with_a_reason()
    before = list(Opportunity.objects.order_by("pk").values_list("pk", "version"))
    assert sync().updated == 0
    assert list(Opportunity.objects.order_by("pk").values_list("pk", "version")) == before


def _is_like_the_org(org: SandboxOrg) -> None:
    by_id = {row["Id"]: row for row in org.find("Account")}
    for account in Account.objects.select_related("parent", "support_level"):
        theirs = by_id[account.salesforce_id]
        assert (account.name, account.employees, account.industry) == (
            theirs["Name"],
            theirs["NumberOfEmployees"],
            theirs["Industry"],
        )
        assert account.support_level.name == theirs[LEVEL]
        assert (account.parent.salesforce_id if account.parent else None) == theirs["ParentId"]
    deals = {row["Id"]: row for row in org.find("Opportunity")}
    for deal in Opportunity.objects.select_related("account"):
        theirs = deals[deal.salesforce_id]
        assert (deal.account.salesforce_id, deal.stage, deal.is_won) == (
            theirs["AccountId"],
            theirs["StageName"],
            theirs["IsWon"],
        )
        assert str(deal.close_date) == theirs["CloseDate"]
        assert (deal.amount_minor or 0) == round((theirs["Amount"] or 0) * 100)


def _is_segmented_with_a_reason() -> None:
    for account in accounts.accounts():
        if account.segment:
            decision = Decision.objects.filter(account=account, kind="segment").latest("id")
            assert decision.rule and decision.inputs
            assert accounts.explain_segment(account).words
        else:
            assert AccountAlert.objects.filter(account=account, cleared_at__isnull=True).exists(), account
