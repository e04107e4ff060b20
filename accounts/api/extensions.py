"""What higher rooms add to the answers of this one, which must not know them.

    extensions.register("stages", stages_of)            # (ids) -> {id: value}, once per page of a list
    extensions.register_filter("stage", in_stage)       # (queryset, value) -> queryset, for accounts/?stage=

Called in apps.ready(). A place that nobody fills answers its default.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

Fill = Callable[[Sequence[UUID]], Mapping[UUID, Any]]
Filter = Callable[[QuerySet[Any], str], QuerySet[Any]]

#: Which resource each place belongs to, and what stands there when nobody fills it.
PLACES: dict[str, tuple[str, Callable[[], Any]]] = {
    "stages": ("account", dict),
    "health": ("account", lambda: None),
    "attributes": ("account", dict),
    "metrics": ("account", dict),
    "subscribed": ("contact", dict),
    "suppressed": ("contact", bool),
}
_fills: dict[str, Fill] = {}
_filters: dict[str, Filter] = {}


def register(place: str, fill: Fill) -> None:
    if place not in PLACES:
        raise KeyError(f"there is no place {place!r}; there are {', '.join(PLACES)}")
    if _fills.setdefault(place, fill) is not fill:
        raise ValueError(f"{place} is filled by somebody else")


def register_filter(name: str, narrow: Filter) -> None:
    if _filters.setdefault(name, narrow) is not narrow:
        raise ValueError(f"another filter is called {name!r}")


def filter_names() -> tuple[str, ...]:
    return tuple(_filters)


def narrowed(found: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
    return _filters[name](found, value)


def filled(resource: str, ids: Sequence[UUID], wanted: Collection[str] = ()) -> dict[str, Callable[[UUID], Any]]:
    """For each place of the resource a function from id to value; only what is `wanted` is asked for, empty is all."""
    places = {name: default for name, (of, default) in PLACES.items() if of == resource}
    return {
        name: _lookup(_fills[name](ids) if name in _fills and ids and (not wanted or name in wanted) else {}, default)
        for name, default in places.items()
    }


def _lookup(values: Mapping[UUID, Any], default: Callable[[], Any]) -> Callable[[UUID], Any]:
    return lambda pk: values[pk] if pk in values else default()
