"""queue/ and audit/check: what the settings pages show of the machinery, for programs."""

import pytest

from cs_platform import ledger
from cs_platform.ledger import dispatch
from cs_platform.ledger.models import AuditRow, Outbox
from cs_platform.tenancy.scope import tenant_scope
from tests.cast import NOW, api, make_member

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _at_nine(clock_at):
    clock_at(NOW)


@pytest.fixture
def dead(acme):
    """One row that nobody knows how to do, given up by the dispatcher itself."""
    with tenant_scope(acme), ledger.unit():
        ledger.enqueue("nobody.knows.this", {"token": "canary-in-a-payload"}, due_at=NOW)
    ledger.drain(NOW)
    with tenant_scope(acme):
        return Outbox.objects.get(kind="nobody.knows.this")


class TestQueue:
    def test_given_up_work_is_listed_with_its_reason_and_without_what_it_carries(self, acme_api, dead):
        answer = acme_api.get("queue/?state=dead")
        (row,) = answer.json()["results"]
        assert (row["id"], row["kind"], row["state"]) == (str(dead.pk), "nobody.knows.this", "dead")
        assert "nothing in this version does" in row["reason"]
        assert "canary" not in answer.content.decode()
        assert acme_api.get(f"queue/{dead.pk}/").json() == row
        assert acme_api.get("queue/?kind=another.kind").json()["results"] == []

    def test_replayed_it_is_due_again_once(self, acme_api, dead, acme):
        answer = acme_api.post(f"queue/{dead.pk}/replay", Idempotency_Key="again")
        assert (answer.status_code, answer.json()["state"], answer.json()["due_at"]) == (200, "pending", _zulu(NOW))
        again = acme_api.post(f"queue/{dead.pk}/replay", Idempotency_Key="again")
        assert again.status_code == 200 and again["Idempotent-Replayed"] == "true"
        refused = acme_api.post(f"queue/{dead.pk}/replay")
        assert (refused.status_code, refused.json()["code"]) == (409, "not_dead")
        with tenant_scope(acme):
            assert AuditRow.objects.filter(verb="outbox.replay").count() == 1

    def test_done_work_is_not_there(self, acme_api, acme):
        with tenant_scope(acme), ledger.unit():
            ledger.enqueue("a.b", {}, due_at=NOW)
            done = Outbox.objects.get(kind="a.b")
            Outbox.objects.filter(pk=done.pk).update(state="done", finished_at=NOW)
        assert acme_api.get(f"queue/{done.pk}").status_code == 404
        assert acme_api.get("queue/?state=done").status_code == 400

    @pytest.mark.parametrize("pk", ["0", "x", str(2**63), str(2**80), "٣", "1e3", "-1"])
    def test_an_id_that_can_not_be_is_not_there(self, acme_api, pk):
        assert acme_api.get(f"queue/{pk}").status_code == acme_api.post(f"queue/{pk}/replay").status_code == 404

    def test_another_organisations_work_is_not_there(self, umbra_api, dead):
        assert umbra_api.get(f"queue/{dead.pk}").status_code == 404
        assert umbra_api.post(f"queue/{dead.pk}/replay").status_code == 404
        assert str(dead.pk) not in [row["id"] for row in umbra_api.get("queue/").json()["results"]]

    def test_who_may_not_see_it_is_told_so(self, acme, dead):
        for who in (api(member=make_member(acme, "Vera", "csm")), api(tenant=acme, scopes=("audit:read",))):
            assert who.get("queue/").status_code == 403
            assert who.post(f"queue/{dead.pk}/replay").status_code == 403

    def test_the_state_adds_up(self, acme_api, dead, acme):
        with tenant_scope(acme), ledger.unit():
            ledger.enqueue("a.b", {}, due_at=NOW)
        found = acme_api.get("queue/state").json()
        assert (found["due"], found["dead"], found["oldest_due_at"]) == (1, 1, _zulu(NOW))
        assert acme_api.get("queue/state?fields=dead").json() == {"dead": 1}
        assert acme_api.get("queue/state?fields=deed").status_code == 400

    def test_an_etag_guards_the_replay(self, acme_api, dead):
        tag = acme_api.get(f"queue/{dead.pk}")["ETag"]
        assert acme_api.post(f"queue/{dead.pk}/replay", If_Match='"old"').status_code == 412
        assert acme_api.post(f"queue/{dead.pk}/replay", If_Match=tag).status_code == 200


class TestAuditCheck:
    def test_a_chain_that_holds(self, acme_api):
        dispatch.seal_all()
        found = acme_api.get("audit/check").json()
        assert found["holds"] and found["breaks"] == [] and found["checked"] == found["calls"] > 0
        assert len(found["head"]) == 64
        assert acme_api.get("audit/check?fields=holds").json() == {"holds": True}

    def test_what_was_altered_is_named(self, acme_api, acme, monkeypatch):
        from cs_platform.ledger import sealing

        dispatch.seal_all()
        monkeypatch.setattr(sealing, "link_hash", lambda *_: b"another")
        found = acme_api.get("audit/check").json()
        assert not found["holds"] and found["breaks"][0]["reason"] == "the call itself is not what was sealed"

    def test_it_reads_only(self, acme_api):
        assert acme_api.post("audit/check").status_code == 405

    def test_who_may_not_read_the_audit_may_not_check_it(self, acme):
        assert api(tenant=acme, scopes=("accounts:read",)).get("audit/check").status_code == 403


def _zulu(moment):
    return moment.isoformat().replace("+00:00", "Z")
