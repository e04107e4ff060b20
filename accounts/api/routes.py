from accounts.api.accounts import AccountViewSet
from accounts.api.belongings import AlertViewSet, ContactViewSet, OpportunityViewSet
from accounts.api.pick_lists import SegmentationViewSet, SegmentPreview, SupportLevelViewSet
from cs_platform.people.api.routing import register_view, router

router.register("accounts", AccountViewSet, basename="account")
router.register("contacts", ContactViewSet, basename="contact")
router.register("opportunities", OpportunityViewSet, basename="opportunity")
router.register("alerts", AlertViewSet, basename="alert")
router.register("support-levels", SupportLevelViewSet, basename="support-level")
router.register("segmentation-rules", SegmentationViewSet, basename="segmentation-rules")
register_view("segments/preview", SegmentPreview, "segment-preview")
