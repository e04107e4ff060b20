"""What a new tenant starts with: three support levels, and the segmentation rules as they are shipped.

The number of developers gives the segment, and with the ARR the service model; customers who are looked after
digitally or by the shared team are in segment Scaled. 501 to 2,500 developers are Enterprise and 2,501 or more
Strategic; an ARR of exactly 100,000 counts as above; an unknown ARR counts as below.
"""

from datetime import datetime
from typing import Any

from accounts import services
from accounts.models import SegmentationRules, SupportLevel
from cs_platform.tenancy import defaults
from cs_platform.tenancy.models import Tenant

SUPPORT_LEVELS = ("Named", "Scaled", "Digital")
ENTERPRISE_TEAM, SCALED_TEAM, DIGITAL_TEAM = "Enterprise TA team", "Scaled TA team", "Digital TA team"
THRESHOLD = 100_000
UNDECIDED = "The segment cannot be decided: the number of developers is unknown."


def _level_is(level: str, team: str) -> dict[str, Any]:
    return _rule({"field": "support_level", "op": "eq", "value": level}, "Scaled", team, f"support level {level}")


def _rule(when: dict[str, Any], segment: str, team: str, label: str) -> dict[str, Any]:
    return {"when": when, "segment": segment, "service_model": team, "label": label}


def _developers(low: int, high: int | None, *more: dict[str, Any]) -> dict[str, Any]:
    bounds = [{"field": "developers", "op": "gte", "value": low}]
    if high is not None:
        bounds.append({"field": "developers", "op": "lte", "value": high})
    return {"all": [*bounds, *more]}


def _arr(op: str) -> dict[str, Any]:
    return {"field": "arr", "op": op} if op == "missing" else {"field": "arr", "op": op, "value": THRESHOLD}


def _by_arr(segment: str, low: int, high: int, above: str, below: str) -> list[dict[str, Any]]:
    band = f"{low:,}–{high:,} developers"
    return [
        _rule(_developers(low, high, _arr("gte")), segment, above, f"{band}, ARR {THRESHOLD:,} or more"),
        _rule(_developers(low, high, _arr("lt")), segment, below, f"{band}, ARR below {THRESHOLD:,}"),
        _rule(_developers(low, high, _arr("missing")), segment, below, f"{band}, ARR unknown"),
    ]


SEGMENTATION: list[dict[str, Any]] = [
    _level_is("Digital", DIGITAL_TEAM),
    _level_is("Scaled", SCALED_TEAM),
    _rule(_developers(2501, None), "Strategic", ENTERPRISE_TEAM, "2,501 developers or more"),
    *_by_arr("Enterprise", 501, 2500, ENTERPRISE_TEAM, SCALED_TEAM),
    *_by_arr("Mid-Market", 100, 500, SCALED_TEAM, DIGITAL_TEAM),
    _rule(_developers(0, 99), "SMB", DIGITAL_TEAM, "0–99 developers"),
    {
        **_rule({"field": "developers", "op": "missing"}, "", "", "number of developers is unknown"),
        "alert": UNDECIDED,
    },
]


@defaults.seeder(order=10)
def seed(tenant: Tenant, *, actor: Any, now: datetime) -> None:
    """Harmless to repeat: what is there stays."""
    if not SupportLevel.objects.exists():
        for name in SUPPORT_LEVELS:
            services.create_support_level(name, actor=actor, now=now)
    if not SegmentationRules.objects.exists():
        draft = services.save_segmentation_draft(SEGMENTATION, "As shipped", actor=actor, now=now)
        services.publish_segmentation(draft, actor=actor, now=now)
