"""The list of accounts: search, four views, pages, a new account, and one support level for all that were found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from integrations.salesforce.sandbox.markup import Html, button, choice, hidden, html, joined, post_form, text_box
from integrations.salesforce.sandbox.messages import Request
from integrations.salesforce.sandbox.page_parts import Done, Page, Row, chip, number, pager, user_names
from integrations.salesforce.sandbox.problems import Problem
from integrations.salesforce.sandbox.schema import LEVELS
from integrations.salesforce.sandbox.values import said_time

if TYPE_CHECKING:
    from integrations.salesforce.sandbox.org import SandboxOrg

PAGE_SIZE = 25
_LEVEL = '"Technical_Advisor_Support_Level__c"'
_VIEWS = {
    "all": ("All", '"IsDeleted" = 0'),
    "with": ("With support level", f'"IsDeleted" = 0 AND {_LEVEL} IS NOT NULL'),
    "without": ("Without support level", f'"IsDeleted" = 0 AND {_LEVEL} IS NULL'),
    "deleted": ("Recycle bin", '"IsDeleted" = 1'),
}
LEVEL_OPTIONS = [("", "— none —"), *((level, level) for level in LEVELS)]


def show(org: SandboxOrg, request: Request, _rest: list[str]) -> Page:
    org.settle()
    text, view, where, params = _filter(request.query)
    total = int(org.store.read(f'SELECT count(*) FROM "Account" WHERE {where}', params)[0][0])
    pages = max(1, -(-total // PAGE_SIZE))
    asked = request.query.get("page", "1")
    page = min(max(int(asked), 1), pages) if asked.isascii() and asked.isdigit() and len(asked) < 9 else 1
    order = f'"Name" COLLATE NOCASE, "Id" LIMIT {PAGE_SIZE} OFFSET {(page - 1) * PAGE_SIZE}'
    rows = org.store.rows(org.objects["Account"], where, params, order)
    address = "/?" + urlencode({"q": text, "view": view}) + "&page="
    content = html(
        '<div class="head"><div><h1>Accounts</h1><p class="sub">{total}</p></div></div>{search}{table}{pager}{below}',
        total="1 account" if total == 1 else f"{total:,} accounts",
        search=_search(text, view),
        table=_table(rows, user_names(org)) if rows else _empty(text),
        pager=pager(page, pages, address),
        below=html('<div class="pair">{new}{level}</div>', new=_new(), level=_for_all(text, view, total)),
    )
    return Page("Accounts", content)


def set_levels(org: SandboxOrg, request: Request, _rest: list[str]) -> Done:
    """One support level for every account of a search."""
    form = request.form()
    text, view, where, params = _filter(form)
    level = form.get("level")
    if view == "deleted" or level not in ("", *LEVELS):
        raise Problem("INVALID_INPUT", "Choose one of the levels, and accounts that are not deleted.", 422)
    with org.store.transaction():
        for row in org.store.rows(org.objects["Account"], where, params):
            if (row["Technical_Advisor_Support_Level__c"] or "") != level:
                org.set(row["Id"], Technical_Advisor_Support_Level__c=level)
    return Done("/?" + urlencode({"q": text, "view": view}), "level")


def _filter(given: dict[str, str]) -> tuple[str, str, str, list[Any]]:
    """Search words, view, and both as SQL."""
    text = given.get("q", "").strip()[:200]
    view = given.get("view", "all")
    view = view if view in _VIEWS else "all"
    where, params = _VIEWS[view][1], []
    if text:
        escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        where += ' AND ("Name" LIKE ? ESCAPE \'\\\' OR "Id" = ?)'
        params = [f"%{escaped}%", text]
    return text, view, where, params


def _search(text: str, view: str) -> Html:
    tabs = joined(
        html(
            '<a href="/?{query}"{current}>{words}</a>',
            query=urlencode({"q": text, "view": key}),
            current=Html(' aria-current="true"') if key == view else "",
            words=words,
        )
        for key, (words, _) in _VIEWS.items()
    )
    return html(
        '<div class="tools"><form method="get" action="/" role="search" class="search">'
        '<label for="q" class="unseen">Search accounts</label>'
        '<input id="q" name="q" type="search" value="{text}" placeholder="Search accounts" autocomplete="off">{view}'
        '<button type="submit">Search</button></form><nav class="views" aria-label="Views">{tabs}</nav></div>',
        text=text,
        view=hidden("view", view),
        tabs=tabs,
    )


def _table(rows: list[Row], names: dict[str, str]) -> Html:
    return html(
        '<div class="card flush"><table class="accounts"><thead><tr><th>Account</th><th>Level</th>'
        '<th class="wide">Type</th><th class="wide right">Developers</th><th class="wide right">ARR</th>'
        '<th class="wide">CSM</th><th class="wide">Last changed (UTC)</th></tr></thead>'
        "<tbody>{rows}</tbody></table></div>",
        rows=joined(_line(row, names) for row in rows),
    )


def _line(row: Row, names: dict[str, str]) -> Html:
    level = row["Technical_Advisor_Support_Level__c"]
    return html(
        '<tr><td><a href="/accounts/{id}">{name}</a><small>{country}{industry}</small></td><td>{level}</td>'
        '<td class="wide">{type}</td><td class="wide right">{developers}</td><td class="wide right">{arr}</td>'
        '<td class="wide">{csm}</td><td class="wide muted">{stamp}</td></tr>',
        id=row["Id"],
        name=row["Name"] or row["Id"],
        country=row["BillingCountry"] or "",
        industry=f" · {row['Industry']}" if row["Industry"] else "",
        level=chip(level, "level") if level else html('<span class="faint">none</span>'),
        type=row["Type"],
        developers=number(row["Developers__c"]),
        arr=number(row["ARR__c"]),
        csm=names.get(row["CSM__c"] or "", ""),
        stamp=said_time(row["SystemModstamp"])[:16].replace("T", " "),
    )


def _empty(text: str) -> Html:
    words = f"No account has “{text}” in its name here." if text else "There is no account in this view."
    return html('<div class="card empty"><p>{words}</p></div>', words=words)


def _new() -> Html:
    inside = html(
        "{name}{button}",
        name=text_box("Name of the new account", "Name", "", key="new-name", more='required maxlength="255"'),
        button=button("Create account"),
    )
    return html(
        '<section class="card"><h2>New account</h2>{form}</section>',
        form=post_form("/accounts/new", inside, look="inline", label="New account"),
    )


def _for_all(text: str, view: str, total: int) -> Html:
    if view == "deleted" or not total:
        return Html("")
    inside = html(
        "{text}{view}{level}{button}",
        text=hidden("q", text),
        view=hidden("view", view),
        level=choice("Level for all found", "level", "", LEVEL_OPTIONS, key="all-level"),
        button=button(f"Set for {total:,}", look="quiet"),
    )
    return html(
        '<section class="card"><h2>One level for all found</h2>{form}</section>',
        form=post_form("/levels", inside, look="inline", label="One level for all found"),
    )
