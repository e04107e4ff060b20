"""The address of the console, taken apart and put together: tab, filters, order, place in the list."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

WATCH, ACCOUNTS, PROBLEMS = "watch", "accounts", "exceptions"
TABS: Mapping[str, Any] = {WATCH: _("Before close"), ACCOUNTS: _("All accounts"), PROBLEMS: _("Exceptions")}
SORTS = ("close", "name", "amount", "level", "segment")
DESCENDING_FIRST = ("amount",)
NONE, ME = "none", "me"
#: What may be wrong with a row, worst first, with the words of the filter.
KINDS: Mapping[str, Any] = {
    "conflict": _("conflict with Salesforce"),
    "failed": _("Salesforce did not take it"),
    "no_level": _("no level, closing soon"),
    "no_ta": _("nobody named, closing soon"),
    "segment": _("segment needs a look"),
    "unknown": _("developers or ARR unknown"),
}
CLOSING = {"overdue": _("overdue"), "30": _("within 30 days"), "45": _("within 45 days"), "90": _("within 90 days")}


@dataclass(frozen=True)
class Asked:
    """What is asked for. `owner` is a member's id, "me" or "none"; `level` and `segment` may be "none"."""

    tab: str = WATCH
    q: str = ""
    level: str = ""
    segment: str = ""
    owner: str = ""
    closing: str = ""
    problem: str = ""
    sort: str = "close"
    cursor: str = ""

    @classmethod
    def of(cls, query: QueryDict) -> "Asked":
        def text(name: str, among: Any = None) -> str:
            said = query.get(name, "").replace("\x00", "").strip()[:200]
            return said if among is None or said in among else ""

        sort = text("sort")
        return cls(
            tab=text("tab", TABS) or WATCH,
            q=text("q"),
            level=text("level"),
            segment=text("segment"),
            owner=text("owner"),
            closing=text("closing", CLOSING),
            problem=text("problem", KINDS),
            sort=sort if sort.removeprefix("-") in SORTS else "close",
            cursor=query.get("cursor", "")[:600],
        )

    @cached_property
    def query(self) -> str:
        """The shortest address of the same list."""
        start = Asked()
        said = {name: value for name, value in vars(self).items() if name != "query" and value != getattr(start, name)}
        return f"?{urlencode(said)}" if said else "?"

    def but(self, **changes: Any) -> str:
        """The address with something else in it, from its first page on."""
        return replace(self, **{"cursor": "", **changes}).query

    @property
    def without_place(self) -> str:
        return self.but()

    @property
    def is_narrowed(self) -> bool:
        return bool(self.q or self.level or self.segment or self.owner or self.closing or self.problem)

    @property
    def without_filters(self) -> str:
        return Asked(tab=self.tab, sort=self.sort).query
