"""One value on its way in (checked like Salesforce does) and out (as its JSON says it)."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from integrations.salesforce.sandbox import ids
from integrations.salesforce.sandbox.problems import Problem
from integrations.salesforce.sandbox.schema import Field

_EMAIL = re.compile(r"[^@\s,;<>\"()]{1,64}@(?:[^@\s.,;<>\"()]+\.)+[^@\s.,;<>\"()]{2,}\Z")
_MAX_INT = 2_147_483_647


def taken(field: Field, value: Any) -> Any:
    """The value as it is stored. Refused with Salesforce's code if the field cannot hold it."""
    if value is None or value == "":
        return 0 if field.type == "boolean" else None
    return _TAKERS.get(field.type, _text)(field, value)


def raw(field: Field, value: Any) -> Any:
    """The value unchecked, for a test of what a real org would have refused; only its storage form is made."""
    if field.type == "datetime" and isinstance(value, datetime):
        return int(value.timestamp())
    if field.type == "datetime" and isinstance(value, str):
        return int(datetime.fromisoformat(value).timestamp())
    if isinstance(value, date):
        return value.isoformat()
    return int(value) if isinstance(value, bool) else value


def _text(field: Field, value: Any) -> str | None:
    if isinstance(value, list | dict):
        raise _not_a("string", field, value)
    words = ("true" if value else "false") if isinstance(value, bool) else str(value)
    words = words.strip()
    if any("\ud800" <= char <= "\udfff" for char in words):
        raise Problem("JSON_PARSER_ERROR", f"Invalid characters in {field.name}")
    if len(words) > field.length:
        raise Problem(
            "STRING_TOO_LONG",
            f"{field.label}: data value too large: {words[:80]} (max length={field.length})",
            fields=[field.name],
        )
    return words or None


def _email(field: Field, value: Any) -> str | None:
    words = _text(field, value)
    if words and not _EMAIL.match(words):
        raise Problem(
            "INVALID_EMAIL_ADDRESS", f"{field.label}: invalid email address: {words[:80]}", fields=[field.name]
        )
    return words


def _boolean(field: Field, value: Any) -> int:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return int(value.lower() == "true")
    raise _not_a("boolean", field, value)


def _number(field: Field, value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _wrong_type(field, value)
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise _wrong_type(field, value) from None
    if not math.isfinite(number) or abs(number) >= 1e18:
        raise Problem("NUMBER_OUTSIDE_VALID_RANGE", f"{field.label}: number too large", fields=[field.name])
    if field.type != "int":
        return number
    if number != int(number):
        raise _wrong_type(field, value)
    if abs(number) > _MAX_INT:
        raise Problem("NUMBER_OUTSIDE_VALID_RANGE", f"{field.label}: number too large", fields=[field.name])
    return int(number)


def _date(field: Field, value: Any) -> str:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str):
        try:
            return date.fromisoformat(value[:10]).isoformat()
        except ValueError:
            pass
    raise _not_a("date", field, value)


def _datetime(field: Field, value: Any) -> int:
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        raise _not_a("datetime", field, value) from None


def _id(field: Field, value: Any) -> str:
    found = ids.clean(value)
    if found is None:
        raise Problem(
            "MALFORMED_ID", f"{field.label}: id value of incorrect type: {str(value)[:40]}", fields=[field.name]
        )
    return found


def _base64(field: Field, value: Any) -> str:
    try:
        base64.b64decode(str(value), validate=True)
    except (binascii.Error, ValueError):
        raise _not_a("base64Binary", field, value) from None
    return str(value)


_TAKERS: dict[str, Callable[[Field, Any], Any]] = {
    "boolean": _boolean,
    "int": _number,
    "double": _number,
    "currency": _number,
    "percent": _number,
    "date": _date,
    "datetime": _datetime,
    "reference": _id,
    "id": _id,
    "email": _email,
    "base64": _base64,
}


def _not_a(kind: str, field: Field, value: Any) -> Problem:
    what = "OBJECT" if isinstance(value, list | dict) else "STRING" if isinstance(value, str) else "NUMBER"
    return Problem(
        "JSON_PARSER_ERROR",
        f"Cannot deserialize instance of {kind} from VALUE_{what} value {str(value)[:80]} for {field.name}",
        fields=[field.name],
    )


def _wrong_type(field: Field, value: Any) -> Problem:
    return Problem(
        "INVALID_TYPE_ON_FIELD_IN_RECORD",
        f"{field.label}: value not of required type: {str(value)[:80]}",
        fields=[field.name],
    )


# --- out ----------------------------------------------------------------------------------------------------


@lru_cache(maxsize=50_000)
def said_time(seconds: int) -> str:
    """`2026-01-31T10:00:00.000+0000`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def _said_datetime(value: Any) -> Any:
    return said_time(value) if isinstance(value, int) else value


def _said_boolean(value: Any) -> Any:
    return bool(value) if isinstance(value, int) or value is None else value


def _said_number(value: Any) -> Any:
    return float(value) if isinstance(value, int) else value


def speaker(field: Field) -> Callable[[Any], Any] | None:
    """How stored values of this field become JSON; None where they stay as they are."""
    if field.type == "datetime":
        return _said_datetime
    if field.type == "boolean":
        return _said_boolean
    if field.type in ("double", "currency", "percent"):
        return _said_number
    return None
