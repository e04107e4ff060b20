"""What this room adds to the answers and the filters of accounts/."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from accounts.api import extensions
from cs_platform.tenancy import clock
from lifecycle import selectors


def stages_of(ids: Sequence[UUID]) -> Mapping[UUID, Any]:
    """`{lifecycle key: {stage, entered_at, days_in, status}}` for each account."""
    found = selectors.current_stages(ids, now=clock.now())
    return {
        account_id: {
            key: {"stage": at.stage, "entered_at": at.entered_at, "days_in": at.days_in, "status": at.status}
            for key, at in places.items()
        }
        for account_id, places in found.items()
    }


def in_stage(accounts: QuerySet[Any], value: str) -> QuerySet[Any]:
    """`?stage=1. Onboarding`: in the default lifecycle, by exact name."""
    return accounts.filter(pk__in=selectors.accounts_in_stage("", value))


extensions.register("stages", stages_of)
extensions.register_filter("stage", in_stage)
