"""handoff-settings/ and handoff-templates/."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.fields import told
from cs_platform.people.api import Lists, Retrieves, TenantAPIView, TenantViewSet
from onboarding import selectors, services
from onboarding.api import shapes
from onboarding.models import HandoffTemplate


class LeadTimes(TenantAPIView):
    required = {"get": "handoff.view"}

    @extend_schema(responses=shapes.HandoffSettingsOut)
    def get(self, request: Request) -> Response:
        """The lead times of hand-offs, in days."""
        return Response(shapes.HandoffSettingsOut(selectors.lead_times()).data)


class EditLeadTimes(TenantAPIView):
    required = {"post": "handoff.configure"}

    @extend_schema(request=shapes.HandoffSettingsIn, responses=shapes.HandoffSettingsOut)
    def post(self, request: Request) -> Response:
        """Change the given lead times."""
        typed = self.parse(shapes.HandoffSettingsIn, partial=True)
        with told():
            saved = services.edit_settings(typed, actor=self.actor, now=self.now)
        return Response(shapes.HandoffSettingsOut(saved).data)


class HandoffTemplateViewSet(Lists, Retrieves, TenantViewSet):
    """The texts of hand-offs, version by version; the highest number of a kind counts."""

    model = HandoffTemplate
    required = {"list": "handoff.view", "retrieve": "handoff.view", "create": "handoff.configure"}
    serializer_class = shapes.HandoffTemplateOut
    sort_fields = {"number": "number", "created_at": "created_at"}
    default_sort = "-number"
    query_params = ("kind",)

    def rows(self) -> QuerySet[HandoffTemplate]:
        kind = self.param("kind") if self.action == "list" else None
        if kind is not None and kind not in HandoffTemplate.Kind.values:
            self.invalid("kind", f"Say one of {', '.join(HandoffTemplate.Kind.values)}.")
        return HandoffTemplate.objects.all() if kind is None else HandoffTemplate.objects.filter(kind=kind)

    @extend_schema(request=shapes.HandoffTemplateIn, responses={201: shapes.HandoffTemplateOut})
    def create(self, request: Request) -> Response:
        """Another version of a text; it counts for what is made from now on."""
        typed = self.parse(shapes.HandoffTemplateIn)
        with told():
            made = services.write_template(
                typed["kind"], typed["body"], note=typed.get("note", ""), actor=self.actor, now=self.now
            )
        return self.created(made)
