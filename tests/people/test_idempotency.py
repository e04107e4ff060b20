"""The same POST twice has one effect and one answer."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from cs_platform.people import services
from cs_platform.people.models import ApiKey, IdempotencyRecord, Invitation
from cs_platform.tenancy.scope import tenant_scope
from tests.cast import NOW, Api, make_key, make_tenant

BODY = {"email": "new@acme.example.com", "roles": ["csm"]}


@pytest.mark.django_db
class TestOneAfterTheOther:
    def test_the_second_gets_the_stored_answer(self, acme, acme_api):
        first = acme_api.post("invitations/", BODY, Idempotency_Key="k1")
        second = acme_api.post("invitations/", BODY, Idempotency_Key="k1")
        assert first.status_code == second.status_code == 201
        assert first.json() == second.json()
        assert second["Idempotent-Replayed"] == "true" and second["ETag"] == first["ETag"]
        with tenant_scope(acme):
            assert Invitation.objects.filter(email=BODY["email"]).count() == 1

    def test_another_body_is_422(self, acme_api):
        acme_api.post("invitations/", BODY, Idempotency_Key="k1")
        answer = acme_api.post("invitations/", {**BODY, "roles": ["viewer"]}, Idempotency_Key="k1")
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")

    def test_a_refusal_is_repeated_as_well(self, acme_api, ben):
        body = {"email": ben.user.email, "roles": ["csm"]}
        first = acme_api.post("invitations/", body, Idempotency_Key="k1")
        second = acme_api.post("invitations/", body, Idempotency_Key="k1")
        assert first.status_code == second.status_code == 409
        assert first.json() == second.json()
        assert second["Content-Type"] == "application/problem+json"

    def test_a_body_that_was_not_understood_may_be_mended(self, acme_api):
        assert acme_api.post("invitations/", {"email": "x"}, Idempotency_Key="k1").status_code == 400
        assert acme_api.post("invitations/", BODY, Idempotency_Key="k1").status_code == 201

    def test_the_same_key_on_another_route_or_in_another_tenant_is_another_request(self, acme_api, umbra_api):
        assert acme_api.post("invitations/", BODY, Idempotency_Key="k1").status_code == 201
        key = {"name": "n", "scopes": ["accounts:read"]}
        assert acme_api.post("api-keys/", key, Idempotency_Key="k1").status_code == 201
        assert "Idempotent-Replayed" not in umbra_api.post("invitations/", BODY, Idempotency_Key="k1")

    def test_a_secret_is_not_kept_for_repetition(self, acme, acme_api):
        key = {"name": "n", "scopes": ["accounts:read"]}
        plain = acme_api.post("api-keys/", key, Idempotency_Key="k1").json()["key"]
        again = acme_api.post("api-keys/", key, Idempotency_Key="k1").json()
        assert plain.startswith("cs_") and again["key"] is None
        with tenant_scope(acme):
            assert plain not in IdempotencyRecord.objects.get().answer

    def test_after_a_day_the_key_is_new(self, acme, acme_api, clock_at):
        clock_at(NOW)
        acme_api.post("invitations/", BODY, Idempotency_Key="k1")
        clock_at(NOW + timedelta(days=1, seconds=1))
        answer = acme_api.post("invitations/", BODY, Idempotency_Key="k1")
        assert answer.status_code == 201 and "Idempotent-Replayed" not in answer
        with tenant_scope(acme):
            assert services.forget_idempotency(now=NOW + timedelta(days=3)) == 1

    @pytest.mark.parametrize("key", ["x" * 256, "a\tb"])
    def test_a_key_that_is_no_key_is_400(self, acme_api, key):
        assert acme_api.post("invitations/", BODY, Idempotency_Key=key).status_code == 400

    def test_a_crash_leaves_no_record_and_no_effect(self, acme, acme_api, monkeypatch):
        real = services.invite_member

        def invite_then_crash(*args, **kwargs):
            real(*args, **kwargs)
            raise RuntimeError("power cut")

        monkeypatch.setattr(services, "invite_member", invite_then_crash)
        acme_api.client.raise_request_exception = False
        assert acme_api.post("invitations/", BODY, Idempotency_Key="k1").status_code == 500
        monkeypatch.undo()
        with tenant_scope(acme):
            assert not Invitation.objects.filter(email=BODY["email"]).exists()
        assert acme_api.post("invitations/", BODY, Idempotency_Key="k1").status_code == 201


@pytest.mark.django_db(transaction=True)
def test_many_at_once_have_one_effect():
    acme = make_tenant("acme", "Acme", "Europe/Berlin")
    key = make_key(acme, "admin")
    body = {"name": "parallel", "scopes": ["accounts:read"]}

    def post(_):
        try:
            answer = Api(key).post("api-keys/", body, Idempotency_Key="same")
            return answer.status_code, answer.json().get("id")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(post, range(24)))
    assert {status for status, _ in answers} <= {201, 409}
    assert len({found for status, found in answers if status == 201}) == 1
    with tenant_scope(acme):
        assert ApiKey.objects.filter(name="parallel").count() == 1
