"""Fields of bodies that are read by the room's own cleaning, so that page, API and sync refuse the same things."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.fields import Field

from accounts import rules, services
from accounts.rules.ruleset import MAX_RULES, parse_set
from accounts.services import cleaning
from cs_platform import ledger

API_NAMES = {"arr_minor": "arr", "mrr_minor": "mrr", "amount_minor": "amount", "admins": "contact_ids"}
#: Refusals that are about the request and not about the state of things.
MALFORMED = frozenset(
    {
        "bad_rule", "control_characters", "invalid", "invalid_currency", "invalid_date", "invalid_domain",
        "invalid_email", "invalid_id", "invalid_salesforce_id", "invalid_timezone", "malformed", "not_a_flag",
        "not_a_list", "not_a_number", "not_found", "not_text", "out_of_range", "places", "required", "too_long",
        "invalid_url", "unknown_choice", "unknown_field", "unknown_role", "unknown_support_level",
    }
)  # fmt: skip


class Clean(Field[Any, Any, Any, Any]):
    """A value that one function of `cleaning` reads. `null` clears it, unless the column must have a value."""

    def __init__(self, cleaner: cleaning.Cleaner, **kwargs: Any) -> None:
        self.cleaner = cleaner
        kwargs.setdefault("required", False)
        kwargs.setdefault("allow_null", True)
        super().__init__(**kwargs)

    def to_internal_value(self, given: Any) -> Any:
        try:
            return self.cleaner(given)
        except cleaning.BadValue as bad:
            raise ValidationError(str(bad), code=bad.code) from None


@extend_schema_field({"type": "string"})
class CleanText(Clean):
    pass


@extend_schema_field({"type": "integer", "minimum": 0})
class CleanCount(Clean):
    pass


@extend_schema_field({"type": "string", "format": "decimal", "example": "1200.50"})
class CleanMoney(Clean):
    pass


@extend_schema_field({"type": "string", "format": "date"})
class CleanDate(Clean):
    pass


@extend_schema_field({"type": "string", "format": "uuid"})
class CleanId(Clean):
    pass


@extend_schema_field({"type": "array", "items": {"type": "string"}})
class CleanList(Clean):
    pass


@extend_schema_field({"type": "object", "example": {"field": "arr", "op": "gte", "value": 100000}})
class RuleField(Field[Any, Any, Any, Any]):
    """A rule as JSON; becomes the parsed rule."""

    def to_internal_value(self, given: Any) -> rules.Node:
        return rules.parse(given, rules.ACCOUNTS, at=str(self.field_name))


@extend_schema_field({"type": "array", "items": {"type": "object"}, "maxItems": MAX_RULES})
class RulesField(Field[Any, Any, Any, Any]):
    """The ordered rules of a segmentation; stays JSON, checked."""

    def to_internal_value(self, given: Any) -> Any:
        parse_set(given, at=str(self.field_name))
        return given


@contextmanager
def told() -> Iterator[None]:
    """A refusal that is about the request becomes a 400 that names its fields; the others stay 409."""
    try:
        yield
    except rules.BadRule as bad:
        raise ValidationError({p.path: [ErrorDetail(p.message, p.code)] for p in bad.problems}) from None
    except services.Invalid as bad:
        if not any(error.code in MALFORMED for error in bad.errors):
            raise
        raise ValidationError({api_name(e.field): [ErrorDetail(e.message, e.code)] for e in bad.errors}) from None
    except ledger.Refused as refusal:
        if refusal.code not in MALFORMED:
            raise
        raise ValidationError({refusal.field: [ErrorDetail(str(refusal), refusal.code)]}) from None


def api_name(name: str) -> str:
    return API_NAMES.get(name, name)
