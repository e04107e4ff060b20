"""Every refusal leaves as application/problem+json (RFC 9457): type, title, status, detail, code, errors."""

import logging
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import ValidationError as ModelValidationError
from django.core.signals import got_request_exception
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.response import Response

from cs_platform import ledger
from cs_platform.people.keyset import BadCursor, BadSort
from cs_platform.people.policies import MissingScope
from cs_platform.people.second_factor.rule import SecondFactorRequired

log = logging.getLogger(__name__)
NOT_FOUND = "There is nothing here, or it is not yours."


class Problem(exceptions.APIException):
    """A refusal of the frame itself, with its stable code."""

    def __init__(self, status_code: int, code: str, detail: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail, code)
        self.status_code, self.code, self.words, self.headers = status_code, code, detail, headers or {}


def problem(
    status_code: int,
    code: str,
    detail: str,
    *,
    errors: list[dict[str, str]] | None = None,
    headers: dict[str, str] | None = None,
    extra: dict[str, Any] | None = None,
) -> Response:
    body = {
        **(extra or {}),
        "type": "about:blank",
        "title": HTTPStatus(status_code).phrase,
        "status": status_code,
        "detail": detail,
        "code": code,
        "errors": errors or [],
    }
    return Response(body, status=status_code, headers=headers, content_type="application/problem+json")


def problem_handler(exc: Exception, context: dict[str, Any]) -> Response:
    """One handler for whatever a view raises. An unforeseen error is logged and answered as a problem as well."""
    for kinds, answer in _ANSWERS:
        if isinstance(exc, kinds):
            return answer(exc, context)
    log.exception("unforeseen error in the API", exc_info=exc)
    got_request_exception.send(sender=problem_handler, request=getattr(context.get("request"), "_request", None))
    reference = getattr(getattr(context.get("request"), "_request", None), "reference", "")
    return problem(
        500, "error", " ".join(("Something went wrong here.", reference and f"Reference {reference}.")).strip()
    )


def _of_problem(exc: Problem, context: dict[str, Any]) -> Response:
    return problem(exc.status_code, exc.code, exc.words, headers=exc.headers)


def _of_validation(exc: exceptions.ValidationError, context: dict[str, Any]) -> Response:
    errors = list(_flat(exc.get_full_details(), ""))
    codes = {error["code"] for error in errors}
    code = codes.pop() if len(codes) == 1 and next(iter(codes)) in ("unknown_field", "unknown_parameter") else "invalid"
    return problem(400, code, errors[0]["message"] if len(errors) == 1 else "The request is not valid.", errors=errors)


def _flat(details: Any, path: str) -> Iterator[dict[str, str]]:
    """`{"rows": {0: {"name": [{message, code}]}}}` becomes `rows.0.name`."""
    if isinstance(details, dict) and set(details) == {"message", "code"} and isinstance(details["code"], str):
        yield {"field": path, "code": str(details["code"]), "message": str(details["message"])}
    elif isinstance(details, dict):
        for name, inner in details.items():
            step = "" if name == "non_field_errors" else str(name)
            yield from _flat(inner, ".".join(part for part in (path, step) if part))
    elif isinstance(details, list):
        for number, inner in enumerate(details):
            leaf = isinstance(inner, dict) and set(inner) == {"message", "code"}
            if inner:
                yield from _flat(inner, path if leaf else ".".join(part for part in (path, str(number)) if part))


def _of_model(exc: ModelValidationError, context: dict[str, Any]) -> Response:
    if hasattr(exc, "error_dict"):
        pairs = [("" if f == "__all__" else f, e) for f, es in exc.error_dict.items() for e in es]
    else:
        pairs = [("", e) for e in exc.error_list]
    errors = [{"field": f, "code": e.code or "invalid", "message": " ".join(e.messages)} for f, e in pairs]
    return problem(400, "invalid", errors[0]["message"] if len(errors) == 1 else "Not valid.", errors=errors)


def _of_refused(exc: ledger.Refused, context: dict[str, Any]) -> Response:
    words, field = str(exc), getattr(exc, "field", "") or ""
    errors = [{"field": field, "code": exc.code, "message": words}] if field else []
    return problem(409, exc.code, words, errors=errors, extra=getattr(exc, "extra", None))


