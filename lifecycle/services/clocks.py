"""The clock of an account: it stands while the account is archived. What holds is the state of the account now, so that
doing it late, twice, or after the account has come back again does no harm."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import F

from accounts.models import Account
from cs_platform import ledger
from lifecycle.models import AccountLifecycle
from lifecycle.services import pages

FIELDS = ["clock_from", "clock_shown", "since"]


def stop_clocks(account_ids: Collection[UUID | str], *, actor: ledger.Actor, now: datetime) -> list[UUID]:
    """Archived accounts keep their stage, and their days do not count from the moment they were archived; whose clock
    stopped. In an end stage the clock stands already."""
    running = AccountLifecycle.objects.filter(clock_from__isnull=False, left_at__isnull=True)
    archived = running.filter(account_id__in=account_ids, account__state=Account.State.ARCHIVED)
    with ledger.unit():
        rows = list(archived.annotate(at=F("account__archived_at")).order_by("pk").select_for_update(of=("self",)))
        for row in rows:
            at = max(row.since, min(row.at or now, now))
            row.clock_shown, row.clock_from, row.since = row.counted(at), None, at
        return _turn(rows, "pause", pages.Page("The account was archived.", "account_archived"), actor, now)


def start_clocks(account_ids: Collection[UUID | str], *, actor: ledger.Actor, now: datetime) -> list[UUID]:
    """Accounts that are managed again go on in the stage they had, from the day they had reached; whose clock started
    again."""
    standing = AccountLifecycle.objects.filter(clock_from__isnull=True, left_at__isnull=True, stage_is_end=False)
    managed = standing.filter(account_id__in=account_ids, account__state=Account.State.MANAGED)
    with ledger.unit():
        rows = list(managed.order_by("pk").select_for_update(of=("self",)))
        for row in rows:
            row.since = max(row.since, now)
            row.clock_from, row.clock_shown = row.since - row.clock_shown, type(row.clock_shown)()
        return _turn(rows, "resume", pages.Page("The account came back.", "account_restored"), actor, now)


def _turn(
    rows: Sequence[AccountLifecycle], verb: str, page: pages.Page, actor: ledger.Actor, now: datetime
) -> list[UUID]:
    changed = ledger.update_many(rows, FIELDS, verb, actor=actor, now=now, note=page.reason)
    if changed:
        pages.turn_each(changed, page, actor=actor, now=now)
    return [row.account_id for row in changed]
