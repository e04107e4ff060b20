"""handoffs/."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.fields import told
from accounts.services import cleaning
from cs_platform.people.api import Lists, Retrieves, TenantViewSet
from cs_platform.people.api.shapes import NothingIn
from cs_platform.people.models import Membership
from onboarding import selectors, services
from onboarding.api import shapes
from onboarding.models import Handoff


class HandoffViewSet(Lists, Retrieves, TenantViewSet):
    """The way of customers from those who sold to those who look after them."""

    model = Handoff
    required = {
        "list": "handoff.view",
        "retrieve": "handoff.view",
        "document": "handoff.view",
        "texts": "handoff.view",
        "assign_engineer": "handoff.edit",
        "answer_cloud": "handoff.edit",
        "skip_item": "handoff.edit",
        "edit_document": "handoff.edit",
        "finish_document": "handoff.edit",
        "take_up_document": "handoff.edit",
        "plan_meeting": "handoff.edit",
        "hold_meeting": "handoff.edit",
        "call_off_meeting": "handoff.edit",
    }
    serializer_class = shapes.HandoffOut
    sort_fields = dict(selectors.HANDOFF_SORTS)
    default_sort = "close_date"
    query_params = ("account_id", "opportunity_id", "state", "q")

    def rows(self) -> QuerySet[Handoff]:
        if self.action != "list":
            return selectors.handoff_list(selectors.HandoffFilters())
        states = self.params_list("state")
        if states == ["open"]:
            states = list(Handoff.OPEN)
        for state in states:
            if state not in Handoff.State.values:
                self.invalid("state", f"Say open, or some of {', '.join(Handoff.State.values)}.")
        given = selectors.HandoffFilters(
            q=self.param("q") or "",
            states=states,
            account_id=self._reference("account_id"),
            opportunity_id=self._reference("opportunity_id"),
        )
        return selectors.handoff_list(given)

    def _reference(self, name: str) -> UUID | None:
        try:
            return cleaning.reference(self.param(name))
        except cleaning.BadValue as bad:
            self.invalid(name, str(bad), code=bad.code)

    def many(self, found: Iterable[Any]) -> list[Any]:
        looks = selectors.look(list(found), now=self.now, zone=self.tenant.timezone)
        return list(self.shape()(looks, many=True, context=self.shape_context()).data)

    def serialize(self, found: Any, *, whole: bool = False) -> Any:
        context = {"request": self.request, "view": self} if whole else self.shape_context()
        look = selectors.look_at(found, now=self.now, zone=self.tenant.timezone)
        return self.shape()(look, context=context).data

    # --- verbs --------------------------------------------------------------------------------------------------------

    @extend_schema(request=shapes.EngineerIn, responses=shapes.HandoffOut)
    @action(detail=True, methods=["post"], url_path="assign-engineer")
    def assign_engineer(self, request: Request, pk: UUID) -> Response:
        """Who is the customer engineer; null for nobody."""
        handoff = self.get_object()
        member_id = self.parse(shapes.EngineerIn)["customer_engineer_id"]
        member = Membership.objects.select_related("user").filter(pk=member_id).first() if member_id else None
        if member_id and member is None:
            self.invalid("customer_engineer_id", "There is no such member.", code="not_found")
        services.assign_engineer(handoff, member, actor=self.actor, now=self.now)
        return self._again(handoff)

    @extend_schema(request=shapes.CloudIn, responses=shapes.HandoffOut)
    @action(detail=True, methods=["post"], url_path="answer-cloud")
    def answer_cloud(self, request: Request, pk: UUID) -> Response:
        """Whether a production instance in our cloud is needed."""
        handoff = self.get_object()
        needed = self.parse(shapes.CloudIn)["is_needed"]
        services.answer_cloud(handoff, needed, actor=self.actor, now=self.now)
        return self._again(handoff)

    @extend_schema(request=shapes.SkipItemIn, responses=shapes.HandoffOut)
    @action(detail=True, methods=["post"], url_path="skip-item")
    def skip_item(self, request: Request, pk: UUID) -> Response:
        """Leave an item out; the reason stays with it."""
        handoff = self.get_object()
        typed = self.parse(shapes.SkipItemIn)
        with told():
            services.skip_item(handoff, typed["item"], typed["reason"], actor=self.actor, now=self.now)
        return self._again(handoff)

    @extend_schema(request=shapes.DocumentIn, responses=shapes.DocumentOut)
    @action(detail=True, methods=["post"], url_path="edit-document")
    def edit_document(self, request: Request, pk: UUID) -> Response:
        """What the hand-off document says."""
        document = selectors.document_of(self.get_object())
        body = self.parse(shapes.DocumentIn)["body"]
        with told():
            services.edit_document(document, body, actor=self.actor, now=self.now)
        return self._document(document.handoff)

    @extend_schema(request=NothingIn, responses=shapes.DocumentOut)
    @action(detail=True, methods=["post"], url_path="finish-document")
    def finish_document(self, request: Request, pk: UUID) -> Response:
        """The document can be read from now on."""
        document = selectors.document_of(self.get_object())
        self.parse(NothingIn)
        services.finish_document(document, actor=self.actor, now=self.now)
        return self._document(document.handoff)

    @extend_schema(request=NothingIn, responses=shapes.DocumentOut)
    @action(detail=True, methods=["post"], url_path="take-up-document")
    def take_up_document(self, request: Request, pk: UUID) -> Response:
        """There is something to change in the document."""
        document = selectors.document_of(self.get_object())
        self.parse(NothingIn)
        services.take_up_document(document, actor=self.actor, now=self.now)
        return self._document(document.handoff)

    @extend_schema(request=shapes.MeetingIn, responses=shapes.HandoffOut)
    @action(detail=True, methods=["post"], url_path="plan-meeting")
    def plan_meeting(self, request: Request, pk: UUID) -> Response:
        """When the knowledge transfer is and who comes; said again, it moves."""
        handoff = self.get_object()
        given = services.MeetingInput(**self.parse(shapes.MeetingIn))
        with told():
            services.plan_meeting(handoff, given, actor=self.actor, now=self.now)
        return self._again(handoff)

    @extend_schema(request=NothingIn, responses=shapes.HandoffOut)
    @action(detail=True, methods=["post"], url_path="hold-meeting")
    def hold_meeting(self, request: Request, pk: UUID) -> Response:
        """The knowledge transfer took place."""
        handoff = self.get_object()
        self.parse(NothingIn)
        services.hold_meeting(handoff, actor=self.actor, now=self.now)
        return self._again(handoff)

    @extend_schema(request=NothingIn, responses=shapes.HandoffOut)
    @action(detail=True, methods=["post"], url_path="call-off-meeting")
    def call_off_meeting(self, request: Request, pk: UUID) -> Response:
        """The knowledge transfer will not take place then."""
        handoff = self.get_object()
        self.parse(NothingIn)
        services.call_off_meeting(handoff, actor=self.actor, now=self.now)
        return self._again(handoff)

    # --- views --------------------------------------------------------------------------------------------------------

    @extend_schema(responses=shapes.DocumentOut)
    @action(detail=True, methods=["get"])
    def document(self, request: Request, pk: UUID) -> Response:
        """The hand-off document with its text."""
        return self._document(self.get_object())

    @extend_schema(responses=shapes.HandoffTextsOut)
    @action(detail=True, methods=["get"])
    def texts(self, request: Request, pk: UUID) -> Response:
        """The agenda of the kick-off and the introduction of the advisor, ready to be copied."""
        texts = selectors.texts_of(self.get_object())
        return Response({name: texts.get(name, "") for name in ("kick_off", "introduction")})

    def _document(self, handoff: Handoff) -> Response:
        return Response(shapes.DocumentOut(selectors.document_of(handoff)).data)

    def _again(self, handoff: Handoff) -> Response:
        return self.one(self.rows().get(pk=handoff.pk))
