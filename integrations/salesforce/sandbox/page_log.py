"""The log of API calls, and the page that says how to connect."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from integrations.salesforce.sandbox import oauth
from integrations.salesforce.sandbox.markup import Html, button, html, joined, post_form
from integrations.salesforce.sandbox.messages import Request
from integrations.salesforce.sandbox.page_parts import Done, Page, chip
from integrations.salesforce.sandbox.problems import Problem

if TYPE_CHECKING:
    from integrations.salesforce.sandbox.org import Call, SandboxOrg

SHOWN = 150
_KINDS = {
    "client_credentials": "Client credentials",
    "jwt": "JWT bearer",
    "refresh_token": "Refresh token",
    "password": "User name and password",
}
_LABELS = {
    "client_id": "Consumer key (client id)",
    "client_secret": "Consumer secret",
    "username": "User name",
    "password": "Password",
    "security_token": "Security token",
    "refresh_token": "Refresh token",
    "private_key": "Private key (PEM)",
}


def show(org: SandboxOrg, request: Request, rest: list[str]) -> Page:
    if rest:
        raise Problem("NOT_FOUND", "There is no such page.", 404)
    calls = list(islice(reversed(org.log.copy()), SHOWN))
    counters = joined((chip(f"{kind} {count:,}", "plain") for kind, count in sorted(org.calls.copy().items())), " ")
    table = html(
        '<div class="card flush"><table class="log"><thead><tr><th>Time</th><th>Call</th><th>Status</th>'
        '<th class="wide right">Rows</th><th class="wide right">ms</th><th class="wide">Fault</th></tr></thead>'
        "<tbody>{lines}</tbody></table></div>",
        lines=joined(_line(call) for call in calls),
    )
    content = html(
        '<div class="head"><div><h1>API log</h1><p class="sub">The last {shown} calls, newest first, times in '
        'UTC. {used} of {limit} used today.</p></div>{clear}</div><p class="counters">{counters}</p>{table}',
        shown=SHOWN,
        used=f"{org.used_today():,}",
        limit=f"{org.daily_limit:,}",
        clear=post_form("/log/clear", button("Clear log", look="quiet")) if calls else "",
        counters=counters,
        table=table if calls else html('<div class="card empty"><p>Nobody has called so far.</p></div>'),
    )
    return Page("API log", content)


def verb(org: SandboxOrg, _request: Request, rest: list[str]) -> Done:
    """POST /log/clear."""
    if rest != ["clear"]:
        raise Problem("NOT_FOUND", "There is no such page.", 404)
    org.reset_calls()
    return Done("/log", "cleared")


def _line(call: Call) -> Html:
    path = call.path if len(call.path) <= 90 else f"{call.path[:87]}..."
    more = html('<code class="soql">{text}</code>', text=call.detail[:2000]) if call.detail else Html("")
    status = chip(call.status or "none", "good" if 200 <= call.status < 300 else "hot")
    return html(
        '<tr><td class="muted">{at}</td><td><span class="call">{method} {path}</span>{more}</td><td>{status}</td>'
        '<td class="wide right">{rows}</td><td class="wide right">{ms}</td><td class="wide">{fault}</td></tr>',
        at=f"{call.at:%H:%M:%S}",
        method=call.method,
        path=path,
        more=more,
        status=status,
        rows=call.rows,
        ms=f"{call.seconds * 1000:,.0f}",
        fault=chip(call.fault, "hot"),
    )


def connect(_org: SandboxOrg, request: Request, rest: list[str]) -> Page:
    if rest:
        raise Problem("NOT_FOUND", "There is no such page.", 404)
    content = html(
        '<div class="head"><div><h1>Connect</h1><p class="sub">These credentials belong to the sandbox and open '
        'nothing else.</p></div></div><section class="card"><h2>Login address</h2><p><code class="big">{address}</code>'
        '</p><p class="muted">Enter it as login address of a connection, then one of the four kinds of login below.</p>'
        '</section><div class="cards even">{kinds}</div>{more}',
        address=f"http://{request.host}",
        kinds=joined(_kind(kind, words) for kind, words in _KINDS.items()),
        more=_more(),
    )
    return Page("Connect", content)


def _kind(kind: str, words: str) -> Html:
    lines = joined(
        html("<dt>{label}</dt><dd>{value}</dd>", label=_LABELS[name], value=_value(name, value))
        for name, value in oauth.CREDENTIALS[kind].items()
    )
    return html(
        '<section class="card"><h2>{words}</h2><dl class="facts">{lines}</dl></section>', words=words, lines=lines
    )


def _value(name: str, value: str) -> Html:
    if name != "private_key":
        return html("<code>{value}</code>", value=value)
    return html('<textarea readonly rows="3" aria-label="Private key (PEM)">{value}</textarea>', value=value)


def _more() -> Html:
    return html(
        '<section class="card"><h2>Remote control</h2><p class="muted">For tests in another process, JSON in and out:'
        '</p><ul class="plain"><li><code>GET /sandbox/status</code>, <code>GET /sandbox/calls</code></li>'
        '<li><code>POST /sandbox/faults</code> with <code>{{"slow_drip": {{"times": 3}}}}</code> or '
        '<code>{{"heal": true}}</code></li><li><code>POST /sandbox/records/Account</code> with '
        '<code>{{"values": {{…}}}}</code>; with an id behind it the record is changed</li>'
        "<li><code>POST /sandbox/delete</code>, <code>undelete</code>, <code>purge</code> with "
        '<code>{{"id": …}}</code>, <code>merge</code> with <code>{{"master": …, "others": […]}}</code></li>'
        '<li><code>POST /sandbox/clock/advance</code> with <code>{{"seconds": 60}}</code>, '
        "<code>POST /sandbox/sessions/expire</code></li></ul></section>"
    )
