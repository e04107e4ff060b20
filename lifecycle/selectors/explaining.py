"""Why an account is in its stage, in words that a customer-success manager can repeat."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from accounts.models import Account
from lifecycle.models import AccountLifecycle, Lifecycle, StageInterval

#: Which version of this room's rules decided; it is told with each explanation and goes up when a rule changes.
RULES_VERSION = 1


@dataclass(frozen=True)
class StageExplanation:
    """`words` is the whole sentence; `rule` is empty when a person decided; `inputs` is what was decided on."""

    stage: str
    words: str
    rule: str = ""
    inputs: dict[str, Any] = field(default_factory=dict)
    version: int | None = None
    decided_at: datetime | None = None
    decided_by: str = ""


def explain_stage(account: Account, lifecycle_key: str = "") -> StageExplanation:
    """Why this account is where it is in the lifecycle of this key, or in the default one."""
    lifecycle = Lifecycle.objects.filter(**{"key": lifecycle_key} if lifecycle_key else {"is_default": True}).first()
    standing = AccountLifecycle.objects.filter(account=account, lifecycle=lifecycle, left_at__isnull=True).first()
    if lifecycle is None or standing is None:
        return StageExplanation("", f"{account.name} is in no stage of {lifecycle or 'this lifecycle'}.")
    first = (
        StageInterval.objects.filter(account=account, lifecycle=lifecycle, stay_from=standing.entered_at)
        .filter(stage=standing.stage)
        .order_by("id")
        .first()
    )
    if first is None:
        return StageExplanation(standing.stage_name, f"{standing.stage_name}.")
    zone = ZoneInfo(account.tenant.timezone)
    words = f"{standing.stage_name} since {_day(standing.entered_at.astimezone(zone))} {because(first, zone)}"
    if standing.status == AccountLifecycle.Status.PAUSED:
        words = f"{words} The days do not count while the account is archived."
    return StageExplanation(
        stage=standing.stage_name,
        words=words,
        rule=first.rule,
        inputs=dict(first.evidence),
        version=RULES_VERSION if first.rule else None,
        decided_at=first.recorded_at,
        decided_by=first.actor,
    )


def because(interval: StageInterval, zone: ZoneInfo) -> str:
    """ "because the new-business deal “Rollout” was won (close date 12 Nov 2026), moved by lifecycle rules." """
    said = _RULES.get(interval.rule, _by_hand)(interval.evidence, interval)
    late = ""
    if (interval.recorded_at - interval.entered_at).total_seconds() >= 60:
        late = f", entered on {_day(interval.recorded_at.astimezone(zone))}"
    return f"{said}moved by {interval.actor or 'somebody'}{late}."


def _by_hand(evidence: Mapping[str, Any], interval: StageInterval) -> str:
    return f"because “{interval.reason}”, " if interval.reason else ""


def _account_managed(evidence: Mapping[str, Any], interval: StageInterval) -> str:
    level = evidence.get("support_level")
    return f"because the account became managed{f' (support level {level})' if level else ''}, "


def _opportunity_won(evidence: Mapping[str, Any], interval: StageInterval) -> str:
    return f"because {_deal(evidence)} was won{_closed(evidence)}, "


def _baseline(evidence: Mapping[str, Any], interval: StageInterval) -> str:
    if not evidence.get("opportunity_id"):
        return "because it was there at the first sync, "
    return f"because it was a customer already at the first sync: {_deal(evidence)} had been won{_closed(evidence)}, "


_RULES: dict[str, Callable[[Mapping[str, Any], StageInterval], str]] = {
    "account_managed": _account_managed,
    "opportunity_won": _opportunity_won,
    "baseline": _baseline,
}


def _deal(evidence: Mapping[str, Any]) -> str:
    return f"the new-business opportunity “{evidence.get('opportunity', '')}”"


def _closed(evidence: Mapping[str, Any]) -> str:
    day = evidence.get("close_date")
    return f" (close date {_day(date.fromisoformat(day))})" if day else ""


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"
