"""What the clock starts."""

from datetime import datetime, timedelta

from accounts import services
from accounts.models import BulkChange
from cs_platform import ledger

KEPT = timedelta(days=30)


@ledger.every_minute("accounts.segmentation")
def follow_the_calendar(*, now: datetime) -> None:
    """Rules whose day has come count, overrides whose time is over end, and those that end soon are told."""
    services.publish_due(now=now)
    services.expire_overrides(now=now)
    services.remind_of_overrides(now=now)


@ledger.every_minute("accounts.forget_bulk_changes")
def forget_bulk_changes(*, now: datetime) -> None:
    BulkChange.objects.filter(created_at__lt=now - KEPT).delete()
