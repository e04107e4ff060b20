"""What a change of many accounts shows beside the accounts' own columns: their stage, the mail that goes to their
people, and whether Salesforce is told. Each is one question for all of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count

from accounts.services import looking
from campaigns.models import Enrolment
from integrations.salesforce import selectors as salesforce
from lifecycle.models import AccountLifecycle

GOING = (Enrolment.State.ACTIVE, Enrolment.State.PAUSED)


def stages(ids: Sequence[UUID], now: datetime) -> Mapping[UUID, Any]:
    """The stage of the default lifecycle."""
    here = AccountLifecycle.objects.filter(account_id__in=ids, left_at__isnull=True, lifecycle__is_default=True)
    return dict(here.values_list("account_id", "stage_name"))


def mail(ids: Sequence[UUID], now: datetime) -> Mapping[UUID, Any]:
    """How many people of the account are in each series."""
    going = Enrolment.objects.filter(account_id__in=ids, state__in=GOING).order_by()
    found: dict[UUID, dict[str, int]] = {}
    for account_id, series, people in going.values_list("account_id", "series__name").annotate(n=Count("pk")):
        found.setdefault(account_id, {})[series] = people
    return found


def written(ids: Sequence[UUID], now: datetime) -> Mapping[UUID, Any]:
    """What Salesforce has of it: nothing to say, waiting, written, failed, conflict."""
    states = salesforce.write_states(ids)
    return {pk: state.state for pk, state in states.items() if state.state != "none"}


def register() -> None:
    looking.register("stage", stages)
    looking.register("mail", mail)
    looking.register("salesforce", written, passing=True)
