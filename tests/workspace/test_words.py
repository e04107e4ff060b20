"""Money, time and people in words."""

from datetime import UTC, date, datetime, timedelta

import pytest

from cs_platform.workspace import words

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
BERLIN = "Europe/Berlin"


@pytest.mark.parametrize(
    ("minor", "currency", "said"),
    [
        (8_500_000, "EUR", "€85,000"),
        (8_500_050, "EUR", "€85,000.50"),
        (5, "USD", "$0.05"),
        (0, "USD", "$0"),
        (-4_999, "GBP", "\u2212£49.99"),
        (12_000_000, "JPY", "¥120,000"),
        (150, "KWD", "1.50\u00a0KWD"),
        (100_000, "CHF", "1,000\u00a0CHF"),
        (2**62, "EUR", "€46,116,860,184,273,879.04"),
    ],
)
def test_money(minor, currency, said):
    assert words.money(minor, currency) == said


@pytest.mark.parametrize(
    ("minor", "said"),
    [(123_456_750, "$1.2M"), (99_995_000, "$1M"), (100_000, "$1k"), (1_250_000, "$12.5k"), (99_900, "$999"), (0, "$0")],
)
def test_short_money(minor, said):
    assert words.money_short(minor, "USD") == said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Ana Lindqvist", "AL"),
        ("ana.berg@acme.com", "AB"),
        ("Jean-Luc Picard", "JP"),
        ("", "?"),
        ("  ", "?"),
        ("李", "李"),
    ],
)
def test_initials(name, said):
    assert words.initials(name) == said


def test_the_same_person_has_the_same_colour():
    assert words.hue("Ana") == words.hue(" ana ") and 0 <= words.hue("Ben") < words.HUES


@pytest.mark.parametrize(
    ("gap", "said"),
    [
        (timedelta(seconds=-20), "just now"),
        (timedelta(seconds=20), "now"),
        (timedelta(minutes=-5), "5 min ago"),
        (timedelta(minutes=59, seconds=50), "in 1 h"),
        (timedelta(hours=-2), "2 h ago"),
        (timedelta(hours=25), "tomorrow"),
        (timedelta(days=-3), "3 days ago"),
        (timedelta(days=10), "in 10 days"),
        (timedelta(days=200), "in 7 months"),
        (timedelta(days=-400), "Sun 19 Oct 2025"),
    ],
)
def test_near_moments(gap, said):
    assert words.relative(NOW + gap, NOW, BERLIN) == said


def test_a_day_is_the_day_of_the_organisation():
    late = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)  # already the 24th in Berlin
    assert words.relative(date(2026, 11, 24), late, BERLIN) == "today"
    assert words.relative(date(2026, 11, 24), late, "America/New_York") == "tomorrow"


def test_exact_moments_name_their_zone():
    assert words.exact(NOW, NOW, BERLIN) == "Mon 23 Nov, 09:00 (Berlin)"
    assert words.exact(NOW + timedelta(days=60), NOW, "America/Argentina/Buenos_Aires").endswith(
        "2027, 05:00 (Buenos Aires)"
    )
    assert words.exact(date(2026, 12, 24), NOW, BERLIN) == "Thu 24 Dec"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (12.4, "12 s"), (59.6, "1 min"), (180, "3 min"), (3575, "1 h"), (5 * 3600, "5 h"), (86400, "1 day")],
)
def test_durations(seconds, said):
    assert words.duration(seconds) == said


def test_stages_lose_their_number():
    assert words.stage_parts("1. Onboarding") == ("1", "Onboarding")
    assert words.stage_parts("Paused") == ("", "Paused")
    assert words.stage_parts("1.5x growth") == ("", "1.5x growth")
