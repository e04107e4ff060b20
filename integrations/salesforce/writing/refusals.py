"""What Salesforce says when it does not take a record: what it means, and what somebody can do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

LOCK, LIMIT, DELETED = "UNABLE_TO_LOCK_ROW", "REQUEST_LIMIT_EXCEEDED", "ENTITY_IS_DELETED"
#: A later attempt may succeed without anybody doing anything.
PASSING = frozenset({LOCK, LIMIT, "SERVER_UNAVAILABLE", "UNKNOWN_EXCEPTION", "TXN_SECURITY_RUNTIME_EXCEPTION"})
NO_USER, NOT_THERE, MERGED, NOT_WRITABLE, CONFLICT, NO_ACCOUNT = (
    "NO_USER",
    "NOT_THERE",
    "MERGED",
    "NOT_WRITABLE",
    "CONFLICT",
    "NO_ACCOUNT",
)
_RIGHTS = gettext_lazy("Give the integration user the right to write this field and record, then replay.")
_VALUE = gettext_lazy("Change the value here, or what Salesforce allows, then replay.")
_ADVICE: Mapping[str, Any] = {
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": gettext_lazy(
        "A validation rule in Salesforce does not take it. Change the value here, or the rule there, then replay."
    ),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": gettext_lazy(
        "Add the value to the pick-list in Salesforce, or choose another one here, then replay."
    ),
    "STRING_TOO_LONG": _VALUE,
    "INVALID_TYPE_ON_FIELD_IN_RECORD": _VALUE,
    "NUMBER_OUTSIDE_VALID_RANGE": _VALUE,
    "FIELD_INTEGRITY_EXCEPTION": _VALUE,
    "INVALID_EMAIL_ADDRESS": _VALUE,
    "REQUIRED_FIELD_MISSING": gettext_lazy(
        "Salesforce wants another field of this record filled first. Fill it there, then replay."
    ),
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": gettext_lazy(
        "An automation in Salesforce stops the change. Ask who looks after it, then replay."
    ),
    "INSUFFICIENT_ACCESS_OR_READONLY": _RIGHTS,
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": _RIGHTS,
    "INVALID_FIELD_FOR_INSERT_UPDATE": _RIGHTS,
    "CANNOT_EXECUTE_FLOW_TRIGGER": gettext_lazy(
        "A flow in Salesforce stops the change. Ask who looks after it, then replay."
    ),
    "INVALID_CROSS_REFERENCE_KEY": gettext_lazy(
        "What this record points to is not there, or the user is not active there. Mend it in Salesforce, then replay."
    ),
    "INACTIVE_OWNER_OR_USER": gettext_lazy("Make the user active in Salesforce, or choose another one here."),
    "DUPLICATE_VALUE": gettext_lazy("Another record has this value already. Look at both in Salesforce, then replay."),
    "DUPLICATES_DETECTED": gettext_lazy("A duplicate rule in Salesforce stops it. Merge them there, then replay."),
    LOCK: gettext_lazy("Somebody else's work held the record again and again. Replay it at a quieter time."),
    DELETED: gettext_lazy("Undelete the record in Salesforce and replay, or discard this."),
    NOT_THERE: gettext_lazy("Undelete the record, or let the integration user see it, and replay; or discard this."),
    MERGED: gettext_lazy("The other record keeps its own value. Set it there if it is still wanted, and discard this."),
    NO_USER: gettext_lazy("Give the member the same e-mail address as the Salesforce user has; it goes on by itself."),
    NOT_WRITABLE: gettext_lazy(
        "Make the field in Salesforce, or map another one, and let the integration user write it; it goes on by itself."
    ),
    NO_ACCOUNT: gettext_lazy("The account is not in this org. Discard this."),
    "": gettext_lazy("Look at it in Salesforce: if it is there, discard this; if it is not, send it again."),
}


def advice(code: str) -> str:
    """What to do next, in a sentence."""
    return str(_ADVICE.get(code, _("Mend what Salesforce says and replay, or discard this.")))


@dataclass(frozen=True)
class RowError:
    """Why one record of a call was not taken."""

    code: str
    message: str
    fields: tuple[str, ...]

    @property
    def is_passing(self) -> bool:
        return self.code in PASSING


def error_of(result: Mapping[str, Any]) -> RowError:
    """The first error of a result; an unexplained one is named as such."""
    errors = result.get("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    named = first.get("fields")
    fields = tuple(str(name) for name in named) if isinstance(named, list) else ()
    message = " ".join(str(first.get("message") or "").replace("\x00", "").split())[:500]
    code = str(first.get("statusCode") or "UNEXPLAINED")[:80]
    return RowError(code, message or "Salesforce gives no reason.", fields)
