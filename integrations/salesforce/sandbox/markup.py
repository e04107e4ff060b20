"""HTML from small templates that escape every value; only what was made here passes as it is."""

from __future__ import annotations

import string
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any


class Html(str):
    """Text that is HTML already."""


class _Escaping(string.Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        text = format(value, format_spec) if format_spec else str(value)
        return text if isinstance(value, Html) else escape("" if value is None else text)


_FORMATTER = _Escaping()


def html(template: str, **values: Any) -> Html:
    """The template with its `{names}` filled in, escaped unless they are Html."""
    return Html(_FORMATTER.vformat(template, (), values))


def joined(parts: Iterable[Html], between: str = "") -> Html:
    return Html(between.join(parts))


def hidden(name: str, value: Any) -> Html:
    return html('<input type="hidden" name="{name}" value="{value}">', name=name, value=value)


def text_box(
    label: str, name: str, value: Any, *, key: str, kind: str = "text", more: str = "", hint: str = ""
) -> Html:
    """A labelled box. `more` are further attributes, written here and never taken from outside."""
    return html(
        '<div class="field"><label for="{key}">{label}</label>'
        '<input id="{key}" name="{name}" type="{kind}" value="{value}" autocomplete="off"{more}>{hint}</div>',
        key=key,
        label=label,
        name=name,
        kind=kind,
        value="" if value is None else value,
        more=Html(f" {more}" if more else ""),
        hint=html('<small class="hint">{hint}</small>', hint=hint) if hint else "",
    )


def choice(label: str, name: str, value: Any, options: Sequence[tuple[str, str]], *, key: str) -> Html:
    """A labelled list; a value that is not among the options is added, so that saving does not lose it."""
    known = [option for option, _ in options]
    current = "" if value is None else str(value)
    shown = [*options, *([] if current in known else [(current, current)])]
    return html(
        '<div class="field"><label for="{key}">{label}</label>'
        '<select id="{key}" name="{name}">{options}</select></div>',
        key=key,
        label=label,
        name=name,
        options=joined(
            html(
                '<option value="{value}"{mark}>{words}</option>',
                value=option,
                words=words,
                mark=Html(" selected" if option == current else ""),
            )
            for option, words in shown
        ),
    )


def check_box(label: str, name: str, value: str, *, checked: bool, key: str) -> Html:
    return html(
        '<span class="check"><input type="checkbox" id="{key}" name="{name}" value="{value}"{mark}>'
        '<label for="{key}">{label}</label></span>',
        key=key,
        name=name,
        value=value,
        label=label,
        mark=Html(" checked" if checked else ""),
    )


def button(words: str, *, look: str = "", about: str = "", name: str = "", value: str = "") -> Html:
    """A button. `about` says of which record, for those who do not see where it stands."""
    return html(
        '<button type="submit"{look}{label}{name}>{words}</button>',
        words=words,
        look=html(' class="{look}"', look=look) if look else "",
        label=html(' aria-label="{words}: {about}"', words=words, about=about) if about else "",
        name=html(' name="{name}" value="{value}"', name=name, value=value) if name else "",
    )


def post_form(action: str, inside: Html, *, look: str = "", label: str = "") -> Html:
    return html(
        '<form method="post" action="{action}"{look}{label}>{inside}</form>',
        action=action,
        inside=inside,
        look=html(' class="{look}"', look=look) if look else "",
        label=html(' aria-label="{label}"', label=label) if label else "",
    )
