"""What a new tenant starts with: the customer lifecycle and the moves it allows.

Forward is free, one stage or more. Back needs a reason, except out of renewing: whoever has renewed is adopting or
nurturing again. Nobody who has been a customer for long becomes a prospect: that way is open from onboarding only, for
a deal that was marked as won by mistake.
"""

from datetime import datetime
from typing import Any

from cs_platform.tenancy import defaults
from cs_platform.tenancy.models import Tenant
from lifecycle import selectors, services
from lifecycle.models import Lifecycle, Stage
from lifecycle.services import StageInput

KEY, NAME = "customer", "Customer lifecycle"
STAGES = (
    StageInput(
        "0. Prospect",
        45,
        "A late-stage deal, 45 days or less from close: knowledge transfer from the customer engineer, implementation "
        "planning, preparation of the kick-off.",
    ),
    StageInput(
        "1. Onboarding",
        60,
        "From the close of the deal, the first 60 days. Goal: half of the seats are active by day 60.",
    ),
    StageInput(
        "2. Adopting",
        180,
        "After day 60, until 80 % of the seats are active in a month and 30 % of those on a day.",
    ),
    StageInput(
        "3. Nurturing",
        365,
        "Both adoption targets are reached: maximise value, advanced features, co-marketing.",
    ),
    StageInput("4. Renewing", 120, "From 120 days before the renewal, whatever the usage."),
)
BACK_TO_PROSPECT = {"onboarding"}
AFTER_RENEWAL = {("renewing", "adopting"), ("renewing", "nurturing")}


@defaults.seeder(order=20)
def seed(tenant: Tenant, *, actor: Any, now: datetime) -> None:
    """Harmless to repeat: what is there stays."""
    if Lifecycle.objects.exists():
        return
    lifecycle = services.create_lifecycle(KEY, NAME, STAGES, is_default=True, actor=actor, now=now)
    stages = selectors.stages_of_lifecycle(KEY)
    services.set_moves(lifecycle, _moves(stages), actor=actor, now=now)


def _moves(stages: list[Stage]) -> list[tuple[Any, Any, bool]]:
    found = []
    for start, source in enumerate(stages):
        for end, target in enumerate(stages):
            if start < end or (source.key, target.key) in AFTER_RENEWAL:
                found.append((source.pk, target.pk, False))
            elif start > end and (end > 0 or source.key in BACK_TO_PROSPECT):
                found.append((source.pk, target.pk, True))
    return found


@selectors.register_use
def _rules_of_this_room(stage: Stage) -> list[str]:
    """What lifecycle/services/following.py would miss."""
    if not stage.lifecycle.is_default:
        return []
    return {
        "prospect": ["accounts that become managed enter here"],
        "onboarding": ["accounts come here when a new-business opportunity is won"],
        "adopting": ["older customers come here at the first sync"],
    }.get(stage.key, [])
