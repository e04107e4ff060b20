"""accounts/{id}/stages/ with its verbs, and why the account is in its stage."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import selectors as accounts
from accounts.models import Account
from cs_platform.people.api import TenantAPIView, TenantViewSet
from cs_platform.people.api.errors import Problem
from lifecycle import selectors, services
from lifecycle.api import shapes
from lifecycle.api.shapes import told
from lifecycle.models import AccountLifecycle, StageInterval


class AccountStageViewSet(TenantViewSet):
    model = StageInterval
    required = {
        "list": "lifecycle.view",
        "move": "account.move_stage",
        "leave": "account.move_stage",
        "history": "lifecycle.view",
        "times": "lifecycle.view",
    }
    serializer_class = shapes.StageNowOut
    sort_fields = {"entered_at": "entered_at"}
    default_sort = "-entered_at"
    query_params = ("lifecycle",)

    def rows(self) -> QuerySet[StageInterval]:
        return selectors.history(self.account().pk, self.param("lifecycle") or "")

    def account(self) -> Account:
        return accounts.account_for(self.who, self.kwargs["account_id"])

    def shape(self) -> Any:
        return {"history": shapes.IntervalOut, "times": shapes.StageTimeOut}.get(self.action, shapes.StageNowOut)

    @extend_schema(responses=shapes.StageNowOut(many=True))
    def list(self, request: Request, account_id: UUID) -> Response:
        """Where the account stands: one row per lifecycle that it is in."""
        there = selectors.current_stages([self.account().pk], now=self.now).get(account_id, {})
        wanted = self.param("lifecycle")
        rows = [now for key, now in there.items() if wanted in (None, key)]
        return self.page_of(rows, next_cursor=None, count=len(rows))

    @extend_schema(request=shapes.MoveIn, responses=shapes.StageNowOut)
    @action(detail=False, methods=["post"])
    def move(self, request: Request, account_id: UUID) -> Response:
        """To another stage, now or with effect from an earlier moment."""
        account = self.account()
        typed = self.parse(shapes.MoveIn)
        key = self._lifecycle(typed)
        self._compare(account, key)
        with told():
            services.move_stage(
                account,
                key,
                typed["stage"],
                reason=typed.get("reason", ""),
                effective_at=typed.get("effective_at"),
                actor=self.actor,
                now=self.now,
            )
        there = selectors.current_stages([account.pk], now=self.now)[account.pk][key]
        return Response(shapes.StageNowOut(there).data, headers={"ETag": f'"{there.version}"'})

    @extend_schema(request=shapes.LeaveIn, responses={204: None})
    @action(detail=False, methods=["post"])
    def leave(self, request: Request, account_id: UUID) -> Response:
        """Out of a lifecycle that is not the default one; the history stays."""
        account = self.account()
        typed = self.parse(shapes.LeaveIn)
        self._compare(account, typed["lifecycle"])
        with told():
            services.leave_lifecycle(
                account, typed["lifecycle"], reason=typed.get("reason", ""), actor=self.actor, now=self.now
            )
        return Response(status=204)

    @extend_schema(responses=shapes.IntervalOut(many=True))
    @action(detail=False, methods=["get"])
    def history(self, request: Request, account_id: UUID) -> Response:
        """Every interval, newest first. `?lifecycle=<key>` picks one lifecycle."""
        return self.page(self.get_queryset())

    @extend_schema(responses=shapes.StageTimeOut(many=True))
    @action(detail=False, methods=["get"])
    def times(self, request: Request, account_id: UUID) -> Response:
        """Counted time in each stage: of the latest stay and of all stays together."""
        found = selectors.stage_times(self.account().pk, now=self.now)
        return self.page_of(found, next_cursor=None, count=len(found))

    def _lifecycle(self, typed: dict[str, Any]) -> str:
        default = None if typed.get("lifecycle") else selectors.default_lifecycle()
        return str(typed.get("lifecycle") or (default.key if default else ""))

    def _compare(self, account: Account, key: str) -> None:
        """If-Match against the version that the list gives; the row stays locked until the verb is done."""
        asked = self.request.META.get("HTTP_IF_MATCH")
        if asked is None or asked.strip() == "*":
            return
        row = AccountLifecycle.objects.select_for_update(of=("self",)).filter(account=account, lifecycle__key=key)
        version = row.values_list("version", flat=True).first()
        tags = {tag.strip().removeprefix("W/").strip('"') for tag in asked.split(",")}
        if str(version) not in tags:
            raise Problem(412, "stale", "The account has moved since you read its stage. Read it again.")


class ExplainStage(TenantAPIView):
    """Why the account is in its stage."""

    required = {"get": "lifecycle.view"}
    query_params = ("lifecycle",)

    @extend_schema(responses=shapes.StageExplanationOut)
    def get(self, request: Request, account_id: UUID) -> Response:
        account = accounts.account_for(self.who, account_id)
        found = selectors.explain_stage(account, self.param("lifecycle") or "")
        return Response(shapes.StageExplanationOut(found).data)
