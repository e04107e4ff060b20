"""tasks/."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.fields import told
from accounts.services import cleaning
from activities import selectors, services
from activities.api import shapes
from activities.models import Task
from cs_platform.people.api import Lists, Retrieves, TenantViewSet
from cs_platform.people.api.shapes import NothingIn
from cs_platform.people.models import Membership, Role


class TaskViewSet(Lists, Retrieves, TenantViewSet):
    """What the team has to do."""

    model = Task
    required = {
        "list": "task.view",
        "retrieve": "task.view",
        "create": "task.create",
        "partial_update": "task.edit",
        "start": "task.work",
        "send_to_review": "task.work",
        "complete": "task.work",
        "reopen": "task.work",
        "cancel": "task.work",
    }
    serializer_class = shapes.TaskOut
    sort_fields = dict(selectors.TASK_SORTS)
    default_sort = "due_date"
    query_params = (
        "account_id", "assignee_id", "mine", "role", "state", "overdue", "due_before", "due_after", "source_kind",
        "source_id", "q",
    )  # fmt: skip

    def rows(self) -> QuerySet[Task]:
        if self.action != "list":
            return selectors.tasks()
        given = selectors.TaskFilters(
            q=self.param("q") or "",
            mine=self._mine(),
            account_id=self._cleaned("account_id", cleaning.reference),
            assignee_id=self._cleaned("assignee_id", cleaning.reference),
            role=self._choice("role", Role.values),
            states=self._states(),
            source_kind=self.param("source_kind"),
            source_id=self.param("source_id"),
            due_before=self._cleaned("due_before", cleaning.day),
            due_after=self._cleaned("due_after", cleaning.day),
            overdue_on=self._today() if self.bool_param("overdue") else None,
        )
        return selectors.task_list(given)

    def _mine(self) -> Membership | None:
        if not self.bool_param("mine"):
            return None
        if not isinstance(self.who, Membership):
            self.invalid("mine", "A key has no tasks of its own. Say whose with assignee_id.")
        return self.who

    def _states(self) -> list[str]:
        asked = self.params_list("state")
        if asked == ["open"]:
            return list(Task.OPEN)
        for state in asked:
            if state not in Task.State.values:
                self.invalid("state", f"Say open, or some of {', '.join(Task.State.values)}.")
        return asked

    def _choice(self, name: str, choices: list[str]) -> str | None:
        value = self.param(name)
        if value is not None and value not in choices:
            self.invalid(name, f"Say one of {', '.join(choices)}.")
        return value

    def _cleaned(self, name: str, cleaner: cleaning.Cleaner) -> Any:
        try:
            return cleaner(self.param(name))
        except cleaning.BadValue as bad:
            self.invalid(name, str(bad), code=bad.code)

    def _today(self) -> date:
        return self.now.astimezone(ZoneInfo(self.tenant.timezone)).date()

    @extend_schema(request=shapes.TaskIn, responses={201: shapes.TaskOut})
    def create(self, request: Request) -> Response:
        """A task that somebody has to do."""
        values = shapes.values_of(self.parse(shapes.TaskIn))
        with told():
            return self.created(services.create_task(values, actor=self.actor, now=self.now))

    @extend_schema(request=shapes.TaskIn, responses=shapes.TaskOut)
    def partial_update(self, request: Request, pk: UUID) -> Response:
        """Change the given fields; null clears. A member takes a role's place, and the other way round."""
        task = self.get_object()
        values = shapes.values_of(self.parse(shapes.TaskIn, partial=True))
        with told():
            return self.one(services.edit_task(task, values, actor=self.actor, now=self.now))

    @extend_schema(request=NothingIn, responses=shapes.TaskOut)
    @action(detail=True, methods=["post"])
    def start(self, request: Request, pk: UUID) -> Response:
        """Somebody is at it."""
        return self._do(services.start_task)

    @extend_schema(request=NothingIn, responses=shapes.TaskOut)
    @action(detail=True, methods=["post"], url_path="send-to-review")
    def send_to_review(self, request: Request, pk: UUID) -> Response:
        """Done, as far as whoever did it is concerned."""
        return self._do(services.send_task_to_review)

    @extend_schema(request=shapes.OutcomeIn, responses=shapes.TaskOut)
    @action(detail=True, methods=["post"])
    def complete(self, request: Request, pk: UUID) -> Response:
        """It is done; `outcome` says what came of it."""
        return self._close(services.complete_task)

    @extend_schema(request=NothingIn, responses=shapes.TaskOut)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, pk: UUID) -> Response:
        """There is something to do again."""
        return self._do(services.reopen_task)

    @extend_schema(request=shapes.OutcomeIn, responses=shapes.TaskOut)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: UUID) -> Response:
        """It will not be done; `outcome` says why."""
        return self._close(services.cancel_task)

    def _do(self, verb: Callable[..., Task]) -> Response:
        task = self.get_object()
        self.parse(NothingIn)
        return self.one(verb(task, actor=self.actor, now=self.now))

    def _close(self, verb: Callable[..., Task]) -> Response:
        task = self.get_object()
        outcome = self.parse(shapes.OutcomeIn).get("outcome", "")
        with told():
            return self.one(verb(task, outcome=outcome, actor=self.actor, now=self.now))
