"""The list of accounts as its address says it: what narrows and sorts it, in words, and its rows ready to print.

Everything is in the address and survives reload, back and a colleague's click. What can not be read there is left out
and said, never an error.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import QueryDict
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from accounts import selectors as accounts
from cs_platform.people import keyset
from cs_platform.people.models import Membership
from cs_platform.workspace import selectors, words
from cs_platform.workspace.cells import cell
from cs_platform.workspace.selectors import Choices
from lifecycle import selectors as lifecycle
from lifecycle.selectors import StageNow

ROWS = 50
SORTS = {
    "name": "sort_name",
    "stage": "stage_place",
    "days": "stage_since",
    "segment": "segment",
    "service_model": "service_model",
    "support_level": "support_level__position",
    "arr": "arr_minor",
    "owner": "csm__user__name",
    "renewal": "renewal_date",
    "changed": "updated_at",
}
DESCENDING_FIRST = {"arr", "changed"}
THEN_BY_NAME = {"stage", "segment", "service_model", "support_level", "owner"}  # many accounts have the same
STATES = {"managed": "Managed", "archived": "Archived", "all": "Managed and archived"}
UNDECIDED, NOBODY, ME = "none", "none", "me"
DEFAULT, DASH = "customer", "–"


@dataclass(frozen=True)
class Asked:
    """The address of a list, taken apart. `owner` is a member's id, "me" or "none"; `segment` may be "none"."""

    q: str = ""
    segment: str = ""
    stage: str = ""
    level: str = ""
    owner: str = ""
    state: str = "managed"
    late: bool = False
    sort: str = "name"
    cursor: str = ""
    count: bool = False

    @classmethod
    def of(cls, query: QueryDict) -> "Asked":
        def text(name: str) -> str:
            return query.get(name, "").strip()[:200]

        state, sort = text("state"), text("sort")
        return cls(
            q=text("q"),
            segment=text("segment"),
            stage=text("stage"),
            level=text("level"),
            owner=text("owner"),
            state=state if state in STATES else "managed",
            late=text("late") == "1",
            sort=sort if sort.lstrip("-") in SORTS and not sort.startswith("--") else "name",
            cursor=query.get("cursor", "")[: keyset.MAX_CURSOR + 1],
            count=text("count") == "exact",
        )

    @cached_property
    def query(self) -> str:
        """The shortest address of the same list, with a question mark if there is something to say."""
        said = {
            "q": self.q,
            "segment": self.segment,
            "stage": self.stage,
            "level": self.level,
            "owner": self.owner,
            "state": self.state if self.state != "managed" else "",
            "late": "1" if self.late else "",
            "sort": self.sort if self.sort != "name" else "",
            "cursor": self.cursor,
            "count": "exact" if self.count else "",
        }
        told = urlencode({name: value for name, value in said.items() if value})
        return f"?{told}" if told else "?"

    def but(self, **changes: Any) -> str:
        """The address with something else in it, from its first page on."""
        return replace(self, **{"cursor": "", "count": False, **changes}).query

    @property
    def is_narrowed(self) -> bool:
        return bool(self.q or self.segment or self.stage or self.level or self.owner or self.late)

    @property
    def without_filters(self) -> str:
        return Asked(state=self.state, sort=self.sort).query


@dataclass(frozen=True)
class Chip:
    words: str
    href: str


@dataclass(frozen=True)
class Head:
    """A column that can be sorted by: its address, and how it is sorted now ("up", "down" or not)."""

    name: str
    title: str
    href: str
    sorted: str
    css: str = ""


@dataclass(frozen=True)
class Row:
    """An account as its line in the list says it, ready to be printed. `when` is its renewal, or the day on which its
    deal is to close; `when_exactly` says which of them, and the date."""

    id: UUID
    name: str
    marks: SafeString
    stage: SafeString
    days: str
    segment: SafeString
    service_model: str
    level: str
    arr: str
    owner: SafeString
    when: str
    when_exactly: str


@dataclass(frozen=True)
class Listed:
    """A page of the list."""

    rows: list[Row]
    next: str
    total: int | None
    asked: Asked
    problem: str = ""


def listed(asked: Asked, member: Membership, *, now: datetime, zone: str) -> Listed:
    """The page that is asked for: two questions, three with the exact count. A cursor that is none starts again."""
    narrowed = _filters(asked, member)
    by_stage = asked.sort.lstrip("-") in ("stage", "days")
    rows: Any = accounts.account_rows(narrowed)
    rows = selectors.with_close_and_alerts(rows, stage_order=by_stage)
    if asked.stage:
        rows = rows.filter(pk__in=selectors.accounts_in_stage(asked.stage))
    if asked.late:
        rows = rows.filter(pk__in=selectors.late_accounts(now=now))
    problem = ""
    sort = f"{asked.sort},name" if asked.sort.lstrip("-") in THEN_BY_NAME else asked.sort
    try:
        page = keyset.paginate(rows, sort=sort, allowed=SORTS, cursor=asked.cursor or None, limit=ROWS)
    except keyset.BadCursor:
        problem = gettext("The place in the list was not found again. This is its beginning.")
        asked = replace(asked, cursor="")
        page = keyset.paginate(rows, sort=sort, allowed=SORTS, limit=ROWS)
    stages = lifecycle.current_stages([row["id"] for row in page.rows], now=now)
    saying = Saying(now, zone)
    return Listed(
        rows=[saying.row(row, stages.get(row["id"], {})) for row in page.rows],
        next=replace(asked, cursor=page.next, count=False).query if page.next else "",
        total=rows.count() if asked.count else None,
        asked=asked,
        problem=problem,
    )


