"""Verbs of the room. Everybody who brings a hand-off on comes through here."""

from onboarding.services import words  # noqa: F401  (registers the sentences)
from onboarding.services.configuration import edit_settings, ensure_defaults, write_template
from onboarding.services.following import follow, follow_daily, follow_won_before
from onboarding.services.handoffs import answer_cloud, assign_engineer, skip_item
from onboarding.services.papers import (
    HandoffIsOver,
    MeetingInput,
    call_off_meeting,
    edit_document,
    finish_document,
    hold_meeting,
    local_time,
    plan_meeting,
    take_up_document,
)

__all__ = [
    "HandoffIsOver", "MeetingInput", "answer_cloud", "assign_engineer", "call_off_meeting", "edit_document",
    "edit_settings", "ensure_defaults", "finish_document", "follow", "follow_daily", "follow_won_before",
    "hold_meeting", "local_time", "plan_meeting", "skip_item", "take_up_document", "write_template",
]  # fmt: skip
