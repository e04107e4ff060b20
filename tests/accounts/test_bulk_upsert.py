"""accounts/bulk-upsert: up to 5,000 rows, each with its own result."""

import pytest

from accounts.models import Account, SupportLevel
from cs_platform.tenancy.scope import tenant_scope
from tests.accounts.seen import nothing_happens
from tests.cast import NOW, api

pytestmark = pytest.mark.django_db
PATH = "accounts/bulk-upsert"


@pytest.fixture(autouse=True)
def _today(clock_at):
    clock_at(NOW)


def row(n, **values):
    return {"external_id": f"x{n}", "name": f"Account {n}", "support_level": "Named", **values}


def test_rows_are_created_updated_or_left(acme, acme_api):
    rows = [row(1, developers=1200, arr="150000.00"), row(2)]
    body = acme_api.post(PATH, {"rows": rows}).json()
    assert {name: body[name] for name in ("created", "updated", "unchanged", "rejected")} == {
        "created": 2, "updated": 0, "unchanged": 0, "rejected": 0,
    }  # fmt: skip
    first = acme_api.get(f"accounts/{body['results'][0]['id']}/").json()
    assert (first["segment"], first["service_model"], first["arr"]) == ("Enterprise", "Enterprise TA team", "150000.00")
    with nothing_happens(acme):
        assert acme_api.post(PATH, {"rows": rows}).json()["unchanged"] == 2
    changed = acme_api.post(PATH, {"rows": [{"external_id": "x1", "arr": None}]}).json()
    assert (changed["updated"], changed["results"][0]["id"]) == (1, first["id"])


def test_a_bad_row_does_not_stop_the_others(acme_api):
    rows = [row(1), row(2, arr="many"), "x", row(4, nose=1), row(5, support_level="Platinum"), {"name": "keyless"}]
    body = acme_api.post(PATH, {"rows": rows}).json()
    assert [result["result"] for result in body["results"]] == ["created"] + ["rejected"] * 5
    named = [[(error["field"], error["code"]) for error in result["errors"]] for result in body["results"][1:]]
    assert named == [
        [("arr", "not_a_number")],
        [("", "not_an_object")],
        [("nose", "unknown_field")],
        [("support_level", "unknown_support_level")],
        [("salesforce_id", "required")],
    ]
    assert [result["row"] for result in body["results"]] == [0, 1, 2, 3, 4, 5]


def test_the_pick_list_is_not_changed_by_it(acme, acme_api):
    acme_api.post(PATH, {"rows": [row(1, support_level="Platinum")]})
    with tenant_scope(acme):
        assert SupportLevel.objects.count() == 3


@pytest.mark.parametrize(
    "body", [{}, {"rows": None}, {"rows": []}, {"rows": {}}, {"rows": [None]}, {"rows": [row(1)], "mode": "x"}, []]
)
def test_a_body_without_rows_is_400(acme_api, body):
    assert acme_api.post(PATH, body).status_code == 400


def test_more_than_5000_rows_are_400(acme_api):
    answer = acme_api.post(PATH, {"rows": [{}] * 5001})
    assert answer.status_code == 400 and answer.json()["errors"][0]["field"] == "rows"


@pytest.mark.parametrize("value", [5, [], {}, True, "\\ud800", "x" * 5000, -1, 1.5, None])
@pytest.mark.parametrize("name", ["name", "external_id", "id", "domains", "arr", "developers", "renewal_date"])
def test_whatever_a_row_holds_is_never_500(acme_api, name, value):
    assert acme_api.post(PATH, {"rows": [row(1, **{name: value})]}).status_code in (200, 400)


def test_the_same_key_runs_once(acme, acme_api):
    first = acme_api.post(PATH, {"rows": [row(1)]}, Idempotency_Key="k").json()
    assert acme_api.post(PATH, {"rows": [row(1)]}, Idempotency_Key="k").json() == first
    assert first["created"] == 1


def test_rights_follow_what_the_rows_say(acme, ben, rhea, tess):
    assert api(member=ben).post(PATH, {"rows": [row(1)]}).status_code == 403
    assert api(member=rhea).post(PATH, {"rows": [row(1)]}).status_code == 403
    assert api(member=tess).post(PATH, {"rows": [row(1)]}).status_code == 200
    writer = api(tenant=acme, scopes=("accounts:write",))
    assert writer.post(PATH, {"rows": [{"external_id": "y", "name": "Y"}]}).status_code == 200
    assert writer.post(PATH, {"rows": [row(1)]}).json()["code"] == "missing_scope"
    assert writer.post(PATH, {"rows": [{"external_id": "x1", "support_level": None}]}).status_code == 403


def test_another_tenant_has_rows_of_its_own(acme, umbra, acme_api, umbra_api):
    acme_api.post(PATH, {"rows": [row(1)]})
    body = umbra_api.post(PATH, {"rows": [row(1, name="Theirs")]}).json()
    assert body["created"] == 1
    with tenant_scope(acme):
        assert Account.objects.get().name == "Account 1"
    mine = acme_api.get("accounts/").json()["results"][0]["id"]
    stolen = umbra_api.post(PATH, {"rows": [{"id": mine, "name": "Stolen"}]}).json()
    assert stolen["results"][0]["errors"][0]["code"] == "not_found"
