"""The way back over the API: conflicts, writes, and trying again."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from cs_platform.people import keyset
from cs_platform.people.api import Lists, Retrieves, StrictSerializer, TenantViewSet, serializers
from integrations.salesforce import conflicts
from integrations.salesforce.conflicts import SIDES
from integrations.salesforce.models import Conflict, Write
from integrations.salesforce.writing import deciding, refusals, showing

MOST = 500


class ConflictOut(StrictSerializer):
    id = serializers.UUIDField()
    connection_id = serializers.UUIDField()
    account_id = serializers.UUIDField(allow_null=True)
    sobject = serializers.CharField()
    salesforce_id = serializers.CharField(source="sf_id")
    field = serializers.CharField(source="key")
    subject = serializers.CharField()
    ours = serializers.JSONField()
    theirs = serializers.JSONField()
    before = serializers.JSONField(source="base")
    ours_words = serializers.CharField()
    theirs_words = serializers.CharField()
    ours_by = serializers.CharField()
    ours_at = serializers.DateTimeField(allow_null=True)
    theirs_by = serializers.CharField()
    theirs_at = serializers.DateTimeField(allow_null=True)
    applied = serializers.ChoiceField(choices=Conflict.Side.choices)
    state = serializers.ChoiceField(choices=Conflict.State.choices)
    kept = serializers.CharField(allow_blank=True)
    resolved_by = serializers.CharField()
    resolved_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    version = serializers.IntegerField()


class ResolveIn(StrictSerializer):
    keep = serializers.ChoiceField(choices=list(SIDES))


class ResolveManyIn(StrictSerializer):
    conflict_ids = serializers.ListField(child=serializers.UUIDField(), max_length=MOST, min_length=1)
    keep = serializers.ChoiceField(choices=list(SIDES))


class ResolvedOut(StrictSerializer):
    resolved = serializers.ListField(child=serializers.UUIDField())
    refused = serializers.DictField(child=serializers.CharField())


class WriteOut(StrictSerializer):
    """`value` is what Salesforce is to hold; the content of a file is not repeated."""

    id = serializers.UUIDField()
    account_id = serializers.UUIDField(allow_null=True)
    kind = serializers.ChoiceField(choices=Write.Kind.choices)
    sobject = serializers.CharField()
    salesforce_id = serializers.SerializerMethodField()
    field = serializers.CharField(source="key")
    subject = serializers.CharField()
    value = serializers.SerializerMethodField()
    state = serializers.ChoiceField(choices=Write.State.choices)
    code = serializers.CharField()
    reason = serializers.CharField()
    advice = serializers.SerializerMethodField()
    attempts = serializers.IntegerField()
    due_at = serializers.DateTimeField()
    changed_at = serializers.DateTimeField()
    done_at = serializers.DateTimeField(allow_null=True)

    def get_salesforce_id(self, write: Write) -> str:
        return write.made_id or write.sf_id

    def get_value(self, write: Write) -> str:  # type: ignore[override]
        return write.subject if write.kind == Write.Kind.RECORD else conflicts.said(write.wanted, write.key)

    def get_advice(self, write: Write) -> str:
        return refusals.advice(write.code) if write.state in deciding.DEAD else ""


class WritesOut(StrictSerializer):
    results = WriteOut(many=True)
    next = serializers.CharField(allow_null=True)
    count = serializers.IntegerField(allow_null=True)


class ReplayIn(StrictSerializer):
    """Without ids everything that failed is tried again."""

    write_ids = serializers.ListField(child=serializers.UUIDField(), max_length=MOST, required=False)


class DiscardIn(StrictSerializer):
    write_ids = serializers.ListField(child=serializers.UUIDField(), max_length=MOST, min_length=1)
    reason = serializers.TextField(max_length=500)


class ChosenOut(StrictSerializer):
    ids = serializers.ListField(child=serializers.UUIDField())


class ConflictViewSet(Lists, Retrieves, TenantViewSet):
    model = Conflict
    required = {
        "list": "connection.view",
        "retrieve": "connection.view",
        "resolve": "conflict.resolve",
        "resolve_many": "conflict.resolve",
    }
    serializer_class = ConflictOut
    sort_fields = {"created_at": "created_at"}
    default_sort = "-created_at"
    query_params = ("state",)

    def rows(self) -> QuerySet[Conflict]:
        state = self.param("state")
        if state is not None and state not in Conflict.State.values:
            self.invalid("state", f"Say one of {', '.join(Conflict.State.values)}.")
        return showing.conflicts(state or "")

    @extend_schema(request=ResolveIn, responses=ConflictOut)
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, pk: str) -> Response:
        """One value stands on both sides from now on: `harbor` ours, `salesforce` theirs."""
        found, data = self.get_object(), self.parse(ResolveIn)
        return self.one(conflicts.resolve(found, data["keep"], actor=self.actor, now=self.now))

    @extend_schema(request=ResolveManyIn, responses=ResolvedOut)
    @action(detail=False, methods=["post"], url_path="resolve-many")
    def resolve_many(self, request: Request) -> Response:
        """The same decision for up to 500. Those that are decided already are left alone."""
        data = self.parse(ResolveManyIn)
        decision = conflicts.resolve_many(data["conflict_ids"], data["keep"], actor=self.actor, now=self.now)
        refused = {str(pk): words for pk, words in decision.refused.items()}
        return Response(ResolvedOut({"resolved": decision.resolved, "refused": refused}).data)


class Writes:
    """The writes of one connection; part of its resource."""

    @extend_schema(responses=WritesOut)
    @action(detail=True, methods=["get"])
    def writes(self: Any, request: Request, pk: str) -> Response:
        """What Salesforce is to know, newest change first. `state` is dead (needs somebody), waiting, written,
        discarded, or one state.
        """
        state = self.param("state") or ""
        known = (*showing.STATES, *Write.State.values)
        if state and state not in known:
            self.invalid("state", f"Say one of {', '.join(dict.fromkeys(known))}.")
        rows = showing.writes(self.get_object(), state)
        _sort, cursor, limit = self.page_args()
        page = keyset.paginate(
            rows, sort="-changed_at", allowed={"changed_at": "changed_at"}, cursor=cursor, limit=limit
        )
        count = rows.order_by().count() if self.wants_count() else None
        following = None
        if page.next is not None:
            query = request.query_params.copy()
            query["cursor"] = page.next
            following = request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
        return Response({"results": WriteOut(page.rows, many=True).data, "next": following, "count": count})

    @extend_schema(request=ReplayIn, responses=ChosenOut)
    @action(detail=True, methods=["post"], url_path="writes/replay")
    def replay(self: Any, request: Request, pk: str) -> Response:
        """Try again what Salesforce did not take: these, or all that failed. A record that is `unknown` is sent again
        only if it is named.
        """
        data = self.parse(ReplayIn)
        done = deciding.replay(self.get_object(), data.get("write_ids"), actor=self.actor, now=self.now)
        return Response(ChosenOut({"ids": done}).data)

    @extend_schema(request=DiscardIn, responses=ChosenOut)
    @action(detail=True, methods=["post"], url_path="writes/discard")
    def discard(self: Any, request: Request, pk: str) -> Response:
        """Let these go; Salesforce keeps what it has."""
        connection, data = self.get_object(), self.parse(DiscardIn)
        done = deciding.discard(connection, data["write_ids"], data["reason"], actor=self.actor, now=self.now)
        return Response(ChosenOut({"ids": done}).data)
