"""The line of intervals. A page is turned when a row of AccountLifecycle has changed: the open interval ends where the
row says that the next one began. Two statements, whatever the number of accounts; nothing else writes intervals.

Every value is handed over, none is joined: right after a first sync the planner knows nothing of these tables yet.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from cs_platform.ledger import Actor
from cs_platform.tenancy.scope import require_tenant_id
from lifecycle.models import AccountLifecycle, StageInterval, Way

_CLOSE_ALL = """
    UPDATE lifecycle_stageinterval SET left_at = %(at)s
    WHERE tenant_id = %(tenant)s AND lifecycle_id = %(lifecycle)s AND left_at IS NULL
      AND account_id = ANY(%(accounts)s::uuid[])
"""
_OPEN_ALL = """
    INSERT INTO lifecycle_stageinterval (tenant_id, account_id, lifecycle_id, stage_id, stay_from, entered_at,
        recorded_at, counted, reason, actor, source, rule, evidence)
    SELECT %(tenant)s, n.account_id, %(lifecycle)s, %(stage)s, %(at)s, %(at)s,
        %(now)s, %(counted)s, %(reason)s, %(actor)s, %(source)s, %(rule)s, coalesce(n.evidence, '{}')::jsonb
    FROM unnest(%(accounts)s::uuid[], %(evidence)s::text[]) AS n (account_id, evidence)
"""
_CLOSE_EACH = """
    UPDATE lifecycle_stageinterval i SET left_at = n.at
    FROM unnest(%(accounts)s::uuid[], %(lifecycles)s::uuid[], %(moments)s::timestamptz[]) AS n (account, lifecycle, at)
    WHERE i.tenant_id = %(tenant)s AND i.account_id = n.account AND i.lifecycle_id = n.lifecycle AND i.left_at IS NULL
"""


@dataclass(frozen=True)
class Page:
    """What the next interval says beside where and when: why, and on what it was decided for each account."""

    reason: str = ""
    rule: str = ""
    evidence: Mapping[UUID, Mapping[str, Any]] = field(default_factory=dict)


def turn_all(
    account_ids: Sequence[UUID], way: Way, page: Page, *, is_first: bool = False, actor: Actor, now: datetime
) -> None:
    """These accounts have all gone this way; `is_first`: none of them was in the lifecycle before."""
    told = [json.dumps(page.evidence.get(pk, {})) for pk in account_ids] if page.evidence else []
    params: dict[str, Any] = {
        "tenant": require_tenant_id(),
        "accounts": [str(pk) for pk in account_ids],
        "evidence": told,
        "lifecycle": way.lifecycle_id,
        "stage": way.stage_id,
        "at": way.at,
        "now": now,
        "counted": not way.is_end,
        "reason": page.reason,
        "actor": actor.words[:200],
        "source": _source(actor),
        "rule": page.rule,
    }
    with connection.cursor() as cursor:
        if not is_first:
            cursor.execute(_CLOSE_ALL, params)
        cursor.execute(_OPEN_ALL, params)


def turn_each(standings: Sequence[AccountLifecycle], page: Page, *, actor: Actor, now: datetime) -> None:
    """Each row has its own moment. One that has left gets no further interval."""
    params: dict[str, Any] = {
        "tenant": require_tenant_id(),
        "accounts": [str(standing.account_id) for standing in standings],
        "lifecycles": [str(standing.lifecycle_id) for standing in standings],
        "moments": [standing.since for standing in standings],
    }
    with connection.cursor() as cursor:
        cursor.execute(_CLOSE_EACH, params)
    following = [_after(standing, page, actor, now) for standing in standings if standing.left_at is None]
    StageInterval.objects.bulk_create(following, batch_size=1000)


def _after(standing: AccountLifecycle, page: Page, actor: Actor, now: datetime) -> StageInterval:
    return StageInterval(
        account_id=standing.account_id,
        lifecycle_id=standing.lifecycle_id,
        stage_id=standing.stage,
        stay_from=standing.entered_at,
        entered_at=standing.since,
        recorded_at=now,
        counted=standing.clock_from is not None,
        reason=page.reason,
        actor=actor.words[:200],
        source=_source(actor),
        rule=page.rule,
        evidence=dict(page.evidence.get(standing.account_id, {})),
    )


def _source(actor: Actor) -> str:
    return (actor.door or actor.kind)[:20]