def _of_absent(exc: Exception, context: dict[str, Any]) -> Response:
    return problem(404, "not_found", NOT_FOUND)


def _of_forbidden(exc: Exception, context: dict[str, Any]) -> Response:
    code = "missing_scope" if isinstance(exc, MissingScope) else "permission_denied"
    code = "second_factor_required" if isinstance(exc, SecondFactorRequired) else code
    return problem(403, code, str(getattr(exc, "detail", "") or exc) or "You may not do this.")


def _of_unauthenticated(exc: exceptions.APIException, context: dict[str, Any]) -> Response:
    headers = {"WWW-Authenticate": 'Bearer realm="api"'}
    return problem(401, "not_authenticated", str(exc.detail), headers=headers)


def _of_throttled(exc: exceptions.Throttled, context: dict[str, Any]) -> Response:
    wait = max(1, int((getattr(exc, "wait", None) or 1) + 0.999))
    return problem(429, "throttled", "Too many requests. Wait and try again.", headers={"Retry-After": str(wait)})


def _of_size(exc: Exception, context: dict[str, Any]) -> Response:
    return problem(413, "too_large", "A body has at most 10 MB.")


def _of_bad(exc: Exception, context: dict[str, Any]) -> Response:
    return problem(400, "bad_request", "The request could not be read.")


def _of_sort(exc: Exception, context: dict[str, Any]) -> Response:
    field = "cursor" if isinstance(exc, BadCursor) else "sort"
    error = {"field": field, "code": f"bad_{field}", "message": str(exc)}
    return problem(400, f"bad_{field}", str(exc), errors=[error])


def _of_data(exc: Exception, context: dict[str, Any]) -> Response:
    log.warning("a value reached the database that it cannot hold: %s", type(exc.__cause__).__name__)
    return problem(400, "out_of_range", "A value is out of the range that can be stored.")


def _of_operation(exc: Exception, context: dict[str, Any]) -> Response:
    """Two calls waited for each other, or one waited too long, and the database ended one: nothing was changed."""
    if getattr(exc.__cause__, "pgcode", "") not in ("40P01", "55P03", "57014", "40001"):
        log.exception("the database did not answer", exc_info=exc)
        return problem(503, "database", "The database does not answer. Try again.", headers={"Retry-After": "5"})
    words = "Somebody else was changing the same thing. Nothing was changed; try again."
    return problem(409, "busy", words, headers={"Retry-After": "1"})


def _of_integrity(exc: Exception, context: dict[str, Any]) -> Response:
    log.warning("refused by the constraint %s", _constraint(exc))
    return problem(
        409, "conflict", "This would break a rule that the stored data must keep, for example a unique name."
    )


def _constraint(exc: Exception) -> str:
    return str(getattr(getattr(exc.__cause__, "diag", None), "constraint_name", ""))


def _of_api(exc: exceptions.APIException, context: dict[str, Any]) -> Response:
    code = exc.get_codes()
    words = {status.HTTP_405_METHOD_NOT_ALLOWED: "method_not_allowed", 406: "not_acceptable", 415: "unsupported_media"}
    return problem(
        exc.status_code,
        words.get(exc.status_code) or (code if isinstance(code, str) else "invalid"),
        str(exc.detail),
    )


_ANSWERS: tuple[tuple[Any, Any], ...] = (
    (Problem, _of_problem),
    (exceptions.ValidationError, _of_validation),
    (ModelValidationError, _of_model),
    (ledger.Refused, _of_refused),
    ((Http404, exceptions.NotFound), _of_absent),
    ((PermissionDenied, exceptions.PermissionDenied), _of_forbidden),
    ((exceptions.NotAuthenticated, exceptions.AuthenticationFailed), _of_unauthenticated),
    (exceptions.Throttled, _of_throttled),
    (RequestDataTooBig, _of_size),
    (SuspiciousOperation, _of_bad),
    ((BadCursor, BadSort), _of_sort),
    (DataError, _of_data),
    (IntegrityError, _of_integrity),
    ((OperationalError, InterfaceError), _of_operation),
    (exceptions.APIException, _of_api),
)
