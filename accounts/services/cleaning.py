"""What a value from outside must look like before a column gets it. One place for pages, the API and every sync.

Each function gives the value in the form of its column or raises BadValue, in words for whoever typed it.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

import idna
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator

from accounts.models.customers import MAX_COUNT, MAX_MINOR
from accounts.models.people import ContactRole

Cleaner = Callable[[Any], Any]
MAX_DOMAINS = 50
_SALESFORCE_ID = re.compile(r"[0-9A-Za-z]{18}", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_COUNTRY = re.compile(r"[A-Za-z]{2}", re.ASCII)
_PLAIN_LABEL = r"(?![a-z0-9-]{2}--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_PLAIN_HOST = re.compile(rf"{_PLAIN_LABEL}(?:\.{_PLAIN_LABEL})+", re.ASCII)
_ROLES = {role.casefold(): role for role in ContactRole.values}
_is_email = EmailValidator()


class BadValue(ValueError):
    """A value that can not be kept, with a stable code."""

    def __init__(self, message: str, code: str = "invalid") -> None:
        super().__init__(message)
        self.code = code


def plain(raw: object, limit: int) -> str:
    """One line of text, trimmed and in Unicode's composed form; None is empty."""
    if raw is None:
        return ""
    if not isinstance(raw, str):
        raise BadValue("This is not text.", "not_text")
    if len(raw) > 10 * limit + 100:
        raise BadValue(f"At most {limit} characters.", "too_long")
    if raw.isascii() and raw.isprintable():  # most are, and have nothing that follows to be looked for
        return _of_length(raw.strip(), limit)
    if any("\ud800" <= char <= "\udfff" for char in raw):
        raise BadValue("This text holds half a character.", "malformed")
    text = unicodedata.normalize("NFC", re.sub(r"[\t\r\n\u2028\u2029]+", " ", raw))
    if any(unicodedata.category(char) == "Cc" for char in text):
        raise BadValue("Control characters are not allowed.", "control_characters")
    return _of_length(text.strip(), limit)


def _of_length(text: str, limit: int) -> str:
    if len(text) > limit:
        raise BadValue(f"At most {limit} characters.", "too_long")
    return text


def optional(limit: int) -> Cleaner:
    return lambda raw: plain(raw, limit)


def needed(limit: int) -> Cleaner:
    def clean(raw: object) -> str:
        text = plain(raw, limit)
        if not text:
            raise BadValue("This is needed.", "required")
        return text

    return clean


def key(limit: int) -> Cleaner:
    """An id of another system: unique where it is given, so that no id is NULL and not empty text."""
    return lambda raw: plain(raw, limit) or None


def salesforce_id(raw: object) -> str | None:
    text = plain(raw, 40)
    if text and not _SALESFORCE_ID.fullmatch(text):
        raise BadValue("A Salesforce id has 18 letters and digits.", "invalid_salesforce_id")
    return text or None


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def zone(raw: object) -> str:
    text = plain(raw, 80)
    if text and text not in _zones():
        raise BadValue(f"{text!r} is not an IANA time zone like Europe/Berlin.", "invalid_timezone")
    return text


def country(raw: object) -> str:
    """A name or a code; a code of two letters is written in capitals."""
    text = plain(raw, 100)
    return text.upper() if _COUNTRY.fullmatch(text) else text


def email(raw: object) -> str:
    text = plain(raw, 300)
    if not text:
        return ""
    try:
        _is_email(text)
        local, _, host = text.rpartition("@")
        if '"' in local or len(local) > 64:
            raise BadValue("quoted")  # lawful, and refused by half of the mail servers
        address = f"{local.lower()}@{domain(host)}"
    except (ValidationError, BadValue):
        raise BadValue(f"{text[:60]!r} is not an e-mail address.", "invalid_email") from None
    if len(address) > 254:
        raise BadValue("An e-mail address has at most 254 characters.", "invalid_email")
    return address


def domain(raw: object) -> str:
    """A host name in the form that DNS knows (xn--…), without www."""
    text = plain(raw, 300).rstrip(".")
    host = text.lower()
    if not _PLAIN_HOST.fullmatch(host):
        try:
            host = idna.encode(text, uts46=True).decode().lower()
        except (idna.IDNAError, UnicodeError):
            host = ""
    labels = host.removeprefix("www.").split(".")
    if len(labels) < 2 or labels[-1].isdigit() or len(host) > 253:
        raise BadValue(f"{text[:60]!r} is not a domain like acme.com.", "invalid_domain")
    return ".".join(labels)


def domains(raw: object) -> list[str]:
    if raw is None:
        return []
    if not isinstance(raw, list | tuple | set | frozenset):
        raise BadValue("Give a list of domains.", "not_a_list")
    given = list(raw)
    if len(given) > MAX_DOMAINS:
        raise BadValue(f"An account has at most {MAX_DOMAINS} domains.", "too_long")
    return list(dict.fromkeys(domain(item) for item in given))


