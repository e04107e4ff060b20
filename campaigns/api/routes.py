from campaigns.api.mail import (
    AdoptInstallation,
    MessageViewSet,
    Resubscribe,
    Sending,
    StartSending,
    StopSending,
    SuppressionViewSet,
    Unsubscribe,
)
from campaigns.api.outlook import (
    ExplainContactMail,
    MailPauseViewSet,
    RunViewSet,
    SendingCalendarView,
    SeriesRecipients,
)
from campaigns.api.resources import EnrolmentViewSet, SeriesViewSet, TemplateViewSet
from cs_platform.people.api.routing import register_view, router

router.register("email-templates", TemplateViewSet, basename="email-template")
router.register("series", SeriesViewSet, basename="series")
router.register("enrolments", EnrolmentViewSet, basename="enrolment")
router.register("messages", MessageViewSet, basename="message")
router.register("suppressions", SuppressionViewSet, basename="suppression")
router.register("series-runs", RunViewSet, basename="series-run")
router.register("mail-pauses", MailPauseViewSet, basename="mail-pause")
register_view(r"contacts/(?P<contact_id>[^/]+)/unsubscribe", Unsubscribe, "contact-unsubscribe")
register_view(r"contacts/(?P<contact_id>[^/]+)/resubscribe", Resubscribe, "contact-resubscribe")
register_view("sending", Sending, "sending")
register_view("sending/stop", StopSending, "sending-stop")
register_view("sending/start", StartSending, "sending-start")
register_view("sending/adopt", AdoptInstallation, "sending-adopt")
register_view(r"contacts/(?P<contact_id>[^/]+)/explain-mail", ExplainContactMail, "contact-explain-mail")
register_view("sending-calendar", SendingCalendarView, "sending-calendar")
register_view(r"series/(?P<series_id>[^/]+)/recipients", SeriesRecipients, "series-recipients")
