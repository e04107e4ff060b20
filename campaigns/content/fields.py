"""The merge fields there are, and what a value looks like before it goes into a text."""

import re
import unicodedata
from collections.abc import Mapping

Values = Mapping[str, str]

# Every field a text can name, with an example for the page where texts are written.
FIELDS: dict[str, str] = {
    "contact.name": "Ada Lovelace",
    "contact.first_name": "Ada",
    "contact.last_name": "Lovelace",
    "contact.title": "Head of Engineering",
    "contact.email": "ada@example.com",
    "account.name": "Analytical Engines",
    "account.segment": "Enterprise",
    "account.service_model": "Named TA",
    "account.product_version": "5.4",
    "account.deployment": "cloud",
    "account.renewal_date": "1 September 2027",
    "account.csm_name": "Sam Rivera",
    "account.csm_email": "sam@example.com",
    "tenant.name": "Acme",
    "sender.name": "Acme Customer Success",
    "sender.email": "success@example.com",
}
ADDRESSES = frozenset(name for name in FIELDS if name.endswith("email"))
LONGEST = 200
NON_JOINER = "\u200c"
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_URL = re.compile(r"(?i)(?:\b[a-z][a-z0-9+.-]{1,20}:)?//\S*|\bwww\.\S*")
_DOT_IN_WORD = re.compile(r"(?<=[^\W_])\.(?=[^\W\d_]{2})")


def one_line(value: str) -> str:
    """Without line breaks, control and direction characters, and without doubled spaces."""
    kept = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in value)
    return " ".join(kept.split())[:LONGEST]


def harmless(value: str) -> str:
    """A name as it may stand in a mail. A web address in it is removed; what a mail program would still make a link of
    ("example.com", "x@y") is broken with a character that nobody sees."""
    plain = one_line(_URL.sub("", one_line(value)))
    return _DOT_IN_WORD.sub("." + NON_JOINER, plain).replace("@", "@" + NON_JOINER)


def clean(name: str, value: str) -> str:
    if name in ADDRESSES:
        plain = one_line(value)
        return plain if _ADDRESS.fullmatch(plain) else harmless(plain)
    return harmless(value)
