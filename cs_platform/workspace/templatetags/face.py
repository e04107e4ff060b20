"""`{% load face %}`: icons, and the words for money, time and people. What they say is in workspace/words.py."""

from datetime import date, datetime

from django import template
from django.forms import BoundField, CheckboxInput, FileInput, RadioSelect, Select
from django.forms.boundfield import BoundWidget
from django.forms.widgets import CheckboxSelectMultiple
from django.template import Context
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from cs_platform.tenancy import clock
from cs_platform.workspace import words

register = template.Library()
SPRITE = "vendor/tabler-icons/3.51.0/icons.svg"
SEGMENT_BARS = {"strategic": 4, "enterprise": 3, "mid-market": 2, "smb": 1, "scaled": 0}
TONES = {
    "good": "circle-check",
    "watch": "alert-triangle",
    "bad": "alert-octagon",
    "info": "info-circle",
    "neutral": "",
    # what Django's messages call them
    "success": "circle-check",
    "warning": "alert-triangle",
    "error": "alert-octagon",
}
MEANINGS = {"success": "good", "warning": "watch", "error": "bad", "debug": "info"}


@register.simple_tag
def icon(name: str, label: str = "", size: int = 18) -> SafeString:
    """`{% icon "bell" %}` beside a word, `{% icon "bell" label="Notifications" %}` alone."""
    href = f"{static(SPRITE)}#{name}"
    if label:
        shape = '<svg class="cs-icon" width="{0}" height="{0}" role="img" aria-label="{2}"><use href="{1}"/></svg>'
        return format_html(shape, size, href, label)
    shape = '<svg class="cs-icon" width="{0}" height="{0}" aria-hidden="true" focusable="false"><use href="{1}"/></svg>'
    return format_html(shape, size, href)


@register.filter
def tone_icon(tone: str) -> str:
    return TONES.get(tone, "")


@register.filter
def meaning(level: str) -> str:
    """The tone of one of Django's message levels."""
    return MEANINGS.get(level, level or "info")


# --- money and numbers ---------------------------------------------------------------------------------------------


@register.filter
def money(minor: int | None, currency: str) -> str:
    return "" if minor is None else words.money(minor, currency)


@register.filter
def money_short(minor: int | None, currency: str) -> str:
    return "" if minor is None else words.money_short(minor, currency)


# --- time ----------------------------------------------------------------------------------------------------------


def _now(context: Context) -> datetime:
    return getattr(context.get("request"), "now", None) or clock.now()


def _zone(context: Context) -> str:
    return getattr(getattr(context.get("request"), "tenant", None), "timezone", "") or "UTC"


@register.simple_tag(takes_context=True)
def relative(context: Context, at: date | datetime | None) -> str:
    """`in 12 days`, in the tenant's days."""
    return words.relative(at, _now(context), _zone(context)) if at else ""


@register.simple_tag(takes_context=True)
def exact(context: Context, at: date | datetime | None, zone: str = "") -> str:
    """`Mon 23 Nov, 09:00 (Berlin)`: in the tenant's zone, or in the one that is named."""
    return words.exact(at, _now(context), zone or _zone(context)) if at else ""


@register.filter
def iso(at: date | datetime | None) -> str:
    return at.isoformat() if at else ""


@register.filter
def duration(seconds: float | None) -> str:
    return "" if seconds is None else words.duration(seconds)


@register.filter
def days(number: int | None) -> str:
    return "" if number is None else words.count(number, "day")


# --- people and stages ---------------------------------------------------------------------------------------------


@register.filter
def initials(name: object) -> str:
    return words.initials(str(name or ""))


@register.filter
def hue(name: object) -> int:
    return words.hue(str(name or ""))


@register.filter
def stage_number(name: object) -> str:
    return words.stage_parts(str(name or ""))[0]


@register.filter
def stage_word(name: object) -> str:
    return words.stage_parts(str(name or ""))[1]


@register.filter
def segment_bars(name: object) -> str:
    """Four rising bars, filled by the weight of a shipped segment; nothing for one that an organisation made itself."""
    return _BARS.get(SEGMENT_BARS.get(str(name).lower(), -1), "")


def _bars(filled: int) -> SafeString:
    """Drawn once: a list of accounts shows one in each row."""
    bar = '<rect x="{}" y="{}" width="3" height="{}" rx="1"{} />'
    bars = [
        format_html(bar, place * 4, 11 - height, height, mark_safe(' class="on"') if place < filled else "")
        for place, height in enumerate((3, 5, 8, 11))
    ]
    return format_html('<svg width="15" height="11" aria-hidden="true">{}</svg>', mark_safe("".join(bars)))


_BARS = {filled: _bars(filled) for filled in SEGMENT_BARS.values()}


# --- drawings ------------------------------------------------------------------------------------------------------


@register.filter
def percent_of(part: float | None, whole: float | None) -> int:
    """0 to 100, for the width of a bar."""
    if not whole or part is None:
        return 0
    return max(0, min(100, round(100 * float(part) / float(whole))))


@register.filter
def sparkline_points(values: list[float], size: str = "96x24") -> str:
    """The points of a polyline: oldest at the left, highest at the top, two units of air around."""
    width, height = (int(part) for part in size.split("x"))
    if not values:
        return ""
    numbers = [float(value) for value in values] * (2 if len(values) == 1 else 1)
    low, high = min(numbers), max(numbers)
    step = (width - 4) / (len(numbers) - 1)
    points = []
    for place, number in enumerate(numbers):
        share = (number - low) / (high - low) if high > low else 0.5
        points.append(f"{2 + place * step:.1f},{height - 2 - share * (height - 4):.1f}")
    return " ".join(points)


# --- forms ---------------------------------------------------------------------------------------------------------


@register.simple_tag
def box(field: BoundField, placeholder: str = "", **attrs: str) -> SafeString:
    """The input of a form field with the classes of the face. What is wrong is told to screen readers by Django; a
    placeholder is only what the page asks for, because one that repeats the label says nothing."""
    widget = field.field.widget
    kind = "form-select" if isinstance(widget, Select) else "form-control"
    if isinstance(widget, CheckboxInput):
        kind = "form-check-input"
    classes = " ".join(filter(None, (kind, "is-invalid" if field.errors else "", str(widget.attrs.get("class", "")))))
    given: dict[str, str | bool] = {key: value for key, value in attrs.items() if value}
    return field.as_widget(attrs={"class": classes, "placeholder": placeholder or False, **given})


@register.simple_tag
def choice(option: BoundWidget) -> SafeString:
    """One box of a group of check boxes or radio buttons."""
    attrs = {**option.data["attrs"], "class": "form-check-input"}
    return option.parent_widget._render(  # type: ignore[attr-defined]
        option.template_name, {"widget": {**option.data, "attrs": attrs, "wrap_label": False}}
    )


@register.filter
def box_kind(field: BoundField) -> str:
    """Where the label goes: `check` beside the box, `group` over several, `box` over one."""
    widget = field.field.widget
    if isinstance(widget, RadioSelect | CheckboxSelectMultiple):
        return "group"
    if isinstance(widget, CheckboxInput):
        return "check"
    return "file" if isinstance(widget, FileInput) else "box"
