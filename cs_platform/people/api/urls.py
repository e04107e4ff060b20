"""Everything under /api/: the resources of all rooms, the schema, its pages."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

from cs_platform.people.api.docs import Docs, DocsScript
from cs_platform.people.api.routing import v1_urls

urlpatterns = [
    path("v1/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs/", Docs.as_view(), name="api-docs"),
    path("docs/start.js", DocsScript.as_view(), name="api-docs-script"),
    path("v1/", include((v1_urls(), "api"))),
]
