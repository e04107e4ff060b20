"""Pages and API of the way back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.models import Account
from cs_platform.tenancy.scope import tenant_scope
from integrations.salesforce.models import Connection, SyncRun
from tests.cast import Api, sign_in
from tests.integrations.salesforce.small_org import LEVEL
from tests.integrations.salesforce.writing_back import Back, one_org

pytestmark = pytest.mark.django_db


@pytest.fixture
def back(acme: Any, tmp_path: Path, settings: Any, clock_at: Any) -> Iterator[Back]:
    with one_org(acme, tmp_path, settings) as found:
        clock_at(found.now())
        yield found


@pytest.fixture
def conflict(back: Back) -> Any:
    sf_id = back.play.account("Adler", "Named")
    back.sync()
    back.set_level("Adler", "Scaled", settle=False)
    back.change(sf_id, **{LEVEL: "Digital"})
    back.sync()
    (found,) = back.conflicts()
    return found


@pytest.fixture
def failed(back: Back) -> Any:
    back.play.account("Adler", "Named")
    back.sync()
    back.org.faults.switch("validation_rule", field=f"Account.{LEVEL}")
    back.set_level("Adler", "Scaled")
    return back.row()


def test_the_page_shows_both_values_and_one_click_decides(client: Client, back: Back, conflict: Any, ana: Any) -> None:
    sign_in(client, ana)
    page = client.get("/integrations/conflicts/").content.decode()
    assert "Scaled" in page and "Digital" in page and "Ana" in page
    answer = client.post(f"/integrations/conflicts/{conflict.pk}/resolve/", {"keep": "harbor"}, follow=True)
    assert "Scaled stands on both sides" in answer.content.decode()
    back.settle(rounds=2)
    assert back.level("Adler") == back.there(conflict.sf_id) == "Scaled"
    page = client.get("/integrations/conflicts/?state=resolved").content.decode()
    assert "Digital" in page and "ours" in page
    twice = client.post(f"/integrations/conflicts/{conflict.pk}/resolve/", {"keep": "harbor"})
    assert twice.status_code == 422 and "decided already" in twice.content.decode()


def test_ticked_conflicts_are_decided_together(client: Client, back: Back, conflict: Any, ana: Any) -> None:
    sign_in(client, ana)
    answer = client.post("/integrations/conflicts/resolve/", {"keep": "salesforce"}, follow=True)
    assert "Tick the conflicts" in answer.content.decode()
    given = {"keep": "salesforce", "conflict_ids": [str(conflict.pk), "no id"]}
    assert "1 decided" in client.post("/integrations/conflicts/resolve/", given, follow=True).content.decode()
    assert back.conflicts()[0].kept == "salesforce"


def test_who_may_only_look_decides_nothing(client: Client, back: Back, conflict: Any, ben: Any, tess: Any) -> None:
    assert sign_in(client, ben).get("/integrations/conflicts/").status_code == 403
    sign_in(client, tess)
    assert "Keep ours" in client.get("/integrations/conflicts/").content.decode()
    assert client.post(f"/integrations/salesforce/{conflict.connection_id}/writes/replay/").status_code == 403


def test_a_stranger_finds_no_conflict_and_no_write(
    client: Client, back: Back, conflict: Any, otto: Any, umbra_api: Api
) -> None:
    sign_in(client, otto)
    assert client.post(f"/integrations/conflicts/{conflict.pk}/resolve/", {"keep": "harbor"}).status_code == 404
    assert client.get(f"/integrations/salesforce/{conflict.connection_id}/writes/").status_code == 404
    assert umbra_api.get(f"conflicts/{conflict.pk}/").status_code == 404
    assert umbra_api.get(f"connections/{conflict.connection_id}/writes/").status_code == 404
    assert back.conflicts()[0].state == "open"


def test_the_api_lists_and_decides(back: Back, conflict: Any, acme_api: Api) -> None:
    (found,) = acme_api.get("conflicts/?state=open").json()["results"]
    assert (found["ours"], found["theirs"], found["before"], found["applied"]) == (
        "Scaled", "Digital", "Named", "salesforce",
    )  # fmt: skip
    assert acme_api.post(f"conflicts/{conflict.pk}/resolve/", {"keep": "both"}).status_code == 400
    done = acme_api.post(f"conflicts/{conflict.pk}/resolve/", {"keep": "harbor"}).json()
    assert (done["state"], done["kept"]) == ("resolved", "harbor")
    assert acme_api.post(f"conflicts/{conflict.pk}/resolve/", {"keep": "harbor"}).status_code == 409
    answer = acme_api.post("conflicts/resolve-many/", {"conflict_ids": [str(conflict.pk)], "keep": "harbor"})
    assert answer.json() == {"resolved": [], "refused": {}}


def test_a_failed_write_says_why_and_what_to_do(client: Client, back: Back, failed: Any, ana: Any) -> None:
    sign_in(client, ana)
    address = f"/integrations/salesforce/{failed.connection_id}/writes/"
    page = client.get(address).content.decode()
    assert "A rule of this org" in page and "then replay" in page and "Adler" in page
    back.org.faults.heal()
    client.post(f"{address}replay/", {"write_ids": [str(failed.pk)]})
    back.settle()
    assert back.row().state == "written"
    assert "Salesforce took everything" in client.get(address).content.decode()


def test_a_failed_write_is_discarded_with_a_reason(client: Client, back: Back, failed: Any, ana: Any) -> None:
    sign_in(client, ana)
    address = f"/integrations/salesforce/{failed.connection_id}/writes/"
    refused = client.post(f"{address}discard/", {"write_ids": [str(failed.pk)], "reason": ""})
    assert refused.status_code == 422 and "reason" in refused.content.decode()
    client.post(f"{address}discard/", {"write_ids": [str(failed.pk)], "reason": "They know"})
    assert back.row().state == "discarded"
    assert "They know" in client.get(f"{address}?state=discarded").content.decode()


def test_writes_over_the_api(back: Back, failed: Any, acme_api: Api) -> None:
    address = f"connections/{failed.connection_id}/writes/"
    (found,) = acme_api.get(f"{address}?state=failed&count=exact").json()["results"]
    assert (found["field"], found["value"], found["code"]) == (
        "support_level", "Scaled", "FIELD_CUSTOM_VALIDATION_EXCEPTION",
    )  # fmt: skip
    assert found["advice"] and acme_api.get(f"{address}?state=other").status_code == 400
    back.org.faults.heal()
    assert acme_api.post(f"{address}replay/").json() == {"ids": [str(failed.pk)]}
    back.settle()
    assert acme_api.get(f"{address}?state=dead").json()["results"] == []
    first = acme_api.get(f"{address}?limit=1").json()
    rest = acme_api.get(first["next"]).json()["results"]
    assert first["results"][0]["id"] not in {row["id"] for row in rest}
    assert acme_api.post(f"{address}discard/", {"write_ids": [str(failed.pk)]}).status_code == 400


def test_the_account_page_says_how_far_salesforce_knows(client: Client, back: Back, conflict: Any, ana: Any) -> None:
    with tenant_scope(back.tenant):
        pk = Account.objects.get().pk
    assert f"/accounts/{pk}/written/" in sign_in(client, ana).get(f"/accounts/{pk}/").content.decode()
    page = client.get(f"/accounts/{pk}/written/").content.decode()
    assert "Changed here and in Salesforce" in page and "Adler" in page
    part = client.get(f"/accounts/{pk}/written/", headers={"HX-Request": "true"}).content.decode()
    assert "Changed here and in Salesforce" in part and "<html" not in part


def test_which_way_a_field_goes_is_set_on_the_mapping_page(client: Client, back: Back, ana: Any) -> None:
    sign_in(client, ana)
    back.sync()
    address = f"/integrations/salesforce/{back.connection.pk}/mapping/"
    page = client.get(address).content.decode()
    assert "Customer_Segment__c" in page and "both ways" in page
    given = {"way_industry": "both", "master_csm": "harbor", "write_segment": "Segment__c", "way_tasks": "off"}
    assert client.post(address, given).status_code in (200, 302)
    with tenant_scope(back.tenant):
        saved = Connection.objects.get().settings
    assert saved["directions"] == {"industry": "both", "tasks": "off"}
    assert (saved["master"], saved["write_map"]) == ({"csm": "harbor"}, {"segment": "Segment__c"})
    assert "Segment__c is missing" in client.get(address).content.decode()
    assert client.post(address, {"way_support_level": "off"}).status_code == 422


@pytest.mark.parametrize(
    "chosen",
    [
        {"directions": {"support_level": "out"}},
        {"directions": {"nothing": "in"}},
        {"directions": {"segment": "both"}},
        {"master": {"csm": "nobody"}},
        {"master": {"segment": "harbor"}},
        {"write_map": {"segment": "no name"}},
        {"write_map": {"industry": "Industry"}},
    ],
)
def test_settings_that_make_no_sense_are_refused(back: Back, acme_api: Api, chosen: Any) -> None:
    answer = acme_api.patch(f"connections/{back.connection.pk}/", {"settings": chosen})
    assert answer.status_code == 400, answer.content


def test_rows_that_a_run_refused_are_tried_again(client: Client, back: Back, ana: Any, acme_api: Api) -> None:
    account = back.play.account("Adler", "Named")
    contact = back.org.create("Contact", {"AccountId": account, "LastName": "Doe"})
    back.org.set(contact, {"Email": "no address"}, check=False)
    run = back.sync()
    assert [problem["row"] for problem in run.row_errors] == [contact]
    back.org.set(contact, {"Email": "doe@adler.example"}, silent=True)
    sign_in(client, ana)
    assert client.post(f"/integrations/salesforce/runs/{run.pk}/replay/").status_code in (200, 302)
    back.settle()
    with tenant_scope(back.tenant):
        from accounts.models import Contact

        assert Contact.objects.get().email == "doe@adler.example"
        assert SyncRun.objects.get(pk=run.pk).row_errors == []
    assert acme_api.post(f"sync-runs/{run.pk}/replay/").status_code == 409
