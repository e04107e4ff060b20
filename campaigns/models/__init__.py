from campaigns.models.messages import Message, SendingLane, SeriesRun
from campaigns.models.sending import MailPause, SendingControl, Suppression
from campaigns.models.series import AudienceStart, Enrolment, Series, SeriesItem
from campaigns.models.templates import Category, EmailTemplate, TemplateVersion

__all__ = [
    "AudienceStart",
    "Category",
    "EmailTemplate",
    "Enrolment",
    "MailPause",
    "Message",
    "SendingControl",
    "SendingLane",
    "Series",
    "SeriesItem",
    "SeriesRun",
    "Suppression",
    "TemplateVersion",
]
