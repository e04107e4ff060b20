"""Addresses: one form for comparing, a keyed hash for remembering, stars for showing.

The hash lets a suppression outlive the contact: nobody can read an address from it, and the same address, in whatever
letter case, gives the same hash in one organisation and another one in the next.
"""

import hashlib
import hmac
import re
from functools import lru_cache

import idna

# No spaces, brackets, quotes, commas or control characters: what would mean more than one address, or a header.
_LOCAL = re.compile(r"[^\s\"(),:;<>@\[\\\]\x00-\x20\x7f-\x9f]+")
_PLAIN = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")


class BadAddress(ValueError):
    """This is not an address that mail can be sent to."""


def normal(address: str) -> str:
    """Lower-case, the domain in its ASCII form; BadAddress if it is none."""
    plain = address.strip().lower()
    if _PLAIN.fullmatch(plain) and len(plain) <= 254:
        return plain
    local, at, domain = plain.rpartition("@")
    if not at or not local or len(local.encode()) > 64 or not _LOCAL.fullmatch(local):
        raise BadAddress(address)
    made = f"{local}@{_ascii(domain)}"
    if len(made.encode()) > 254 or ".." in local or local[0] == "." or local[-1] == ".":
        raise BadAddress(address)
    return made


@lru_cache(maxsize=4096)
def _ascii(domain: str) -> str:
    try:
        made = idna.encode(domain, uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        raise BadAddress(domain) from None
    if "." not in made or len(made) > 253:
        raise BadAddress(domain)
    return made.lower()


def key(address: str, secret: bytes) -> str:
    return key_of_normal(normal(address), secret)


def key_of_normal(address: str, secret: bytes) -> str:
    """Of an address that is in its normal form already."""
    return hmac.digest(secret, address.encode(), hashlib.sha256)[:16].hex()


def key_or_none(address: str, secret: bytes) -> str | None:
    """None for what is no address: nothing can be sent to it and nothing need be remembered."""
    try:
        return key(address, secret)
    except BadAddress:
        return None


def masked(address: str) -> str:
    """`ada@example.com` as `a••@e••.com`: enough to recognise, not enough to write to."""
    local, _, domain = address.strip().rpartition("@")
    name, _, top = domain.rpartition(".")
    return f"{local[:1]}••@{name[:1]}••.{top}" if local and name else "••"
