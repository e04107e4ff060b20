from django.urls import path

from onboarding.views import configuration, handoffs, papers

app_name = "onboarding"
urlpatterns = [
    path("", handoffs.handoff_list, name="handoff-list"),
    path("settings/", configuration.lead_times, name="settings"),
    path("templates/<uuid:template_id>/", configuration.write_template, name="template"),
    path("<uuid:handoff_id>/", handoffs.handoff, name="handoff"),
    path("<uuid:handoff_id>/complete-item/", handoffs.complete_item, name="complete-item"),
    path("<uuid:handoff_id>/reopen-item/", handoffs.reopen_item, name="reopen-item"),
    path("<uuid:handoff_id>/skip-item/", handoffs.skip_item, name="skip-item"),
    path("<uuid:handoff_id>/assign-engineer/", handoffs.assign_engineer, name="assign-engineer"),
    path("<uuid:handoff_id>/answer-cloud/", handoffs.answer_cloud, name="answer-cloud"),
    path("<uuid:handoff_id>/document/", papers.document, name="document"),
    path("<uuid:handoff_id>/document/edit/", papers.edit_document, name="edit-document"),
    path("<uuid:handoff_id>/document/finish/", papers.finish_document, name="finish-document"),
    path("<uuid:handoff_id>/document/take-up/", papers.take_up_document, name="take-up-document"),
    path("<uuid:handoff_id>/meeting/", papers.plan_meeting, name="plan-meeting"),
    path("<uuid:handoff_id>/meeting/hold/", papers.hold_meeting, name="hold-meeting"),
    path("<uuid:handoff_id>/meeting/call-off/", papers.call_off_meeting, name="call-off-meeting"),
    path("<uuid:handoff_id>/meeting.ics", papers.meeting_file, name="meeting-file"),
]