def count(raw: object) -> int | None:
    if raw is None:
        return None
    if isinstance(raw, bool) or not isinstance(raw, int):
        raise BadValue("Give a whole number.", "not_a_number")
    if not 0 <= raw <= MAX_COUNT:
        raise BadValue(f"Give a number from 0 to {MAX_COUNT:,}.", "out_of_range")
    return raw


def minor(raw: object) -> int | None:
    """An amount of money in whole minor units."""
    if raw is None:
        return None
    if isinstance(raw, bool) or not isinstance(raw, int):
        raise BadValue("Give an amount.", "not_a_number")
    if abs(raw) > MAX_MINOR:
        raise BadValue("This amount is too large.", "out_of_range")
    return raw


def major(raw: object) -> int | None:
    """An amount as it is written, "1200.50", in whole minor units."""
    if raw is None:
        return None
    if isinstance(raw, bool) or not isinstance(raw, str | int | float) or len(str(raw)) > 40:
        raise BadValue('Give the amount as a decimal string, for example "1200.50".', "not_a_number")
    try:
        amount = Decimal(str(raw).strip())
    except InvalidOperation:
        raise BadValue('Give the amount as a decimal string, for example "1200.50".', "not_a_number") from None
    if not amount.is_finite() or abs(amount) * 100 > MAX_MINOR:
        raise BadValue("This amount is too large.", "out_of_range")
    if amount * 100 != (amount * 100).to_integral_value():
        raise BadValue("An amount has at most two decimals.", "places")
    return int(amount * 100)


def currency(raw: object) -> str:
    text = plain(raw, 20).upper()
    if not _CURRENCY.fullmatch(text):
        raise BadValue("A currency is a code of three letters like USD.", "invalid_currency")
    return text


def day(raw: object) -> date | None:
    if raw is None or raw == "":
        return None
    try:
        found = date.fromisoformat(raw) if isinstance(raw, str) and len(raw) == 10 else raw
    except ValueError:
        found = None
    if not isinstance(found, date) or isinstance(found, datetime):
        raise BadValue("Give a date as YYYY-MM-DD.", "invalid_date")
    if not 1900 <= found.year <= 2200:
        raise BadValue("Give a date between 1900 and 2200.", "out_of_range")
    return found


def flag(raw: object) -> bool:
    if not isinstance(raw, bool):
        raise BadValue("Give true or false.", "not_a_flag")
    return raw


def reference(raw: object) -> UUID | None:
    if raw is None or isinstance(raw, UUID):
        return raw
    try:
        return UUID(raw if isinstance(raw, str) and len(raw) == 36 else "")
    except ValueError:
        raise BadValue("This is not an id.", "invalid_id") from None


def roles(raw: object) -> list[str]:
    """Each role once, in the order of the list, whatever the capitals."""
    if raw is None:
        return []
    if not isinstance(raw, list | tuple | set | frozenset):
        raise BadValue("Give a list of roles.", "not_a_list")
    found = set()
    for word in raw:
        role = _ROLES.get(plain(word, 100).casefold())
        if role is None:
            raise BadValue(
                f"{str(word)[:60]!r} is not a role. There are: {', '.join(_ROLES.values())}.", "unknown_role"
            )
        found.add(role)
    return [role for role in ContactRole.values if role in found]


ACCOUNT: Mapping[str, Cleaner] = {
    "name": needed(255),
    "external_id": key(100),
    "salesforce_id": salesforce_id,
    "lms_id": key(100),
    "recurly_id": key(100),
    "domains": domains,
    "industry": optional(100),
    "country": country,
    "region": optional(100),
    "timezone": zone,
    "employees": count,
    "developers": count,
    "arr_minor": minor,
    "mrr_minor": minor,
    "currency": currency,
    "seats_purchased": count,
    "seats_used": count,
    "renewal_date": day,
    "product_version": optional(50),
    "deployment": optional(50),
    "account_type": optional(100),
    "csm_id": reference,
    "parent_id": reference,
    "support_level": optional(100),
}
CONTACT: Mapping[str, Cleaner] = {
    "name": optional(200),
    "first_name": optional(100),
    "last_name": optional(100),
    "email": email,
    "phone": optional(50),
    "title": optional(200),
    "roles": roles,
    "timezone": zone,
    "salesforce_id": salesforce_id,
    "is_active": flag,
}
OPPORTUNITY: Mapping[str, Cleaner] = {
    "name": needed(255),
    "type": optional(100),
    "stage": optional(100),
    "amount_minor": minor,
    "currency": currency,
    "close_date": day,
    "salesforce_id": salesforce_id,
    "is_closed": flag,
    "is_won": flag,
    "is_new_business": flag,
    "owner_id": reference,
    "is_active": flag,
}
