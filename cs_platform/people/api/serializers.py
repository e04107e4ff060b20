"""Shape of bodies. In: what is not named is refused. Out: `?fields=` picks. Nothing here writes."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.serializers import (
    BooleanField,
    CharField,
    ChoiceField,
    DateField,
    DecimalField,
    DictField,
    FloatField,
    IntegerField,
    JSONField,
    ListField,
    ListSerializer,
    SerializerMethodField,
    TimeField,
    URLField,
    UUIDField,
    ValidationError,
)

__all__ = [
    "BooleanField", "CharField", "ChoiceField", "DateField", "DateTimeField", "DecimalField", "DictField", "EmailField",
    "FloatField", "IntegerField", "JSONField", "ListField", "ListSerializer", "MoneyField", "SerializerMethodField",
    "StrictSerializer", "TextField", "TimeField", "URLField", "UUIDField", "ValidationError",
]  # fmt: skip


class StrictSerializer(serializers.Serializer[Any]):
    """The base of all bodies. As input it refuses fields that it does not know or that are read-only, at every level
    of nesting; as output it leaves out what `?fields=` did not ask for. It has no create() and no update(): a verb
    writes, not a shape."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            strange = {
                name: [ValidationError(*_strange(self.fields.get(name))).detail[0]]  # type: ignore[index]
                for name in data
                if name not in self.fields or self.fields[name].read_only
            }
            if strange:
                raise ValidationError(strange)
        return super().to_internal_value(data)

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        asked = self.context.get("fields") if self._is_outermost() else None
        return {name: field for name, field in fields.items() if name in asked} if asked else fields

    def _is_outermost(self) -> bool:
        parent = self.parent
        return parent is None or (isinstance(parent, ListSerializer) and parent.parent is None)

    def create(self, validated_data: Any) -> Any:
        raise TypeError("a shape does not write; call a service")

    update = create  # type: ignore[assignment]


def _strange(field: Any) -> tuple[str, str]:
    if field is None:
        return "There is no such field.", "unknown_field"
    return "This field can only be read.", "read_only"


def _printable(text: str) -> None:
    if any(ord(c) < 32 and c not in "\t\n\r" or 0x7F <= ord(c) < 0xA0 for c in text):
        raise ValidationError("Control characters are not allowed.", "control_characters")


class TextField(CharField):
    """Text for a column: trimmed, limited, without control characters; one line unless `lines=True`."""

    def __init__(self, *, lines: bool = False, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 100_000 if lines else 500)
        super().__init__(**kwargs)
        self.validators.append(_printable)
        if not lines:
            self.validators.append(_one_line)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


def _one_line(text: str) -> None:
    if "\n" in text or "\r" in text:
        raise ValidationError("This is one line of text.", "line_break")


class EmailField(serializers.EmailField):
    """An address, lower-cased."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 254)
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> str:
        return str(super().to_internal_value(data)).lower()


class DateTimeField(serializers.DateTimeField):
    """RFC 3339 with an offset; a time without one could mean anything and is refused."""

    default_error_messages = {"naive": "Give the time with its offset, for example 2026-11-23T09:00:00+01:00."}

    def enforce_timezone(self, value: Any) -> Any:
        if value.tzinfo is None:
            self.fail("naive")
        if not 1900 <= value.year <= 2200:
            self.fail("invalid", format="a time between 1900 and 2200")
        return super().enforce_timezone(value)

    def to_internal_value(self, value: Any) -> Any:
        try:
            return super().to_internal_value(value)
        except OverflowError:
            self.fail("invalid", format="RFC 3339")


@extend_schema_field({"type": "string", "format": "decimal", "example": "1200.50"})
class MoneyField(serializers.Field[int, Any, str, int]):
    """A decimal string ("1200.50") outside, whole minor units in the column."""

    default_error_messages = {
        "invalid": 'Give the amount as a decimal string, for example "1200.50".',
        "range": "This amount is too large.",
        "places": "An amount has at most two decimals.",
    }

    def to_representation(self, value: int) -> str:
        return f"{Decimal(value) / 100:.2f}"

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, str | int | float):
            self.fail("invalid")
        try:
            amount = Decimal(str(data).strip())
        except InvalidOperation:
            self.fail("invalid")
        if not amount.is_finite():
            self.fail("invalid")
        if abs(amount) >= Decimal(10) ** 16:
            self.fail("range")
        if amount != amount.quantize(Decimal("0.01")):
            self.fail("places")
        return int(amount * 100)
