"""What a value must look like, whatever door it comes through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.services import cleaning

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(ANYTHING)
def test_anything_is_either_read_or_refused_in_words(raw):
    for cleaners in (cleaning.ACCOUNT, cleaning.CONTACT, cleaning.OPPORTUNITY):
        for cleaner in cleaners.values():
            try:
                cleaner(raw)
            except cleaning.BadValue as bad:
                assert str(bad) and bad.code


@given(st.text())
def test_cleaning_twice_is_cleaning_once(raw):
    for cleaner in (cleaning.optional(500), cleaning.country, cleaning.email, cleaning.domain):
        try:
            once = cleaner(raw)
        except cleaning.BadValue:
            continue
        assert cleaner(once) == once


@pytest.mark.parametrize(
    ("raw", "clean"),
    [("  a\tb\n", "a b"), ("e\u0301", "é"), ("a" * 10, "a" * 10), ("👩\u200d💻", "👩\u200d💻"), (None, "")],
)
def test_text(raw, clean):
    assert cleaning.plain(raw, 10) == clean


@pytest.mark.parametrize("raw", ["a\x00", "\x1b[31m", "\x85", "\ud83d", "a" * 11, 5, b"x", ["x"]])
def test_text_that_is_none(raw):
    with pytest.raises(cleaning.BadValue):
        cleaning.plain(raw, 10)


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("Acme.COM", "acme.com"),
        ("www.acme.com.", "acme.com"),
        ("bücher.de", "xn--bcher-kva.de"),
        ("a-b.co.uk", "a-b.co.uk"),
    ],
)
def test_domains(raw, clean):
    assert cleaning.domain(raw) == clean


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "acme",
        "http://acme.com",
        "acme.com/x",
        "10.0.0.1",
        "a..b",
        "-a.com",
        "a b.com",
        "x" * 64 + ".com",
        "a@b.com",
    ],
)
def test_domains_that_are_none(raw):
    with pytest.raises(cleaning.BadValue):
        cleaning.domain(raw)


@pytest.mark.parametrize(
    ("raw", "clean"), [("Pat@Acme.com", "pat@acme.com"), ("pat@bücher.de", "pat@xn--bcher-kva.de"), (" ", "")]
)
def test_addresses(raw, clean):
    assert cleaning.email(raw) == clean


@pytest.mark.parametrize(
    "raw",
    [
        "x",
        "a@b",
        "a@@b.de",
        "a b@c.de",
        "a@b.de\nBcc: x@y.de",
        '"a b"@c.de',
        "a@[10.0.0.1]",
        "a@b..de",
        "x" * 65 + "@b.de",
    ],
)
def test_addresses_that_are_none(raw):
    with pytest.raises(cleaning.BadValue):
        cleaning.email(raw)


@pytest.mark.parametrize(("raw", "minor"), [("1200.50", 120050), (0.1, 10), (5, 500), ("-3", -300), (" 7 ", 700)])
def test_amounts(raw, minor):
    assert cleaning.major(raw) == minor
