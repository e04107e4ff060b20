"""What the pages of the settings ask."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Min, Q, QuerySet

from accounts.models import Account
from cs_platform.ledger import sealing
from cs_platform.ledger.models import AuditRow, Outbox
from cs_platform.people import selectors as people
from cs_platform.people.models import Invitation, Membership

CALLS_CHECKED = 50_000


def members_with_accounts() -> list[Membership]:
    """Everybody, the active first, each with `owned`: how many managed accounts the member looks after."""
    owned = Count("accounts", filter=Q(accounts__state=Account.State.MANAGED))
    found = people.with_teams(Membership.objects.select_related("user").annotate(owned=owned))
    return list(found.order_by("-is_active", "user__name", "user__email", "pk"))


def open_invitations(now: datetime) -> list[Invitation]:
    waiting = Invitation.objects.filter(accepted_at__isnull=True, expires_at__gt=now)
    return list(waiting.select_related("invited_by__user").order_by("-created_at"))


def audit_rows(verb: str, actor_id: str, account_id: UUID | None) -> QuerySet[AuditRow]:
    found = AuditRow.objects.select_related("call")
    if verb:
        found = found.filter(verb=verb)
    if actor_id:
        found = (
            found.filter(call__actor_kind="system") if actor_id == "system" else found.filter(call__actor_id=actor_id)
        )
    if account_id is not None:
        found = found.filter(account_id=account_id)
    return found


@dataclass(frozen=True)
class Chain:
    """What walking the chain of hashes has shown: it holds up to call `checked` of `calls`, or where it breaks."""

    calls: int
    checked: int
    head: str
    breaks: list[sealing.Break]


def chain_state() -> Chain:
    calls, head = sealing.head()
    breaks = sealing.check_chain(at_most=20, calls=CALLS_CHECKED)
    return Chain(calls, min(calls, CALLS_CHECKED), head, breaks)


def dead_work() -> QuerySet[Outbox]:
    return Outbox.objects.filter(state=Outbox.State.DEAD)


def work_for(pk: int) -> Outbox | None:
    return Outbox.objects.filter(pk=pk).first() if pk < 2**63 else None


def queue_state(now: datetime) -> dict[str, Any]:
    """How much waits and since when, how much is at work, how much was given up."""
    late = Q(state=Outbox.State.PENDING, due_at__lte=now)
    open_rows = Outbox.objects.exclude(state=Outbox.State.DONE)
    return open_rows.aggregate(
        due=Count("pk", filter=late),
        oldest=Min("due_at", filter=late),
        later=Count("pk", filter=Q(state=Outbox.State.PENDING, due_at__gt=now)),
        leased=Count("pk", filter=Q(state=Outbox.State.LEASED)),
        dead=Count("pk", filter=Q(state=Outbox.State.DEAD)),
    )
