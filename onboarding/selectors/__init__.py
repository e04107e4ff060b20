"""Questions about hand-offs. Nothing here writes."""

from onboarding.selectors.handoffs import (
    HANDOFF_SORTS,
    HandoffFilters,
    counts_by_state,
    handoff_for,
    handoff_list,
    open_handoff_of,
)
from onboarding.selectors.looking import Item, Look, Milestone, Missing, look, look_at
from onboarding.selectors.texts import document_of, lead_times, meeting_of, template_for, templates, text_for, texts_of
from onboarding.selectors.writing import DocumentToWrite, MeetingToWrite, documents_to_write, meetings_to_write

__all__ = [
    "HANDOFF_SORTS", "DocumentToWrite", "HandoffFilters", "Item", "Look", "MeetingToWrite", "Milestone", "Missing",
    "counts_by_state", "document_of", "documents_to_write", "handoff_for", "handoff_list", "lead_times", "look",
    "look_at", "meeting_of", "meetings_to_write", "open_handoff_of", "template_for", "templates", "text_for",
    "texts_of",
]  # fmt: skip
