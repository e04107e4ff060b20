"""What the tests of this room make and look at."""

from datetime import timedelta

from accounts import services as accounts
from accounts.models import Account
from cs_platform import ledger
from lifecycle import services
from lifecycle.models import AccountLifecycle, StageInterval
from tests.cast import NOW

TEST = ledger.system("test")
PROSPECT, ONBOARDING, ADOPTING, NURTURING, RENEWING = (
    "0. Prospect",
    "1. Onboarding",
    "2. Adopting",
    "3. Nurturing",
    "4. Renewing",
)
DAY = timedelta(days=1)


def managed(name="Globex", now=NOW, **values):
    """An account with a support level, before the rules of this room have heard of it."""
    return accounts.create_account({"name": name, "support_level": "Named", **values}, actor=TEST, now=now)


def staged(stage=ONBOARDING, name="Globex", now=NOW):
    """An account in this stage of the customer lifecycle."""
    account = managed(name, now)
    services.enter_accounts([account.pk], "customer", stage, actor=TEST, now=now)
    return account


def move(account, stage, *, lifecycle="customer", now=NOW, **given):
    return services.move_stage(account, lifecycle, stage, actor=TEST, now=now, **given)


def stage_of(account, lifecycle="customer"):
    row = AccountLifecycle.objects.filter(account_id=account.pk, lifecycle__key=lifecycle, left_at__isnull=True).first()
    return row.stage_name if row else ""


def line(account, lifecycle="customer"):
    """[(stage, entered, left)], oldest first."""
    rows = StageInterval.objects.filter(account_id=account.pk, lifecycle__key=lifecycle).order_by("entered_at", "id")
    return [(row.stage.name, row.entered_at, row.left_at) for row in rows.select_related("stage")]


def fresh(account):
    return Account.objects.get(pk=account.pk)
