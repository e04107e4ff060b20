from cs_platform.people.api.routing import register_view, router
from onboarding.api.configuration import EditLeadTimes, HandoffTemplateViewSet, LeadTimes
from onboarding.api.handoffs import HandoffViewSet

router.register("handoffs", HandoffViewSet, basename="handoff")
router.register("handoff-templates", HandoffTemplateViewSet, basename="handoff-template")
register_view("handoff-settings", LeadTimes, "handoff-settings")
register_view("handoff-settings/edit", EditLeadTimes, "edit-handoff-settings")
