"""A page that was read before our write and comes after it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts import services as accounts
from accounts.models import Account
from cs_platform.tenancy.scope import tenant_scope
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.writing import draining
from integrations.salesforce.writing.noting import note_accounts
from tests.integrations.salesforce.small_org import LEVEL
from tests.integrations.salesforce.writing_back import ANA, Back, one_org

pytestmark = pytest.mark.django_db


@pytest.fixture
def back(acme: Any, tmp_path: Path, settings: Any) -> Iterator[Back]:
    with one_org(acme, tmp_path, settings) as found:
        yield found


@pytest.mark.parametrize("pause", [0, 2])
def test_a_page_that_was_read_before_our_write_takes_nothing_back(
    back: Back, pause: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sf_id = back.play.account("Adler", "Named")
    back.sync()
    back.change(sf_id, Industry="Law")
    real, done = SalesforceClient.query_page, []

    def read_then_wait(client: SalesforceClient, query: str, *, with_deleted: bool) -> Any:
        """The page is on its way while a level is given here and written."""
        page = real(client, query, with_deleted=with_deleted)
        if "FROM Account" in query and not done:
            done.append(query)
            back.later(seconds=pause)
            if pause:
                back.org.set(sf_id, {"Phone": "1"})
            account = Account.objects.get()
            accounts.set_support_level(account, "Scaled", actor=ANA, now=back.now())
            note_accounts([account.pk], {"support_level"}, now=back.now())
            draining.drain(back.connection.pk, actor=ANA, now=back.now())
        return page

    with monkeypatch.context() as patch:
        patch.setattr(SalesforceClient, "query_page", read_then_wait)
        back.sync()
    assert back.there(sf_id) == "Scaled" and back.level("Adler") == "Scaled"
    back.sync()
    assert back.level("Adler") == "Scaled" and not back.conflicts()
    with tenant_scope(back.tenant):
        assert Account.objects.get().industry == "Law"


def test_a_change_there_that_becomes_visible_late_is_still_met(back: Back) -> None:
    sf_id = back.play.account("Adler", "Named")
    back.sync()
    back.org.faults.switch("late_commit", seconds=60.0, times=1)
    back.change(sf_id, **{LEVEL: "Digital"})
    back.later(seconds=90)
    back.set_level("Adler", "Scaled")
    back.sync()
    (found,) = back.conflicts()
    assert (found.ours, found.theirs) == ("Scaled", "Digital")
