"""Refusals in Salesforce's own words: an HTTP status and a list of {errorCode, message, fields}."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Problem(Exception):
    """What a caller did wrong, or what a switched-on fault pretends."""

    def __init__(self, code: str, message: str, status: int = 400, fields: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.code, self.message, self.status, self.fields = code, message, status, list(fields)

    def as_json(self) -> dict[str, Any]:
        """The form of a REST error; `fields` only where a field is to blame."""
        return {
            "message": self.message,
            "errorCode": self.code,
            **({"fields": self.fields} if self.fields else {}),
        }

    def as_result(self) -> dict[str, Any]:
        """The form inside an answer about several records."""
        return {"statusCode": self.code, "message": self.message, "fields": self.fields}


def not_found() -> Problem:
    return Problem("NOT_FOUND", "The requested resource does not exist", 404)


def no_column(name: str, sobject: str) -> Problem:
    return Problem("INVALID_FIELD", f"No such column '{name}' on sobject of type {sobject}", fields=[name])


def no_type(name: str) -> Problem:
    return Problem(
        "INVALID_TYPE",
        f"sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append "
        "the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.",
    )
