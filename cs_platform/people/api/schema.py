"""What drf-spectacular cannot see by itself: the key, problem bodies, headers, refusal of unknown fields."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from cs_platform.people.api.serializers import StrictSerializer


class ErrorSerializer(serializers.Serializer[Any]):
    field = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField(help_text="A stable word.")
    errors = ErrorSerializer(many=True)  # type: ignore[assignment]


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "cs_platform.people.api.authentication.KeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A key of one organisation, with scopes."}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "cs_platform.people.api.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": "The browser's, with X-CSRFToken.",
        }


class Schema(AutoSchema):
    def get_override_parameters(self) -> list[Any]:
        found: list[OpenApiParameter] = []
        if self.method == "POST":
            found.append(
                OpenApiParameter(
                    "Idempotency-Key",
                    str,
                    OpenApiParameter.HEADER,
                    description="The same key and body get the stored answer for 24 hours; another body is a 422.",
                )
            )
        if self.method in ("PATCH", "DELETE") or (self.method == "POST" and "{id}" in self.path):
            found.append(
                OpenApiParameter(
                    "If-Match", str, OpenApiParameter.HEADER, description="An ETag; 412 when the object has changed."
                )
            )
        if self.method == "GET":
            found += [OpenApiParameter(name, str) for name in getattr(self.view, "query_params", ())]
            if hasattr(self.view, "shape"):
                found.append(OpenApiParameter("fields", str, description="Names of fields, comma between."))
        return found

    def get_tags(self) -> list[str]:
        steps = [step for step in self.path.split("/") if step and step not in ("api", "v1")]
        return [steps[0]] if steps else super().get_tags()

    def get_description(self) -> str:  # type: ignore[override]
        words = str(super().get_description() or "")
        required = getattr(self.view, "required", {})
        name = getattr(self.view, "action", None) or self.method.lower()
        if name in required:
            from cs_platform.people.permissions import VERBS

            right = VERBS[required[name]]
            words = f"{words}\n\nScope: `{right.scope}`. Roles: {', '.join(sorted(right.roles))}.".strip()
        return words

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Any:
        schema = super()._map_basic_serializer(serializer, direction)
        if isinstance(serializer, StrictSerializer) and direction == "request":
            schema["additionalProperties"] = False
        return schema

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        codes = ["400", "401", "403", "404", "429"]
        codes += ["409", "413", "422"] if self.method == "POST" else []
        codes += ["409", "412", "413"] if self.method == "PATCH" else []
        for code in codes:
            if code not in bodies:
                bodies[code] = self._get_response_for_code(
                    ProblemSerializer, code, media_types=["application/problem+json"], direction=direction
                )
        return bodies
