"""Questions of the room. Nothing is written here."""

from campaigns.selectors.contact_mail import ContactMail, explain_contact, people_by
from campaigns.selectors.messages import (
    MessageFilters,
    message_for,
    message_list,
    messages,
    messages_of,
    subscribed,
    subscriptions,
    suppressed,
    suppression_for,
    suppressions,
)
from campaigns.selectors.pauses import mail_pauses, open_pauses_of, pause_for
from campaigns.selectors.recipients import Recipients, recipients
from campaigns.selectors.sending import control, is_of_another_installation, verdict_on, why_nothing_is_sent
from campaigns.selectors.sending_calendar import SendingCalendar, sending_calendar
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
from campaigns.selectors.why import Explanation, explain, spoken

__all__ = [
    "ContactMail", "Explanation", "ItemMetrics", "MessageFilters", "Metrics", "Recipients", "SendingCalendar",
    "SeriesRow", "Upcoming", "all_series", "control", "days_left_out", "enrolment_for", "enrolments", "explain",
    "explain_contact", "is_of_another_installation",
    "items_of", "mail_pauses", "may_be_enrolled", "message_for", "message_list", "messages",
    "messages_of", "metrics", "next_messages", "next_slots", "open_pauses_of", "pause_for", "people_by",
    "people_for", "recipients", "run_for", "runs", "sending_calendar", "series_for", "series_list", "spoken",
    "subscribed", "subscriptions", "suppressed", "suppression_for", "suppressions", "template_for", "templates",
    "texts_of", "verdict_on", "version_of", "versions_of", "why_nothing_is_sent",
]  # fmt: skip
