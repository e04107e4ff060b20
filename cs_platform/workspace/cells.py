"""Pieces of a line of a list, rendered once for each value and then printed: hundreds of lines have the same stages,
segments and owners. The pieces are those of templates/workspace/_cells.html, so that there is one place for a chip."""

from functools import lru_cache

from django.template.loader import get_template
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language


def cell(kind: str, value: str = "") -> SafeString:
    return _cell(kind, value, get_language() or "")


@lru_cache(maxsize=8192)
def _cell(kind: str, value: str, language: str) -> SafeString:
    rendered = get_template(f"workspace/_cells.html#{kind}").render({"value": value})
    return mark_safe(rendered.strip())  # noqa: S308  (a template has escaped the value)
