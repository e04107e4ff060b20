"""What every API request goes through: size, who, scope, right, budget, the handler, the answer."""

from collections.abc import Mapping
from contextlib import ExitStack, nullcontext
from datetime import datetime
from typing import Any, ClassVar, NoReturn
from uuid import UUID

from django.db import transaction
from django.http import Http404, HttpRequest
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from cs_platform.ledger import Actor
from cs_platform.people import policies, services
from cs_platform.people.api.errors import Problem
from cs_platform.people.api.idempotency import Replay
from cs_platform.people.api.parsers import MAX_BYTES
from cs_platform.people.api.throttling import CallerThrottle
from cs_platform.people.doors import read_transaction
from cs_platform.people.models import ApiKey, Membership
from cs_platform.people.permissions import VERBS
from cs_platform.people.second_factor import rule
from cs_platform.tenancy import clock
from cs_platform.tenancy.models import Tenant
from cs_platform.tenancy.scope import tenant_scope

READING = ("GET", "HEAD")


class TenantAPIView(APIView):
    """`required` names the verb of the table of rights for each handler; a class with a handler that is not in it
    cannot be imported. The tenant's scope is open around the handler and the rendering."""

    required: ClassVar[Mapping[str, str]] = {}
    query_params: ClassVar[tuple[str, ...]] = ()
    outside: ClassVar[frozenset[str]] = frozenset()
    uuid_arguments = True
    format_kwarg = None  # the REST framework asks for it; an address has no format suffix here
    permission_classes = ()  # the table of rights decides, in initial()
    throttle_classes = (CallerThrottle,)
    http_method_names = ["get", "post", "put", "patch", "delete", "head"]

    fields_are_read = False  # set by whoever narrows the answer itself

    who: Membership | ApiKey
    now: datetime

    def __init_subclass__(cls, *, abstract: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if abstract:
            return
        missing = sorted(set(cls.handlers()) - set(cls.required))
        if missing:
            raise TypeError(f"{cls.__name__}.required does not say what {', '.join(missing)} requires")
        unknown = sorted(set(cls.required.values()) - set(VERBS))
        if unknown:
            raise TypeError(f"{cls.__name__}.required: {', '.join(unknown)} is not in people/permissions.py")

    @classmethod
    def handlers(cls) -> list[str]:
        return [method for method in ("get", "post", "put", "patch", "delete") if hasattr(cls, method)]

    # --- the way of a request ---------------------------------------------------------------------------------------

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:  # type: ignore[override]
        self.args, self.kwargs = args, kwargs
        self.headers: dict[str, str] = {}
        self.now = clock.now()
        with ExitStack() as self.scope:
            self.request = framed = self.initialize_request(request, *args, **kwargs)
            try:
                self.initial(framed, *args, **kwargs)
                response = self._run(framed)
            except Exception as exc:
                response = self.handle_exception(exc)
            self.response = self.finalize_response(framed, response, *args, **kwargs)
            self.response.render()
        return self.response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self._check_size(request)
        request.accepted_renderer, request.accepted_media_type = self.perform_content_negotiation(request)
        self.perform_authentication(request)
        if request.auth is None:
            if request.user is None:
                raise exceptions.NotAuthenticated("Send a key: `Authorization: Bearer <key>`.")
            raise Problem(403, "no_membership", "You are not a member of the organisation of this session.")
        self.who = request.who = request._request.who = request.auth  # type: ignore[attr-defined,assignment]
        self.scope.enter_context(tenant_scope(self.who.tenant_id))
        self.check_throttles(request)
        if isinstance(self.who, Membership):
            rule.require(self.who)
            services.note_member_seen(self.who, now=self.now)
        name = self.handler_name()
        if name is None:
            raise exceptions.MethodNotAllowed(request.method or "")
        policies.require(self.who, self.required[name])
        self.kwargs = {key: self._argument(key, value) for key, value in kwargs.items()}
        self._check_query(request)

    def handler_name(self) -> str | None:
        method = (self.request.method or "").lower()
        method = "get" if method == "head" else method
        return method if method in self.http_method_names and hasattr(self, method) else None

    def _run(self, request: Request) -> Response:
        name = self.handler_name()
        handler = getattr(self, name or "")

        def run() -> Response:
            # With If-Match the row is compared and changed under one lock, so the handler gets one transaction.
            with transaction.atomic() if "HTTP_IF_MATCH" in request.META else nullcontext():
                return handler(request, *self.args, **self.kwargs)

        if request.method in READING:
            with read_transaction():
                return self._narrowed(handler(request, *self.args, **self.kwargs))
        if request.method == "POST" and "HTTP_IDEMPOTENCY_KEY" in request.META:
            replay = Replay(
                route=request.path,
                key=request.META["HTTP_IDEMPOTENCY_KEY"],
                body=request._request.body,
                now=self.now,
                redact=self.stored_answer,
            )
            return replay.answer(run, self.handle_exception, outside=name in self.outside)
        return run()

    def _narrowed(self, response: Response) -> Response:
        """`?fields=` for answers that no shape of a resource has narrowed already."""
        asked, data = self.params_list("fields"), response.data
        if not asked or self.fields_are_read or not isinstance(data, dict | list):
            return response
        inside = data.get("results") if isinstance(data, dict) else data
        rows = [row for row in (inside if isinstance(inside, list) else [data]) if isinstance(row, dict)]
        unknown = sorted(set(asked) - {name for row in rows for name in row}) if rows else []
        if unknown:
            self.invalid("fields", f"There is no field {unknown[0][:60]!r}.", code="unknown_field")
        for row in rows:
            for name in set(row) - set(asked):
                del row[name]
        return response

    # --- checks -----------------------------------------------------------------------------------------------------

    def _check_size(self, request: Request) -> None:
        if "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
            raise Problem(411, "length_required", "Send the body with its Content-Length.")
        try:
            length = int(request.META.get("CONTENT_LENGTH") or 0)
        except ValueError:
            length = 0
        if length > MAX_BYTES:
            raise Problem(413, "too_large", "A body has at most 10 MB.")

    def _argument(self, name: str, value: Any) -> Any:
        """Ids in the address are UUIDs; anything else is not there."""
        if not self.uuid_arguments or not (name == "pk" or name.endswith("_id")) or isinstance(value, UUID):
            return value
        try:
            return UUID(value)
        except ValueError:
            raise Http404 from None

    def _check_query(self, request: Request) -> None:
        allowed = self.allowed_params()
        for name, values in request.query_params.lists():
            if "\x00" in name or any("\x00" in value for value in values):
                self.invalid(name.replace("\x00", ""), "A NUL character is not allowed.", code="malformed")
            if allowed is not None and name not in allowed:
                self.invalid(name[:60], "There is no such parameter.", code="unknown_parameter")
            if len(values) > 1:
                self.invalid(name, "This parameter is given twice.", code="repeated")

    def allowed_params(self) -> set[str] | None:
        """The parameters of a reading request; None where nothing reads them."""
        return set(self.query_params) | {"fields"} if self.request.method in READING else None

    # --- what handlers use ------------------------------------------------------------------------------------------

    @property
    def actor(self) -> Actor:
        return self.who.actor

    @property
    def tenant(self) -> Tenant:
        return self.who.tenant

    def param(self, name: str) -> str | None:
        return self.request.query_params.get(name) or None

    def params_list(self, name: str) -> list[str]:
        return [part.strip() for part in (self.param(name) or "").split(",") if part.strip()]

    def bool_param(self, name: str) -> bool | None:
        value = self.param(name)
        if value is None:
            return None
        if value not in ("true", "false"):
            self.invalid(name, "Say true or false.")
        return value == "true"

    def uuid_param(self, name: str) -> UUID:
        try:
            return UUID(self.param(name) or "")
        except ValueError:
            self.invalid(name, "This is not an id.")

    def invalid(self, field: str, message: str, *, code: str = "invalid") -> NoReturn:
        raise exceptions.ValidationError({field: [exceptions.ErrorDetail(message, code)]})

    def parse(self, shape: type[BaseSerializer[Any]], *, partial: bool = False) -> dict[str, Any]:
        """The body in this shape; a 400 problem names every field that does not fit."""
        serializer = shape(data=self.request.data, partial=partial, context={"request": self.request, "view": self})
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def stored_answer(self, response: Response) -> object:
        """What is kept for a repetition; a view that shows a secret once leaves the secret out."""
        return response.data
