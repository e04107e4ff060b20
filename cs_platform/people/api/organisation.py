"""organisation/ and its logo: one object, the organisation of whoever asks."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from cs_platform.people import services
from cs_platform.people.api import shapes
from cs_platform.people.api.errors import Problem
from cs_platform.people.api.frame import TenantAPIView
from cs_platform.tenancy.models import Tenant


class PictureParser(BaseParser):
    """The bytes as they come; one more than a logo may have is enough to refuse it."""

    media_type = "image/png"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        return bytes(stream.read(services.MAX_LOGO + 1))


class _OfOrganisation(TenantAPIView, abstract=True):
    model = Tenant

    def answer(self, tenant: Tenant) -> Response:
        body = shapes.OrganisationOut(tenant, context={"request": self.request, "view": self}).data
        return Response(body, headers={"ETag": f'"{tenant.version}"'})

    def live(self) -> Tenant:
        """Read now, and compared with If-Match under a lock where something is changed."""
        asked = self.request.META.get("HTTP_IF_MATCH", "*") if self.request.method != "GET" else "*"
        rows = Tenant.objects.filter(pk=self.who.tenant_id)
        tenant = (rows if asked.strip() == "*" else rows.select_for_update()).get()
        if asked.strip() != "*" and f'"{tenant.version}"' not in {
            t.strip().removeprefix("W/") for t in asked.split(",")
        }:
            raise Problem(412, "stale", "The object has changed since you read it. Read it again.")
        return tenant


class OrganisationView(_OfOrganisation):
    required = {"get": "tenant.edit", "patch": "tenant.edit"}

    @extend_schema(operation_id="organisation_retrieve", responses=shapes.OrganisationOut)
    def get(self, request: Request) -> Response:
        """The settings of the organisation."""
        return self.answer(self.live())

    @extend_schema(request=shapes.OrganisationIn, responses=shapes.OrganisationOut)
    def patch(self, request: Request) -> Response:
        """Change the given settings and no others."""
        tenant, typed = self.live(), self.parse(shapes.OrganisationIn, partial=True)
        return self.answer(services.edit_tenant(tenant, typed, actor=self.actor, now=self.now))


class OrganisationLogoView(_OfOrganisation):
    required = {"put": "tenant.edit", "delete": "tenant.edit"}
    parser_classes = (PictureParser,)

    @extend_schema(request={"image/png": OpenApiTypes.BINARY}, responses=shapes.OrganisationOut)
    def put(self, request: Request) -> Response:
        """The picture is the body: a PNG of at most 100 kB and 1,024 pixels a side."""
        picture = request.data if isinstance(request.data, bytes) else b""
        if not picture:
            self.invalid("logo", "Send a PNG as the body.", code="not_png")
        return self.answer(services.set_logo(self.live(), picture, actor=self.actor, now=self.now))

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request) -> Response:
        """No picture from now on."""
        services.set_logo(self.live(), b"", actor=self.actor, now=self.now)
        return Response(status=204)
