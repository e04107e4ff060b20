"""Questions of the room. Nothing is written here."""

from campaigns.selectors.messages import (
    Explanation,
    MessageFilters,
    explain,
    message_for,
    message_list,
    messages,
    messages_of,
    spoken,
    subscribed,
    subscriptions,
    suppressed,
    suppression_for,
    suppressions,
)
from campaigns.selectors.sending import control, verdict_on, why_nothing_is_sent
from campaigns.selectors.series import (
    ItemMetrics,
    Metrics,
    SeriesRow,
    all_series,
    days_left_out,
    enrolment_for,
    enrolments,
    items_of,
    may_be_enrolled,
    metrics,
    next_slots,
    people_for,
    run_for,
    runs,
    series_for,
    series_list,
    template_for,
    templates,
    texts_of,
    version_of,
    versions_of,
)
from campaigns.selectors.upcoming import Upcoming, next_messages

__all__ = [
    "Explanation", "ItemMetrics", "MessageFilters", "Metrics", "SeriesRow", "Upcoming", "all_series", "control",
    "days_left_out", "enrolment_for", "enrolments", "explain", "items_of", "may_be_enrolled", "message_for",
    "message_list", "messages", "messages_of", "metrics", "next_messages", "next_slots", "people_for", "run_for",
    "runs", "series_for", "series_list", "spoken", "subscribed", "subscriptions", "suppressed", "suppression_for",
    "suppressions", "template_for", "templates", "texts_of", "verdict_on", "version_of", "versions_of",
    "why_nothing_is_sent",
]  # fmt: skip
