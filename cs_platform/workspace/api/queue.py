"""queue/: the work of the organisation that waits, is done now, or was given up; and doing it again."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from cs_platform.ledger.models import Outbox
from cs_platform.people.api import serializers
from cs_platform.people.api.frame import TenantAPIView
from cs_platform.people.api.shapes import NothingIn
from cs_platform.people.api.viewsets import Lists, Retrieves, TenantViewSet
from cs_platform.workspace import selectors, services

OPEN = [state for state in Outbox.State.values if state != Outbox.State.DONE]
BIGGEST = 2**63 - 1


class WorkOut(serializers.StrictSerializer):
    """A row of the outbox without what it carries: that is for the job alone and may be sealed."""

    id = serializers.CharField()
    kind = serializers.CharField()
    state = serializers.ChoiceField(choices=Outbox.State.choices)
    due_at = serializers.DateTimeField()
    attempts = serializers.IntegerField()
    reason = serializers.CharField(source="last_error")
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class QueueStateOut(serializers.StrictSerializer):
    due = serializers.IntegerField()
    oldest_due_at = serializers.DateTimeField(source="oldest", allow_null=True)
    later = serializers.IntegerField()
    leased = serializers.IntegerField()
    dead = serializers.IntegerField()


class QueueViewSet(Lists, Retrieves, TenantViewSet):
    """Work that is done is not listed: the audit log tells what came of it."""

    model = Outbox
    required = {"list": "queue.view", "retrieve": "queue.view", "replay": "queue.replay"}
    serializer_class = WorkOut
    sort_fields = {"id": "id", "due_at": "due_at"}
    default_sort = "-id"
    query_params = ("state", "kind")
    uuid_arguments = False

    def rows(self) -> QuerySet[Outbox]:
        found = Outbox.objects.filter(state__in=OPEN)
        if self.action != "list":
            return found
        state, kind = self.param("state"), self.param("kind")
        if state is not None and state not in OPEN:
            self.invalid("state", f"A state is one of: {', '.join(OPEN)}.")
        if state is not None:
            found = found.filter(state=state)
        return found.filter(kind=kind) if kind is not None else found

    def get_object(self) -> Outbox:
        pk = self.kwargs["pk"]
        if not pk.isascii() or not pk.isdigit() or len(pk) > 19 or int(pk) > BIGGEST:
            raise Http404
        return super().get_object()  # type: ignore[no-any-return]

    @extend_schema(parameters=[OpenApiParameter("state", str, enum=OPEN), OpenApiParameter("kind", str)])
    def list(self, request: Request, **kwargs: Any) -> Response:
        """What waits, what is at work, and what was given up, the newest first."""
        return super().list(request, **kwargs)

    @extend_schema(request=NothingIn, responses=WorkOut)
    @action(detail=True, methods=["post"])
    def replay(self, request: Request, pk: str) -> Response:
        """Work that was given up is due again now. Refused if it was not given up."""
        row = self.get_object()
        self.parse(NothingIn)
        services.replay_work(row, actor=self.actor, now=self.now)
        row.refresh_from_db()
        return self.one(row)


class QueueState(TenantAPIView):
    required = {"get": "queue.view"}

    @extend_schema(responses=QueueStateOut)
    def get(self, request: Request) -> Response:
        """How much waits and since when, how much is at work, how much was given up."""
        return Response(QueueStateOut(selectors.queue_state(self.now)).data)
