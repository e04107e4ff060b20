"""Every address of the product, read from the URL resolver, and what the OpenAPI schema says of the API's."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)")
PAGING = {"cursor", "limit", "sort", "count", "fields"}


@dataclass(frozen=True)
class Route:
    """A named pattern: where it is, what varies in its address, and what may be done there."""

    name: str
    template: str
    params: tuple[str, ...]
    verb: str
    view: Any = field(compare=False, repr=False)

    @property
    def is_api(self) -> bool:
        return self.name.startswith("api:") and self.name != "api:nothing"

    @property
    def is_page(self) -> bool:
        """A page of ours, inside the door frame."""
        return hasattr(self.view, "member_verb")

    @property
    def methods(self) -> tuple[str, ...]:
        if not self.is_api:
            return ("GET", "POST")
        actions = getattr(self.view, "actions", None) or dict.fromkeys(self.view.cls.handlers(), "")
        return tuple(sorted(method.upper() for method in actions if method != "head"))

    @property
    def model(self) -> Any:
        return getattr(getattr(self.view, "cls", None), "model", None)

    def required(self, method: str) -> str:
        """The verb of the table of rights; "" for every member."""
        if not self.is_api:
            return self.verb
        actions = getattr(self.view, "actions", None) or {}
        return str(self.view.cls.required[actions.get(method.lower()) or method.lower()])

    def at(self, values: dict[str, str]) -> str:
        path = self.template
        for name in self.params:
            path = path.replace("{" + name + "}", values[name])
        return path


@cache
def all_routes() -> tuple[Route, ...]:
    return tuple(_walk(get_resolver(), "/", ()))


def _walk(resolver: Any, before: str, spaces: tuple[str, ...]) -> Iterator[Route]:
    for pattern in resolver.url_patterns:
        here = before + _readable(str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern, here, spaces + ((pattern.namespace,) if pattern.namespace else ()))
        elif isinstance(pattern, URLPattern):
            name = ":".join((*spaces, pattern.name or "?"))
            params = tuple(re.findall(r"{(\w+)}", here))
            yield Route(name, here, params, getattr(pattern.callback, "member_verb", ""), pattern.callback)


def _readable(pattern: str) -> str:
    path = PARAMETER.sub(lambda found: "{" + (found[1] or found[2]) + "}", pattern)
    return path.removeprefix("^").removesuffix("$").replace("/?", "/").replace("\\", "")


@dataclass(frozen=True)
class Operation:
    """A route and a method of the API, with its query parameters and the shape of its body."""

    route: Route
    method: str
    query: tuple[str, ...]
    body: Any = field(compare=False, repr=False)

    @property
    def name(self) -> str:
        return f"{self.method} {self.route.template}"


@cache
def schema() -> dict[str, Any]:
    from drf_spectacular.drainage import GENERATOR_STATS
    from drf_spectacular.generators import SchemaGenerator

    with GENERATOR_STATS.silence():
        return dict(SchemaGenerator().get_schema(request=None, public=True))


def operations() -> list[Operation]:
    """What the router offers; one that the schema does not know raises KeyError."""
    paths = schema()["paths"]
    found = []
    for route in all_routes():
        if not route.is_api:
            continue
        told = paths[route.template.replace("{pk}", "{id}")]
        for method in route.methods:
            words = told[method.lower()]
            query = tuple(p["name"] for p in words.get("parameters", ()) if p["in"] == "query")
            content = words.get("requestBody", {}).get("content", {}).get("application/json", {})
            found.append(Operation(route, method, query, content.get("schema")))
    return found


def resolved(shape: Any) -> dict[str, Any]:
    """A schema with its reference followed."""
    if not shape:
        return {}
    if "$ref" in shape:
        return resolved(schema()["components"]["schemas"][shape["$ref"].rsplit("/", 1)[1]])
    for several in ("allOf", "oneOf", "anyOf"):
        if several in shape:
            return {**shape, **resolved(shape[several][0])}
    return dict(shape)
