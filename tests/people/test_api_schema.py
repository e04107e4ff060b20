"""The generated document says what the frame does."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def schema():
    from drf_spectacular.generators import SchemaGenerator

    return SchemaGenerator().get_schema(request=None, public=True)


def test_the_schema_and_its_pages_are_served():
    answer = Client().get("/api/v1/schema/?format=json")
    assert answer.status_code == 200 and answer.json()["openapi"].startswith("3.")
    assert Client().get("/api/docs/").status_code == 200
    assert b"/api/v1/schema/" in Client().get("/api/docs/start.js").content


def test_it_knows_the_key_the_problems_and_the_headers(schema):
    assert schema["components"]["securitySchemes"]["apiKey"]["scheme"] == "bearer"
    create = schema["paths"]["/api/v1/invitations/"]["post"]
    assert {p["name"] for p in create["parameters"] if p["in"] == "header"} == {"Idempotency-Key"}
    assert "application/problem+json" in create["responses"]["409"]["content"]
    assert "members:write" in create["description"]


def test_bodies_refuse_what_they_do_not_name(schema):
    assert schema["components"]["schemas"]["InvitationInRequest"]["additionalProperties"] is False


def test_lists_are_documented_as_pages(schema):
    listing = schema["paths"]["/api/v1/members/"]["get"]
    names = {p["name"] for p in listing["parameters"]}
    assert {"cursor", "limit", "sort", "count", "fields", "role"} <= names
