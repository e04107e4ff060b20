"""One reader per connection. The lease is a row with a fence number; only the database's clock decides who holds it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from integrations.salesforce.models import Connection

LEASE = timedelta(seconds=90)


class LeaseHeld(Exception):
    """Somebody else is reading this connection."""


class LeaseLost(Exception):
    """Our lease ended and somebody else went on; whatever is not committed yet must not be."""


def acquire(connection_id: UUID, holder: str, *, take_over_own: bool) -> int:
    """Take the lease and return the fence. A queued chunk takes over from the chunk before it (same holder), and by
    that from a dead process; a person's foreground run waits for nobody and takes over nothing."""
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=Now())
    if take_over_own:
        free |= Q(lease_holder=holder)
    with transaction.atomic():
        taken = Connection.objects.filter(free, pk=connection_id).update(
            lease_until=Now() + LEASE, lease_holder=holder, fence=F("fence") + 1
        )
        if not taken:
            raise LeaseHeld
        return Connection.objects.values_list("fence", flat=True).get(pk=connection_id)


def renew(connection_id: UUID, fence: int) -> None:
    """Prove that the lease is still ours, at the end of each page's transaction; the row stays locked until its
    commit.
    """
    if not Connection.objects.filter(pk=connection_id, fence=fence).update(lease_until=Now() + LEASE):
        raise LeaseLost


def release(connection_id: UUID, fence: int) -> None:
    Connection.objects.filter(pk=connection_id, fence=fence).update(lease_until=None, lease_holder="")


def is_free(connection_id: UUID) -> bool:
    return Connection.objects.filter(Q(lease_until__isnull=True) | Q(lease_until__lt=Now()), pk=connection_id).exists()
