"""lifecycles/ and stages/ with their verbs."""

import hashlib
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from cs_platform.people.api import Lists, Retrieves, TenantViewSet
from cs_platform.people.api.renderers import dumps
from cs_platform.people.api.shapes import NothingIn
from lifecycle import selectors, services
from lifecycle.api import shapes
from lifecycle.api.shapes import told
from lifecycle.models import Lifecycle, Stage
from lifecycle.services import StageInput


class LifecycleViewSet(Lists, Retrieves, TenantViewSet):
    model = Lifecycle
    required = {
        "list": "lifecycle.view",
        "retrieve": "lifecycle.view",
        "create": "lifecycle.configure",
        "partial_update": "lifecycle.configure",
        "durations": "lifecycle.view",
        "move_accounts": "account.move_stage",
    }
    serializer_class = shapes.LifecycleOut
    sort_fields = {"position": "position", "name": "name", "created_at": "created_at"}
    default_sort = "position"
    query_params = ("key", "cohort")

    def rows(self) -> QuerySet[Lifecycle]:
        found = Lifecycle.objects.prefetch_related(Prefetch("stages", selectors.stages()), "moves")
        key = self.param("key") if self.action == "list" else None
        return found.filter(key=key) if key else found

    def etag(self, found: Any, body: Any = None) -> str:
        """Of the whole answer: its stages and moves have no part in the version of the row."""
        body = self.serialize(found, whole=True) if body is None else body
        return f'"{hashlib.sha256(dumps(body)).hexdigest()[:20]}"'

    def answer(self, lifecycle: Lifecycle) -> Lifecycle:
        return self.rows().get(pk=lifecycle.pk)

    @extend_schema(request=shapes.NewLifecycleIn, responses={201: shapes.LifecycleOut})
    def create(self, request: Request) -> Response:
        """Another lifecycle with its stages in order. All moves are allowed until some are given."""
        typed = self.parse(shapes.NewLifecycleIn)
        stages = [StageInput(**stage) for stage in typed["stages"]]
        with told():
            made = services.create_lifecycle(typed["key"], typed["name"], stages, actor=self.actor, now=self.now)
        return self.created(self.answer(made))

    @extend_schema(request=shapes.LifecycleIn, responses=shapes.LifecycleOut)
    def partial_update(self, request: Request, pk: UUID) -> Response:
        """The name, the allowed moves, the order of the stages."""
        lifecycle = self.get_object()
        typed = self.parse(shapes.LifecycleIn, partial=True)
        moves = typed.get("moves")
        if moves is not None:
            moves = [(move["from_id"], move["to_id"], move.get("needs_reason", False)) for move in moves]
        with told():
            edited = services.edit_lifecycle(
                lifecycle,
                name=typed.get("name"),
                moves=moves,
                stages=typed.get("stages"),
                actor=self.actor,
                now=self.now,
            )
        return self.one(self.answer(edited))

    @extend_schema(responses=shapes.DurationOut(many=True))
    @action(detail=True, methods=["get"])
    def durations(self, request: Request, pk: UUID) -> Response:
        """How long stays in each stage took: median and ninetieth percentile in counted days. `?cohort=month` tells
        them apart by the month in which they began."""
        cohort = self.param("cohort")
        if cohort not in (None, "month"):
            self.invalid("cohort", "The only cohort is `month`.")
        found = selectors.durations(self.get_object(), by_month=cohort == "month", zone=self.tenant.timezone)
        return Response({"results": shapes.DurationOut(found, many=True).data, "next": None, "count": len(found)})

    @extend_schema(request=shapes.MoveAccountsIn, responses=shapes.MovedOut)
    @action(detail=True, methods=["post"], url_path="move-accounts")
    def move_accounts(self, request: Request, pk: UUID) -> Response:
        """Up to 5,000 accounts to one stage: those that may come there come, the answer says which."""
        lifecycle = self.get_object()
        typed = self.parse(shapes.MoveAccountsIn)
        with told():
            moved = services.move_accounts(
                typed["account_ids"],
                lifecycle.key,
                typed["stage"],
                reason=typed.get("reason", ""),
                effective_at=typed.get("effective_at"),
                only_from=typed.get("only_from"),
                actor=self.actor,
                now=self.now,
            )
        there = set(moved)
        others = [pk for pk in dict.fromkeys(typed["account_ids"]) if pk not in there]
        return Response(shapes.MovedOut({"moved": moved, "not_moved": others}).data)


class StageViewSet(Lists, Retrieves, TenantViewSet):
    model = Stage
    required = {
        "list": "lifecycle.view",
        "retrieve": "lifecycle.view",
        "create": "lifecycle.configure",
        "partial_update": "lifecycle.configure",
        "disable": "lifecycle.configure",
        "enable": "lifecycle.configure",
        "used_by": "lifecycle.view",
    }
    serializer_class = shapes.StageOut
    sort_fields = {"position": "position", "name": "name", "lifecycle": "lifecycle__position"}
    default_sort = "lifecycle,position"
    query_params = ("lifecycle", "active")

    def rows(self) -> QuerySet[Stage]:
        found = selectors.stages()
        if self.action != "list":
            return found
        key, active = self.param("lifecycle"), self.bool_param("active")
        found = found.filter(lifecycle__key=key) if key else found
        return found if active is None else found.filter(is_active=active)

    @extend_schema(request=shapes.StageToAddIn, responses={201: shapes.StageOut})
    def create(self, request: Request) -> Response:
        """Another stage of a lifecycle, at this place or at the end."""
        typed = self.parse(shapes.StageToAddIn)
        key, position = typed.pop("lifecycle"), typed.pop("position", None)
        lifecycle = selectors.lifecycles().filter(key=key).first()
        if lifecycle is None:
            self.invalid("lifecycle", f"There is no lifecycle {key!r}.", code="unknown_lifecycle")
        with told():
            made = services.add_stage(lifecycle, StageInput(**typed), position=position, actor=self.actor, now=self.now)
        return self.created(made)

    @extend_schema(request=shapes.StageIn, responses=shapes.StageOut)
    def partial_update(self, request: Request, pk: UUID) -> Response:
        """Change the given fields; null clears the expected days. The end flag stays as it was made."""
        stage = self.get_object()
        typed = self.parse(shapes.StageIn, partial=True)
        with told():
            return self.one(services.edit_stage(stage, **typed, actor=self.actor, now=self.now))

    @extend_schema(request=shapes.DisableIn, responses=shapes.StageOut)
    @action(detail=True, methods=["post"])
    def disable(self, request: Request, pk: UUID) -> Response:
        """No account comes here any more. If something depends on the stage it has to be confirmed."""
        stage = self.get_object()
        confirmed = self.parse(shapes.DisableIn).get("confirmed", False)
        return self.one(services.disable_stage(stage, confirmed=confirmed, actor=self.actor, now=self.now))

    @extend_schema(request=NothingIn, responses=shapes.StageOut)
    @action(detail=True, methods=["post"])
    def enable(self, request: Request, pk: UUID) -> Response:
        """Accounts may come here again."""
        stage = self.get_object()
        self.parse(NothingIn)
        return self.one(services.enable_stage(stage, actor=self.actor, now=self.now))

    @extend_schema(responses=shapes.UsesOut)
    @action(detail=True, methods=["get"], url_path="used-by")
    def used_by(self, request: Request, pk: UUID) -> Response:
        """What depends on the stage."""
        return Response({"uses": selectors.uses_of(self.get_object())})
