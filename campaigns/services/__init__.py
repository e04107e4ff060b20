"""Verbs of the room. Everybody who writes a text, enrols a contact or stops mail comes through here."""

from campaigns.services import words  # noqa: F401  (registers the sentences)
from campaigns.services.control import (
    adopt_installation,
    set_up_sending,
    start_sending,
    stop_sending,
)
from campaigns.services.enrolling import (
    NO_RECIPIENT,
    Enrolled,
    end_audience,
    enrol_contacts,
    follow_contacts,
    leave_archived,
    pause_enrolment,
    resume_enrolment,
    start_audience,
    start_onboarding_series,
    stop_enrolment,
)
from campaigns.services.expanding import expand_run, send_late
from campaigns.services.messages import MayNotGo, resend_message, skip_message
from campaigns.services.pausing import end_due_pauses, end_mail_pause, pause_mail
from campaigns.services.planning import plan_runs, start_due_runs, tidy_runs
from campaigns.services.refreshing import refresh_accounts
from campaigns.services.sending import send_turn
from campaigns.services.series import (
    NothingToSend,
    SeriesClosed,
    activate_series,
    archive_series,
    create_series,
    edit_series,
    pause_series,
    resume_series,
    set_items,
)
from campaigns.services.suppressing import (
    release_contact,
    release_suppression,
    suppress_address,
    suppress_contact,
    unsubscribe,
)
from campaigns.services.templates import NameTaken, create_template, edit_template
from campaigns.services.waiting import LATE

__all__ = [
    "LATE", "NO_RECIPIENT", "Enrolled", "MayNotGo", "NameTaken", "NothingToSend", "SeriesClosed",
    "activate_series", "adopt_installation", "archive_series", "create_series", "create_template",
    "edit_series", "edit_template", "end_audience", "end_due_pauses", "end_mail_pause", "enrol_contacts",
    "expand_run", "follow_contacts", "leave_archived", "pause_enrolment", "pause_mail", "pause_series",
    "plan_runs", "refresh_accounts", "release_contact", "release_suppression", "resend_message",
    "resume_enrolment", "resume_series", "send_late", "send_turn", "set_items", "set_up_sending",
    "skip_message", "start_audience", "start_due_runs", "start_onboarding_series", "start_sending",
    "stop_enrolment", "stop_sending", "suppress_address", "suppress_contact", "tidy_runs", "unsubscribe",
]  # fmt: skip
