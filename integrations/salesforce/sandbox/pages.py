"""The pages on which a person plays the Salesforce user: which address shows what, and the frame around all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from integrations.salesforce.sandbox import page_account, page_accounts, page_faults, page_log
from integrations.salesforce.sandbox.control import is_foreign
from integrations.salesforce.sandbox.markup import Html, html, joined
from integrations.salesforce.sandbox.messages import Answer, Request
from integrations.salesforce.sandbox.page_parts import Done, Page, Refused
from integrations.salesforce.sandbox.problems import Problem

if TYPE_CHECKING:
    from integrations.salesforce.sandbox.org import SandboxOrg

_HERE = Path(__file__).parent
_SAFETY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_FILES = {
    "/style.css": ("style.css", "text/css;charset=UTF-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
    "/favicon.ico": ("icon.svg", "image/svg+xml"),
}
_TABS = (("/", "Accounts"), ("/faults", "Faults"), ("/log", "API log"), ("/connect", "Connect"))
#: What a finished verb says on the page that follows it. Only these words: the address cannot put others there.
DONE = {
    "saved": "Saved.",
    "nothing": "Nothing was changed.",
    "created": "Account created.",
    "deleted": "Moved to the recycle bin, with what belongs to it.",
    "undeleted": "Restored, with what went along.",
    "merged": "Merged: the other account is in the recycle bin.",
    "contact": "Contact added.",
    "contact-saved": "Contact updated.",
    "contact-deleted": "Contact deleted.",
    "opportunity": "Opportunity added.",
    "won": "Opportunity closed as won.",
    "lost": "Opportunity closed as lost.",
    "reopened": "Opportunity reopened.",
    "opportunity-deleted": "Opportunity deleted.",
    "level": "Support level set for all accounts found.",
    "fault-on": "Switched on.",
    "fault-off": "Switched off.",
    "healed": "All faults are off.",
    "expired": "All sessions have ended.",
    "limit": "Daily limit set.",
    "cleared": "Log and counters are empty.",
}
_Reader = Callable[["SandboxOrg", Request, list[str]], Page]
_Verb = Callable[["SandboxOrg", Request, list[str]], Done]
_READERS: dict[str, _Reader] = {
    "": page_accounts.show,
    "accounts": page_account.show,
    "faults": page_faults.show,
    "log": page_log.show,
    "connect": page_log.connect,
}
_VERBS: dict[str, _Verb] = {
    "accounts": page_account.verb,
    "levels": page_accounts.set_levels,
    "faults": page_faults.verb,
    "log": page_log.verb,
}


def answer(org: SandboxOrg, request: Request) -> Answer:
    """A page, a file of the pages, or the redirect after a posted form."""
    if request.path in _FILES:
        return _file(*_FILES[request.path])
    first, *rest = [part for part in request.path.split("/") if part] or [""]
    try:
        if request.method == "POST":
            if is_foreign(request):
                raise Problem("FORBIDDEN", "This form was sent by another site.", 403)
            if first not in _VERBS:
                raise Problem("NOT_FOUND", "There is no such page.", 404)
            done = _VERBS[first](org, request, rest)
            separator = "&" if "?" in done.to else "?"
            where = f"{done.to}{separator}{urlencode({'done': done.word})}"
            return Answer(303, "", headers={"Location": where, **_SAFETY})
        if request.method != "GET":
            raise Problem("METHOD_NOT_ALLOWED", "Pages are read with GET and changed with POST.", 405)
        if first not in _READERS:
            raise Problem("NOT_FOUND", "There is no such page.", 404)
        return _framed(org, request, _READERS[first](org, request, rest))
    except Refused as refused:
        return _framed(org, request, refused.page, status=422, trouble=refused.message)
    except Problem as problem:
        words = html("<h1>{title}</h1><p><a href='/'>Back to the accounts</a></p>", title="That did not work")
        return _framed(org, request, Page("Not done", words), status=problem.status, trouble=problem.message)


def _file(name: str, kind: str) -> Answer:
    headers = {**_SAFETY, "Cache-Control": "public, max-age=31536000, immutable"}
    return Answer(200, (_HERE / name).read_bytes(), kind, headers)


@cache
def _style_address() -> str:
    return "/style.css?" + hashlib.sha256((_HERE / "style.css").read_bytes()).hexdigest()[:12]


def _framed(org: SandboxOrg, request: Request, page: Page, *, status: int = 200, trouble: str = "") -> Answer:
    active, pending = len(org.faults.active()), org.store.pending()
    here = "/" + request.path.strip("/").partition("/")[0]
    here = "/" if here == "/accounts" else here
    done = DONE.get(request.query.get("done", "")) if request.method == "GET" else None
    text = html(
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><title>{title} · Sandbox org</title>'
        '<link rel="stylesheet" href="{style}"><link rel="icon" href="/icon.svg" type="image/svg+xml"></head><body>'
        '<a class="skip" href="#main">Skip to content</a>'
        '<header class="top"><div class="bar"><a class="brand" href="/"><img src="/icon.svg" alt="" width="28" '
        'height="28"><span><strong>Sandbox org</strong><small>plays Salesforce</small></span></a>'
        '<nav aria-label="Pages">{tabs}</nav></div></header>'
        '<div class="strip"><p>Sandbox org — plays Salesforce. Nothing here reaches a real org.</p>'
        '<p class="clock">Org time <time datetime="{iso}">{now}</time></p></div>'
        '<main id="main">{messages}{content}</main></body></html>',
        title=page.title,
        style=_style_address(),
        tabs=joined(_tab(address, words, here, active) for address, words in _TABS),
        iso=org.now().isoformat(timespec="seconds"),
        now=f"{org.now():%a %d %b %Y, %H:%M:%S} UTC",
        messages=joined([*_notes(done, trouble), *_waiting(pending)]),
        content=page.content,
    )
    headers = {**_SAFETY, "Cache-Control": "no-store"}
    return Answer(status, str(text), "text/html;charset=UTF-8", headers)


def _tab(address: str, words: str, here: str, active: int) -> Html:
    count = html(' <span class="count">{active} on</span>', active=active) if address == "/faults" and active else ""
    current = Html(' aria-current="page"') if address == here else ""
    return html(
        '<a href="{address}"{current}>{words}{count}</a>', address=address, words=words, current=current, count=count
    )


def _notes(done: str | None, trouble: str) -> list[Html]:
    if trouble:
        return [html('<div class="note bad" role="alert">{trouble}</div>', trouble=trouble)]
    return [html('<div class="note good" role="status">{done}</div>', done=done)] if done else []


def _waiting(pending: int) -> list[Html]:
    if not pending:
        return []
    words = "1 change has its stamp and waits" if pending == 1 else f"{pending} changes have their stamp and wait"
    return [html('<div class="note watch" role="status">{words} to become visible.</div>', words=words)]
