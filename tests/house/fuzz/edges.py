"""Values at the edge of what a field, a parser or PostgreSQL takes: 150 that JSON can carry, and bodies that are not
JSON, or that a lenient parser would read in two ways."""

from typing import Any

NUMBERS: list[Any] = [
    0, -1, 1, 2**15, 2**31 - 1, 2**31, -(2**31) - 1, 2**53, 2**53 + 1, 2**63 - 1, 2**63, -(2**63) - 1, 2**64, 10**17,
    10**18, 10**30, 10**308, 0.1, -0.0, 1e-320, 1e308, 1.7976931348623157e308, 0.30000000000000004, 99999999999999.99,
]  # fmt: skip
WORDS: list[Any] = [
    "", " ", "\t", "\n", "\r\n", "\x00", "a\x00b", "\x01", "\x1b[31m", "\x7f", "\x85", "\u200b", "\u200f", "\u2028",
    "\u202e", "\ufeff", "\ufffe", "\uffff", "\ud800", "\udfff", "a\ud83d", "\U0001f600", "\U0010ffff", "e\u0301",
    "\u0301" * 50, "ẞ", "İ", "ﬁ", "Ω" * 300, "x" * 255, "x" * 256, "x" * 10_000, "😀" * 5000, "null", "None",
    "undefined", "true", "NaN", "Infinity", "-0", "+1", "0x10", "1e400", "1_000", "٣", "1,5", "1.000,00",
    "=1+1", "@SUM(A1)",
    "-2+3", "+cmd|' /C calc'!A0", "'; DROP TABLE accounts_account; --", '" OR ""="', "\\", "\\u0000",
    "%00", "%s %d %n", "{0.__class__}", "{{7*7}}", "{% debug %}", "${jndi:ldap://x}", "<script>alert(1)</script>",
    "<!--", "]]>", "../../etc/passwd", "..\\..\\x", "file:///etc/passwd", "http://169.254.169.254/", "//evil.example",
    "javascript:alert(1)", "data:text/html,x", "a@b", "a@b@c", "a b@example.com", "a@" + "b" * 300 + ".com",
    "user@xn--.example", "bücher@bücher.example", "a\r\nBcc: b@example.com", "x" * 65 + "@example.com",
]  # fmt: skip
MOMENTS: list[Any] = [
    "0000-00-00", "0001-01-01", "9999-12-31", "10000-01-01", "2026-02-29", "2024-02-30", "2026-13-01", "-2026-01-01",
    "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59-14:00", "2026-03-29T02:30:00",
    "2026-06-30T23:59:60Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00+25:00", "2026-11-23", "23/11/2026", "25:00",
    "09:60", "now", "Europe/Atlantis", "Etc/GMT+25", "CET", "posix/Europe/Berlin",
]  # fmt: skip
KEYS: list[Any] = [
    "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "not-a-uuid",
    "019aa000-0000-7000-8000-00000000000", "{019aa000-0000-7000-8000-000000000000}", "019AA00000007000800000000000ABCD",
    "001000000000000AAA", "001000000000000", "0010000000000000AAAA",
]  # fmt: skip
SHAPES: list[Any] = [
    None, True, False, [], {}, [[]], [None], [{}], {"": ""}, {"a": {"b": {"c": []}}}, ["x"] * 1000, list(range(1000)),
    {"id": "x"}, {"$ne": None}, {"__class__": "x"}, [["a"] * 10] * 10, {str(n): n for n in range(200)},
]  # fmt: skip
RAW = [
    b"", b" ", b"null", b"[]", b"{", b"}", b'{"name": }', b'{"name": NaN}', b'{"name": Infinity}', b'{"a": 1, "a": 2}',
    b'{"name": "\xff\xfe"}', b"\xef\xbb\xbf{}", b"\x00", b"[" * 5000, b'{"a":' * 5000, b'{"n": ' + b"9" * 5000 + b"}",
    b'{"name": "\\ud800"}', b"{'name': 'x'}", b'{"name": "x",}', b'"x"', b"1", b"<xml/>", b'{"x": 1e99999}',
]  # fmt: skip

EDGES: list[Any] = [*NUMBERS, *WORDS, *MOMENTS, *KEYS, *SHAPES]
TEXTS = [value for value in EDGES if isinstance(value, str)]
