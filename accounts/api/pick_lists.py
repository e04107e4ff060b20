"""support-levels/, segmentation-rules/ and segments/preview."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import rules, selectors, services
from accounts.api import extensions, shapes
from accounts.api.fields import told
from accounts.models import SegmentationRules, SupportLevel
from cs_platform.people.api import Lists, Retrieves, TenantAPIView, TenantViewSet
from cs_platform.people.api.shapes import NothingIn


class SupportLevelViewSet(Lists, Retrieves, TenantViewSet):
    """The pick-list "Technical Advisor Support Level"."""

    model = SupportLevel
    required = {
        "list": "support_level.view",
        "retrieve": "support_level.view",
        "create": "support_level.edit",
        "partial_update": "support_level.edit",
    }
    serializer_class = shapes.SupportLevelOut
    sort_fields = {"position": "position", "name": "name"}
    default_sort = "position,name"
    query_params = ("is_active",)

    def rows(self) -> QuerySet[SupportLevel]:
        found = selectors.support_levels()
        active = self.bool_param("is_active") if self.action == "list" else None
        return found if active is None else found.filter(is_active=active)

    @extend_schema(request=shapes.NewSupportLevelIn, responses={201: shapes.SupportLevelOut})
    def create(self, request: Request) -> Response:
        """Another level, at the end of the list."""
        name = self.parse(shapes.NewSupportLevelIn)["name"]
        level = services.create_support_level(name, actor=self.actor, now=self.now)
        return self.created(selectors.support_levels().get(pk=level.pk))

    @extend_schema(request=shapes.SupportLevelIn, responses=shapes.SupportLevelOut)
    def partial_update(self, request: Request, pk: UUID) -> Response:
        """Rename, move or (de)activate. An inactive level stays on the accounts that have it."""
        level = self.get_object()
        typed = self.parse(shapes.SupportLevelIn, partial=True)
        services.edit_support_level(level, **typed, actor=self.actor, now=self.now)
        return self.one(selectors.support_levels().get(pk=pk))


class SegmentationViewSet(Lists, Retrieves, TenantViewSet):
    """Versions of the rules that say which segment an account is in. A published one never changes."""

    model = SegmentationRules
    required = {
        "list": "segmentation.view",
        "retrieve": "segmentation.view",
        "create": "segmentation.publish",
        "partial_update": "segmentation.publish",
        "simulate": "segmentation.view",
        "simulate_draft": "segmentation.view",
        "publish": "segmentation.publish",
    }
    serializer_class = shapes.SegmentationOut
    sort_fields = {"number": "number", "created_at": "created_at"}
    default_sort = "-number"
    query_params = ("state",)

    def rows(self) -> QuerySet[SegmentationRules]:
        found = SegmentationRules.objects.all()
        state = self.param("state") if self.action == "list" else None
        if state is not None and state not in SegmentationRules.State.values:
            self.invalid("state", f"Say one of {', '.join(SegmentationRules.State.values)}.")
        return found if state is None else found.filter(state=state)

    @extend_schema(request=shapes.NewSegmentationIn, responses={201: shapes.SegmentationOut})
    def create(self, request: Request) -> Response:
        """Draft a version: an ordered list of rules, the first that matches decides."""
        with told():
            typed = self.parse(shapes.NewSegmentationIn)
            label = typed.get("label") or ""
            fresh = services.save_segmentation_draft(typed["rules"], label, actor=self.actor, now=self.now)
            return self.created(fresh)

    @extend_schema(request=shapes.SegmentationIn, responses=shapes.SegmentationOut)
    def partial_update(self, request: Request, pk: UUID) -> Response:
        """Change a draft."""
        draft = self.get_object()
        with told():
            typed = self.parse(shapes.SegmentationIn, partial=True)
            given = typed.get("rules", draft.rules)
            label = typed["label"] or "" if "label" in typed else draft.label
            return self.one(services.save_segmentation_draft(given, label, draft=draft, actor=self.actor, now=self.now))

    @extend_schema(request=shapes.RulesIn, responses=shapes.SimulationOut)
    @action(detail=False, methods=["post"])
    def simulate(self, request: Request) -> Response:
        """Who would move if these rules were published. Nothing is written."""
        with told():
            given = self.parse(shapes.RulesIn)["rules"]
            return Response(shapes.SimulationOut(services.simulate(given, now=self.now)).data)

    @extend_schema(request=NothingIn, responses=shapes.SimulationOut, operation_id="segmentation_rules_simulate_draft")
    @action(detail=True, methods=["post"], url_path="simulate", url_name="simulate-draft")
    def simulate_draft(self, request: Request, pk: UUID) -> Response:
        """Who would move if this version was published."""
        found = self.get_object()
        self.parse(NothingIn)
        with told():
            return Response(shapes.SimulationOut(services.simulate(found.rules, now=self.now)).data)

    @extend_schema(request=NothingIn, responses=shapes.SegmentationOut)
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, pk: UUID) -> Response:
        """This draft counts from now on, and every managed account is segmented anew."""
        draft = self.get_object()
        self.parse(NothingIn)
        with told():
            return self.one(services.publish_segmentation(draft, actor=self.actor, now=self.now))


class SegmentPreview(TenantAPIView):
    required = {"post": "account.view"}

    @extend_schema(request=shapes.SegmentPreviewIn, responses=shapes.SegmentPreviewOut)
    def post(self, request: Request) -> Response:
        """Which managed accounts a rule selects: how many, the first 50, and the rule in words."""
        with told():
            rule = self.parse(shapes.SegmentPreviewIn)["rule"]
        count, rows = selectors.preview(rule, now=self.now, zone=self.tenant.timezone)
        extras = extensions.filled("account", [row["id"] for row in rows])
        sample: list[Any] = [shapes.account_body(row, extras) for row in rows]
        return Response({"count": count, "sample": sample, "explained": rules.words(rule)})
