"""Out of a lifecycle, and in again."""

import pytest

from cs_platform import ledger
from cs_platform.ledger.models import FactRow
from cs_platform.tenancy.scope import tenant_scope
from lifecycle import selectors, services
from lifecycle.models import StageInterval
from lifecycle.services import StageInput
from tests.cast import NOW
from tests.lifecycle.standing import DAY, ONBOARDING, TEST, line, managed, move, staged

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(acme):
    with tenant_scope(acme):
        stages = [StageInput("At risk"), StageInput("Saved", is_end=True)]
        services.create_lifecycle("risk", "Risk", stages, actor=TEST, now=NOW)
        account = managed()
        move(account, "At risk", lifecycle="risk")
        return account


def test_leaving_closes_the_line_and_tells_it(acme_api, acme, account, clock_at):
    clock_at(NOW + DAY)
    assert acme_api.post(f"accounts/{account.pk}/stages/leave", {"lifecycle": "risk"}).status_code == 204
    assert acme_api.get(f"accounts/{account.pk}/stages/").json()["results"] == []
    with tenant_scope(acme):
        assert line(account, "risk") == [("At risk", NOW, NOW + DAY)]
        assert FactRow.objects.get(name="lifecycle.left").payload == {
            "account_ids": [str(account.pk)],
            "lifecycle": "risk",
        }
        assert selectors.current_stages([account.pk], now=NOW + DAY) == {}
    again = acme_api.post(f"accounts/{account.pk}/stages/leave", {"lifecycle": "risk"})
    assert (again.status_code, again.json()["code"]) == (409, "not_in_lifecycle")


def test_it_can_enter_again_singly_and_in_a_set(acme, account):
    with tenant_scope(acme):
        services.leave_lifecycle(account, "risk", actor=TEST, now=NOW + DAY)
        move(account, "At risk", lifecycle="risk", now=NOW + 5 * DAY)
        services.leave_lifecycle(account, "risk", actor=TEST, now=NOW + 6 * DAY)
        moved = services.move_accounts([account.pk], "risk", "At risk", actor=TEST, now=NOW + 7 * DAY)
        assert moved == [account.pk]
        assert [left for *_, left in line(account, "risk")] == [NOW + DAY, NOW + 6 * DAY, None]
        assert StageInterval.objects.filter(left_at__isnull=True).count() == 1


def test_it_can_not_have_come_back_before_it_left(acme, account):
    with tenant_scope(acme):
        services.leave_lifecycle(account, "risk", actor=TEST, now=NOW + 4 * DAY)
        with pytest.raises(ledger.Refused) as refusal:
            move(account, "At risk", lifecycle="risk", effective_at=NOW + DAY, now=NOW + 5 * DAY)
        assert refusal.value.code == "before_entry"


def test_nobody_leaves_the_default_lifecycle(in_acme):
    account = staged(ONBOARDING)
    with pytest.raises(ledger.Refused) as refusal:
        services.leave_lifecycle(account, "customer", actor=TEST, now=NOW)
    assert refusal.value.code == "default_lifecycle"
