"""How a page of a list looks, for the schema; the paging itself is people/keyset.py."""

from typing import Any

from rest_framework.pagination import BasePagination


class KeysetPagination(BasePagination):
    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        def parameter(name: str, description: str, **schema: Any) -> dict[str, Any]:
            return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}

        sortable = ", ".join(getattr(view, "sort_fields", {})) or "nothing"
        return [
            parameter("cursor", "Where the page starts: taken from `next`.", type="string"),
            parameter("limit", "Rows of a page.", type="integer", minimum=1, maximum=200, default=50),
            parameter("sort", f"Names, `-` for descending, comma between. Sortable: {sortable}.", type="string"),
            parameter("count", "`exact` counts all rows.", type="string", enum=["exact"]),
        ]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["results", "next", "count"],
            "properties": {
                "results": schema,
                "next": {"type": "string", "format": "uri", "nullable": True},
                "count": {"type": "integer", "nullable": True},
            },
        }
