from cs_platform.people.api.organisation import OrganisationLogoView, OrganisationView
from cs_platform.people.api.resources import (
    ApiKeyViewSet,
    AuditViewSet,
    ChangeViewSet,
    InvitationViewSet,
    MemberViewSet,
    TeamViewSet,
)
from cs_platform.people.api.routing import register_view, router

router.register("members", MemberViewSet, basename="member")
router.register("invitations", InvitationViewSet, basename="invitation")
router.register("teams", TeamViewSet, basename="team")
router.register("api-keys", ApiKeyViewSet, basename="api-key")
router.register("audit", AuditViewSet, basename="audit")
router.register("changes", ChangeViewSet, basename="change")
register_view("organisation", OrganisationView, "organisation")
register_view("organisation/logo", OrganisationLogoView, "organisation-logo")