def _filters(asked: Asked, member: Membership) -> accounts.AccountFilters:
    return accounts.AccountFilters(
        q=asked.q,
        state=asked.state,  # type: ignore[arg-type]
        segment=None if not asked.segment else "" if asked.segment == UNDECIDED else asked.segment,
        support_level=asked.level or None,
        csm=_owner(asked.owner, member),
    )


def _owner(said: str, member: Membership) -> Any:
    if said == NOBODY:
        return "none"
    if said == ME:
        return member.pk
    try:
        return UUID(said) if said else None
    except ValueError:
        return UUID(int=0)  # nobody has it: the list is empty, and its chip says why


@dataclass(frozen=True)
class Saying:
    """The moment and the zone in which a list is read: dates are said in them."""

    now: datetime
    zone: str

    def row(self, row: dict[str, Any], stages: dict[str, StageNow]) -> Row:
        stage = stages.get(DEFAULT) or next(iter(stages.values()), None)
        when, exactly = self._when(row)
        return Row(
            id=row["id"],
            name=row["name"],
            marks=_marks(row),
            stage=cell("stage", stage.stage if stage else ""),
            days=self._days(stage),
            segment=cell("segment", row["segment"]),
            service_model=row["service_model"] or DASH,
            level=row["support_level_name"] or DASH,
            arr=words.money(row["arr_minor"], row["currency"]) if row["arr_minor"] is not None else DASH,
            owner=cell("person", row["csm_name"] or ""),
            when=when,
            when_exactly=exactly,
        )

    def _days(self, stage: StageNow | None) -> str:
        if stage is None:
            return DASH
        said = words.count(stage.days_in, "day")
        if stage.status == "paused":
            return f"{said}, {gettext('stopped')}"
        return cell("late", said) if stage.pace in ("behind", "stuck") else said

    def _when(self, row: dict[str, Any]) -> tuple[str, str]:
        closes, renewal = row["closes_on"], row["renewal_date"]
        day = closes or renewal
        if day is None:
            return DASH, ""
        said, exactly = words.relative(day, self.now, self.zone), words.exact(day, self.now, self.zone)
        if closes:
            what = gettext("expected close of the new-business deal")
            return gettext("closes {day}").format(day=said), f"{what}, {exactly}"
        return said, f"{gettext('renewal')}, {exactly}"


def _marks(row: dict[str, Any]) -> SafeString:
    marks = [cell("alerts", str(row["alerts"]))] if row["alerts"] else []
    if row["state"] == "archived":
        marks.append(cell("archived"))
    return format_html_join("", " {}", ((mark,) for mark in marks))


def chips(asked: Asked, choices: Choices) -> list[Chip]:
    """What the list is narrowed by, each as a sentence with the address of the list without it."""
    owners = {**dict(choices.owners), ME: gettext("me"), NOBODY: gettext("nobody")}
    owner = owners.get(asked.owner, gettext("somebody who is not here"))
    said = [
        (asked.q, gettext("Found by “{value}”"), asked.q, "q"),
        (asked.segment, gettext("Segment is {value}"), gettext("undecided"), "segment"),
        (asked.stage, gettext("Stage is {value}"), asked.stage, "stage"),
        (asked.level, gettext("Support level is {value}"), asked.level, "level"),
        (asked.owner, gettext("Owner is {value}"), owner, "owner"),
    ]
    found = []
    for value, sentence, spoken, name in said:
        if value:
            shown = value if name == "segment" and value != UNDECIDED else spoken
            found.append(Chip(sentence.format(value=shown), asked.but(**{name: ""})))
    if asked.late:
        found.append(Chip(gettext("Longer in the stage than expected"), asked.but(late=False)))
    if asked.state != "managed":
        found.append(Chip(gettext(STATES[asked.state]), asked.but(state="managed")))
    return found


def heads(asked: Asked) -> list[Head]:
    columns = [
        ("name", gettext("Account"), ""),
        ("stage", gettext("Stage"), ""),
        ("days", gettext("In stage"), ""),
        ("segment", gettext("Segment"), ""),
        ("service_model", gettext("Service model"), ""),
        ("support_level", gettext("Support level"), ""),
        ("arr", gettext("ARR"), "cs-number"),
        ("owner", gettext("Owner"), ""),
        ("renewal", gettext("Renewal or close"), ""),
    ]
    return [_head(asked, name, title, css) for name, title, css in columns]


def _head(asked: Asked, name: str, title: str, css: str) -> Head:
    first, other = (f"-{name}", name) if name in DESCENDING_FIRST else (name, f"-{name}")
    wanted = other if asked.sort == first else first
    is_down = asked.sort.startswith("-") != (name == "days")  # sorted by the moment of entry: the earliest is longest
    shown = "" if asked.sort.lstrip("-") != name else "down" if is_down else "up"
    return Head(name, title, asked.but(sort=wanted), shown, css)
