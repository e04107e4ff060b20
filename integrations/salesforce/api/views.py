"""Connections and their runs over the API: the same verbs as behind the pages' buttons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from cs_platform import ledger
from cs_platform.people.api import Lists, Retrieves, TenantViewSet
from cs_platform.people.api.shapes import NothingIn
from integrations.salesforce import mapping, previewing, selectors, services
from integrations.salesforce.api.serializers import (
    ConnectionIn,
    ConnectionOut,
    MappingPreviewIn,
    MappingPreviewOut,
    SyncIn,
    SyncRunOut,
    TestOut,
)
from integrations.salesforce.api.writing import Writes
from integrations.salesforce.login import SECRET_FIELDS
from integrations.salesforce.models import Connection, SyncRun
from integrations.salesforce.services import ConnectionInput
from integrations.salesforce.writing import replaying

#: Refusals that mean a wrong body, not a state that says no.
_OF_INPUT = {"invalid", "required", "host_not_allowed", "credentials_needed"}


@contextmanager
def _input_errors() -> Iterator[None]:
    """What is wrong with the given values is a 400 at its field, as for every other body."""
    try:
        yield
    except ledger.Refused as refusal:
        if refusal.code not in _OF_INPUT:
            raise
        detail = exceptions.ErrorDetail(str(refusal), refusal.code)
        raise exceptions.ValidationError({refusal.field or "non_field_errors": [detail]}) from refusal


def _given(data: dict[str, Any]) -> ConnectionInput:
    return ConnectionInput(
        name=data.get("name"),
        auth=data.get("auth"),
        login_url=data.get("login_url"),
        settings=data.get("settings"),
        secrets={field: data[field] for field in SECRET_FIELDS if data.get(field)},
    )


def _one_of(view: TenantViewSet, name: str, words: Sequence[str]) -> str | None:
    value = view.param(name)
    if value is not None and value not in words:
        view.invalid(name, f"Say one of {', '.join(words)}.")
    return value


class ConnectionViewSet(Writes, Lists, Retrieves, TenantViewSet):
    model = Connection
    required = {
        "list": "connection.view",
        "retrieve": "connection.view",
        "create": "connection.create",
        "partial_update": "connection.edit",
        "test": "connection.test",
        "preview": "connection.edit",
        "sync": "connection.sync",
        "pause": "connection.pause",
        "resume": "connection.resume",
        "writes": "connection.view",
        "replay": "write.replay",
        "discard": "write.discard",
    }
    serializer_class = ConnectionOut
    sort_fields = {"name": "name", "created_at": "created_at"}
    default_sort = "name"
    query_params = ("state",)
    outside = frozenset({"test", "preview"})

    def rows(self) -> QuerySet[Connection]:
        found = selectors.connections()
        state = _one_of(self, "state", Connection.State.values) if self.action == "list" else None
        return found.filter(state=state) if state else found

    @extend_schema(request=ConnectionIn, responses={201: ConnectionOut})
    def create(self, request: Request) -> Response:
        """Connect an org. Credentials go in and never come out; `test` says whether they work."""
        given = _given(self.parse(ConnectionIn))
        with _input_errors():
            made = services.create_connection(given, actor=self.actor, now=self.now)
        return self.created(made)

    @extend_schema(request=ConnectionIn, responses=ConnectionOut)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what is given. A new `login_url` needs all credentials with it."""
        connection = self.get_object()
        given = _given(self.parse(ConnectionIn, partial=True))
        with _input_errors():
            connection = services.edit_connection(connection, given, actor=self.actor, now=self.now)
        return self.one(connection)

    @extend_schema(request=NothingIn, responses=TestOut)
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: str) -> Response:
        """Log in and look around. `ok` is false with the reason in words; nothing is read into the book."""
        result = services.test_connection(self.get_object(), actor=self.actor, now=self.now)
        return Response({"ok": result.ok, "message": result.message, "warnings": list(result.warnings)})

    @extend_schema(request=MappingPreviewIn, responses=MappingPreviewOut)
    @action(detail=True, methods=["post"])
    def preview(self, request: Request, pk: str) -> Response:
        """The first rows of an object through a mapping, before it is saved. Reads live and keeps nothing."""
        connection = self.get_object()
        data = self.parse(MappingPreviewIn)
        try:
            chosen = mapping.check_field_map(data.get("field_map", {}))
        except ValueError as error:
            self.invalid("field_map", str(error))
        field_map = {**connection.settings.get("field_map", {}), **chosen}
        found = previewing.preview(connection, data["sobject"], field_map, now=self.now)
        rows = [{"salesforce_id": row_id, "cells": cells} for row_id, cells in found.rows]
        shown = {"ok": found.ok, "message": found.message, "columns": found.columns, "rows": rows}
        return Response(MappingPreviewOut(shown).data)

    @extend_schema(request=SyncIn, responses={202: SyncRunOut})
    @action(detail=True, methods=["post"])
    def sync(self, request: Request, pk: str) -> Response:
        """Start a run, or get the one that is running."""
        connection = self.get_object()
        data = self.parse(SyncIn)
        run = services.start_sync(connection, **data, actor=self.actor, now=self.now)
        return Response(SyncRunOut(run).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=NothingIn, responses=ConnectionOut)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        """Nothing is read until it is resumed."""
        return self.one(services.pause_connection(self.get_object(), actor=self.actor, now=self.now))

    @extend_schema(request=NothingIn, responses=ConnectionOut)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Read on from where it stopped."""
        return self.one(services.resume_connection(self.get_object(), actor=self.actor, now=self.now))


class SyncRunViewSet(Lists, Retrieves, TenantViewSet):
    model = SyncRun
    required = {
        "list": "connection.view",
        "retrieve": "connection.view",
        "cancel": "connection.sync",
        "replay": "connection.sync",
    }
    serializer_class = SyncRunOut
    sort_fields = {"started_at": "started_at"}
    default_sort = "-started_at"
    query_params = ("connection_id", "state")

    def rows(self) -> QuerySet[SyncRun]:
        found = selectors.runs().order_by()
        state, connection_id = _one_of(self, "state", SyncRun.State.values), self.param("connection_id")
        if state:
            found = found.filter(state=state)
        if connection_id:
            try:
                found = found.filter(connection_id=UUID(connection_id))
            except ValueError:
                self.invalid("connection_id", "This is not an id.")
        return found

    @extend_schema(request=NothingIn, responses=SyncRunOut)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Stop at the next page. What was read stays."""
        return self.one(services.cancel_sync(self.get_object(), actor=self.actor, now=self.now))

    @extend_schema(request=NothingIn, responses={202: SyncRunOut})
    @action(detail=True, methods=["post"])
    def replay(self, request: Request, pk: str) -> Response:
        """Read the refused rows again and tell them once more; `row_errors` keeps those that are still wrong."""
        run = replaying.replay_run(self.get_object(), actor=self.actor, now=self.now)
        return Response(SyncRunOut(run).data, status=status.HTTP_202_ACCEPTED)
