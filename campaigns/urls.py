from django.urls import path

from campaigns.views import mail, series, templates

app_name = "campaigns"
urlpatterns = [
    path("", series.series_list, name="series-list"),
    path("series/new/", series.new_series, name="new-series"),
    path("series/<uuid:series_id>/", series.series, name="series"),
    path("series/<uuid:series_id>/edit/", series.edit_series, name="edit-series"),
    path("series/<uuid:series_id>/set-items/", series.set_items, name="set-items"),
    path("series/<uuid:series_id>/activate/", series.activate_series, name="activate-series"),
    path("series/<uuid:series_id>/pause/", series.pause_series, name="pause-series"),
    path("series/<uuid:series_id>/resume/", series.resume_series, name="resume-series"),
    path("series/<uuid:series_id>/archive/", series.archive_series, name="archive-series"),
    path("series/<uuid:series_id>/enrol/", series.enrol, name="enrol"),
    path("enrolments/<uuid:enrolment_id>/pause/", series.pause_enrolment, name="pause-enrolment"),
    path("enrolments/<uuid:enrolment_id>/resume/", series.resume_enrolment, name="resume-enrolment"),
    path("enrolments/<uuid:enrolment_id>/stop/", series.stop_enrolment, name="stop-enrolment"),
    path("runs/<uuid:run_id>/send-late/", series.send_late, name="send-late"),
    path("templates/", templates.template_list, name="template-list"),
    path("templates/new/", templates.new_template, name="new-template"),
    path("templates/<uuid:template_id>/", templates.template, name="template"),
    path("messages/", mail.message_list, name="message-list"),
    path("messages/<uuid:message_id>/", mail.message, name="message"),
    path("messages/<uuid:message_id>/resend/", mail.resend_message, name="resend-message"),
    path("messages/<uuid:message_id>/skip/", mail.skip_message, name="skip-message"),
    path("suppressions/", mail.suppression_list, name="suppression-list"),
    path("suppressions/suppress/", mail.suppress, name="suppress"),
    path("suppressions/<uuid:suppression_id>/release/", mail.release, name="release"),
    path("sending/stop/", series.stop_sending, name="stop-sending"),
    path("sending/start/", series.start_sending, name="start-sending"),
    path("sending/adopt/", series.adopt_installation, name="adopt-installation"),
]
