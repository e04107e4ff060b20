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
from accounts.models import SegmentationRules, SegmentOverride, SupportLevel
from cs_platform.people import keyset
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
        "unschedule": "segmentation.publish",
        "roll_back": "segmentation.publish",
        "differences": "segmentation.view",
        "movers": "segmentation.view",
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

    def shape(self) -> Any:
        return shapes.MoverOut if self.action == "movers" else super().shape()

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

    @extend_schema(responses=shapes.MoverOut(many=True))
    @action(detail=True, methods=["get"])
    def movers(self, request: Request, pk: UUID) -> Response:
        """The accounts that would move if this version was published, by name."""
        found, (_, cursor, limit) = self.get_object(), self.page_args()
        rows = services.movers(found.rules, now=self.now)
        page = keyset.paginate(rows, sort="name", allowed={"name": "sort_name"}, cursor=cursor, limit=limit)
        count = rows.count() if self.wants_count() else None
        return self.page_of(services.as_movers(page.rows, found.rules), next_cursor=page.next, count=count)

    @extend_schema(responses=shapes.DifferencesOut)
    @action(detail=True, methods=["get"])
    def differences(self, request: Request, pk: UUID) -> Response:
        """What this version says differently from the one that was in force before it, in words."""
        found = self.get_object()
        before = selectors.version_before(found)
        said = selectors.differences(before.rules if before else [], found.rules)
        body = {"before": before.number if before else None, "differences": said}
        return Response(shapes.DifferencesOut(body).data)

    @extend_schema(request=shapes.PublishIn, responses=shapes.SegmentationOut)
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, pk: UUID) -> Response:
        """This version counts from now on, and every managed account is segmented anew; or from the beginning of a day
        to come."""
        draft = self.get_object()
        with told():
            on = self.parse(shapes.PublishIn).get("effective_on")
            return self.one(services.publish_segmentation(draft, effective_on=on, actor=self.actor, now=self.now))

    @extend_schema(request=NothingIn, responses=shapes.SegmentationOut)
    @action(detail=True, methods=["post"])
    def unschedule(self, request: Request, pk: UUID) -> Response:
        """It does not count from its day; it is a draft again."""
        version = self.get_object()
        self.parse(NothingIn)
        return self.one(services.unschedule_segmentation(version, actor=self.actor, now=self.now))

    @extend_schema(request=shapes.PublishIn, responses={201: shapes.SegmentationOut})
    @action(detail=True, methods=["post"], url_path="roll-back")
    def roll_back(self, request: Request, pk: UUID) -> Response:
        """The rules of this earlier version count again, as a new version. Simulate it first: what would move now may
        differ from what moved then."""
        version = self.get_object()
        with told():
            on = self.parse(shapes.PublishIn).get("effective_on")
            made = services.roll_back_segmentation(version, effective_on=on, actor=self.actor, now=self.now)
        return self.created(made)


class SegmentOverrideViewSet(Lists, Retrieves, TenantViewSet):
    """Segments and service models that people have set by hand: what holds, and with `active=false` what has ended."""

    model = SegmentOverride
    required = {"list": "segmentation.view", "retrieve": "segmentation.view", "end": "account.override_segment"}
    serializer_class = shapes.OverrideOut
    sort_fields = selectors.OVERRIDE_SORTS
    default_sort = "expires_on"
    query_params = ("active",)

    def rows(self) -> QuerySet[SegmentOverride]:
        if self.action != "list":
            return selectors.overrides(active=None)
        active = self.bool_param("active")
        return selectors.overrides(active=True if active is None else active)

    @extend_schema(request=NothingIn, responses=shapes.OverrideOut)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: UUID) -> Response:
        """The rules decide again from now on."""
        override = self.get_object()
        self.parse(NothingIn)
        return self.one(services.end_override(override, actor=self.actor, now=self.now))


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
