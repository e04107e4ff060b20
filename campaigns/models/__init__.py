from campaigns.models.messages import Message, SeriesRun
from campaigns.models.sending import SendingControl, Suppression
from campaigns.models.series import AudienceStart, Enrolment, Series, SeriesItem
from campaigns.models.templates import Category, EmailTemplate, TemplateVersion

__all__ = [
    "AudienceStart",
    "Category",
    "EmailTemplate",
    "Enrolment",
    "Message",
    "SendingControl",
    "Series",
    "SeriesItem",
    "SeriesRun",
    "Suppression",
    "TemplateVersion",
]
