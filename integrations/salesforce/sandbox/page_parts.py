"""What the pages share: a page, a finished verb, a refused form, and how values are shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from integrations.salesforce.sandbox.markup import Html, html, joined
from integrations.salesforce.sandbox.schema import SObject

if TYPE_CHECKING:
    from integrations.salesforce.sandbox.org import SandboxOrg

Row = dict[str, Any]


@dataclass(frozen=True)
class Page:
    title: str
    content: Html


@dataclass(frozen=True)
class Done:
    """A verb that worked: where the browser goes next, and which of the known words stand there."""

    to: str
    word: str


class Refused(Exception):
    """A form that was refused: the same page again, with what was typed and why not."""

    def __init__(self, page: Page, message: str) -> None:
        super().__init__(message)
        self.page, self.message = page, message


def chip(words: Any, look: str = "") -> Html:
    return html('<span class="chip {look}">{words}</span>', words=words, look=look) if words else Html("")


def chips(words: list[str]) -> Html:
    return joined((chip(word) for word in words), " ")


def number(value: Any) -> str:
    """1200.0 -> "1,200"."""
    if value is None:
        return ""
    if isinstance(value, int | float):
        return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"
    return str(value)


def for_box(value: Any) -> Any:
    """A number without the .0 that it has in storage."""
    return int(value) if isinstance(value, float) and value == int(value) else value


def day(value: Any) -> str:
    """ "2026-01-31" -> "31 Jan 2026"; what is no date stays as it is."""
    try:
        return f"{date.fromisoformat(str(value)):%d %b %Y}".lstrip("0")
    except ValueError:
        return str(value or "")


def users(org: SandboxOrg) -> list[tuple[str, str]]:
    """Active users as options, by name."""
    rows = org.store.rows(org.objects["User"], '"IsActive" = 1', (), '"Name" COLLATE NOCASE')
    return [("", "— nobody —"), *((row["Id"], row["Name"] or row["Id"]) for row in rows)]


def user_names(org: SandboxOrg) -> dict[str, str]:
    return {row["Id"]: row["Name"] or "" for row in org.store.rows(org.objects["User"], "1")}


def visible(org: SandboxOrg, sobject: SObject, row_id: str) -> Row | None:
    found = org.store.rows(sobject, '"Id" = ?', [row_id])
    return found[0] if found else None


def pager(page: int, pages: int, address: str) -> Html:
    """Links to the neighbours. `address` ends where the page number goes."""
    if pages < 2:
        return Html("")
    before = html('<a class="button quiet" rel="prev" href="{a}{n}">Previous</a>', a=address, n=page - 1)
    after = html('<a class="button quiet" rel="next" href="{a}{n}">Next</a>', a=address, n=page + 1)
    return html(
        '<nav class="pager" aria-label="Result pages">{before}<span>Page {page} of {pages}</span>{after}</nav>',
        before=before if page > 1 else "",
        after=after if page < pages else "",
        page=page,
        pages=pages,
    )
