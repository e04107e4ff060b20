"""Questions about lifecycles. The public face of the room beside services and facts."""

from lifecycle.selectors.configuration import (
    default_lifecycle,
    lifecycle_for,
    lifecycles,
    moves_of,
    register_use,
    stage_for,
    stages,
    stages_of_lifecycle,
    uses_of,
    way_to,
)
from lifecycle.selectors.durations import StageDuration, StageTime, accounts_that_held, durations, stage_times
from lifecycle.selectors.explaining import StageExplanation, explain_stage
from lifecycle.selectors.standing import (
    StageNow,
    accounts_in_stage,
    current_stages,
    days_in_stage,
    history,
    stage_counts,
    standing_of,
)

__all__ = [
    "StageDuration",
    "StageExplanation",
    "StageNow",
    "StageTime",
    "accounts_in_stage",
    "accounts_that_held",
    "current_stages",
    "days_in_stage",
    "default_lifecycle",
    "durations",
    "explain_stage",
    "history",
    "lifecycle_for",
    "lifecycles",
    "moves_of",
    "register_use",
    "stage_counts",
    "stage_for",
    "stage_times",
    "stages",
    "stages_of_lifecycle",
    "standing_of",
    "uses_of",
    "way_to",
]
