"""Every address of the product. Each room names its own; this file says where they hang."""

from django.urls import include, path, re_path

from cs_platform.people.platform.site import site as platform
from cs_platform.workspace import brand, errors, gallery, health, metrics

urlpatterns = [
    path("", include("cs_platform.workspace.urls")),
    path("", include("cs_platform.people.urls")),
    path("campaigns/", include("campaigns.urls")),
    path("tasks/", include("activities.urls")),
    path("handoffs/", include("onboarding.urls")),
    path("u/", include("campaigns.public_urls")),
    path("integrations/", include("integrations.urls")),
    path("hooks/", include("integrations.public_urls")),
    path("auth/", include("allauth.account.urls")),
    path("auth/2fa/", include("allauth.mfa.urls")),
    path("platform/", platform.urls),
    path("api/", include("cs_platform.people.api.urls")),
    re_path(r"^brand/(?P<edition>\d{1,3})/(?P<colour>[0-9a-f]{6})\.css$", brand.colour, name="brand-colour"),
    path("brand/logo/<slug:slug>/<int:version>/", brand.logo, name="brand-logo"),
    path("ui/", gallery.gallery, name="gallery"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
]

handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.server_error
