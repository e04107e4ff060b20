"""One colour of the organisation becomes the colours of the page, each with enough contrast for what it does.

The address of the style sheet holds the colour itself: it depends on nothing else, so that every cache may keep it for
ever and no organisation can get the sheet of another. Inline styles are forbidden by the content security policy.
"""

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from cs_platform.people.doors import member_view

DEFAULT = "2457c5"
EDITION = 1  # part of the address: another way of computing needs another number
PAGE = {"light": "f4f5f7", "dark": "1e2127"}  # the least favourable grounds of product.css
TEXT, SHAPE = 4.6, 3.1  # WCAG 2.2 AA asks 4.5 of text and 3 of shapes
LOGO_TYPES = ("image/png", "image/jpeg", "image/webp")

RGB = tuple[int, int, int]


def address(colour: str) -> str:
    """Of the style sheet for `#rrggbb`; empty when the shipped colour is used."""
    return reverse("brand-colour", args=[EDITION, colour.lstrip("#").lower()]) if colour else ""


def contrast(one: str, other: str) -> float:
    high, low = sorted((_luminance(_rgb(one)), _luminance(_rgb(other))), reverse=True)
    return (high + 0.05) / (low + 0.05)


def readable_on(colour: str) -> str:
    """White or black, whichever is easier to read; one of them always has at least 4.5."""
    return max(("ffffff", "000000"), key=lambda ink: contrast(ink, colour))


def fitted(colour: str, theme: str, least: float) -> str:
    """The colour, darkened (or lightened, on a dark page) as little as it needs to stand out by `least`."""
    towards = (0, 0, 0) if theme == "light" else (255, 255, 255)
    mixed = (_mix(_rgb(colour), towards, step / 50) for step in range(51))
    return next(found for found in map(_hex, mixed) if contrast(found, PAGE[theme]) >= least)


def style_sheet(colour: str) -> str:
    fills = {theme: fitted(colour, theme, SHAPE) for theme in PAGE}
    inks = {theme: fitted(colour, theme, TEXT) for theme in PAGE}
    return (
        ":root{"
        f"--cs-brand:{_both(lambda theme: fills[theme])};"
        f"--cs-brand-fg:{_both(lambda theme: readable_on(fills[theme]))};"
        f"--cs-brand-ink:{_both(lambda theme: inks[theme])}"
        "}\n"
    )


def _both(of: Callable[[str], str]) -> str:
    return f"light-dark(#{of('light')},#{of('dark')})"


def _rgb(colour: str) -> RGB:
    return int(colour[0:2], 16), int(colour[2:4], 16), int(colour[4:6], 16)


def _hex(rgb: RGB) -> str:
    return "".join(f"{part:02x}" for part in rgb)


def _mix(colour: RGB, towards: RGB, share: float) -> RGB:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(colour, towards, strict=True))
    return red, green, blue


def _luminance(rgb: RGB) -> float:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (p / 255 for p in rgb))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def colour(request: HttpRequest, edition: str, colour: str) -> HttpResponse:
    if int(edition) != EDITION:
        raise Http404
    answer = HttpResponse(style_sheet(colour), content_type="text/css; charset=utf-8")
    answer["Cache-Control"] = "public, max-age=31536000, immutable"
    return answer


@member_view
def logo(request: HttpRequest, slug: str, version: int) -> HttpResponse:
    """The picture of the organisation one is in; the address changes with it."""
    tenant = request.tenant  # type: ignore[attr-defined]
    if slug != tenant.slug or not tenant.logo or tenant.logo_type not in LOGO_TYPES:
        raise Http404
    answer = HttpResponse(bytes(tenant.logo), content_type=tenant.logo_type)
    answer["Cache-Control"] = "private, max-age=86400"
    return answer
