"""Connections and their runs over the API: the same verbs as behind the pages' buttons."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from cs_platform.people.api import Lists, Retrieves, TenantViewSet
from integrations.salesforce import selectors, services
from integrations.salesforce.api.serializers import ConnectionIn, ConnectionOut, SyncIn, SyncRunOut, TestOut
from integrations.salesforce.login import SECRET_FIELDS
from integrations.salesforce.models import Connection, SyncRun
from integrations.salesforce.services import ConnectionInput


def _given(data: dict[str, Any]) -> ConnectionInput:
    return ConnectionInput(
        name=data.get("name"),
        auth=data.get("auth"),
        login_url=data.get("login_url"),
        settings=data.get("settings"),
        secrets={field: data[field] for field in SECRET_FIELDS if data.get(field)},
    )


class ConnectionViewSet(Lists, Retrieves, TenantViewSet):
    model = Connection
    required = {
        "list": "connection.view",
        "retrieve": "connection.view",
        "create": "connection.create",
        "partial_update": "connection.edit",
        "test": "connection.test",
        "sync": "connection.sync",
        "pause": "connection.pause",
        "resume": "connection.resume",
    }
    serializer_class = ConnectionOut
    sort_fields = {"name": "name", "created_at": "created_at"}
    default_sort = "name"
    query_params = ("state",)
    outside = frozenset({"test"})

    def rows(self) -> QuerySet[Connection]:
        found = selectors.connections()
        state = self.param("state")
        return found.filter(state=state) if state else found

    @extend_schema(request=ConnectionIn, responses={201: ConnectionOut})
    def create(self, request: Request) -> Response:
        given = _given(self.parse(ConnectionIn))
        return self.created(services.create_connection(given, actor=self.actor, now=self.now))

    @extend_schema(request=ConnectionIn, responses=ConnectionOut)
    def partial_update(self, request: Request, pk: str) -> Response:
        connection = self.get_object()
        given = _given(self.parse(ConnectionIn, partial=True))
        return self.one(services.edit_connection(connection, given, actor=self.actor, now=self.now))

    @extend_schema(request=None, responses=TestOut)
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: str) -> Response:
        result = services.test_connection(self.get_object(), actor=self.actor, now=self.now)
        return Response({"ok": result.ok, "message": result.message, "warnings": list(result.warnings)})

    @extend_schema(request=SyncIn, responses={202: SyncRunOut})
    @action(detail=True, methods=["post"])
    def sync(self, request: Request, pk: str) -> Response:
        connection = self.get_object()
        data = self.parse(SyncIn)
        run = services.start_sync(connection, full=data["full"], actor=self.actor, now=self.now)
        return Response(SyncRunOut(run).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses=ConnectionOut)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        return self.one(services.pause_connection(self.get_object(), actor=self.actor, now=self.now))

    @extend_schema(request=None, responses=ConnectionOut)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        return self.one(services.resume_connection(self.get_object(), actor=self.actor, now=self.now))


class SyncRunViewSet(Lists, Retrieves, TenantViewSet):
    model = SyncRun
    required = {"list": "connection.view", "retrieve": "connection.view", "cancel": "connection.sync"}
    serializer_class = SyncRunOut
    sort_fields = {"started_at": "started_at"}
    default_sort = "-started_at"
    query_params = ("connection_id", "state")

    def rows(self) -> QuerySet[SyncRun]:
        found = selectors.runs().order_by()
        for name in self.query_params:
            value = self.param(name)
            if value:
                found = found.filter(**{name: value})
        return found

    @extend_schema(request=None, responses=SyncRunOut)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        return self.one(services.cancel_sync(self.get_object(), actor=self.actor, now=self.now))
