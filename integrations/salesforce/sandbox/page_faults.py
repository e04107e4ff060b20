"""The page of switches: what can go wrong, with its options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from integrations.salesforce.sandbox.faults import CATALOGUE, COMMON, Fault, Kind
from integrations.salesforce.sandbox.markup import Html, button, check_box, html, joined, post_form, text_box
from integrations.salesforce.sandbox.messages import Request
from integrations.salesforce.sandbox.page_parts import Done, Page, Refused, chip
from integrations.salesforce.sandbox.problems import Problem

if TYPE_CHECKING:
    from integrations.salesforce.sandbox.org import SandboxOrg

_LABELS = {
    "on": "Kind of calls",
    "times": "How often",
    "probability": "Probability",
    "after": "After good calls",
    "seed": "Seed",
    "calls": "Calls per session",
    "status": "HTTP status",
    "seconds": "Seconds",
    "spread": "Spread at random up to that",
    "field": "Field",
    "names_field": "The answer names the field",
}
_HINTS = {
    "on": "api, login, query, write, all or one kind",
    "times": "empty: until switched off",
    "seconds": "",
}


def show(org: SandboxOrg, request: Request, rest: list[str]) -> Page:
    if rest:
        raise Problem("NOT_FOUND", "There is no such page.", 404)
    active = {fault.name: fault for fault in org.faults.active()}
    content = html(
        '<div class="head"><div><h1>Faults</h1><p class="sub">{count}</p></div>{heal}</div><div class="pair">'
        '<div class="side">{left}{limit}</div><div class="side">{right}{sessions}</div></div>',
        count="Everything works." if not active else f"{len(active)} switched on.",
        heal=post_form("/faults/heal", button("Switch all off", look="main")) if active else "",
        left=joined(_group(group, active) for group in ("Sessions", "Answers")),
        right=joined(_group(group, active) for group in ("Limits", "Network", "Data")),
        limit=_limit(org),
        sessions=_sessions(),
    )
    return Page("Faults", content)


def verb(org: SandboxOrg, request: Request, rest: list[str]) -> Done:
    """POST /faults/NAME/on, /faults/NAME/off, /faults/heal, /faults/sessions, /faults/limit."""
    form = request.form()
    try:
        match rest:
            case ["heal"]:
                org.faults.heal()
                return Done("/faults", "healed")
            case ["sessions"]:
                org.expire_sessions()
                return Done("/faults", "expired")
            case ["limit"]:
                org.daily_limit = _whole(form.get("daily", ""))
                return Done("/faults", "limit")
            case [name, "on"]:
                known = {**COMMON, **(CATALOGUE[name].options if name in CATALOGUE else {})}
                org.faults.switch(name, **_options(form, known))
                return Done("/faults", "fault-on")
            case [name, "off"]:
                org.faults.heal(name)
                return Done("/faults", "fault-off")
    except Problem as problem:
        raise Refused(show(org, request, []), problem.message) from None
    raise Problem("NOT_FOUND", "There is no such page.", 404)


def _options(form: Mapping[str, str], known: Mapping[str, Any]) -> dict[str, Any]:
    """Boxes that were filled in; a tick box that is not sent is off."""
    options: dict[str, Any] = {name: form[name].strip() for name in known if form.get(name, "").strip()}
    return options | {name: name in form for name, usual in known.items() if isinstance(usual, bool)}


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Problem("BAD_OPTION", "The daily limit is a whole number.", 422)
    return int(text)


def _group(group: str, active: Mapping[str, Fault]) -> Html:
    names = [name for name, kind in CATALOGUE.items() if kind.group == group]
    return html(
        '<section class="card" aria-label="{group}"><h2>{group}</h2>{switches}</section>',
        group=group,
        switches=joined(_switch(name, CATALOGUE[name], active.get(name)) for name in names),
    )


def _switch(name: str, kind: Kind, fault: Fault | None) -> Html:
    """One fault: what it does, its buttons, and its options folded away."""
    usual = {**kind.options, **{key: value for key, value in COMMON.items() if key != "seed"}}
    current = fault.options if fault else {**usual, "on": ""}
    keys = usual if kind.on else kind.options
    buttons = [button("Switch on again" if fault else "Switch on", look="quiet small", about=kind.label)]
    if fault:
        off = html(
            '<button type="submit" class="small" formaction="/faults/{name}/off" aria-label="Switch off: {label}">'
            "Switch off</button>",
            name=name,
            label=kind.label,
        )
        buttons.insert(0, off)
    strikes = f"on, {fault.strikes} {'strike' if fault.strikes == 1 else 'strikes'}" if fault else ""
    inside = html(
        '<div class="what"><h3>{label} {state}</h3><p class="muted">{words}</p></div><div class="acts">{buttons}</div>'
        '<details class="fold"><summary>Options<span class="unseen"> of {label}</span></summary>'
        '<div class="options">{options}</div></details>',
        label=kind.label,
        state=chip(strikes, "hot"),
        words=kind.words,
        buttons=joined(buttons),
        options=joined(_option(name, key, current[key], usual[key]) for key in keys),
    )
    look = "item switch active" if fault else "item switch"
    return post_form(f"/faults/{name}/on", inside, look=look, label=kind.label)


def _option(name: str, key: str, value: Any, usual: Any) -> Html:
    label, box_key = _LABELS[key], f"{name}-{key}"
    if isinstance(usual, bool):
        return check_box(label, key, "true", checked=bool(value), key=box_key)
    kind, more = "text", 'maxlength="80"'
    if isinstance(usual, int | float) or key == "times":
        kind, more = "number", 'step="any"' if isinstance(usual, float) else 'step="1"'
    return text_box(label, key, value, key=box_key, kind=kind, more=more, hint=_HINTS.get(key, ""))


def _limit(org: SandboxOrg) -> Html:
    inside = html(
        "{box}{button}",
        box=text_box("API calls a day", "daily", org.daily_limit, key="daily", kind="number", more='min="0" required'),
        button=button("Set limit", look="quiet"),
    )
    return html(
        '<section class="card"><h2>Daily limit</h2><p class="muted">{used} of {limit} used today.</p>{form}</section>',
        used=f"{org.used_today():,}",
        limit=f"{org.daily_limit:,}",
        form=post_form("/faults/limit", inside, look="inline", label="Daily limit"),
    )


def _sessions() -> Html:
    return html(
        '<section class="card"><h2>End sessions</h2><p class="muted">End every open session once: the next call is '
        "answered 401, a new login works.</p>{form}</section>",
        form=post_form("/faults/sessions", button("Expire all sessions", look="quiet")),
    )
