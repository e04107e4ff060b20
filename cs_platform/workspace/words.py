"""How the product says money, time and people. Pure functions of values; the clock and the zone are parameters."""

import re
from datetime import date, datetime, timedelta
from zlib import crc32
from zoneinfo import ZoneInfo

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext, ngettext

SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "INR": "₹", "AUD": "A$", "CAD": "C$", "BRL": "R$", "KRW": "₩"}
HUNDREDTHS = 100
STEPS = ((10**9, "B"), (10**6, "M"), (10**3, "k"))
HUES = 8
NBSP = "\u00a0"


def money(minor: int, currency: str) -> str:
    """1234500 EUR is €12,345; cents are shown only where there are some. Sums are kept in hundredths of every currency,
    so a yen or a dinar is one as well."""
    whole, rest = divmod(abs(minor), HUNDREDTHS)
    text = str(number_format(whole, decimal_pos=0, force_grouping=True))
    if rest:
        point = str(number_format("0.5", decimal_pos=1))[1]
        text += f"{point}{rest:02d}"
    return _signed(minor, text, currency)


def money_short(minor: int, currency: str) -> str:
    """For cards and charts: €1.2M. The exact sum belongs beside it or in its title."""
    value = abs(minor) / HUNDREDTHS
    for size, letter in STEPS:
        if value >= size * 0.9995:
            scaled = value / size
            places = 1 if scaled < 99.95 and round(scaled, 1) != round(scaled) else 0
            return _signed(minor, f"{number_format(round(scaled, places), decimal_pos=places)}{letter}", currency)
    return _signed(minor, str(number_format(round(value), decimal_pos=0)), currency)


def _signed(minor: int, text: str, currency: str) -> str:
    sign = SIGNS.get(currency)
    minus = "\u2212" if minor < 0 else ""
    return f"{minus}{sign}{text}" if sign else f"{minus}{text}{NBSP}{currency}"


def initials(name: str) -> str:
    """Ana Lindqvist is AL, ana@acme.com is A, nobody is a question mark."""
    words = [word for word in re.split(r"[\s.\-_]+", name.split("@")[0]) if word[:1].isalnum()]
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def hue(name: str) -> int:
    """The same person has the same colour on every page."""
    return crc32(name.strip().lower().encode()) % HUES


def zone_name(zone: str) -> str:
    """Europe/Berlin is Berlin, America/Argentina/Buenos_Aires is Buenos Aires."""
    return zone.rsplit("/", 1)[-1].replace("_", " ")


def day(value: date, now: date) -> str:
    """Mon 23 Nov; the year only where it is another one."""
    return date_format(value, "D j M" if value.year == now.year else "D j M Y")


def exact(at: date | datetime, now: datetime, zone: str) -> str:
    """Mon 23 Nov, 09:00 (Berlin)"""
    here = now.astimezone(ZoneInfo(zone))
    if not isinstance(at, datetime):
        return day(at, here.date())
    local = at.astimezone(ZoneInfo(zone))
    return f"{day(local.date(), here.date())}, {date_format(local, 'H:i')} ({zone_name(zone)})"


def relative(at: date | datetime, now: datetime, zone: str) -> str:
    """5 min ago, yesterday, in 12 days, and the date itself when it is more than a year away."""
    here = now.astimezone(ZoneInfo(zone))
    if isinstance(at, datetime):
        gap = at - now
        if abs(gap) < timedelta(hours=22):
            return _within_a_day(gap)
        at = at.astimezone(ZoneInfo(zone)).date()
    days = (at - here.date()).days
    near = {0: gettext("today"), 1: gettext("tomorrow"), -1: gettext("yesterday")}
    if days in near:
        return near[days]
    if abs(days) > 365:
        return day(at, here.date())
    return _directed(_days_words(abs(days)), days > 0)


def _within_a_day(gap: timedelta) -> str:
    seconds = abs(gap.total_seconds())
    if seconds < 45:
        return gettext("now") if gap >= timedelta(0) else gettext("just now")
    return _directed(duration(seconds), gap > timedelta(0))


def _directed(words: str, ahead: bool) -> str:
    return (gettext("in {words}") if ahead else gettext("{words} ago")).format(words=words)


def _days_words(days: int) -> str:
    if days < 60:
        return count(days, "day")
    months = max(2, round(days / 30.44))
    return ngettext("{n} month", "{n} months", months).format(n=months)


def duration(seconds: float) -> str:
    """How long something took or has lasted: 12 s, 3 min, 5 h, 4 days."""
    if seconds < 59.5:
        return gettext("{n} s").format(n=max(0, round(seconds)))
    if seconds < 3570:
        return gettext("{n} min").format(n=round(seconds / 60))
    if seconds < 22 * 3600:
        return gettext("{n} h").format(n=round(seconds / 3600))
    return count(max(1, round(seconds / 86400)), "day")


def count(number: int, noun: str) -> str:
    """1 day, 12 days: the nouns that the face itself counts."""
    shown = number_format(number, decimal_pos=0, force_grouping=True)
    forms = {
        "day": ngettext("{n} day", "{n} days", number),
        "account": ngettext("{n} account", "{n} accounts", number),
    }
    return forms[noun].format(n=shown)


def stage_parts(name: str) -> tuple[str, str]:
    """`1. Onboarding` is (1, Onboarding); a stage without a number is itself."""
    found = re.match(r"^\s*(\d{1,2})[.)]\s+(.+)$", name)
    return (found[1], found[2]) if found else ("", name)
