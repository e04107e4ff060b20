from cs_platform.people.api.resources import (
    ApiKeyViewSet,
    AuditViewSet,
    ChangeViewSet,
    InvitationViewSet,
    MemberViewSet,
)
from cs_platform.people.api.routing import router

router.register("members", MemberViewSet, basename="member")
router.register("invitations", InvitationViewSet, basename="invitation")
router.register("api-keys", ApiKeyViewSet, basename="api-key")
router.register("audit", AuditViewSet, basename="audit")
router.register("changes", ChangeViewSet, basename="change")
