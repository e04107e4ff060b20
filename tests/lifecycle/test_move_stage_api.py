"""Moving through the API: the right call, the right answer, the right refusal."""

from datetime import timedelta
from uuid import uuid4

import pytest

from cs_platform.tenancy.scope import tenant_scope
from tests.cast import NOW, api
from tests.lifecycle import standing
from tests.lifecycle.standing import ADOPTING, DAY, NURTURING, ONBOARDING, PROSPECT

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(clock_at):
    clock_at(NOW + 5 * DAY)


@pytest.fixture
def globex(acme):
    with tenant_scope(acme):
        return standing.staged(ONBOARDING)


def path(account, verb=""):
    return f"accounts/{getattr(account, 'pk', account)}/stages/{verb}"


def test_the_list_says_where_the_account_stands(acme_api, globex):
    answer = acme_api.get(path(globex)).json()
    (row,) = answer["results"]
    assert row["lifecycle"] == "customer" and row["stage"] == ONBOARDING
    assert (row["days_in"], row["expected_days"], row["status"], row["pace"]) == (5, 60, "running", "on_track")
    assert row["entered_at"] == "2026-11-23T09:00:00Z"


def test_a_move_answers_where_the_account_is_now(acme_api, globex):
    answer = acme_api.post(path(globex, "move"), {"lifecycle": "customer", "stage": ADOPTING, "reason": "Usage."})
    assert answer.status_code == 200
    assert (answer.json()["stage"], answer.json()["days_in"]) == (ADOPTING, 0)
    assert answer.headers["ETag"] == '"2"'


def test_the_default_lifecycle_need_not_be_named_and_the_moment_may_be_earlier(acme_api, globex):
    body = {"stage": ADOPTING, "effective_at": "2026-11-26T10:00:00+01:00"}
    assert acme_api.post(path(globex, "move"), body).json()["days_in"] == 2
    rows = acme_api.get(path(globex, "history")).json()["results"]
    assert [(row["stage"], row["entered_at"], row["left_at"], row["seconds"], row["counted"]) for row in rows] == [
        (ADOPTING, "2026-11-26T09:00:00Z", None, 2 * 86_400, True),
        (ONBOARDING, "2026-11-23T09:00:00Z", "2026-11-26T09:00:00Z", 3 * 86_400, True),
    ]
    assert rows[0]["recorded_at"] == "2026-11-28T09:00:00Z"


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({}, 400, "invalid", "stage"),
        ({"stage": "Live"}, 400, "invalid", "stage"),
        ({"stage": ADOPTING, "lifecycle": "journey"}, 400, "invalid", "lifecycle"),
        ({"stage": ADOPTING, "effective_at": "2026-11-25T10:00:00"}, 400, "invalid", "effective_at"),
        ({"stage": ADOPTING, "reason": "x" * 1001}, 400, "invalid", "reason"),
        ({"stage": ADOPTING, "reason": "a\x00b"}, 400, "malformed", ""),
        ({"stage": ADOPTING, "state": "x"}, 400, "unknown_field", "state"),
        ({"stage": ADOPTING, "effective_at": "2027-01-01T10:00:00Z"}, 409, "in_the_future", "effective_at"),
        ({"stage": ADOPTING, "effective_at": "2026-01-01T10:00:00Z"}, 409, "before_entry", "effective_at"),
        ({"stage": ONBOARDING}, 409, "already_there", "stage"),
        ({"stage": PROSPECT}, 409, "reason_needed", "reason"),
    ],
)
def test_what_can_not_be_is_refused_at_its_field(acme_api, globex, body, status, code, field):
    answer = acme_api.post(path(globex, "move"), body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.json()
    if field:
        assert answer.json()["errors"][0]["field"] == field
    with tenant_scope(globex.tenant_id):
        assert standing.stage_of(globex) == ONBOARDING


def test_a_reader_and_a_key_without_the_scope_are_refused(acme, rhea, globex):
    for who in (api(member=rhea), api(tenant=acme, scopes=("lifecycle:read",))):
        assert who.get(path(globex)).status_code == 200
        assert who.post(path(globex, "move"), {"stage": ADOPTING}).status_code == 403


def test_an_outsider_finds_nothing(umbra_api, globex):
    for answer in (
        umbra_api.get(path(globex)),
        umbra_api.get(path(globex, "history")),
        umbra_api.get(path(globex, "times")),
        umbra_api.get(f"accounts/{globex.pk}/explain/stage"),
        umbra_api.post(path(globex, "move"), {"stage": ADOPTING}),
        umbra_api.post(path(globex, "leave"), {"lifecycle": "customer"}),
        umbra_api.get(path(uuid4())),
        umbra_api.get(path("nonsense")),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_stale_version_is_refused(acme_api, globex):
    assert acme_api.post(path(globex, "move"), {"stage": ADOPTING}, If_Match='"9"').status_code == 412
    assert acme_api.post(path(globex, "move"), {"stage": ADOPTING}, If_Match='"1"').status_code == 200


def test_many_accounts_at_once(acme_api, acme, umbra, otto):
    with tenant_scope(acme):
        here, back = standing.staged(ONBOARDING, "Here"), standing.staged(NURTURING, "Back")
    with tenant_scope(umbra):
        foreign = standing.staged(ONBOARDING, "Foreign")
    lifecycle = acme_api.get("lifecycles/").json()["results"][0]
    ids = [str(here.pk), str(back.pk), str(foreign.pk)]
    answer = acme_api.post(f"lifecycles/{lifecycle['id']}/move-accounts", {"account_ids": ids, "stage": ADOPTING})
    assert answer.json() == {"moved": ids[:1], "not_moved": ids[1:]}
    with tenant_scope(umbra):
        assert standing.stage_of(foreign) == ONBOARDING


def test_why_it_is_there(acme_api, globex):
    acme_api.post(path(globex, "move"), {"stage": ADOPTING, "reason": "Usage is there."})
    answer = acme_api.get(f"accounts/{globex.pk}/explain/stage").json()
    assert answer["words"] == "2. Adopting since 28 Nov 2026 because “Usage is there.”, moved by API key test."
    assert (answer["rule"], answer["inputs"], answer["version"]) == ("", {}, None)


def test_the_account_itself_says_its_stages_and_is_found_by_them(acme_api, acme, globex):
    with tenant_scope(acme):
        standing.staged(NURTURING, "Initech")
    body = acme_api.get(f"accounts/{globex.pk}").json()
    assert body["stages"] == {
        "customer": {"stage": ONBOARDING, "entered_at": "2026-11-23T09:00:00+00:00", "days_in": 5, "status": "running"}
    }
    found = acme_api.get("accounts/?stage=1.%20Onboarding").json()["results"]
    assert [row["name"] for row in found] == ["Globex"]
    rule = '{"field": "stage", "op": "eq", "value": "3. Nurturing"}'
    found = acme_api.get(f"accounts/?filter={rule}").json()["results"]
    assert [row["name"] for row in found] == ["Initech"]


def test_times_tell_the_latest_stay_from_all_of_them(acme_api, acme, globex):
    with tenant_scope(acme):
        standing.move(globex, ADOPTING, now=NOW + DAY)
        standing.move(globex, ONBOARDING, now=NOW + 2 * DAY, reason="Back.")
    rows = acme_api.get(path(globex, "times")).json()["results"]
    day = int(timedelta(days=1).total_seconds())
    assert [(row["stage"], row["stays"], row["latest_seconds"], row["cumulative_seconds"]) for row in rows] == [
        (ONBOARDING, 2, 3 * day, 4 * day),
        (ADOPTING, 1, day, day),
    ]
