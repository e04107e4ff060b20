"""What the API refuses to read."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cs_platform.people.api.errors import Problem
from cs_platform.people.api.parsers import loads
from cs_platform.people.models import ApiKey
from cs_platform.tenancy.scope import tenant_scope

KEY = {"name": "reporting", "scopes": ["accounts:read"]}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"NaN",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": 1e400}',
        b'{"a": 1, "a": 2}',
        b'{"x": {"a": 1, "a": 1}}',
        b'{"a": "\\ud800"}',
        b'{"a": "\\u0000"}',
        b'{"\\u0000": 1}',
        b'{"a": "\xff"}',
        b'{"a": 9223372036854775808}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b"[" * 60 + b"]" * 60,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 2000 + b"1" + b"}" * 2000,
        b"{'a': 1}",
        b'{"a": 1,}',
        b'{"a": 1} {"b": 2}',
        b'\xef\xbb\xbf{"a": 1}',
    ],
)
def test_a_malformed_body_is_refused(body):
    with pytest.raises(Problem) as refused:
        loads(body)
    assert refused.value.status_code == 400


TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))
PLAIN = st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | TEXTS
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=20)


@given(VALUES)
def test_every_proper_body_is_read_as_it_is(value):
    assert loads(json.dumps(value).encode()) == value


def test_an_escaped_backslash_is_not_a_nul():
    assert loads(b'{"a": "\\\\u0000"}') == {"a": "\\u0000"}


@pytest.mark.django_db
class TestThroughTheDoor:
    def test_an_unknown_field_is_400_and_named(self, acme_api):
        answer = acme_api.post("api-keys/", {**KEY, "tenant": 1, "digest": "x"})
        assert answer.status_code == 400
        assert answer.json()["code"] == "unknown_field"
        assert {e["field"] for e in answer.json()["errors"]} == {"tenant", "digest"}

    def test_a_verb_without_arguments_refuses_a_body(self, acme, acme_api):
        with tenant_scope(acme):
            key = ApiKey.objects.get()
        assert acme_api.post(f"api-keys/{key.pk}/revoke", {"at": "now"}).status_code == 400

    def test_errors_name_the_field_at_every_depth(self, acme_api):
        answer = acme_api.post("api-keys/", {"name": "", "scopes": ["accounts:read", "everything"]})
        assert answer.status_code == 400
        fields = {e["field"]: e["code"] for e in answer.json()["errors"]}
        assert fields == {"name": "blank", "scopes.1": "invalid_choice"}

    @pytest.mark.parametrize("name", ["x" * 101, "a\nb", "a\x07b", "\x7f", 5, None, ["x"], {"a": 1}, True])
    def test_a_name_that_is_no_name_is_400(self, acme_api, name):
        assert acme_api.post("api-keys/", {**KEY, "name": name}).status_code == 400

    @pytest.mark.parametrize(
        "moment",
        [
            "tomorrow",
            "2026-13-01T00:00:00Z",
            "2030-01-01T00:00:00",
            "9999-12-31T23:59:59Z",
            "0001-01-01T00:00:00+14:00",
            5,
            "",
            "2020-01-01T00:00:00Z",
        ],
    )
    def test_a_time_that_cannot_be_is_a_clear_4xx(self, acme_api, moment):
        assert acme_api.post("api-keys/", {**KEY, "expires_at": moment}).status_code in (400, 409)

    @pytest.mark.parametrize("body", ["[]", '"x"', "5", "null", "true", "[" * 70 + "]" * 70, '{"name": NaN}'])
    def test_a_body_that_is_no_object_is_400(self, acme_api, body):
        assert acme_api.post("api-keys/", body).status_code == 400

    def test_ten_megabytes_are_the_limit(self, acme_api):
        answer = acme_api.post("api-keys/", b'{"name": "' + b"x" * (10 * 1024 * 1024) + b'"}')
        assert answer.status_code == 413
        assert answer.json()["code"] == "too_large"

    def test_a_large_body_is_refused_before_the_key_is_asked(self, db):
        from django.test import Client

        answer = Client().generic("POST", "/api/v1/api-keys/", b"x" * (10 * 1024 * 1024 + 1), "application/json")
        assert answer.status_code == 413

    def test_another_content_type_is_415(self, acme_api):
        answer = acme_api.client.post(
            "/api/v1/api-keys/", {"name": "x"}, headers={"Authorization": f"Bearer {acme_api.key}"}
        )
        assert answer.status_code == 415
        assert answer["Content-Type"] == "application/problem+json"

    def test_the_database_is_the_last_net(self, acme_api, monkeypatch):
        from django.db import DataError

        from cs_platform.people import services

        def too_long(*args, **kwargs):
            raise DataError("value too long")

        monkeypatch.setattr(services, "create_api_key", too_long)
        answer = acme_api.post("api-keys/", KEY)
        assert (answer.status_code, answer.json()["code"]) == (400, "out_of_range")
