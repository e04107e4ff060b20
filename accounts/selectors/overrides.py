"""What people have decided against the segmentation rules, and the changes of many accounts that are looked at."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404

from accounts.models import BulkChange, SegmentOverride

OVERRIDE_SORTS = {"expires_on": "expires_on", "created_at": "created_at", "account": "account__sort_name"}


def overrides(*, active: bool | None = True) -> QuerySet[SegmentOverride]:
    """The report: what holds now (`active`), what has ended, or both (None)."""
    found = SegmentOverride.objects.select_related("account", "owner__user")
    return found if active is None else found.filter(ended_at__isnull=active)


def override_of(account_id: UUID) -> SegmentOverride | None:
    """What holds for this account."""
    return overrides().filter(account_id=account_id).first()


def override_for(member: Any, pk: Any) -> SegmentOverride:
    """The override, or 404. See `account_for`."""
    found = overrides(active=None).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def bulk_change_for(member: Any, pk: Any) -> BulkChange:
    """A change that somebody looked at, or 404."""
    try:
        found = BulkChange.objects.filter(pk=pk if isinstance(pk, UUID) else UUID(str(pk))).first()
    except ValueError:
        found = None
    if found is None:
        raise Http404
    return found
