from accounts.api.accounts import AccountViewSet
from accounts.api.belongings import AlertViewSet, ContactViewSet, OpportunityViewSet
from accounts.api.instances import InstanceViewSet
from accounts.api.pick_lists import SegmentationViewSet, SegmentOverrideViewSet, SegmentPreview, SupportLevelViewSet
from cs_platform.people.api.routing import register_view, router

router.register("accounts", AccountViewSet, basename="account")
router.register("contacts", ContactViewSet, basename="contact")
router.register("instances", InstanceViewSet, basename="instance")
router.register("opportunities", OpportunityViewSet, basename="opportunity")
router.register("alerts", AlertViewSet, basename="alert")
router.register("support-levels", SupportLevelViewSet, basename="support-level")
router.register("segmentation-rules", SegmentationViewSet, basename="segmentation-rules")
router.register("segment-overrides", SegmentOverrideViewSet, basename="segment-override")
register_view("segments/preview", SegmentPreview, "segment-preview")
