"""Resources: lists by keyset, objects with ETag, verbs as sub-resources."""

import hashlib
from collections.abc import Iterable
from typing import Any, ClassVar, final

from django.db.models import Model, QuerySet
from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet

from cs_platform.people import keyset
from cs_platform.people.api.errors import Problem
from cs_platform.people.api.frame import TenantAPIView
from cs_platform.people.api.pagination import KeysetPagination
from cs_platform.people.api.renderers import dumps

STANDARD = ("list", "create", "retrieve", "update", "partial_update", "destroy")
LIST_PARAMS = {"cursor", "limit", "sort", "fields", "count"}
MAX_LIMIT, DEFAULT_LIMIT = 200, 50


class TenantViewSet(TenantAPIView, GenericViewSet[Any], abstract=True):
    """The base of all resources. `rows()` says which rows there are (from a selector); `get_queryset` is closed,
    because a queryset made at import time has no tenant."""

    model: ClassVar[type[Model] | None] = None
    serializer_class: Any = None
    sort_fields: ClassVar[dict[str, str]] = {}
    default_sort: ClassVar[str] = ""
    pagination_class = KeysetPagination
    lookup_value_regex = "[^/]+"

    def __init_subclass__(cls, *, abstract: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(abstract=abstract, **kwargs)
        if "get_queryset" in vars(cls) or vars(cls).get("queryset") is not None:
            raise TypeError(f"{cls.__name__}: write rows() instead of queryset or get_queryset()")

    @classmethod
    def handlers(cls) -> list[str]:
        names = [name for name in STANDARD if hasattr(cls, name)]
        for extra in cls.get_extra_actions():
            names += extra.mapping.values()  # type: ignore[attr-defined]
        return names

    def handler_name(self) -> str | None:
        return getattr(self, "action", None)

    def rows(self) -> QuerySet[Any]:
        assert self.model is not None, f"{type(self).__name__} has neither rows() nor model"
        return self.model._default_manager.all()

    @final
    def get_queryset(self) -> QuerySet[Any]:
        if getattr(self, "swagger_fake_view", False):
            return self.model._base_manager.none() if self.model else QuerySet()
        return self.rows()

    def allowed_params(self) -> set[str] | None:
        if self.action == "list":
            return LIST_PARAMS | set(self.query_params)
        return None if self.request.method not in ("GET", "HEAD") else {*self.query_params, *LIST_PARAMS}

    # --- objects ----------------------------------------------------------------------------------------------------

    def get_object(self) -> Any:
        """The row of the address. Absent and foreign are the same 404; If-Match is compared under a lock."""
        rows, pk = self.get_queryset(), self.kwargs["pk"]
        asked = self.request.META.get("HTTP_IF_MATCH") if self.request.method not in ("GET", "HEAD") else None
        if asked is not None:
            key = rows.model._default_manager.select_for_update().filter(pk=pk).values_list("pk", flat=True)
            list(key)  # locks the row before it is read
        found = rows.filter(pk=pk).first()
        if found is None:
            raise Http404
        if asked is not None and asked.strip() != "*":
            tags = {tag.strip().removeprefix("W/") for tag in asked.split(",")}
            if self.etag(found) not in tags:
                raise Problem(412, "stale", "The object has changed since you read it. Read it again.")
        return found

    def etag(self, found: Any, body: Any = None) -> str:
        version = getattr(found, "version", None)
        if version is not None:
            return f'"{version}"'
        body = self.serialize(found, whole=True) if body is None else body
        return f'"{hashlib.sha256(dumps(body)).hexdigest()[:20]}"'

    def one(self, found: Any, status: int = 200) -> Response:
        body = self.serialize(found)
        asked_part = bool(self.request.query_params.get("fields"))
        return Response(body, status=status, headers={"ETag": self.etag(found, None if asked_part else body)})

    def created(self, found: Any) -> Response:
        return self.one(found, status=201)

    def many(self, found: Iterable[Any]) -> list[Any]:
        return list(self.shape()(found, many=True, context=self.shape_context()).data)

    def serialize(self, found: Any, *, whole: bool = False) -> Any:
        context = {"request": self.request, "view": self} if whole else self.shape_context()
        return self.shape()(found, context=context).data

    def shape(self) -> type[BaseSerializer[Any]]:
        assert self.serializer_class is not None, f"{type(self).__name__} has no serializer_class"
        return self.serializer_class  # type: ignore[no-any-return]

    def shape_context(self) -> dict[str, Any]:
        asked = self.params_list("fields")
        self.fields_are_read = True
        if asked:
            known = set(self.shape()(context={}).fields)  # type: ignore[attr-defined]
            unknown = sorted(set(asked) - known)
            if unknown:
                self.invalid("fields", f"There is no field {unknown[0][:60]!r}.", code="unknown_field")
        return {"request": self.request, "view": self, "fields": frozenset(asked)}

    # --- lists ------------------------------------------------------------------------------------------------------

    def page_args(self) -> tuple[str, str | None, int]:
        """What was asked of a list: (sort, cursor, limit)."""
        raw = self.request.query_params.get("limit")
        limit = DEFAULT_LIMIT if raw is None else self._limit(raw)
        sort = self.request.query_params.get("sort")
        return self.default_sort if sort is None else sort, self.param("cursor"), limit

    def _limit(self, raw: str) -> int:
        if not raw.isascii() or not raw.isdigit() or len(raw) > 4 or not 1 <= int(raw) <= MAX_LIMIT:
            self.invalid("limit", f"A limit is a whole number from 1 to {MAX_LIMIT}.", code="bad_limit")
        return int(raw)

    def wants_count(self) -> bool:
        value = self.param("count")
        if value not in (None, "exact"):
            self.invalid("count", "The only value is `exact`.")
        return value == "exact"

    def page(self, rows: QuerySet[Any]) -> Response:
        sort, cursor, limit = self.page_args()
        page = keyset.paginate(rows, sort=sort, allowed=self.sort_fields, cursor=cursor, limit=limit)
        count = rows.order_by().count() if self.wants_count() else None
        return self.page_of(page.rows, next_cursor=page.next, count=count)

    def page_of(self, rows: Iterable[Any], *, next_cursor: str | None, count: int | None = None) -> Response:
        following = None
        if next_cursor is not None:
            query = self.request.query_params.copy()
            query["cursor"] = next_cursor
            following = self.request.build_absolute_uri(f"{self.request.path}?{query.urlencode()}")
        return Response({"results": self.many(rows), "next": following, "count": count})


class Lists:
    """A list of rows(), by page."""

    def list(self: Any, request: Request, **kwargs: Any) -> Response:
        return self.page(self.get_queryset())  # type: ignore[no-any-return]


class Retrieves:
    """One of rows()."""

    def retrieve(self: Any, request: Request, **kwargs: Any) -> Response:
        return self.one(self.get_object())  # type: ignore[no-any-return]
